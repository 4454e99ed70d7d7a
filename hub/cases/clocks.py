"""Time limits: when something is due, and day by day why (为什么是这个时间). Three clocks, never one (DOMAIN 0.5).

A calendar day ends 23:59:59 in Asia/Shanghai whatever day it is; a working day knows 调休; closing time is the site's own.
Pure: start, calendar and opening hours are arguments.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import msgspec

from hub.cases.calendar import Calendar
from hub.cases.catalogue import ClockKind
from hub.protocol.instants import SHANGHAI

END_OF_DAY = time(23, 59, 59)
_DAY = timedelta(days=1)
MAX_EXPLAINED_DAYS = 400


class SiteHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a window is open on a working day, Asia/Shanghai; the lunch break is left out when both ends are equal."""

    opens: time = time(8, 30)
    lunch_begins: time = time(12, 0)
    lunch_ends: time = time(14, 0)
    closes: time = time(17, 30)

    def __post_init__(self) -> None:
        if not self.opens < self.closes or not self.opens <= self.lunch_begins <= self.lunch_ends <= self.closes:
            raise ValueError("opening hours out of order")
        if (self.lunch_begins, self.lunch_ends) == (self.opens, self.closes):
            raise ValueError("a window that never opens")


@dataclass(frozen=True, slots=True)
class ExplainedDay:
    """One line of the explanation: a day, whether it counted, why, and how far the count had come (e.g. `第2个工作日`)."""

    day: date
    counted: bool
    reason: str
    reached: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit ends (`at`, UTC) and why. `estimated` names the years whose holidays are unknown (W602)."""

    at: datetime
    kind: ClockKind
    limit: int
    start: datetime
    explanation: tuple[ExplainedDay, ...]
    estimated_years: tuple[int, ...]

    @property
    def estimated(self) -> bool:
        """Whether a year without holiday data was passed."""
        return bool(self.estimated_years)

    def is_late(self, at: datetime) -> bool:
        """Whether `at` is after the limit; fractions of the last second are in time."""
        return at.replace(microsecond=0) > self.at


@dataclass(frozen=True, slots=True)
class DueChange:
    """A limit counted again with newer calendar data; the trail keeps both."""

    before: Due
    after: Due

    @property
    def moved(self) -> bool:
        """Whether the instant changed."""
        return self.before.at != self.after.at


def due_at(kind: ClockKind, limit: int, start: datetime, calendar: Calendar, hours: SiteHours) -> Due:
    """Return when `limit` units after `start` end, with the explanation.

    `limit` 0 is the same calendar day, or that day's closing (after closing or on a day off: the next working day's).
    The day of `start` itself is never counted as a working day.
    """
    if start.tzinfo is None or limit < 0:
        raise ValueError("a limit counts up from an instant with a time zone")
    return _due(kind, limit, start.astimezone(UTC), calendar, hours)


@lru_cache(maxsize=8192)  # lists of cases ask for the same limits again and again
def _due(kind: ClockKind, limit: int, start: datetime, calendar: Calendar, hours: SiteHours) -> Due:
    local = start.astimezone(SHANGHAI)
    at, days = _COUNTERS[kind](local, limit, calendar, hours)
    passed = _estimated_years(kind, local.date(), at.date(), calendar)
    return Due(at.astimezone(UTC), kind, limit, start, tuple(days[:MAX_EXPLAINED_DAYS]), passed)


def recompute(due: Due, calendar: Calendar, hours: SiteHours) -> DueChange:
    """Count a limit again with another calendar, e.g. when a missing year has been loaded."""
    return DueChange(due, due_at(due.kind, due.limit, due.start, calendar, hours))


def explain(due: Due) -> str:
    """Return the explanation as officers read it, one day a line."""
    lines = [
        f"{day.day:%Y-%m-%d} {day.reason} {'计' if day.counted else '不计'}{' ' + day.reached if day.reached else ''}"
        for day in due.explanation
    ]
    lines.append(f"截止:{due.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S} 北京时间")
    lines += [f"{year} 年节假日数据缺失,工作日按周一至周五估算" for year in due.estimated_years]
    return "\n".join(lines)


_Counted = tuple[datetime, list[ExplainedDay]]


def _wall_minutes(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    del hours
    at = start + timedelta(minutes=limit)
    return at, [ExplainedDay(start.date(), True, calendar.note(start.date()).reason, f"起算后{limit}分钟")]


def _calendar_days(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    del hours
    days = [
        ExplainedDay(day, True, calendar.note(day).reason, "当日" if number == 0 else f"第{number}日")
        for number, day in enumerate(start.date() + offset * _DAY for offset in range(limit + 1))
    ]
    return _on(days[-1].day, END_OF_DAY), days


def _working_days(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    del hours
    day = start.date()
    days = [ExplainedDay(day, False, calendar.note(day).reason, "起算日")]
    count = 0
    while count < limit:
        day += _DAY
        note = calendar.note(day)
        count += note.working
        days.append(ExplainedDay(day, note.working, note.reason, f"第{count}个工作日" if note.working else ""))
    return _on(day, END_OF_DAY), days


def _site_closing(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    day = start.date()
    note = calendar.note(day)
    days = []
    if not note.working or start.time() > hours.closes:
        reason = note.reason if not note.working else f"{note.reason},已过下班时间"
        days.append(ExplainedDay(day, False, reason))
        day = _skip(days, day, calendar)
    days.append(ExplainedDay(day, True, calendar.note(day).reason, "下班前"))
    for number in range(limit):
        day = _skip(days, day, calendar)
        days.append(ExplainedDay(day, True, calendar.note(day).reason, f"之后第{number + 1}个工作日下班前"))
    return _on(day, hours.closes), days


def _skip(days: list[ExplainedDay], day: date, calendar: Calendar) -> date:
    """Note the days off after `day` and return the next working day."""
    following = calendar.next_working_day(day)
    off = day + _DAY
    while off < following:
        days.append(ExplainedDay(off, False, calendar.note(off).reason))
        off += _DAY
    return following


def _working_hours(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    return _working_time(start, timedelta(hours=limit), calendar, hours)


def _working_minutes(start: datetime, limit: int, calendar: Calendar, hours: SiteHours) -> _Counted:
    return _working_time(start, timedelta(minutes=limit), calendar, hours)


def _working_time(start: datetime, left: timedelta, calendar: Calendar, hours: SiteHours) -> _Counted:
    days: list[ExplainedDay] = []
    day = start.date()
    while True:
        note = calendar.note(day)
        spent = timedelta()
        for begins, ends in _spans(day, hours) if note.working else ():
            begins = max(begins, start)
            if begins > ends:
                continue
            if left <= ends - begins:
                days.append(ExplainedDay(day, True, note.reason, f"用时{_minutes(spent + left)}"))
                return begins + left, days
            left -= ends - begins
            spent += ends - begins
        days.append(
            ExplainedDay(day, bool(spent), note.reason, f"用时{_minutes(spent)},余{_minutes(left)}" if spent else "")
        )
        day += _DAY


def _spans(day: date, hours: SiteHours) -> Iterator[tuple[datetime, datetime]]:
    if hours.lunch_begins == hours.lunch_ends:
        yield _on(day, hours.opens), _on(day, hours.closes)
        return
    yield _on(day, hours.opens), _on(day, hours.lunch_begins)
    yield _on(day, hours.lunch_ends), _on(day, hours.closes)


def _minutes(length: timedelta) -> str:
    return f"{int(length.total_seconds() // 60)}分钟"


def _on(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=SHANGHAI)


def _estimated_years(kind: ClockKind, first: date, last: date, calendar: Calendar) -> tuple[int, ...]:
    if kind in (ClockKind.WALL_MINUTE, ClockKind.CALENDAR_DAY):
        return ()
    # The day that a count starts from is not counted, so its own year does not matter for working days.
    begin = first + _DAY if kind is ClockKind.WORKING_DAY and last > first else first
    return tuple(year for year in range(begin.year, last.year + 1) if year not in calendar.years)


_COUNTERS: Mapping[ClockKind, Callable[[datetime, int, Calendar, SiteHours], _Counted]] = {
    ClockKind.WALL_MINUTE: _wall_minutes,
    ClockKind.WORKING_MINUTE: _working_minutes,
    ClockKind.WORKING_HOUR: _working_hours,
    ClockKind.WORKING_DAY: _working_days,
    ClockKind.CALENDAR_DAY: _calendar_days,
    ClockKind.SITE_CLOSING: _site_closing,
}
