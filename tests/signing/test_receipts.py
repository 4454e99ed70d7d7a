"""Signed receipts: by the hub only, and never contradicting themselves."""

from typing import Any

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.media_types import RECEIPT_TYP
from hub.protocol.receipt import Event
from hub.protocol.strict_json import encode_json
from hub.protocol.verdict import Indication
from hub.signing.envelopes import open_envelope
from hub.signing.jws import sign_jws
from hub.signing.receipts import check_receipt, open_receipt, sign_receipt
from tests.signing.builders import NOW, SampleProvince, a_receipt

ENVELOPE = b"the envelope's bytes"


def test_a_receipt_is_opened_as_it_was_signed(province: SampleProvince) -> None:
    receipt = a_receipt(ENVELOPE)
    raw = sign_receipt(receipt, signer=province.hub())
    signed = open_receipt(raw, certificates=province.certificates)
    assert (signed.raw, signed.digest, signed.receipt) == (raw, digest_of(raw), receipt)
    verdict = check_receipt(signed, trust=province.trust, at=NOW, now=NOW)
    assert verdict.indication is Indication.TOTAL_PASSED
    assert [check.code for check in verdict.checks] == [
        f"receipt.{code}" for code in ("signature", "chain", "validity", "purpose", "revocation")
    ]


def test_only_the_hub_signs_receipts(province: SampleProvince) -> None:
    agent = province.agent()
    with pytest.raises(Refused) as refusal:
        sign_receipt(a_receipt(ENVELOPE), signer=agent)
    assert refusal.value.code is Code.CERT_PURPOSE
    forged = sign_jws(encode_json(a_receipt(ENVELOPE)), typ=RECEIPT_TYP, signer=agent)
    with pytest.raises(Refused) as refusal:
        open_receipt(forged, certificates=province.certificates)
    assert refusal.value.code is Code.CERT_PURPOSE


def test_a_receipt_is_no_envelope(province: SampleProvince) -> None:
    raw = sign_receipt(a_receipt(ENVELOPE), signer=province.hub())
    with pytest.raises(Refused) as refusal:
        open_envelope(raw, certificates=province.certificates)
    assert refusal.value.code is Code.JWS_TYP


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"events": ()}, "/events"),
        ({"events": (Event.SUBMISSION_REJECTION, Event.SUBMISSION_ACCEPTANCE)}, "/events"),
        ({"events": (Event.SUBMISSION_REJECTION,)}, "/refusal"),
        ({"events": (Event.SUBMISSION_REJECTION,), "refusal": "jws.typ"}, "/trail"),
        ({"refusal": "jws.typ"}, "/refusal"),
        ({"trail": None}, "/trail"),
        ({"events": (Event.CONTENT_HANDOVER,)}, "/handover"),
        ({"handover": digest_of(b"")}, "/handover"),
    ],
)
def test_a_receipt_that_contradicts_itself_is_refused(
    province: SampleProvince, changes: dict[str, Any], field: str
) -> None:
    hub, receipt = province.hub(), a_receipt(ENVELOPE, **changes)
    with pytest.raises(Refused) as refusal:
        sign_receipt(receipt, signer=hub)
    assert (refusal.value.code, refusal.value.field) == (Code.RECEIPT_FORM, field)
    forged = sign_jws(encode_json(receipt), typ=RECEIPT_TYP, signer=hub)
    with pytest.raises(Refused) as refusal:
        open_receipt(forged, certificates=province.certificates)
    assert (refusal.value.code, refusal.value.field) == (Code.RECEIPT_FORM, field)


def test_a_rejection_names_its_reason_and_no_place(province: SampleProvince) -> None:
    rejection = a_receipt(ENVELOPE, events=(Event.SUBMISSION_REJECTION,), refusal="jws.signature", trail=None)
    raw = sign_receipt(rejection, signer=province.hub())
    assert open_receipt(raw, certificates=province.certificates).receipt == rejection
