"""Signed envelopes: the sender's own agent, the certificate's station, and a verdict that lists every check."""

from datetime import timedelta

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.media_types import ENVELOPE_TYP
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Indication, NotVerified, Result
from hub.signing.envelopes import check_envelope, open_envelope, sign_envelope
from hub.signing.jws import sign_jws
from hub.signing.keys import KeySigner, Suite
from tests.signing.builders import NOW, OTHER_STATION, STATION, SampleProvince, an_envelope

CODES = ["signature", "sender", "chain", "validity", "purpose", "revocation"]


@pytest.mark.parametrize("suite", ["Ed25519", "P-256"])
def test_an_envelope_is_opened_as_it_was_signed(province: SampleProvince, suite: Suite) -> None:
    envelope = an_envelope()
    raw = sign_envelope(envelope, signer=province.agent(suite=suite))
    signed = open_envelope(raw, certificates=province.certificates)
    assert (signed.raw, signed.digest, signed.envelope) == (raw, digest_of(raw), envelope)
    assert signed.certified.station == envelope.from_


def test_a_good_envelope_lists_every_check(province: SampleProvince) -> None:
    signed = open_envelope(sign_envelope(an_envelope(), signer=province.agent()), certificates=province.certificates)
    verdict = check_envelope(signed, trust=province.trust, at=NOW, now=NOW)
    assert [check.code for check in verdict.checks] == [f"envelope.{code}" for code in CODES]
    assert [check.result for check in verdict.checks] == [Result.PASSED] * 5 + [Result.PENDING]
    assert verdict.indication is Indication.TOTAL_PASSED
    verdict.require()


def test_a_revoked_agent_fails_with_all_checks_listed(province: SampleProvince) -> None:
    agent = province.agent()
    signed = open_envelope(sign_envelope(an_envelope(), signer=agent), certificates=province.certificates)
    province.revoke(agent, NOW - timedelta(minutes=1), listed_at=NOW)
    verdict = check_envelope(signed, trust=province.trust, at=NOW, now=NOW)
    assert verdict.indication is Indication.TOTAL_FAILED
    assert [check.code for check in verdict.checks] == [f"envelope.{code}" for code in CODES]
    with pytest.raises(NotVerified) as refusal:
        verdict.require()
    assert refusal.value.code is Code.CERT_REVOKED


def test_an_old_list_leaves_it_undecided(province: SampleProvince) -> None:
    signed = open_envelope(sign_envelope(an_envelope(), signer=province.agent()), certificates=province.certificates)
    verdict = check_envelope(signed, trust=province.trust, at=NOW, now=NOW + timedelta(days=2))
    assert verdict.indication is Indication.INDETERMINATE
    assert [check.cause for check in verdict.not_passed] == [Code.STATUS_LIST_TOO_OLD]


def test_an_agent_speaks_for_its_own_station_only(province: SampleProvince) -> None:
    other = province.agent(OTHER_STATION)
    with pytest.raises(Refused) as refusal:
        sign_envelope(an_envelope(), signer=other)
    assert (refusal.value.code, refusal.value.field) == (Code.ENVELOPE_SENDER, "/from")
    forged = sign_jws(encode_json(an_envelope()), typ=ENVELOPE_TYP, signer=other)
    with pytest.raises(Refused) as refusal:
        open_envelope(forged, certificates=province.certificates)
    assert refusal.value.code is Code.ENVELOPE_SENDER


def signers(province: SampleProvince) -> list[KeySigner]:
    return [province.officer(), province.hub(), province.seal()]


def test_no_other_kind_of_certificate_signs_envelopes(province: SampleProvince) -> None:
    for signer in signers(province):
        with pytest.raises(Refused) as refusal:
            sign_envelope(an_envelope(), signer=signer)
        assert refusal.value.code is Code.CERT_PURPOSE
        forged = sign_jws(encode_json(an_envelope()), typ=ENVELOPE_TYP, signer=signer)
        with pytest.raises(Refused) as refusal:
            open_envelope(forged, certificates=province.certificates)
        assert refusal.value.code is Code.CERT_PURPOSE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"created": "2026-02-30T00:00:00Z"}, Code.TIME_FORM),
        ({"created": "2026-02-03"}, Code.JSON_SCHEMA),
        ({"type": "错迁"}, Code.JSON_SCHEMA),
        ({"id": "0199f3a2-7c00-4a10-8f00-000000000001"}, Code.JSON_SCHEMA),
        ({"case": "../etc"}, Code.JSON_SCHEMA),
        ({"previous": "A" * 64}, Code.JSON_SCHEMA),
    ],
)
def test_a_field_out_of_form_is_refused(province: SampleProvince, changes: dict[str, str], code: Code) -> None:
    forged = sign_jws(encode_json(an_envelope(**changes)), typ=ENVELOPE_TYP, signer=province.agent(STATION))
    with pytest.raises(Refused) as refusal:
        open_envelope(forged, certificates=province.certificates)
    assert refusal.value.code is code
