"""The hub's desk as the demo serves it, with links that sign administrators and the auditor in.

Usage: python -m hanxun.demo.hub_desk DATA --passphrase-file FILE --officer NUMBER:PASSWORD_FILE ...
"""

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hanxun.demo.serving import password_in, passwords_of, serve_with_links
from hanxun.logs import set_up_logs
from hub.web.desk.ground import Ground, open_ground
from hub.web.desk.officials import Official, roles_in_force, unlock
from hub.web.desk.server import PAGES, keep_index


def hub_desk(
    data: Path,
    passphrase_file: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    officer: Annotated[list[str], typer.Option(help="NUMBER:PASSWORD_FILE")],
) -> None:
    """仅供演示 / for the demo only: the desk of the hub in DATA, with links that sign its people in."""
    ground = open_ground(data, password_in(passphrase_file))
    try:
        set_up_logs(ground.settings.log.form)
        people = {number: _opened(ground, number, password) for number, password in passwords_of(officer).items()}
        asyncio.run(_serve(ground, people, data))
    finally:
        ground.close()


async def _serve(ground: Ground, people: dict[str, Official], data: Path) -> None:
    indexing = asyncio.create_task(keep_index(ground))
    try:
        await serve_with_links(PAGES, ground, ground.sessions, people, data=data)
    finally:
        indexing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await indexing


def _opened(ground: Ground, number: str, password: bytes) -> Official:
    official = unlock(ground.folder, number, password, purposes=ground.purposes)
    return replace(official, roles=ground.read(lambda tx: roles_in_force(tx, official.certified)))


if __name__ == "__main__":
    typer.run(hub_desk)
