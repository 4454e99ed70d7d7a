"""The interpreter and the machines that ship: M1, M2, M4."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cases.machine import BACK, Actor, Machine, Side, case_event, default_machine, load_machine
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import NotPermitted, Refused
from tests.cases.builders import refusal_of

CASE, LETTER, GATE = (default_machine(name) for name in ("case", "letter", "gate"))
MACHINES = [CASE, LETTER, GATE]
NO_SKIPPING = (
    "drafting",
    "awaiting_approval",
    "awaiting_stamp",
    "stamped",
    "scanned",
    "checked",
    "sealed",
    "sent",
    "delivered",
    "verifying",
    "accepted",
)


def all_guards(machine: Machine) -> frozenset[str]:
    return frozenset(machine.rules.guards)


def walk(machine: Machine, steps: list[tuple[str, Actor]], *, start: str | None = None) -> str:
    state = start or machine.initial
    for event, actor in steps:
        state = machine.step(state, event, by=actor, facts=all_guards(machine))
    return state


def test_every_envelope_kind_is_an_event_of_the_case() -> None:
    assert {case_event(kind) for kind in Kind} <= set(CASE.rules.events)
    assert case_event(Kind.REPLY) == "answer"


def test_both_stations_and_the_hub_replay_a_case_from_its_envelopes() -> None:
    state = CASE.initial
    sides = {Kind.INQUIRY: Side.OPENER, Kind.CLOSE: Side.OPENER}
    for kind, after in [
        (Kind.INQUIRY, "to_send"),
        (Kind.HANDOVER, "delivered"),
        (Kind.CLAIM, "claimed"),
        (Kind.REPLY, "answered"),
        (Kind.CLOSE, "closed"),
    ]:
        actor = Actor.SYSTEM if kind is Kind.HANDOVER else Actor.WINDOW
        state = CASE.step(
            state, case_event(kind), by=actor, side=sides.get(kind, Side.ANSWERER), facts=all_guards(CASE)
        )
        assert state == after


def test_the_opener_goes_through_draft_and_seal_when_the_type_needs_it() -> None:
    sealed = {"site_enabled", "fields_complete", "seal_needed", "letter_sealed"}
    state = CASE.step("none", "create", by=Actor.WINDOW, facts=sealed)
    state = CASE.step(state, "submit", by=Actor.WINDOW, facts=sealed)
    assert state == "awaiting_seal"
    assert CASE.step(state, "approve", by=Actor.CUSTODIAN, facts=sealed) == "to_send"
    plain = {"fields_complete", "seal_not_needed"}
    assert CASE.step("draft", "submit", by=Actor.WINDOW, facts=plain) == "to_send"


def test_the_receiver_cannot_close_and_the_opener_cannot_answer() -> None:
    with pytest.raises(Refused) as refused:
        CASE.step("answered", "close", by=Actor.WINDOW, side=Side.ANSWERER, facts=all_guards(CASE))
    assert refused.value.code is Code.STATE_EVENT
    with pytest.raises(Refused):
        CASE.step("claimed", "answer", by=Actor.WINDOW, side=Side.OPENER, facts=all_guards(CASE))


def test_a_reply_before_signing_for_it_is_refused_and_says_what_is_possible() -> None:
    with pytest.raises(Refused) as refused:
        CASE.step("delivered", "answer", by=Actor.WINDOW)
    assert refused.value.code is Code.STATE_EVENT
    assert "签收" in refused.value.text.remedy_zh


def test_the_wrong_role_and_an_open_guard_are_told_apart() -> None:
    with pytest.raises(NotPermitted) as permitted:
        LETTER.step("awaiting_approval", "approve", by=Actor.WINDOW)
    assert permitted.value.code is Code.STATE_ROLE
    with pytest.raises(Refused) as refused:
        LETTER.step("awaiting_approval", "approve", by=Actor.HEAD)
    assert refused.value.code is Code.STATE_GUARD
    assert "审批人不是拟稿人" in refused.value.text.zh


def test_a_case_is_not_withdrawn_once_the_register_was_changed_on_it() -> None:
    with pytest.raises(Refused) as refused:
        CASE.step("claimed", "withdraw", by=Actor.HEAD, facts={"reason_given"})
    assert refused.value.code is Code.STATE_GUARD
    with pytest.raises(Refused):
        CASE.step("answered", "withdraw", by=Actor.HEAD, facts=all_guards(CASE))


def test_an_outage_returns_the_case_to_where_it_was() -> None:
    suspended = CASE.step("claimed", "suspend", by=Actor.HEAD, facts={"outage_declared"})
    assert CASE.step(suspended, "resume", by=Actor.HEAD, facts={"outage_over"}, came_from="claimed") == "claimed"
    with pytest.raises(Refused) as refused:
        CASE.step(suspended, "resume", by=Actor.HEAD, facts={"outage_over"})
    assert refused.value.code is Code.STATE_UNKNOWN


def test_the_letter_goes_its_whole_way() -> None:
    way = [
        ("submit", Actor.WINDOW),
        ("approve", Actor.HEAD),
        ("stamp", Actor.CUSTODIAN),
        ("scan", Actor.WINDOW),
        ("check", Actor.WINDOW),
        ("seal", Actor.CUSTODIAN),
        ("send", Actor.SYSTEM),
        ("deliver", Actor.SYSTEM),
        ("verify", Actor.WINDOW),
        ("accept", Actor.WINDOW),
    ]
    assert walk(LETTER, way) == "accepted"


def test_a_new_scan_needs_proof_check_and_seal_again() -> None:
    assert walk(LETTER, [("rescan", Actor.WINDOW)], start="sealed") == "scanned"
    with pytest.raises(Refused):
        LETTER.step("scanned", "seal", by=Actor.CUSTODIAN, facts=all_guards(LETTER))


def test_the_gate_opens_is_used_once_and_never_again() -> None:
    used = walk(GATE, [("pass", Actor.SYSTEM), ("use", Actor.WINDOW)])
    assert used == "used"
    for event in GATE.rules.events:
        for actor in Actor:
            with pytest.raises(Refused):
                GATE.step(used, event, by=actor, facts=all_guards(GATE))


def test_the_gate_has_no_way_around_but_the_traced_exception() -> None:
    to_use = {(way.from_, way.by) for way in GATE.rules.transitions if way.event == "use"}
    assert to_use == {(("open", "overridden"), (Actor.WINDOW,))}
    with pytest.raises(Refused) as refused:
        GATE.step("locked", "override", by=Actor.ADMINISTRATOR, facts={"reason_given"})
    assert refused.value.code is Code.STATE_GUARD
    with pytest.raises(NotPermitted):
        GATE.step("locked", "override", by=Actor.HEAD, facts=all_guards(GATE))


@settings(max_examples=150)
@given(st.data())
def test_no_random_walk_reaches_a_letter_state_without_the_one_before_it(data: st.DataObject) -> None:
    state, seen = LETTER.initial, [LETTER.initial]
    for _ in range(data.draw(st.integers(1, 25))):
        event = data.draw(st.sampled_from(sorted(LETTER.rules.events)))
        actor = data.draw(st.sampled_from(list(Actor)))
        facts = data.draw(st.sets(st.sampled_from(sorted(LETTER.rules.guards))) | st.just(set(LETTER.rules.guards)))
        try:
            state = LETTER.step(state, event, by=actor, facts=facts)
        except Refused:
            continue
        seen.append(state)
    for number, reached in enumerate(NO_SKIPPING[1:], start=1):
        if reached in seen:
            assert set(NO_SKIPPING[:number]) <= set(seen[: seen.index(reached)])


@settings(max_examples=100)
@given(st.sampled_from(MACHINES), st.data())
def test_every_step_ends_in_a_known_state_or_is_refused(machine: Machine, data: st.DataObject) -> None:
    state = data.draw(st.sampled_from([*machine.rules.states, "nowhere"]))
    event = data.draw(st.sampled_from(sorted(machine.rules.events)) | st.text(max_size=5))
    actor = data.draw(st.sampled_from(list(Actor)))
    facts = data.draw(st.sets(st.sampled_from(sorted(machine.rules.guards))))
    refused = refusal_of(lambda: machine.step(state, event, by=actor, facts=facts, came_from="claimed"))
    if refused is None:
        assert machine.step(state, event, by=actor, facts=facts, came_from="claimed") in {*machine.rules.states}
    else:
        assert "{event_zh}" not in refused.text.zh + refused.text.remedy_zh


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_is_reachable_and_an_unfinished_one_has_a_way_on(machine: Machine) -> None:
    reached, frontier = {machine.initial}, [machine.initial]
    while frontier:
        here = frontier.pop()
        for (start, _), ways in machine.ways.items():
            for way in ways:
                if start == here and way.to != BACK and way.to not in reached:
                    reached.add(way.to)
                    frontier.append(way.to)
    assert reached == set(machine.rules.states)
    for name, state in machine.rules.states.items():
        assert state.final or machine.possible(name)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_event_and_guard_is_used(machine: Machine) -> None:
    assert {way.event for way in machine.rules.transitions} == set(machine.rules.events)
    assert {guard for way in machine.rules.transitions for guard in way.guards} == set(machine.rules.guards)


def test_a_file_that_names_an_unknown_state_is_refused() -> None:
    raw = b"""
zh = "x"
en = "x"
initial = "a"
[states]
a = { zh = "a", en = "a" }
[events]
go = { zh = "go", en = "go" }
[[transitions]]
event = "go"
from = ["a"]
to = "b"
by = ["window"]
"""
    with pytest.raises(Refused) as refused:
        load_machine(raw, name="x.toml")
    assert refused.value.code is Code.CONFIG_INVALID
    assert "b" in (refused.value.detail or "")
