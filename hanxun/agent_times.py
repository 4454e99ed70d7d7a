"""What a desk shows about time: a clock that is off (W503), when an inquiry was received, and what is only claimed."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from hanxun.output import console
from hub.cases.catalogue import default_catalogue
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import beijing, parse_instant
from hub.protocol.texts import text_of
from station_agent.clock_skew import clock_warning, skew_of
from station_agent.lateness import Timing, timings
from station_agent.settings import AgentSettings


def clock_as_json(tx: Connection, settings: AgentSettings) -> dict[str, Any] | None:
    """Return the skew measured last, with `code` W503 when it is beyond the limit; None before the first contact."""
    skew = skew_of(tx)
    if skew is None:
        return None
    warning = clock_warning(tx, limit_s=settings.limits.clock_skew_s)
    code = None if warning is None else warning.code.value
    return {"skew_s": skew.seconds, "measured_at": skew.measured_at, "code": code}


def print_clock(clock: Mapping[str, Any] | None) -> None:
    """Print W503 with its remedy when `clock_as_json` says that this machine's clock is off the hub's."""
    if clock is not None and clock["code"] is not None:
        _warn(HanxunError(Code.CLOCK_SKEW, values={"n": f"{clock['skew_s']:+d}"}))


def times_of(tx: Connection, case: CaseId, settings: AgentSettings) -> tuple[Timing, ...]:
    """Return how every limit of the case's inquiries was kept."""
    return timings(tx, case, catalogue=default_catalogue(), hours=settings.hours)


def times_as_json(found: tuple[Timing, ...]) -> list[dict[str, Any]]:
    """Return the timings for machines."""
    return [msgspec.to_builtins(timing) for timing in found]


def print_times(found: tuple[Timing, ...]) -> None:
    """Print each limit: due, received by the hub's clock, late or not, what is claimed, what a correction moved."""
    for timing in found:
        by = (
            "尚无中心回执 no receipt yet"
            if timing.received_at is None
            else f"中心收到 {_at(timing.received_at)} received"
        )
        late = "迟发 late" if timing.late else "按时 in time"
        console.print(f"时限 {timing.step}: 截止 {_at(timing.due_at)} due  {by}  {late}", markup=False)
        if timing.reason:
            console.print(f"  迟发原因 reason: {timing.reason}", markup=False)
        if timing.claim is not None:
            away = timing.claim.first_failed_at
            since = "" if away is None else f",{_at(away)} 起连不上中心 could not reach the hub since"
            would = "按此未超时 in time by that" if timing.claim.in_time else "按此也已超时 late by that, too"
            console.print(
                f"  发函单位自称(未经证明)claimed by the sender, unproved: {_at(timing.claim.made_at)} 制作 made{since};{would}",
                markup=False,
            )
        for change in timing.changed:
            _warn(HanxunError(Code.START_CHANGED, values={"before": _at(change.before), "after": _at(change.after)}))


def remedy_of(trouble: str | None) -> str | None:
    """Return what to do about an outbox item's trouble, or None for a code that this version does not know."""
    if trouble is None or trouble not in Code._value2member_map_:
        return None
    text = text_of(Code(trouble))
    return f"{text.remedy_zh} / {text.remedy_en}" if "{" not in text.remedy_zh else None


def _warn(warning: HanxunError) -> None:
    console.print(f"! {warning.code.value} {warning.text.zh}\n  → {warning.text.remedy_zh}", markup=False)


def _at(text: str) -> str:
    return beijing(parse_instant(text))
