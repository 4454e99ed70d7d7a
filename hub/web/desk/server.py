"""The hub's desk as a process: opens the data folder, serves the pages, and keeps the index of cases up to date."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from hub.pages.edge import Pages
from hub.pages.serving import listening, serve_pages
from hub.protocol.codes import Code
from hub.web.desk.frame import frame_of
from hub.web.desk.ground import Ground, open_ground
from hub.web.desk.officials import Official
from hub.web.desk.routes import ROUTES
from hub.web.desk.rules import require_rule
from hub.web.desk.visit import Visit

PACKAGE = "hub.web.desk"


def _keep_nothing(_ground: Ground, _number: str, _visit: Visit) -> None:
    """The forms here are short; what one types into them may name people, so nothing of it is kept."""


PAGES: Pages[Ground, Official] = Pages(
    package=PACKAGE,
    cookie="hanxun_hub_desk",
    routes=ROUTES,
    frame=frame_of,
    require_rule=require_rule,
    keep_typed=_keep_nothing,
    statuses={Code.CASE_UNKNOWN: HTTPStatus.NOT_FOUND, Code.DESK_REASON: HTTPStatus.UNPROCESSABLE_ENTITY},
)


async def serve_desk(
    data: Path,
    passphrase: bytes,
    *,
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Serve the desk of the hub in `data` until SIGTERM, SIGINT or `stop`; `ready` gets the address.

    `host` and `port` replace those of `[desk]`. Raises: Refused (`desk.listen`, as `open_ground`), OSError when the address
    is taken.
    """
    ground = open_ground(data, passphrase)
    try:
        where = listening(data, ground.settings.desk, passphrase, host=host, port=port)
        await serve_pages(PAGES, ground, ground.sessions, where, ready=ready, stop=stop, clock=clock)
    finally:
        ground.close()
