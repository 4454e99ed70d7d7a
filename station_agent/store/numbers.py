"""Leaving numbers out (跳号): after a loss nobody can say which of the newest ones were given out on paper."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from hub.cases.catalogue import default_catalogue
from station_agent.store.restores import LETTER, SkippedRow, skip_numbers

STRIDE = 1000
"""How many numbers are left out: more than a station gives out between two backups."""


def leave_out_numbers(tx: Connection, reason: str, *, years: Iterable[int], now: datetime) -> list[SkippedRow]:
    """Leave out the next numbers of letters and of every case type in `years`; they stay visible with their `reason`."""
    return [
        skip_numbers(tx, kind, year, stride=STRIDE, reason=reason, now=now)
        for year in years
        for kind in (LETTER, *default_catalogue().types)
    ]
