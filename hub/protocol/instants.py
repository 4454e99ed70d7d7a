"""Instants: UTC on the wire (RFC 3339), Asia/Shanghai for people. No clock here: the caller brings the time."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

SHANGHAI = ZoneInfo("Asia/Shanghai")
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z(?!\n)$"


@lru_cache(maxsize=64)  # one batch writes one instant many times
def format_instant(at: datetime) -> str:
    """Return `at` (aware) as RFC 3339 in UTC with milliseconds, e.g. `2026-11-24T02:03:04.567Z`."""
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str, *, field: str | None = None) -> datetime:
    """Return the aware UTC instant that `text` names. Raises: Refused (`time.form`) for anything but RFC 3339 with Z."""
    try:
        return _instant(text)
    except ValueError as error:
        raise Refused(Code.TIME_FORM, field=field, detail=text[:40]) from error


@lru_cache(maxsize=256)  # an envelope's time is asked for several times on its way
def _instant(text: str) -> datetime:
    if re.fullmatch(INSTANT_PATTERN, text, re.ASCII) is None:
        raise ValueError("not RFC 3339 with Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def beijing(at: datetime) -> str:
    """Return `at` as officers read it, e.g. `2026-11-24 10:03:04 北京时间`."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") + " 北京时间"
