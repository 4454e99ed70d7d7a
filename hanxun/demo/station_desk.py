"""A station's desk as the demo serves it: on loopback, with one link per officer that opens it signed in.

Usage: python -m hanxun.demo.station_desk DATA --passphrase-file FILE --officer NUMBER:PASSWORD_FILE ...
Prints one line of JSON when ready: `url`, and `links` by police number.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hanxun.demo.links import Links, with_links
from hanxun.desk_options import register_of
from hanxun.logs import set_up_logs
from hanxun.output import print_json
from hub.pages.serving import listening, serve_pages
from hub.pages.settings import DeskSettings
from station_agent.agent import open_agent
from station_agent.people import Person
from station_agent.settings import load_settings
from station_agent.web.desk import Desk
from station_agent.web.server import PAGES, make_desk

Officers = Annotated[list[str], typer.Option("--officer", help="NUMBER:PASSWORD_FILE")]


def station_desk(
    data: Path,
    passphrase_file: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    officer: Officers,
) -> None:
    """仅供演示 / for the demo only: the desk of DATA, with links that sign its officers in."""
    set_up_logs(load_settings(data).log.form)
    passphrase = passphrase_file.read_text("utf-8").strip().encode()
    asyncio.run(_serve(data, passphrase, dict(each.split(":", 1) for each in officer)))


async def _serve(data: Path, passphrase: bytes, passwords: dict[str, str]) -> None:
    agent = open_agent(data, passphrase)
    try:
        desk = make_desk(agent, passphrase, register=lambda: register_of(agent))
        links: Links[Desk, Person] = Links(desk.sessions)
        people = {
            number: agent.unlock(number, Path(file).read_text("utf-8").strip().encode())
            for number, file in passwords.items()
        }

        def ready(address: str) -> None:
            now = datetime.now(UTC)
            made = {number: address + links.make(person, now=now) for number, person in people.items()}
            print_json({"ready": True, "url": address, "links": made})

        # The settings' address does not count: these links are for this machine, whatever a desk of its own would be set to.
        where = listening(data, DeskSettings(), passphrase, host="127.0.0.1", port=0)
        pages = with_links(PAGES, links)
        await serve_pages(pages, desk, desk.sessions, where, ready=ready, stop=None, clock=lambda: datetime.now(UTC))
    finally:
        agent.close()


if __name__ == "__main__":
    typer.run(station_desk)
