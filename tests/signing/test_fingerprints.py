"""Fingerprints that two people compare: the short one or all digits, however they are written; nothing shorter."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.signing.authority import Subject, make_request, read_request
from hub.signing.fingerprints import is_same, key_digest, require_same, root_digest, short
from hub.signing.keys import generate_key
from tests.exchange.builders import A, a_province
from tests.outside import needs_openssl

DIGEST = Digest("0123456789abcdef" * 4)


def test_the_short_one_and_the_whole_are_taken_in_any_spelling() -> None:
    assert short(DIGEST) == "0123-4567-89ab-cdef-0123-4567"
    for text in (
        short(DIGEST),
        short(DIGEST).upper().replace("-", " "),
        DIGEST,
        ":".join(DIGEST[at : at + 2] for at in range(0, 64, 2)),
    ):
        assert is_same(text, DIGEST)


@given(st.text())
def test_nothing_else_is_the_same(text: str) -> None:
    assert not is_same(text, DIGEST)


@pytest.mark.parametrize("text", ["", "0123", short(DIGEST)[:-1], short(DIGEST) + "8", "1" + short(DIGEST)[1:]])
def test_a_shorter_longer_or_other_one_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        require_same(text, DIGEST, field="--fingerprint")
    assert refusal.value.code is Code.FINGERPRINT_MISMATCH


@needs_openssl
def test_openssl_shows_the_same_fingerprints(tmp_path: Path) -> None:
    root, request = tmp_path / "root.pem", tmp_path / "a.csr.pem"
    certified = a_province().root.certified
    root.write_bytes(certified.pem)
    request.write_bytes(make_request(generate_key("Ed25519"), Subject("a", station=A)))
    shown = subprocess.run(
        ["openssl", "x509", "-in", str(root), "-noout", "-fingerprint", "-sha256"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert is_same(shown.partition("=")[2], root_digest(certified))
    command = f"openssl req -in {request} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c1-64"
    printed = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert is_same(printed, key_digest(read_request(request.read_bytes()).public_key))
