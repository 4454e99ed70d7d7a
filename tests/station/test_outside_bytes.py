"""Whatever bytes come from outside, each reader of them answers or refuses."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.verdict import Check, Result, failed, passed
from hub.signing.jws import sign_jws
from station_agent.certificates import certificate_named_by
from station_agent.inbox.file import receipts_from, receipts_json
from station_agent.register.acts import parse_details
from station_agent.store.verdicts import decode_checks, encode_checks
from tests.station.scene import a_scene

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_a_certificate_name_is_read_or_not_there(raw: bytes) -> None:
    name = certificate_named_by(raw)
    assert name is None or len(name) == 43


def test_the_certificate_of_a_signed_message_is_named() -> None:
    signer = a_scene().agent
    assert certificate_named_by(sign_jws(b"{}", typ="x", signer=signer)) == signer.certified.x5t


@given(st.dictionaries(st.sampled_from(["operation", "persons", "changes", "evidence", "x"]), JSON, max_size=5))
@settings(max_examples=200, deadline=None)
def test_details_of_a_register_act_are_read_or_refused(details: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        parse_details(details, subject=Digest("0" * 64))


@given(st.lists(st.binary(max_size=60), max_size=3))
@settings(max_examples=100, deadline=None)
def test_receipts_are_stored_as_text_and_come_back(receipts: list[bytes]) -> None:
    stored = receipts_json(tuple(receipts))
    again = receipts_from(stored)
    assert len(again) == len(receipts)
    assert all(back == raw for back, raw in zip(again, receipts, strict=True) if raw.isascii())


def test_checks_come_back_as_they_were_stored() -> None:
    checks = (
        passed("G1"),
        failed("G6", Code.LETTER_ALREADY_USED, "detail", case="C06-1-2"),
        Check("G2", Result.PENDING),
    )
    assert decode_checks(encode_checks(checks)).checks == checks
    with pytest.raises(msgspec.DecodeError):
        decode_checks(b"{")
