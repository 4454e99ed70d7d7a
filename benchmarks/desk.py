"""What a page of the desks costs with 50,000 cases in the store: the server's time, beside what drawing its template costs.

    python -m benchmarks.desk [--cases N] [--rounds N] [--queries]

Each page is asked for over loopback by a signed-in officer, one request at a time. `value` is the median from the request to the
last byte, in ms; `limit` what the templates took of it, `ratio` the one by the other; `allowed` is what a page may take, and
`of_allowed` says how much of it this one does. Fails when a page takes more. `--queries` prints the slowest statements.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import msgspec
from aiohttp import web
from sqlalchemy import Engine, event

from benchmarks.load.full_agent import a_full_station
from benchmarks.load.full_hub import STATIONS, a_full_hub
from hub.pages.serving import make_app
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant
from hub.signing.purposes import OfficerRole
from hub.store.desk import ViewRow, save_view
from hub.store.search import Question
from hub.web.desk.officials import Official
from hub.web.desk.server import PAGES as HUB_PAGES
from station_agent.register.interface import Register
from station_agent.search import index_due
from station_agent.store.cases import require_case
from station_agent.web.facts import facts_of
from station_agent.web.server import PAGES, make_desk
from tests.station.desks import PASSPHRASE

ALLOWED_MS = 50.0
HOSTS = frozenset({"127.0.0.1"})


@dataclass
class Spent:
    """Seconds spent in templates since the last `take`, and in each statement so far."""

    templates: float = 0.0
    statements: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def tell(self, most: int = 12) -> None:
        """Print the statements that took longest."""
        for text, seconds in sorted(self.statements.items(), key=lambda item: -item[1])[:most]:
            sys.stderr.write(f"{seconds * 1000:8.1f} ms  {' '.join(text.split())[:400]}\n")

    def take(self) -> float:
        """Return the templates' seconds, and begin again."""
        taken, self.templates = self.templates, 0.0
        return taken


@contextlib.contextmanager
def watching() -> Iterator[Spent]:
    """Time every template and every statement while the block runs."""
    spent, render = Spent(), jinja2.Template.render

    def timed(template: jinja2.Template, *arguments: Any, **values: Any) -> str:
        started = time.perf_counter()
        try:
            return render(template, *arguments, **values)
        finally:
            spent.templates += time.perf_counter() - started

    def before(_c: Any, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool) -> None:
        context.started = time.perf_counter()

    def after(_c: Any, _cursor: Any, text: str, _values: Any, context: Any, _many: bool) -> None:
        spent.statements[text] += time.perf_counter() - context.started

    jinja2.Template.render = timed  # type: ignore[method-assign]
    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield spent
    finally:
        jinja2.Template.render = render  # type: ignore[method-assign]
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


@contextlib.contextmanager
def serving(app: web.Application) -> Iterator[int]:
    """Serve `app` on loopback in a thread of its own; give the port."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def begin() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        ready.set()

    def run() -> None:
        loop.create_task(begin())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def measure(
    name: str,
    port: int,
    path: str,
    headers: dict[str, str],
    spent: Spent,
    *,
    rounds: int,
    form: dict[str, str] | None = None,
) -> dict[str, object]:
    """Ask for a page (or send `form` there) `rounds` times and return the line to print. Raises: RuntimeError when it is not
    the page."""
    body_sent = None if form is None else urlencode(form)
    if form is not None:
        headers = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times, templates = [], []
    for number in range(rounds + 2):
        started = time.perf_counter()
        connection.request("GET" if form is None else "POST", path, body_sent, headers)
        response = connection.getresponse()
        body = response.read()
        took = time.perf_counter() - started
        drawn = spent.take()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {response.getheader('Location')} {body[:200]!r}")
        if number >= 2:  # the first ones fill caches, as the first officer of the day does
            times.append(took * 1000)
            templates.append(drawn * 1000)
    connection.close()
    value, limit = statistics.median(times), statistics.median(templates)
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "ms",
        "limit": round(limit, 3),
        "ratio": round(value / limit, 2),
        "worst": round(max(times), 2),
        "allowed": ALLOWED_MS,
        "of_allowed": round(value / ALLOWED_MS, 2),
        "limit_is": "drawing the page's template alone, ms",
    }


def officers_desk(folder: Path, *, cases: int, rounds: int, queries: bool) -> Iterator[dict[str, object]]:
    """Measure the officer's desk."""
    now = datetime.now(UTC)
    station = a_full_station(folder, cases=cases, now=now)
    desk = make_desk(station.agent, PASSPHRASE, register=_no_register)
    token = desk.sessions.begin(station.window, now=now).token
    app = make_app(PAGES, desk, desk.sessions, hosts=HOSTS, secure=False, clock=_now)
    index_due(station.agent.store)  # as the desk does when it starts
    with station.agent.store.read() as tx:
        open_one = tx.exec_driver_sql("SELECT \"case\" FROM cases WHERE state = 'delivered' LIMIT 1").scalar_one()
        person = facts_of(tx, require_case(tx, open_one)).people[0]
        closed = tx.exec_driver_sql("SELECT max(\"case\") FROM cases WHERE state = 'closed'").scalar_one()
    pages = {
        "officer_desk": "/desk",
        "officer_inbox": "/inbox",
        "officer_inbox_all": "/inbox?tab=all",
        "officer_sent_all": "/sent?tab=all",
        "officer_sent_far_back": "/sent?tab=all&from=20000",
        "officer_case": f"/cases/{closed}",
    }
    with serving(app) as port, watching() as spent:
        for name, path in pages.items():
            yield measure(name, port, path, {"Cookie": f"hanxun_desk={token}"}, spent, rounds=rounds)
        for name, query in (("officer_search_name", person["name"]), ("officer_search_id_end", person["id18"][-4:])):
            # An officer's searches are held to a rate of twenty at once: so many rounds and no more.
            form = {"_token": desk.sessions.form_token(token), "query": query}
            headers = {"Cookie": f"hanxun_desk={token}"}
            yield measure(name, port, "/search", headers, spent, rounds=min(rounds, 8), form=form)
        if queries:
            spent.tell()
    station.agent.close()


def hubs_desk(folder: Path, *, cases: int, rounds: int, queries: bool) -> Iterator[dict[str, object]]:
    """Measure the auditors' desk."""
    now = datetime.now(UTC)
    bureau, ground = a_full_hub(folder, cases=cases, now=now)
    number = bureau.auditor.certified.number or ""
    token = ground.sessions.begin(Official(bureau.auditor, frozenset({OfficerRole.AUDITOR})), now=now).token
    app = make_app(HUB_PAGES, ground, ground.sessions, hosts=HOSTS, secure=False, clock=_now)
    asked = {"late": Question(lateness="late"), "station": Question(station=STATIONS[0]), "type": Question(type="C06")}
    pages = {"hub_overview": "/desk", "hub_overdue": "/overdue", "hub_figures": "/figures"}
    with ground.engine.begin() as tx:
        for name, question in asked.items():
            view = ViewRow(secrets.token_hex(16), number, None, msgspec.json.encode(question), format_instant(now))
            save_view(tx, view)
            pages[f"hub_search_{name}"] = f"/cases?view={view.id}"
    with serving(app) as port, watching() as spent:
        for name, path in pages.items():
            yield measure(name, port, path, {"Cookie": f"hanxun_hub_desk={token}"}, spent, rounds=rounds)
        if queries:
            spent.tell()
    ground.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _no_register() -> Register:
    raise Refused(Code.REGISTER_MISSING)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--queries", action="store_true", help="say on stderr which statements took longest")
    options = parser.parse_args()
    slow = []
    words = {"cases": options.cases, "rounds": options.rounds, "queries": options.queries}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for line in chain(officers_desk(folder / "agent", **words), hubs_desk(folder / "hub", **words)):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
            if line["value"] > ALLOWED_MS:  # type: ignore[operator]
                slow.append(line["name"])
    if slow:
        raise SystemExit(f"slower than {ALLOWED_MS} ms: {', '.join(map(str, slow))}")


if __name__ == "__main__":
    main()
