"""The officers' pages of one station: opens the agent and serves its desk until it is told to stop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

from hub.cases.stations import default_sites
from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.letters.report import PdfPolicy
from hub.letters.scan import require_scan
from hub.pages.drafts import keep_draft
from hub.pages.edge import Pages
from hub.pages.serving import listening, serve_pages
from hub.pages.sessions import Sessions
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from station_agent.agent import Agent, open_agent
from station_agent.people import Person, officer_name
from station_agent.readers import gate_readers, scan_check
from station_agent.register.interface import Register
from station_agent.search import AT_ONCE, index_due
from station_agent.sync import Clock
from station_agent.web.accounts import Accounts, desk_keys
from station_agent.web.desk import Desk, Names, Pictures
from station_agent.web.drafts import StationDrafts
from station_agent.web.frame import frame_of
from station_agent.web.routes import ROUTES
from station_agent.web.rules import require_rule
from station_agent.web.uploads import Uploads
from station_agent.web.wording import PACKAGE

PAGES: Pages[Desk, Person] = Pages(
    package=PACKAGE,
    cookie="hanxun_desk",
    routes=ROUTES,
    frame=frame_of,
    require_rule=require_rule,
    keep_typed=keep_draft,
    statuses={Code.CASE_UNKNOWN: HTTPStatus.NOT_FOUND},
)


def make_desk(agent: Agent, passphrase: bytes, *, register: Callable[[], Register]) -> Desk:
    """Return the pages' ground for an opened agent."""
    keys, limits = desk_keys(agent, passphrase), default_limits()
    accounts = Accounts(agent, keys)
    count = partial(require_scan, limits=limits, policy=PdfPolicy.SEALED_LETTER)
    draw = partial(render_page, limits=limits)
    return Desk(
        agent=agent,
        accounts=accounts,
        drafts=StationDrafts(agent.store),
        sessions=Sessions(keys.cookies, in_force=lambda person, now: accounts.in_force(person.certified, now)),
        pictures=Pictures(lambda raw, page, dpi: draw(raw, page, dpi), count),
        check_scan=scan_check(),
        readers=gate_readers(),
        register=register,
        sites=default_sites(),
        uploads=Uploads(agent.folder.root / "desk-uploads", limits.file_bytes),
        names=Names(lambda number: officer_name(agent.folder, number, purposes=agent.settings.purposes)),
    )


async def serve_desk(
    data: Path,
    passphrase: bytes,
    *,
    register: Callable[[Agent], Register],
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> None:
    """Serve the pages of the agent in `data` until SIGTERM, SIGINT or `stop`; `ready` gets the address.

    `host` and `port` replace those of `[desk]`. Raises: Refused (`desk.listen`, as `open_agent`), OSError when the address is
    taken.
    """
    agent = open_agent(data, passphrase)
    try:
        where = listening(data, agent.settings.desk, passphrase, host=host, port=port)
        desk = make_desk(agent, passphrase, register=lambda: register(agent))
        # After an upgrade or a restore thousands of cases may be due; a search meanwhile waits for them.
        stopped = threading.Event()
        indexing = asyncio.create_task(asyncio.to_thread(_index, agent, stopped))
        try:
            await serve_pages(PAGES, desk, desk.sessions, where, ready=ready, stop=stop, clock=clock)
        finally:
            stopped.set()
            await indexing
    finally:
        agent.close()


def _index(agent: Agent, stopped: threading.Event) -> None:
    with contextlib.suppress(HanxunError):  # a full disk or a busy store: the next search does it
        while not stopped.is_set() and index_due(agent.store, most=AT_ONCE):
            pass
