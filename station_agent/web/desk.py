"""What every page stands on: the agent, who is signed in, who looks at which case, and how scans and the register are reached."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.cases.stations import Sites
from hub.pages.attempts import Attempts
from hub.pages.sessions import Sessions
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, StationId
from hub.protocol.instants import SHANGHAI
from station_agent.agent import Agent
from station_agent.authenticity.judge import Judged
from station_agent.desk.gate.evaluate import Readers
from station_agent.desk.proofread import ScanCheck
from station_agent.people import Person
from station_agent.register.interface import Register
from station_agent.web.accounts import Accounts
from station_agent.web.drafts import StationDrafts
from station_agent.web.sights import Sights
from station_agent.web.uploads import Uploads

PRESENT = timedelta(seconds=45)
NAMES_LAST = timedelta(minutes=5)
CACHE_BYTES = 96 << 20
MOST_COUNTS = 10_000

DrawPage = Callable[[bytes, int, int], bytes]
"""A page (from 1) of a scan or letter as PNG at so many dots per inch, drawn in a limited child process."""


@dataclass(frozen=True, slots=True)
class Present:
    """An officer who has a case open; `writes`: has begun to type an answer."""

    name: str
    writes: bool


class Presence:
    """Who has which case open now. In memory: it is a courtesy, the claim is what counts."""

    def __init__(self) -> None:
        self._seen: dict[CaseId, dict[str, tuple[Present, datetime]]] = {}

    def note(self, case: CaseId, person: Person, *, now: datetime, writes: bool = False) -> None:
        """The officer has the case open."""
        self._seen.setdefault(case, {})[person.number] = (Present(person.certified.name, writes), now)

    def others(self, case: CaseId, person: Person, *, now: datetime) -> tuple[Present, ...]:
        """Return the others who have it open, by name."""
        seen = self._seen.get(case, {})
        recent = [each for number, (each, at) in list(seen.items()) if number != person.number and now - at < PRESENT]
        return tuple(sorted(recent, key=lambda each: each.name))

    def sweep(self, now: datetime) -> None:
        """Forget who has left."""
        for case, seen in list(self._seen.items()):
            if all(now - at >= PRESENT for _, at in list(seen.values())):
                self._seen.pop(case, None)


class Pictures:
    """Pages drawn lately, at most `CACHE_BYTES` of them; drawing one costs a tenth of a second."""

    def __init__(self, draw: DrawPage, count: Callable[[bytes], int]) -> None:
        self._draw = draw
        self._count = count
        self._counts: OrderedDict[Digest, int] = OrderedDict()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Digest, int, int], bytes] = OrderedDict()
        self._size = 0

    def count(self, digest: Digest, raw: Callable[[], bytes]) -> int:
        """Return how many pages a file has. Raises: Refused, Unavailable, as counting does."""
        with self._lock:
            if digest in self._counts:
                return self._counts[digest]
        count = self._count(raw())
        with self._lock:
            self._counts[digest] = count
            while len(self._counts) > MOST_COUNTS:
                self._counts.popitem(last=False)
        return count

    def page(self, digest: Digest, raw: Callable[[], bytes], page: int, dpi: int) -> bytes:
        """Return a page as PNG. Raises: Refused, Unavailable, as drawing does."""
        key = (digest, page, dpi)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        picture = self._draw(raw(), page, dpi)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = picture
                self._size += len(picture)
            while self._size > CACHE_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1])
        return picture


class Names:
    """Officers' names by their numbers, as the certificates in the agent's folder say; read when a number is asked first."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read
        self._known: dict[str, str] = {}

    def __call__(self, number: str) -> str:
        """Return `name number`, or the number alone where no certificate is here."""
        if number and number not in self._known and (name := self._read(number)) is not None:
            self._known[number] = name
        return f"{self._known[number]} {number}" if number in self._known else number


@dataclass(frozen=True, slots=True)
class JudgedFile:
    """The verdict on a file that an officer had checked; the file itself is not kept."""

    judged: Judged
    name: str
    size: int
    digest: Digest
    at: str


class Verdicts:
    """The last verdict of each officer, for the page that shows it. In memory."""

    def __init__(self) -> None:
        self._kept: dict[str, JudgedFile] = {}

    def keep(self, number: str, judged: JudgedFile) -> None:
        """Keep it instead of the one before."""
        self._kept[number] = judged

    def get(self, number: str) -> JudgedFile | None:
        """Return the officer's last one."""
        return self._kept.get(number)


@dataclass(frozen=True, slots=True)
class Desk:
    """One station's pages. `register` opens the population register, or refuses when there is none; `sites` names stations;
    `searches` and `judgings` hold how often one officer searches and has files checked."""

    agent: Agent
    accounts: Accounts
    drafts: StationDrafts
    sessions: Sessions[Person]
    pictures: Pictures
    check_scan: ScanCheck
    readers: Readers
    register: Callable[[], Register]
    sites: Sites
    uploads: Uploads
    names: Names
    station_names: dict[StationId, tuple[str, datetime]] = field(default_factory=dict)
    presence: Presence = field(default_factory=Presence)
    searches: Attempts = field(default_factory=Attempts)
    judgings: Attempts = field(default_factory=Attempts)
    verdicts: Verdicts = field(default_factory=Verdicts)
    sights: Sights = field(default_factory=Sights)

    @property
    def name(self) -> str:
        """The station's name, as the phone's app shows it."""
        return self.agent.settings.name

    def station_name(self, code: StationId, *, now: datetime) -> str:
        """Return the name of a station as it is now; one that the directory lacks is named as in its agent's certificate, or
        by its code."""
        if code == self.agent.station:
            return self.agent.settings.name
        try:
            return self.sites.site(code).name_on(now.astimezone(SHANGHAI).date())
        except Refused:
            return self._certified_name(code, now=now)

    def _certified_name(self, code: StationId, *, now: datetime) -> str:
        name, until = self.station_names.get(code, ("", now))
        if until <= now:
            # The certificate's name ends in what it is for; hanxun's own requests are named so.
            name = (self.agent.knowledge.agent_name(code) or code).removesuffix("函询")
            self.station_names[code] = (name, now + NAMES_LAST)
        return name
