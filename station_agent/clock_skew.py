"""How far this machine's clock is off the hub's, as its answers show: noted in the store, said to the officer as W503."""

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.verdict import Check, indeterminate
from station_agent.store.engine import Store
from station_agent.store.schema.exchange import receipts
from station_agent.store.schema.trust import crls
from station_agent.store.trust import remember, setting

KEY = "clock_skew"
MOST_BEHIND = timedelta(minutes=5)
WRITE_EVERY = timedelta(seconds=60)
CHANGED_BY_S = 2  # the hub's Date header has whole seconds


@dataclass(frozen=True, slots=True)
class Skew:
    """This machine's clock minus the hub's, in seconds, as measured at `measured_at` (this machine's clock)."""

    seconds: int
    measured_at: str


class SkewNotes:
    """Notes the skew in the store: at once when it changes, otherwise once a minute at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[int, datetime] | None = None

    def note(self, hub_time: datetime, now: datetime) -> None:
        """Take what an answer of the hub said about the time."""
        seconds = round((now - hub_time).total_seconds())
        if self._last is not None:
            before, at = self._last
            if abs(seconds - before) < CHANGED_BY_S and timedelta() <= now - at < WRITE_EVERY:
                return
        self._last = (seconds, now)
        # A full disk must not keep a message from being sent for the sake of this note.
        with contextlib.suppress(HanxunError), self._store.write() as tx:
            remember(tx, KEY, json.dumps({"seconds": seconds, "measured_at": format_instant(now)}))


def skew_of(tx: Connection) -> Skew | None:
    """Return the skew measured last, or None before the first contact with the hub."""
    text = setting(tx, KEY)
    if text is None:
        return None
    found = json.loads(text)
    return Skew(int(found["seconds"]), str(found["measured_at"]))


def clock_set_back(tx: Connection, now: datetime) -> Check | None:
    """Return an undecided check when `now` lies before what is known to have happened: an old list would look fresh.

    What is known: the hub's time on the newest receipt, and the newest revocation list. None: the clock may be right.
    """
    known = [tx.execute(select(func.max(column))).scalar() for column in (receipts.c.time, crls.c.this_update)]
    newest = max((parse_instant(text) for text in known if text), default=now)
    if now >= newest - MOST_BEHIND:
        return None
    return indeterminate("station.clock", Code.CLOCK_SKEW, n=f"{round((now - newest).total_seconds()):+d}")


def clock_warning(tx: Connection, *, limit_s: int) -> HanxunError | None:
    """Return W503 when the clocks were more than `limit_s` seconds apart at the last contact, to be shown, never raised."""
    skew = skew_of(tx)
    if skew is None or abs(skew.seconds) <= limit_s:
        return None
    return HanxunError(Code.CLOCK_SKEW, detail=skew.measured_at, values={"n": f"{skew.seconds:+d}"})
