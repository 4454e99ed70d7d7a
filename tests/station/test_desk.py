"""The desk without a hub: who may do what, in which order, with which papers; numbers without gaps."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.cases.machine import default_machine
from hub.protocol.act import ActKind
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId, StationId
from hub.protocol.instants import format_instant
from hub.signing.acts import open_act
from hub.signing.authority import Subject
from hub.signing.crl import Revocation
from hub.signing.envelopes import open_envelope
from hub.signing.purposes import CertificateKind, OfficerRole, SealPurpose
from station_agent.agent import open_agent
from station_agent.desk.approve import approve, reject
from station_agent.desk.close import withdraw
from station_agent.desk.draft import draft, redraft
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import send
from station_agent.desk.stamp import annul, stamp
from station_agent.people import Person as Officer
from station_agent.store.acts import acts_of
from station_agent.store.cases import require_case
from station_agent.store.envelopes import envelopes_of
from station_agent.store.letters import letter_register, require_letter
from station_agent.store.outbox import outbox_rows
from tests.exchange.builders import Province, a_province, now_utc
from tests.station.desks import (
    OPENER,
    ORIGIN,
    PASSPHRASE,
    PASSWORD,
    Desk,
    a_desk,
    a_draft,
    a_sealed_letter,
)
from tests.station.scene import a_scan, a_scene, cached_check, cached_readers

TICKS = ProofTicks(pages=1, stamp_clear=True, persons_equal=True, original=True)


@pytest.fixture(scope="module")
def province() -> Province:
    """One province for all tests here."""
    return a_province()


@pytest.fixture
def desk(province: Province, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose hub nobody can reach."""
    made = a_desk(province, tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    yield made
    made.agent.close()


def a_case(desk: Desk, **changes: Any) -> CaseId:
    """A drafted and submitted C06."""
    return draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft(**changes), now=now_utc())


def an_officer(province: Province, number: str, *roles: OfficerRole, station: StationId = OPENER) -> Officer:
    """One more officer."""
    subject = Subject("民警", station=station, number=number)
    return Officer(province.certify(CertificateKind.OFFICER, subject, roles=roles))


def states(desk: Desk, case: CaseId) -> tuple[str, str]:
    """M1's and M2's state."""
    with desk.agent.store.read() as tx:
        return require_case(tx, case).state, require_letter(tx, case).state


def refusal(code: Code) -> "pytest.RaisesExc[Refused]":
    """Expect a refusal by code."""
    return pytest.raises(Refused, check=lambda error: error.code is code)


def test_an_honest_letter_goes_its_way_through_every_state_and_carries_four_peoples_acts(desk: Desk) -> None:
    case = a_case(desk)
    assert states(desk, case) == ("awaiting_seal", "awaiting_approval")
    number = approve(desk.agent, desk.head, case, now=now_utc())
    assert states(desk, case)[1] == "awaiting_stamp"
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    report = scan(
        desk.agent, desk.window, case, raw=a_scan(), name="a.jpg", ticks=TICKS, check=cached_check(), now=now_utc()
    )
    assert report.ok
    assert states(desk, case)[1] == "checked"
    seal(desk.agent, desk.custodian, case, seal_key=desk.seal, to_pdf=cached_readers().scan_to_pdf, now=now_utc())
    assert states(desk, case) == ("to_send", "sealed")
    sent = send(desk.agent, desk.window, case, now=now_utc())
    assert states(desk, case) == ("to_send", "sent")
    assert not sent.late
    with desk.agent.store.read() as tx:
        (row,) = envelopes_of(tx, case)
        acts = [open_act(act.raw, certificates=desk.agent.knowledge.find).act for act in acts_of(tx, case)]
        assert [item.envelope for item in outbox_rows(tx)] == [sent.envelope]
    envelope = open_envelope(row.raw, certificates=desk.agent.knowledge.find).envelope
    assert envelope.body["letter_number"] == number
    assert [act.act for act in acts] == [ActKind.DRAFT, ActKind.APPROVAL, ActKind.SEAL_USE, ActKind.SCAN]
    assert len({act.officer.number for act in acts}) == 3
    assert sorted(file.role.value for file in envelope.attachments) == ["act", "act", "act", "act", "letter", "scan"]


def test_the_drafter_cannot_approve_with_e303(desk: Desk, province: Province) -> None:
    case = a_case(desk)
    both = an_officer(province, desk.window.number, OfficerRole.WINDOW, OfficerRole.HEAD)
    with refusal(Code.DRAFTER_IS_APPROVER):
        approve(desk.agent, both, case, now=now_utc())
    assert states(desk, case)[1] == "awaiting_approval"


def test_the_drafter_cannot_stamp(desk: Desk, province: Province) -> None:
    case = a_case(desk)
    approve(desk.agent, desk.head, case, now=now_utc())
    both = an_officer(province, desk.window.number, OfficerRole.CUSTODIAN)
    with refusal(Code.CUSTODIAN_IS_DRAFTER):
        stamp(desk.agent, both, case, copies=1, now=now_utc())


def test_nobody_does_what_their_role_is_not_for(desk: Desk) -> None:
    case = a_case(desk)
    with pytest.raises(NotPermitted):
        approve(desk.agent, desk.second, case, now=now_utc())
    with pytest.raises(NotPermitted):
        draft(desk.agent, desk.head, type="C06", to=ORIGIN, body=a_draft(), now=now_utc())


def test_an_officer_of_another_station_does_nothing_here(desk: Desk, province: Province) -> None:
    stranger = an_officer(province, "999", OfficerRole.HEAD, station=ORIGIN)
    with refusal(Code.OTHER_STATION):
        approve(desk.agent, stranger, a_case(desk), now=now_utc())


def test_no_step_is_skipped(desk: Desk) -> None:
    case = a_case(desk)
    with refusal(Code.APPROVAL_MISSING):
        stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    with refusal(Code.STATE_EVENT):
        scan(
            desk.agent, desk.window, case, raw=a_scan(), name="a.jpg", ticks=TICKS, check=cached_check(), now=now_utc()
        )
    with refusal(Code.APPROVAL_MISSING):
        seal(desk.agent, desk.custodian, case, seal_key=desk.seal, to_pdf=lambda raw: raw, now=now_utc())
    with refusal(Code.STATE_EVENT):
        send(desk.agent, desk.window, case, now=now_utc())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"persons": []}, Code.BODY_SIZE),
        ({"cause": "不知道"}, Code.BODY_VALUE),
        ({"letter_number": "皖公测户函〔2026〕1号"}, Code.FIELD_COMES_LATER),
        ({"unheard_of": 1}, Code.BODY_UNKNOWN),
    ],
)
def test_a_wrong_draft_is_refused_and_takes_no_case_number(desk: Desk, changes: dict[str, Any], code: Code) -> None:
    with refusal(code):
        a_case(desk, **changes)
    assert a_case(desk).endswith("-000001")


def test_a_station_does_not_write_to_itself(desk: Desk) -> None:
    with refusal(Code.TO_SELF):
        draft(desk.agent, desk.window, type="C06", to=OPENER, body=a_draft(), now=now_utc())


def test_letter_numbers_have_no_gaps_and_void_ones_stay_visible(desk: Desk) -> None:
    first, second, third = a_case(desk), a_case(desk), a_case(desk)
    numbers = [approve(desk.agent, desk.head, case, now=now_utc()) for case in (first, second)]
    reject(desk.agent, desk.custodian, second, reason="纸张污损", now=now_utc())
    numbers.append(approve(desk.agent, desk.head, third, now=now_utc()))
    assert [number[-2] for number in numbers] == ["1", "2", "3"]
    with desk.agent.store.read() as tx:
        register = letter_register(tx)
    assert [(row.number, row.state, row.reason) for row in register] == [
        (1, "used", None),
        (2, "void", "纸张污损"),
        (3, "used", None),
    ]


def test_a_rejected_draft_is_written_anew_and_approved_anew(desk: Desk) -> None:
    case = a_case(desk)
    with refusal(Code.REASON_MISSING):
        reject(desk.agent, desk.head, case, reason="  ", now=now_utc())
    reject(desk.agent, desk.head, case, reason="写明原因", now=now_utc())
    assert states(desk, case) == ("draft", "drafting")
    redraft(desk.agent, desk.window, case, body=a_draft(cause="同名"), now=now_utc())
    assert approve(desk.agent, desk.head, case, now=now_utc()).endswith("1号")


def test_a_spoilt_letter_is_made_void_and_begins_again(desk: Desk) -> None:
    case = a_case(desk)
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    annul(desk.agent, desk.head, case, reason="盖章不清", now=now_utc())
    assert states(desk, case) == ("draft", "drafting")
    redraft(desk.agent, desk.window, case, body=a_draft(), now=now_utc())
    assert approve(desk.agent, desk.head, case, now=now_utc()).endswith("2号")


@pytest.mark.parametrize("tick", ["stamp_clear", "persons_equal", "original"])
def test_a_proof_check_with_an_open_tick_is_refused(desk: Desk, tick: str) -> None:
    case = a_case(desk)
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    ticks = ProofTicks(**{"pages": 1, "stamp_clear": True, "persons_equal": True, "original": True} | {tick: False})
    with refusal(Code.PROOF_INCOMPLETE):
        scan(
            desk.agent, desk.window, case, raw=a_scan(), name="a.jpg", ticks=ticks, check=cached_check(), now=now_utc()
        )


def test_a_file_that_is_no_scan_is_refused_and_leaves_the_letter_as_it_was(desk: Desk) -> None:
    case = a_case(desk)
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    with refusal(Code.SCAN_REFUSED):
        scan(
            desk.agent,
            desk.window,
            case,
            raw=b"no scan",
            name="a.txt",
            ticks=TICKS,
            check=cached_check(),
            now=now_utc(),
        )
    assert states(desk, case)[1] == "stamped"


def test_another_seal_than_the_one_logged_does_not_seal(desk: Desk, province: Province) -> None:
    case = a_sealed_letter(desk)
    subject = Subject("另一枚", station=OPENER)
    other = province.certify(CertificateKind.SEAL, subject, seal_purpose=SealPurpose.HOUSEHOLD)
    with refusal(Code.OTHER_SEAL):
        seal(desk.agent, desk.custodian, case, seal_key=other, to_pdf=lambda raw: raw, now=now_utc())


def test_a_revoked_seal_does_not_seal_with_e302(desk: Desk, province: Province) -> None:
    case = a_sealed_letter(desk)
    revoked = Revocation(desk.seal.certified.serial, now_utc() - timedelta(hours=1))
    desk.agent.knowledge.learn_crl(province.crl(revoked, number=7), now=now_utc())
    scan(desk.agent, desk.window, case, raw=a_scan(), name="a.jpg", ticks=TICKS, check=cached_check(), now=now_utc())
    with refusal(Code.SEAL_SUSPENDED):
        seal(desk.agent, desk.custodian, case, seal_key=desk.seal, to_pdf=cached_readers().scan_to_pdf, now=now_utc())


def test_a_letter_of_yesterday_needs_a_reason_and_is_flagged_late(desk: Desk) -> None:
    case = a_sealed_letter(desk, body=a_draft(discovered_at=format_instant(now_utc() - timedelta(days=1))))
    with refusal(Code.LATE_NEEDS_REASON):
        send(desk.agent, desk.window, case, now=now_utc())
    sent = send(desk.agent, desk.window, case, late_reason="夜间发现", now=now_utc())
    assert sent.late
    with desk.agent.store.read() as tx:
        assert require_case(tx, case).late
        (row,) = envelopes_of(tx, case)
    envelope = open_envelope(row.raw, certificates=desk.agent.knowledge.find).envelope
    assert envelope.body["late_reason"] == "夜间发现"


def test_a_letter_in_time_takes_no_reason(desk: Desk) -> None:
    case = a_sealed_letter(desk)
    with refusal(Code.NOT_LATE):
        send(desk.agent, desk.window, case, late_reason="无", now=now_utc())


def test_a_draft_is_withdrawn_by_the_head_without_telling_anybody(desk: Desk) -> None:
    case = a_case(desk)
    with pytest.raises(NotPermitted):
        withdraw(desk.agent, desk.window, case, reason="误建", now=now_utc())
    assert withdraw(desk.agent, desk.head, case, reason="误建", now=now_utc()) is None
    assert states(desk, case)[0] == "withdrawn"


def test_an_older_revocation_list_does_not_bring_a_certificate_back(desk: Desk, province: Province) -> None:
    desk.agent.knowledge.learn_crl(province.crl(number=9), now=now_utc())
    with refusal(Code.CRL_OLDER):
        desk.agent.knowledge.learn_crl(province.crl(number=8), now=now_utc())
    with refusal(Code.CRL_STRANGER):
        desk.agent.knowledge.learn_crl(a_province().crl(number=10), now=now_utc())


def test_only_the_right_password_unlocks_a_key(desk: Desk) -> None:
    number = desk.head.number
    assert desk.agent.unlock(number, PASSWORD).number == number
    with refusal(Code.KEY_PASSPHRASE):
        desk.agent.unlock(number, b"guess")
    for stranger in ("404", "../evidence", ""):
        with refusal(Code.OFFICER_UNKNOWN):
            desk.agent.unlock(stranger, PASSWORD)
    with refusal(Code.KEY_PASSPHRASE):
        open_agent(desk.data, b"guess")


def test_an_unknown_setting_is_refused_with_the_nearest_known_one(desk: Desk) -> None:
    path = desk.data / "agent.toml"
    path.write_text(path.read_text() + "\n[limits]\ncrl_max_age = 3\n")
    with pytest.raises(Refused) as error:
        open_agent(desk.data, PASSPHRASE)
    assert error.value.code is Code.CONFIG_INVALID
    assert "crl_max_age_h" in str(error.value.detail)


def test_the_machines_have_the_states_that_the_desk_names() -> None:
    case, letter = default_machine("case").rules.states, default_machine("letter").rules.states
    assert {"draft", "awaiting_seal", "returned", "delivered", "to_send", "closed"} <= set(case)
    assert {"drafting", "stamped", "sealed", "sent", "delivered", "undetermined"} <= set(letter)


def test_bodies_are_stored_in_the_bytes_that_the_draft_act_names(desk: Desk) -> None:
    case = a_case(desk)
    with desk.agent.store.read() as tx:
        letter = require_letter(tx, case)
    assert msgspec.json.decode(letter.body) == a_draft(discovered_at=msgspec.json.decode(letter.body)["discovered_at"])
