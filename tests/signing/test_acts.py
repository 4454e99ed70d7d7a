"""Officers' acts: three names signed by one key are not three people."""

from datetime import timedelta

import pytest

from hub.protocol.codes import Code
from hub.protocol.envelope import Officer
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.media_types import ACT_TYP
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Indication, Result, Verdict
from hub.signing.acts import check_act, open_act, sign_act
from hub.signing.jws import sign_jws
from hub.signing.keys import KeySigner
from hub.signing.purposes import OfficerRole
from tests.signing.builders import NOW, OTHER_STATION, SampleProvince, an_act

CODES = ["signature", "station", "officer", "role", "chain", "validity", "purpose", "revocation"]


def judged(province: SampleProvince, signer: KeySigner, *roles: OfficerRole, **changes: object) -> Verdict:
    """What `check_act` says of an act that `signer` signed, whatever it names."""
    raw = sign_jws(encode_json(an_act(**changes)), typ=ACT_TYP, signer=signer)
    signed = open_act(raw, certificates=province.certificates)
    return check_act(signed, trust=province.trust, at=NOW, now=NOW, roles=roles)


def test_an_act_is_opened_as_it_was_signed(province: SampleProvince) -> None:
    act = an_act()
    raw = sign_act(act, signer=province.officer())
    signed = open_act(raw, certificates=province.certificates)
    assert (signed.raw, signed.digest, signed.act) == (raw, digest_of(raw), act)


def test_a_good_act_lists_every_check(province: SampleProvince) -> None:
    verdict = judged(province, province.officer("张三", "011234", OfficerRole.HEAD), OfficerRole.HEAD)
    assert [check.code for check in verdict.checks] == [f"act.{code}" for code in CODES]
    assert verdict.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    ("person", "station", "failing"),
    [
        (("张三", "011235"), None, "act.officer"),
        (("张叁", "011234"), None, "act.officer"),
        (("张三", "011234"), OTHER_STATION, "act.station"),
    ],
)
def test_an_act_in_another_name_fails(
    province: SampleProvince, person: tuple[str, str], station: str | None, failing: str
) -> None:
    signer = province.officer(*person, **({"station": station} if station else {}))
    with pytest.raises(Refused) as refusal:
        sign_act(an_act(), signer=signer)
    assert refusal.value.code.value == failing
    verdict = judged(province, signer)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert [check.code for check in verdict.not_passed] == [failing]
    assert [check.code for check in verdict.checks] == [f"act.{code}" for code in CODES]


def test_any_of_the_roles_asked_is_enough_and_none_fails(province: SampleProvince) -> None:
    head = province.officer("张三", "011234", OfficerRole.HEAD, OfficerRole.AUDITOR)
    assert judged(province, head, OfficerRole.CUSTODIAN, OfficerRole.AUDITOR).passed
    verdict = judged(province, head, OfficerRole.CUSTODIAN, OfficerRole.WINDOW)
    assert [check.cause for check in verdict.not_passed] == [Code.ACT_ROLE]
    assert "custodian/window" in verdict.not_passed[0].reason
    role = next(check for check in judged(province, head).checks if check.code == "act.role")
    assert role.result is Result.NOT_APPLICABLE


def test_agents_and_seals_act_for_nobody(province: SampleProvince) -> None:
    for signer in (province.agent(), province.seal(), province.hub()):
        with pytest.raises(Refused) as refusal:
            sign_act(an_act(), signer=signer)
        assert refusal.value.code is Code.CERT_PURPOSE
        raw = sign_jws(encode_json(an_act()), typ=ACT_TYP, signer=signer)
        with pytest.raises(Refused) as refusal:
            open_act(raw, certificates=province.certificates)
        assert refusal.value.code is Code.CERT_PURPOSE


def test_an_officer_revoked_before_the_act_fails(province: SampleProvince) -> None:
    officer = province.officer()
    province.revoke(officer, NOW - timedelta(days=1), listed_at=NOW)
    assert [check.cause for check in judged(province, officer).not_passed] == [Code.CERT_REVOKED]


def test_the_name_is_compared_exactly_also_for_a_rare_character(province: SampleProvince) -> None:
    officer = province.officer("𠮷田", "99")
    assert judged(province, officer, officer=Officer(number="99", name="𠮷田")).passed
    assert not judged(province, officer, officer=Officer(number="99", name="吉田")).passed
