"""What the hub rules about one envelope, on a docket built by hand: pure, no database."""

import pytest

from hub.exchange.docket import Docket, Submission, rule
from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope, Kind
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.certificates import known
from hub.signing.envelopes import SignedEnvelope, open_envelope
from tests.exchange.builders import (
    PROOF,
    A,
    B,
    C,
    Province,
    a_case_number,
    a_handover,
    a_province,
    an_envelope,
    signed,
)

PROVINCE: Province = a_province()


def a_docket(**changes: object) -> Docket:
    """Three active stations; A holds the proof."""
    values: dict[str, object] = {
        "stations": {A: True, B: True, C: True},
        "by_digest": {},
        "by_id": {},
        "cases": {},
        "held": {(digest_of(PROOF), A): len(PROOF)},
        "handed_over": set(),
        "next_seq": 1,
    }
    return Docket(**{**values, **changes})  # type: ignore[arg-type]


def opened(envelope: Envelope) -> SignedEnvelope:
    """The envelope, signed and opened."""
    agent = PROVINCE.agent(envelope.from_)
    return open_envelope(signed(PROVINCE, envelope), certificates=known([agent.certified]))


def enter(docket: Docket, envelope: Envelope) -> Digest:
    """Rule one envelope, which must be allowed; return its digest."""
    return rule(Submission(opened(envelope), ()), docket).filed.digest


def refusal(docket: Docket, envelope: Envelope) -> Code:
    """The code under which `envelope` is refused; the docket stays as it was."""
    before = (docket.next_seq, dict(docket.cases), dict(docket.by_digest))
    with pytest.raises(Refused) as caught:
        rule(Submission(opened(envelope), ()), docket)
    assert before == (docket.next_seq, docket.cases, docket.by_digest)
    return caught.value.code


def a_delivered_case() -> tuple[Docket, Envelope, Digest]:
    """A docket with one inquiry from A to B that B has received; the last envelope's digest."""
    docket, inquiry = a_docket(), an_envelope()
    first = enter(docket, inquiry)
    return docket, inquiry, enter(docket, a_handover(inquiry, first))


def follow(inquiry: Envelope, kind: Kind, previous: Digest, *, by_opener: bool, **changes: object) -> Envelope:
    """The next envelope of the inquiry's case."""
    sender, to = (inquiry.from_, inquiry.to) if by_opener else (inquiry.to, inquiry.from_)
    return an_envelope(kind=kind, case=inquiry.case, sender=sender, to=to, previous=previous, **changes)  # type: ignore[arg-type]


def test_an_inquiry_opens_a_case_and_its_handover_moves_it() -> None:
    docket, inquiry, _ = a_delivered_case()
    assert docket.cases[inquiry.case].state == "delivered"
    assert list(docket.opened) == [inquiry.case]


def test_the_whole_way_of_a_case() -> None:
    docket, inquiry, last = a_delivered_case()
    for kind, by_opener in ((Kind.CLAIM, False), (Kind.ASK, False), (Kind.SUPPLY, True), (Kind.REPLY, False)):
        last = enter(docket, follow(inquiry, kind, last, by_opener=by_opener))
    enter(docket, follow(inquiry, Kind.CLOSE, last, by_opener=True))
    assert docket.cases[inquiry.case].state == "closed"


def test_same_id_with_other_bytes_is_refused_and_alarmed() -> None:
    docket, inquiry = a_docket(), an_envelope()
    enter(docket, inquiry)
    other = an_envelope(case=a_case_number(), id=inquiry.id)
    assert refusal(docket, other) is Code.ENVELOPE_ID_REUSED
    assert [alarm.envelope_id for alarm in docket.alarms] == [inquiry.id]


@pytest.mark.parametrize(("active", "code"), [(False, Code.STATION_SUSPENDED), (None, Code.STATION_UNKNOWN)])
def test_a_sender_that_is_not_active_is_refused(active: bool | None, code: Code) -> None:
    stations = {A: active, B: True} if active is not None else {B: True}
    assert refusal(a_docket(stations=stations), an_envelope()) is code


@pytest.mark.parametrize("stations", [{A: True}, {A: True, B: False}])
def test_an_addressee_that_is_not_active_is_refused(stations: dict[str, bool]) -> None:
    assert refusal(a_docket(stations=stations), an_envelope()) is Code.ENVELOPE_ADDRESSEE


def test_nobody_writes_to_itself() -> None:
    assert refusal(a_docket(), an_envelope(to=A)) is Code.ENVELOPE_ADDRESSEE


def test_a_station_cannot_take_anothers_case_numbers() -> None:
    assert refusal(a_docket(), an_envelope(case=a_case_number(B))) is Code.CASE_NUMBER


def test_a_case_number_is_used_once() -> None:
    docket, inquiry = a_docket(), an_envelope()
    enter(docket, inquiry)
    assert refusal(docket, an_envelope(case=inquiry.case)) is Code.CASE_KNOWN


def test_a_third_station_cannot_write_into_a_case() -> None:
    docket, inquiry, last = a_delivered_case()
    intruder = an_envelope(kind=Kind.CLAIM, case=inquiry.case, sender=C, to=A, previous=last)
    assert refusal(docket, intruder) is Code.CASE_PARTIES


def test_an_unknown_case_is_refused() -> None:
    assert refusal(a_docket(), an_envelope(kind=Kind.CLAIM, sender=B, to=A)) is Code.CASE_UNKNOWN


def test_the_type_of_a_case_does_not_change() -> None:
    docket, inquiry, last = a_delivered_case()
    assert refusal(docket, follow(inquiry, Kind.CLAIM, last, by_opener=False, type="C06")) is Code.CASE_OTHER_TYPE


def test_previous_must_belong_to_the_case() -> None:
    docket, inquiry, last = a_delivered_case()
    other = enter(docket, an_envelope())
    assert refusal(docket, follow(inquiry, Kind.CLAIM, other, by_opener=False)) is Code.ENVELOPE_PREVIOUS
    assert refusal(docket, follow(inquiry, Kind.CLAIM, digest_of(b"?"), by_opener=False)) is Code.ENVELOPE_PREVIOUS
    enter(docket, follow(inquiry, Kind.CLAIM, last, by_opener=False))


def test_an_event_out_of_turn_is_refused() -> None:
    docket, inquiry, last = a_delivered_case()
    assert refusal(docket, follow(inquiry, Kind.REPLY, last, by_opener=False)) is Code.STATE_EVENT
    assert refusal(docket, follow(inquiry, Kind.CLAIM, last, by_opener=True)) is Code.STATE_EVENT


def test_an_attachment_must_be_complete_for_the_sender_and_of_the_size_named() -> None:
    assert refusal(a_docket(held={}), an_envelope()) is Code.ATTACHMENT_MISSING
    assert refusal(a_docket(held={(digest_of(PROOF), C): len(PROOF)}), an_envelope()) is Code.ATTACHMENT_MISSING
    assert refusal(a_docket(held={(digest_of(PROOF), A): 1}), an_envelope()) is Code.ATTACHMENT_SIZE


def test_a_handover_is_for_what_was_delivered_once_and_by_the_receiver() -> None:
    docket, inquiry = a_docket(), an_envelope()
    first = enter(docket, inquiry)
    assert refusal(docket, a_handover(inquiry, digest_of(b"?"))) is Code.HANDOVER_UNKNOWN
    by_sender = an_envelope(
        kind=Kind.HANDOVER, case=inquiry.case, sender=A, to=B, body={"received": first}, previous=first
    )
    assert refusal(docket, by_sender) is Code.HANDOVER_UNKNOWN
    handover = a_handover(inquiry, first)
    last = enter(docket, handover)
    assert refusal(docket, a_handover(inquiry, first)) is Code.HANDOVER_REPEATED
    assert refusal(docket, a_handover(handover, last)) is Code.HANDOVER_UNKNOWN


def test_a_handover_after_the_case_was_withdrawn_is_still_taken() -> None:
    docket, inquiry = a_docket(), an_envelope()
    first = enter(docket, inquiry)
    enter(docket, follow(inquiry, Kind.WITHDRAW, first, by_opener=True))
    enter(docket, a_handover(inquiry, first))
    assert docket.cases[inquiry.case].state == "withdrawn"


def test_a_third_dispute_is_refused() -> None:
    docket, inquiry, last = a_delivered_case()
    last = enter(docket, follow(inquiry, Kind.CLAIM, last, by_opener=False))
    for _ in range(2):
        last = enter(docket, follow(inquiry, Kind.REPLY, last, by_opener=False))
        last = enter(docket, follow(inquiry, Kind.DISPUTE, last, by_opener=True))
    last = enter(docket, follow(inquiry, Kind.REPLY, last, by_opener=False))
    assert refusal(docket, follow(inquiry, Kind.DISPUTE, last, by_opener=True)) is Code.STATE_GUARD
