"""A station's desk as the demo serves it, with links that sign its officers in.

Usage: python -m hanxun.demo.station_desk DATA --passphrase-file FILE --officer NUMBER:PASSWORD_FILE ...
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hanxun.demo.serving import password_in, passwords_of, serve_with_links
from hanxun.desk_options import register_of
from hanxun.logs import set_up_logs
from station_agent.agent import open_agent
from station_agent.settings import load_settings
from station_agent.web.server import PAGES, make_desk


def station_desk(
    data: Path,
    passphrase_file: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    officer: Annotated[list[str], typer.Option(help="NUMBER:PASSWORD_FILE")],
) -> None:
    """仅供演示 / for the demo only: the desk of DATA, with links that sign its officers in."""
    set_up_logs(load_settings(data).log.form)
    passphrase = password_in(passphrase_file)
    agent = open_agent(data, passphrase)
    try:
        desk = make_desk(agent, passphrase, register=lambda: register_of(agent))
        people = {number: agent.unlock(number, password) for number, password in passwords_of(officer).items()}
        asyncio.run(serve_with_links(PAGES, desk, desk.sessions, people, data=data))
    finally:
        agent.close()


if __name__ == "__main__":
    typer.run(station_desk)
