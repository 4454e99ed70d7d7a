"""The limits of a case as an officer sees them: due when, how long still, whose, and day by day why (DOMAIN 4.1, 27)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.cases.calendar import Calendar
from hub.cases.catalogue import CaseType, ClockRule
from hub.cases.clocks import Due, SiteHours, due_at
from hub.cases.extension import Extension, extended, in_force
from hub.protocol.administration import AdministrationKind
from hub.protocol.errors import Refused
from hub.protocol.instants import SHANGHAI, parse_instant
from station_agent.store.case_acts import CaseActRow
from station_agent.web.facts import Facts


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `left` is negative when it is over, `done_at` the time at which its event came (None: it runs), `paused`
    while the other side is waited for. `due` is its end with what was extended, `counted` as it is counted by itself."""

    rule: ClockRule
    due: Due
    left: timedelta
    done_at: datetime | None
    paused: bool
    today: bool
    counted: Due
    extensions: tuple[Extension, ...] = ()

    @property
    def over(self) -> bool:
        """Whether it ran out before its event, or has now."""
        return self.left < timedelta()

    @property
    def runs(self) -> bool:
        """Whether its event is still to come."""
        return self.done_at is None


def limits_of(
    case_type: CaseType, facts: Facts, *, calendar: Calendar, hours: SiteHours, now: datetime
) -> tuple[Limit, ...]:
    """Return the limits that have begun, in the order of the case type."""
    moments, found = facts.moments(), []
    for rule in case_type.clocks:
        start = _start(rule, facts, moments)
        if start is None:
            continue
        counted = due_at(rule.kind, rule.limit, start, calendar, hours)
        counting = in_force(rule, start, counted.at, facts.extensions)
        due = replace(counted, at=extended(counted.at, counting)) if counting else counted
        done_at = moments.get(rule.stops_at_event)
        if done_at is not None and done_at < start:
            done_at = None
        today = due.at.astimezone(SHANGHAI).date() == now.astimezone(SHANGHAI).date()
        paused = rule.paused and facts.row.state == "awaiting_supply"
        found.append(Limit(rule, due, due.at - (done_at or now), done_at, paused, today, counted, counting))
    return tuple(found)


def next_limit(limits: tuple[Limit, ...]) -> Limit | None:
    """Return the running limit that ends first."""
    running = [limit for limit in limits if limit.runs and not limit.paused]
    return min(running, key=lambda limit: limit.due.at, default=None)


def standing_urges(facts: Facts, limits: Sequence[Limit]) -> tuple[CaseActRow, ...]:
    """Return the urges to whose limit its station has still not kept, the newest first."""
    running = {limit.rule.step: limit for limit in limits if limit.runs}
    urges = (act for act in reversed(facts.acts) if act.kind is AdministrationKind.URGE_CASE and act.step in running)
    return tuple(act for act in urges if _stands(parse_instant(act.at), running[act.step]))


def _stands(urged_at: datetime, limit: Limit) -> bool:
    """Whether an urge is of this round of the case, and the end was not put off since."""
    return urged_at >= limit.counted.start and all(each.at <= urged_at for each in limit.extensions)


def _start(rule: ClockRule, facts: Facts, moments: dict[str, datetime]) -> datetime | None:
    if rule.starts_at_event is not None:
        return moments.get(rule.starts_at_event)
    try:
        return parse_instant(str(facts.body.get(rule.starts_at_field or "", "")))
    except Refused:
        return None
