"""Working days in mainland China: the week, holidays (休) and make-up days (班), from one TOML file per year.

A year without a file is estimated as Monday to Friday, and everything counted through it says so (W602).
Pure; dates are those of Asia/Shanghai.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import msgspec

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.toml import decode_toml

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAY = timedelta(days=1)


class Holiday(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run of days off, both ends included."""

    zh: str
    first: date
    last: date


class CalendarYear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One year's file: days off, and weekend days that are worked."""

    year: int
    make_up: tuple[date, ...]
    holidays: tuple[Holiday, ...]


@dataclass(frozen=True, slots=True)
class DayNote:
    """What kind of day it is and why: `working`, and a reason to show; `estimated` when the year's data is missing."""

    day: date
    working: bool
    reason: str
    estimated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Working days of all years that there is data for. One object is loaded once: what was counted by it is remembered by it."""

    years: frozenset[int] = frozenset()
    off: Mapping[date, str] = field(default_factory=dict)
    make_up: frozenset[date] = frozenset()

    def note(self, day: date) -> DayNote:
        """Say what `day` is."""
        weekday = WEEKDAYS[day.weekday()]
        if (name := self.off.get(day)) is not None:
            return DayNote(day, working=False, reason=f"{weekday},{name}休", estimated=False)
        if day in self.make_up:
            return DayNote(day, working=True, reason=f"{weekday},调休上班", estimated=False)
        working = day.weekday() < 5
        missing = day.year not in self.years
        reason = weekday + ("" if working else ",周末休") + (f"({day.year}年节假日数据缺失,估算)" if missing else "")
        return DayNote(day, working=working, reason=reason, estimated=missing)

    def is_working_day(self, day: date) -> bool:
        """Whether stations work on `day`; estimated where the year is missing (see `knows`)."""
        if day in self.make_up:
            return True
        return day.weekday() < 5 and day not in self.off

    def knows(self, day: date) -> bool:
        """Whether there is data for the year of `day`."""
        return day.year in self.years

    def add_working_days(self, start: date, count: int) -> date:
        """Return the `count`-th working day after `start`; 0 is `start` itself. Look at `knows` for each day passed."""
        day = start
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`."""
        day += _DAY
        while not self.is_working_day(day):
            day += _DAY
        return day


def load_calendar(tomls: Mapping[str, bytes]) -> Calendar:
    """Return the calendar from the years' files by name. Raises: Refused (`config.invalid`) with the file and place."""
    years: set[int] = set()
    off: dict[date, str] = {}
    make_up: set[date] = set()
    for name in sorted(tomls):
        year = decode_toml(
            tomls[name], CalendarYear, name=name, known=("year", "make_up", "holidays", "zh", "first", "last")
        )
        if year.year in years:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {year.year} is there twice")
        years.add(year.year)
        own_off = {day: holiday.zh for holiday in year.holidays for day in _days(holiday)}
        _require_sound(year, own_off, name)
        off.update(own_off)
        make_up.update(year.make_up)
    return Calendar(frozenset(years), off, frozenset(make_up))


@cache
def default_calendar() -> Calendar:
    """Return the calendar that ships with the program (`config/calendar/`)."""
    folder = files("config") / "calendar"
    return load_calendar({entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".toml")})


def _days(holiday: Holiday) -> Iterable[date]:
    count = min((holiday.last - holiday.first).days, 60) + 1
    return (holiday.first + number * _DAY for number in range(count))


def _require_sound(year: CalendarYear, off: Mapping[date, str], name: str) -> None:
    for holiday in year.holidays:
        if not holiday.first <= holiday.last <= holiday.first + 60 * _DAY:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {holiday.zh}: {holiday.first} to {holiday.last}")
    for day in (*off, *year.make_up):
        if day.year != year.year:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {day} is not in {year.year}")
    for day in year.make_up:
        if day.weekday() < 5 or day in off:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {day} cannot be a make-up day")
