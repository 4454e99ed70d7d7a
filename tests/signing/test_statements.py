"""Statements from outside (acts of administrators, approvals, lists of seals, alarms): any bytes give one clear refusal, and what lists
say of a seal is read right."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocol.alarm import SealAlarm
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, StationId, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.seal_status import SealEntry, SealEvent, SealState, SealStatusList
from hub.protocol.verdict import Result
from hub.signing.administration import open_administration, open_approval
from hub.signing.alarms import open_alarm, sign_alarm
from hub.signing.authority import Subject
from hub.signing.certificates import known
from hub.signing.jws import sign_jws
from hub.signing.purposes import CertificateKind
from hub.signing.restores import signatures_in
from hub.signing.seal_lists import SealBook, check_seal_state, open_seal_list, sign_seal_list
from tests.exchange.builders import A, a_province

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
SEAL = "s" * 43
OPENERS = (open_administration, open_approval, open_seal_list, open_alarm)
TYPS = ("hanxun-administration+jws", "hanxun-approval+jws", "hanxun-seals+jws", "hanxun-alarm+jws")
PROVINCE = a_province()
HUB = PROVINCE.certify(CertificateKind.HUB, Subject("hub"))
SOURCE = known([HUB.certified, PROVINCE.agent(A).certified])


def a_list(*events: SealEvent, number: int = 1, at: datetime = AT, required: bool = False) -> SealStatusList:
    seals = (SealEntry(seal=SEAL, station=A, events=events),) if events else ()
    return SealStatusList(
        number=number, at=format_instant(at), origin="o", required=required, administrators=(), seals=seals
    )


def event(state: SealState, minutes: float, since: float | None = None) -> SealEvent:
    instant = format_instant(AT + timedelta(minutes=minutes))
    doubted = None if since is None else format_instant(AT + timedelta(minutes=since))
    return SealEvent(state=state, at=instant, compromised_since=doubted)


@pytest.mark.parametrize("opener", OPENERS)
@given(raw=st.binary(max_size=400) | st.builds(lambda *p: b".".join(p), *[st.binary(max_size=60)] * 3))
def test_any_bytes_are_refused(opener: object, raw: bytes) -> None:
    with pytest.raises(Refused):
        opener(raw, certificates=SOURCE)  # type: ignore[operator]
    assert all(isinstance(item, bytes) for item in signatures_in(raw))


@pytest.mark.parametrize(("opener", "typ"), list(zip(OPENERS, TYPS, strict=True)))
@given(payload=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f'{{"id":"{text}"}}'.encode()))
def test_rightly_signed_nonsense_is_refused(opener: object, typ: str, payload: bytes) -> None:
    with pytest.raises(Refused):
        opener(sign_jws(payload, typ=typ, signer=HUB), certificates=SOURCE)  # type: ignore[operator]


def test_a_list_by_anybody_but_a_hub_and_an_alarm_by_anybody_but_an_agent_are_refused() -> None:
    agent = PROVINCE.agent(A)
    with pytest.raises(Refused) as refusal:
        sign_seal_list(a_list(), signer=agent)
    assert refusal.value.code is Code.CERT_PURPOSE
    alarm = SealAlarm(
        id=new_uuid7(at=AT, random=secrets.token_bytes(10)),
        at=format_instant(AT),
        station=A,
        sender=StationId("320102500000"),
        cases=(CaseId("C06-320102500000-2026-1"),),
        letter=Digest("0" * 64),
        serial="1",
        seal=SEAL,
        received_at=format_instant(AT),
        compromised_since=format_instant(AT),
        list_number=1,
        problem_class="假",
        facts="x",
        harm="x",
        proposal="x",
        fault="未定",
    )
    with pytest.raises(Refused):
        sign_alarm(alarm, signer=HUB)
    assert open_alarm(sign_alarm(alarm, signer=agent), certificates=SOURCE).alarm == alarm


@pytest.mark.parametrize(
    ("events", "minutes", "result"),
    [
        ((), 0, Result.NOT_APPLICABLE),
        ((event(SealState.REGISTERED, 0), event(SealState.ACTIVE, 1)), 2, Result.PASSED),
        ((event(SealState.REGISTERED, 10), event(SealState.ACTIVE, 11)), 2, Result.PASSED),  # before it was registered
        ((event(SealState.REGISTERED, 0),), 2, Result.INDETERMINATE),
        ((event(SealState.ACTIVE, 0), event(SealState.SUSPENDED, 5)), 4, Result.PASSED),
        ((event(SealState.ACTIVE, 0), event(SealState.SUSPENDED, 5)), 6, Result.INDETERMINATE),
        ((event(SealState.SUSPENDED, 5), event(SealState.ACTIVE, 8)), 6, Result.INDETERMINATE),
        ((event(SealState.SUSPENDED, 5), event(SealState.ACTIVE, 8)), 9, Result.PASSED),
        ((event(SealState.ACTIVE, 0), event(SealState.LOST, 60, since=30)), 29, Result.PASSED),
        ((event(SealState.ACTIVE, 0), event(SealState.LOST, 60, since=30)), 30, Result.INDETERMINATE),
        ((event(SealState.LOST, 1, since=0), event(SealState.ACTIVE, 2)), 3, Result.INDETERMINATE),  # lost is for ever
        ((event(SealState.CANCELLED, 5), event(SealState.ACTIVE, 6)), 7, Result.INDETERMINATE),
    ],
)
def test_what_a_list_says_of_a_letters_time(events: tuple[SealEvent, ...], minutes: float, result: Result) -> None:
    book = SealBook((a_list(*events),), max_age=timedelta(hours=24))
    at = AT + timedelta(minutes=minutes)
    assert check_seal_state(SEAL, book=book, at=at, now=AT + timedelta(hours=2)).result is result


def test_an_old_list_decides_nothing_but_what_it_says_against_a_seal() -> None:
    good = SealBook((a_list(event(SealState.ACTIVE, 0)),), max_age=timedelta(hours=24))
    bad = SealBook((a_list(event(SealState.SUSPENDED, 0)),), max_age=timedelta(hours=24))
    at, later = AT + timedelta(minutes=1), AT + timedelta(hours=25)
    assert check_seal_state(SEAL, book=good, at=at, now=later).cause is Code.STATUS_LIST_TOO_OLD
    assert check_seal_state(SEAL, book=bad, at=at, now=later).cause is Code.SEAL_KEY_NOT_IN_FORCE


def test_where_registration_is_required_an_unknown_seal_fails_and_without_a_register_nothing_is_asked() -> None:
    required = SealBook((a_list(required=True),), max_age=timedelta(hours=24))
    check = check_seal_state(SEAL, book=required, at=AT, now=AT)
    assert (check.result, check.cause) == (Result.FAILED, Code.SEAL_NOT_REGISTERED)
    assert check_seal_state(SEAL, book=SealBook(), at=AT, now=AT).result is Result.NOT_APPLICABLE
