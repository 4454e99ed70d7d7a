"""How values are shown: masked numbers and names, Beijing time, time left, sizes. Pure functions; templates use them as filters."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from hub.protocol.instants import SHANGHAI, parse_instant


def masked_id(id18: str) -> str:
    """Return a citizen number with only its division and its end readable."""
    return f"{id18[:6]}********{id18[-4:]}" if len(id18) == 18 else "*" * len(id18)


def masked_name(name: str) -> str:
    """Return a name with only its first character readable."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def moment(at: datetime | str | None) -> str:
    """Return an instant as date and time, Beijing."""
    if at is None:
        return ""
    instant = parse_instant(at) if isinstance(at, str) else at
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def clock(at: datetime | str) -> str:
    """Return the time of day, Beijing."""
    return moment(at)[-5:]


def exact(at: datetime | str) -> str:
    """Return an instant to the second, Beijing."""
    instant = parse_instant(at) if isinstance(at, str) else at
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


@pass_context
def span(context: Context, left: timedelta) -> str:
    """Return a length of time as `h:mm`, or days and `h:mm` from a day on, in the page's language (`lang`)."""
    minutes = int(abs(left).total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours = f"{rest // 60}:{rest % 60:02d}"
    day = "天" if context["lang"] == "zh" else "d"
    return f"{days}{day} {hours}" if days else hours


def size(count: int) -> str:
    """Return a number of bytes in the unit that fits."""
    if count < 1 << 20:
        return f"{max(1, count >> 10)} KB"
    return f"{count / (1 << 20):.1f} MB"


def short(digest: str) -> str:
    """Return the beginning of a digest."""
    return digest[:12]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "masked_id": masked_id,
    "masked_name": masked_name,
    "moment": moment,
    "clock": clock,
    "exact": exact,
    "span": span,
    "filesize": size,
    "short": short,
}
