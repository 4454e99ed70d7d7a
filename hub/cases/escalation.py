"""Who hears of a delay, and when: the head of the late site, then its parents one after the other. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from hub.cases.calendar import Calendar
from hub.cases.catalogue import EscalationRule
from hub.cases.clocks import Due
from hub.cases.machine import Actor
from hub.cases.stations import Site, Sites
from hub.protocol.instants import SHANGHAI


@dataclass(frozen=True, slots=True)
class Escalation:
    """At `at` (UTC) the people of `role` at `site` are told, if the step is still open."""

    at: datetime
    site: Site
    role: Actor


def plan_escalation(
    due: Due, rule: EscalationRule, *, site_code: str, sites: Sites, calendar: Calendar
) -> tuple[Escalation, ...]:
    """Return every warning of one limit in order: head before the end, parents from the breach on, up to the top.

    `site_code` is the site that is late. Raises: Refused (`site.unknown`).
    """
    late_site = sites.site(site_code)
    warnings = [Escalation(_head_at(due, rule), late_site, Actor.HEAD)]
    # One second after the last that was in time.
    at = due.at + timedelta(seconds=1)
    for parent in sites.parents(site_code):
        warnings.append(Escalation(at, parent, Actor.ADMINISTRATOR))
        at = _later(at, rule.next_parent_after_working_days, calendar)
    return tuple(warnings)


def _head_at(due: Due, rule: EscalationRule) -> datetime:
    if rule.head_before_end_s is not None:
        return max(due.start, due.at - timedelta(seconds=rule.head_before_end_s))
    return due.start + (due.at - due.start) * rule.head_at_percent / 100


def _later(at: datetime, working_days: int, calendar: Calendar) -> datetime:
    """The same time of day so many working days later (one second before midnight counts to the day it ends)."""
    local = (at - timedelta(seconds=1)).astimezone(SHANGHAI)
    day = calendar.add_working_days(local.date(), working_days)
    clock: time = local.time()
    return (datetime.combine(day, clock, tzinfo=SHANGHAI) + timedelta(seconds=1)).astimezone(UTC)
