"""When the events of a case happened, as limits reckon with them."""

from datetime import UTC, datetime, timedelta

from hub.protocol.envelope import Kind
from hub.protocol.identifiers import digest_of
from station_agent.store.cases import ANSWERER, CaseRow
from station_agent.web.facts import Facts, Message
from tests.station.scene import CASE, OPENER, an_envelope

AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)


def a_message(kind: Kind, minutes: int, *, incoming: bool) -> Message:
    at = AT + timedelta(minutes=minutes)
    return Message(an_envelope(kind, {}), digest_of(str(minutes).encode()), incoming, at, at, None, None)


def test_a_later_messages_handover_does_not_move_the_time_at_which_the_inquiry_was_delivered() -> None:
    row = CaseRow(CASE, "C06", ANSWERER, OPENER, "claimed", "locked", "x", "x")
    messages = (
        a_message(Kind.INQUIRY, 0, incoming=True),
        a_message(Kind.HANDOVER, 1, incoming=False),
        a_message(Kind.CLAIM, 5, incoming=False),
        a_message(Kind.HANDOVER, 6, incoming=True),
    )
    moments = Facts(row, None, messages, {}).moments()
    assert moments["deliver"] == AT
    assert moments["claim"] == AT + timedelta(minutes=5)
