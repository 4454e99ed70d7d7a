"""Serving a desk for the demo: on loopback whatever its settings say, with one link per person that opens it signed in."""

from datetime import UTC, datetime
from pathlib import Path

from hanxun.demo.links import D, Links, P, with_links
from hanxun.output import print_json
from hub.pages.edge import Pages
from hub.pages.serving import listening, serve_pages
from hub.pages.sessions import Sessions
from hub.pages.settings import DeskSettings


def passwords_of(words: list[str]) -> dict[str, bytes]:
    """Return the passwords by police number, from NUMBER:PASSWORD_FILE each."""
    pairs = (word.split(":", 1) for word in words)
    return {number: password_in(Path(file)) for number, file in pairs}


def password_in(file: Path) -> bytes:
    """Return the password that a file holds."""
    return file.read_text("utf-8").strip().encode()


async def serve_with_links(
    pages: Pages[D, P], desk: D, sessions: Sessions[P], people: dict[str, P], *, data: Path
) -> None:
    """Serve until SIGTERM or SIGINT; prints one line of JSON when ready: `url`, and `links` by police number."""
    links: Links[D, P] = Links(sessions)

    def ready(address: str) -> None:
        now = datetime.now(UTC)
        made = {number: address + links.make(person, now=now) for number, person in people.items()}
        print_json({"ready": True, "url": address, "links": made})

    where = listening(data, DeskSettings(), b"", host="127.0.0.1", port=0)
    await serve_pages(
        with_links(pages, links),
        desk,
        sessions,
        where,
        ready=ready,
        stop=None,
        clock=lambda: datetime.now(UTC),
    )
