"""How this station's machine stands: queue, clock, disk, lists, calendar, hub, trail; each with whether it is well. No names.

What is exported for people elsewhere is exactly what is shown: counts, codes, ages, versions. No case, person or message.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

import msgspec
from sqlalchemy import Connection

from hub.cases.calendar import Calendar
from hub.keyring.pairs import certificate_at
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.room import free_bytes
from station_agent.agent import Agent
from station_agent.clock_skew import skew_of
from station_agent.history import standstill
from station_agent.own_keys import own_places
from station_agent.seal_states import seal_lists
from station_agent.store.counts import Counts, counts_of
from station_agent.store.engine import revision_of
from station_agent.store.trail import receipts_without_proof, witness_rows
from station_agent.store.trust import newest_checkpoint

GOOD, WATCH, BAD = "good", "watch", "bad"
AWAY = timedelta(minutes=2)
OLD_QUEUE = timedelta(minutes=10)
EXPIRES_SOON = timedelta(days=30)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: `key` names it, `state` says good, watch or bad, `values` are its figures as text."""

    key: str
    state: str
    values: dict[str, str]


class Diagnosis(msgspec.Struct, frozen=True):
    """Everything, at `at`."""

    at: str
    station: str
    version: str
    python: str
    system: str
    store: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Looking:
    agent: Agent
    now: datetime
    tx: Connection
    counts: Counts


def diagnose(agent: Agent, *, calendar: Calendar, now: datetime) -> Diagnosis:
    """Look at everything once. Raises: Unavailable when the store cannot be read."""
    with agent.store.read() as tx:
        looking = _Looking(agent, now, tx, counts_of(tx))
        findings = (
            _connection(looking),
            _queue(looking),
            _inbox(looking),
            _clock(looking),
            _disk(looking),
            _crl(looking),
            _seals(looking),
            _calendar(calendar, now),
            _trail(looking),
            _witness(looking),
            _statements(looking),
            *_certificates(agent, now),
            _scans(agent),
            _store(looking),
        )
        revision = revision_of(tx)
    return Diagnosis(
        at=format_instant(now),
        station=agent.station,
        version=version("hanxun"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        store=revision,
        findings=findings,
    )


def package(diagnosis: Diagnosis) -> bytes:
    """Return the diagnosis as a file to hand on (JSON)."""
    return msgspec.json.format(msgspec.json.encode(diagnosis))


def _connection(looking: _Looking) -> Finding:
    skew = skew_of(looking.tx)
    if skew is None:
        return Finding("connection_never", BAD, {"hub": looking.agent.settings.hub})
    away = looking.now - parse_instant(skew.measured_at)
    key = "connection_away" if away > AWAY else "connection"
    return Finding(key, BAD if away > AWAY else GOOD, {"hub": looking.agent.settings.hub, "at": skew.measured_at})


def _queue(looking: _Looking) -> Finding:
    counts = looking.counts
    values = {"n": str(counts.queued), "refused": str(counts.refused)}
    values |= {"troubles": ", ".join(f"{code} x{often}" for code, often in counts.troubles) or "—"}
    oldest = counts.oldest_queued_at
    old = oldest is not None and looking.now - parse_instant(oldest) > OLD_QUEUE
    state = BAD if counts.refused else WATCH if old else GOOD
    return Finding("queue", state, values)


def _inbox(looking: _Looking) -> Finding:
    count = looking.counts.quarantined
    return Finding("quarantine", BAD if count else GOOD, {"n": str(count)})


def _clock(looking: _Looking) -> Finding:
    skew = skew_of(looking.tx)
    if skew is None:
        return Finding("clock_unknown", WATCH, {})
    bad = abs(skew.seconds) > looking.agent.settings.limits.clock_skew_s
    return Finding("clock", BAD if bad else GOOD, {"n": f"{skew.seconds:+d}"})


def _disk(looking: _Looking) -> Finding:
    limits = looking.agent.settings.disk
    try:
        free = free_bytes(looking.agent.folder.root)
    except OSError:
        return Finding("disk_silent", BAD, {})
    state = BAD if free < limits.floor_bytes else WATCH if free < limits.low_bytes else GOOD
    return Finding("disk", state, {"free": str(free >> 20), "low": str(limits.low_bytes >> 20)})


def _crl(looking: _Looking) -> Finding:
    at = looking.counts.newest_crl_at
    if at is None:
        return Finding("crl_missing", BAD, {})
    age, most = looking.now - parse_instant(at), looking.agent.settings.crl_max_age
    return Finding("crl", _by_age(age, most), {"hours": _hours(age), "most": _hours(most), "at": at})


def _seals(looking: _Looking) -> Finding:
    lists = seal_lists(looking.tx, looking.agent)
    if not lists:
        return Finding("seals_missing", WATCH, {})
    newest = lists[-1].list
    age, most = looking.now - parse_instant(newest.at), looking.agent.settings.crl_max_age
    values = {"hours": _hours(age), "most": _hours(most), "number": str(newest.number)}
    return Finding("seals", _by_age(age, most), values)


def _calendar(calendar: Calendar, now: datetime) -> Finding:
    today = now.astimezone(SHANGHAI).date()
    if not calendar.knows(today):
        return Finding("calendar_missing", BAD, {"year": str(today.year)})
    following = today.replace(month=1, day=1, year=today.year + 1)
    # The next year's holidays are announced in November.
    if today.month == 12 and not calendar.knows(following):
        return Finding("calendar_missing", WATCH, {"year": str(following.year)})
    return Finding("calendar", GOOD, {"year": str(today.year)})


def _trail(looking: _Looking) -> Finding:
    if standstill(looking.tx) is not None:
        return Finding("trail_stands", BAD, {})
    counts = looking.counts
    lacking = len(receipts_without_proof(looking.tx, 1000))
    newest = newest_checkpoint(looking.tx, looking.agent.log_key.name)
    values = {"size": "0" if newest is None else str(newest.size), "lacking": str(lacking)}
    values |= {"waiting": str(counts.events_waiting), "troubled": str(counts.events_troubled)}
    return Finding("trail", BAD if counts.events_troubled else GOOD, values)


def _witness(looking: _Looking) -> Finding:
    rows = witness_rows(looking.tx, looking.agent.log_key.name)
    size = max((row.size for row in rows), default=0)
    return Finding("witness" if size else "witness_none", GOOD if size else WATCH, {"size": str(size)})


def _statements(looking: _Looking) -> Finding:
    count = looking.counts.statements_waiting
    return Finding("statements", WATCH if count else GOOD, {"n": str(count)})


def _certificates(agent: Agent, now: datetime) -> Iterator[Finding]:
    """The machine's and seals' certificates; officers' are told as a number, none by name."""
    officers = 0
    for own in own_places(agent.folder):
        certified = certificate_at(own.place, purposes=agent.settings.purposes)
        if certified is None:
            continue
        left = certified.not_after - now
        state = BAD if left < timedelta() else WATCH if left < EXPIRES_SOON else GOOD
        if certified.number is not None:
            officers += state != GOOD
            continue
        values = {"name": own.name, "at": format_instant(certified.not_after), "days": str(left.days)}
        yield Finding("certificate", state, values)
    yield Finding("officers", WATCH if officers else GOOD, {"n": str(officers)})


def _scans(agent: Agent) -> Finding:
    settings = agent.settings.scan_folder
    if settings is None:
        return Finding("scans_none", GOOD, {})
    here = (agent.folder.root / settings.path).is_dir()
    return Finding("scans" if here else "scans_missing", GOOD if here else BAD, {})


def _store(looking: _Looking) -> Finding:
    counts = looking.counts
    values = {"cases": str(counts.cases), "messages": str(counts.envelopes), "due": str(counts.not_indexed)}
    return Finding("store", GOOD, values)


def _by_age(age: timedelta, most: timedelta) -> str:
    return BAD if age > most else WATCH if age > most / 2 else GOOD


def _hours(age: timedelta) -> str:
    return str(max(0, int(age.total_seconds() // 3600)))
