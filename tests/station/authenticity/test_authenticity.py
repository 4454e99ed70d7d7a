"""验真: evidence files, sealed letters and receipts, good and spoilt, judged in a child that has given everything up."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Indication
from hub.signing.purposes import SealPurpose
from station_agent.authenticity import ask
from station_agent.authenticity.ask import judge_file
from station_agent.authenticity.judge import What, judge
from tests.exchange.builders import now_utc
from tests.station.desks import OPENER, Desk, a_desk
from tests.station.scene import CASE, a_bundle, a_scan, a_scene, a_seal, changed_raw, sealed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    scene = a_scene()
    folder = tmp_path_factory.mktemp("a")
    made = a_desk(scene.province, folder, OPENER, hub="http://127.0.0.1:9", trail_key=scene.log.key.text)
    made.agent.knowledge.learn_crl(scene.crl.der, now=scene.at)
    made.agent.knowledge.learn(scene.hub.certified.pem)
    yield made
    made.agent.close()


def test_a_sealed_letter_is_genuine_and_says_whose_it_is(desk: Desk) -> None:
    judged = judge_file(desk.agent, sealed(a_seal(SealPurpose.HOUSEHOLD), a_scan()), now=now_utc())
    assert (judged.what, judged.verdict.indication) == (What.LETTER, Indication.TOTAL_PASSED), judged.verdict.not_passed
    assert judged.signer
    assert judged.at


def test_one_changed_byte_and_it_is_not(desk: Desk) -> None:
    letter = bytearray(sealed(a_seal(SealPurpose.HOUSEHOLD), a_scan()))
    letter[len(letter) // 3] ^= 1
    judged = judge_file(desk.agent, bytes(letter), now=now_utc())
    assert judged.verdict.indication is Indication.TOTAL_FAILED


def test_a_receipt_is_judged_by_the_hubs_certificate_and_its_place_in_the_trail(desk: Desk) -> None:
    raw = a_bundle().receipts[0]
    judged = judge_file(desk.agent, raw + b"\n", now=now_utc())
    assert (judged.what, judged.verdict.indication) == (What.RECEIPT, Indication.TOTAL_PASSED), (
        judged.verdict.not_passed
    )
    spoilt = judge_file(desk.agent, changed_raw(raw), now=now_utc())
    assert spoilt.verdict.indication is Indication.TOTAL_FAILED


def test_an_evidence_file_is_judged_whole_and_names_its_case(desk: Desk) -> None:
    evidence = a_bundle().evidence()
    judged = judge_file(desk.agent, evidence, now=now_utc())
    assert (judged.what, judged.verdict.indication) == (What.EVIDENCE, Indication.TOTAL_PASSED), (
        judged.verdict.not_passed
    )
    assert judged.case == CASE
    spoilt = bytearray(evidence)
    spoilt[len(spoilt) // 2] ^= 1
    assert judge_file(desk.agent, bytes(spoilt), now=now_utc()).verdict.indication is Indication.TOTAL_FAILED


def test_what_is_none_of_them_is_told_as_that(desk: Desk) -> None:
    for raw in (a_scan(), b"", b"hello"):
        judged = judge_file(desk.agent, raw, now=now_utc())
        assert judged.what is What.UNKNOWN
        assert [check.cause for check in judged.verdict.checks] == [Code.FILE_NOT_VERIFIABLE]


def test_a_file_that_brings_its_child_down_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "MEMORY_BYTES", 64 << 20)
    with pytest.raises(Refused) as caught:
        judge_file(desk.agent, b"PK\x03\x04" + bytes(64 << 20), now=now_utc())
    assert caught.value.code is Code.SCAN_UNSAFE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.7\n", b"eyJ"]))
def test_any_bytes_get_a_verdict(noise: bytes, start: bytes) -> None:
    scene = a_scene()
    judged = judge(start + noise, trust=scene.trust(), certificates={}, log_key=scene.log.key, now=now_utc())
    assert judged.verdict.indication is not Indication.TOTAL_PASSED
