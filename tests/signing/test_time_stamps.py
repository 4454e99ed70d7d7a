"""Time-stamps: a token is good for its bytes and its authority only; openssl agrees on the good ones."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified, read_certificate
from hub.signing.time_stamps import make_query, make_trial_authority, open_token, read_answer, stamp_for_trial
from tests.outside import needs_openssl

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
CONTENT = b"hub.test/trail\n7\nroot\n"


@dataclass
class Authority:
    key: rsa.RSAPrivateKey
    certified: Certified

    def stamp(self, content: bytes, *, at: datetime = AT) -> bytes:
        query = make_query(content, nonce=7)
        return read_answer(stamp_for_trial(query, key=self.key, certified=self.certified, at=at))


def an_authority() -> Authority:
    key = rsa.generate_private_key(65537, 2048)
    return Authority(key, make_trial_authority(key, name="trial", not_before=AT - timedelta(days=1)))


OWN = an_authority()
TOKEN = OWN.stamp(CONTENT)


def test_a_token_tells_the_time_of_the_very_bytes() -> None:
    assert open_token(TOKEN, CONTENT, authority=OWN.certified) == AT


@pytest.mark.parametrize(
    ("token", "content", "authority"),
    [
        (TOKEN, CONTENT + b"x", OWN.certified),
        (TOKEN, CONTENT, an_authority().certified),
        (OWN.stamp(CONTENT, at=AT - timedelta(days=30)), CONTENT, OWN.certified),
        (b"", CONTENT, OWN.certified),
        (TOKEN + b"\x00", CONTENT, OWN.certified),
    ],
)
def test_other_bytes_another_authority_and_times_outside_its_period_are_refused(
    token: bytes, content: bytes, authority: Certified
) -> None:
    with pytest.raises(Refused) as refusal:
        open_token(token, content, authority=authority)
    assert refusal.value.code is Code.TIME_STAMP_INVALID


def _for_servers(key: rsa.RSAPrivateKey) -> Certified:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(AT - timedelta(days=1)).not_valid_after(AT + timedelta(days=1))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return read_certificate(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


def test_a_certificate_for_something_else_stamps_nothing() -> None:
    key = rsa.generate_private_key(65537, 2048)
    other = Authority(key, _for_servers(key))
    with pytest.raises(Refused):
        open_token(other.stamp(CONTENT), CONTENT, authority=other.certified)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_a_changed_token_never_tells_another_time(offset: int, difference: int) -> None:
    other = bytearray(TOKEN)
    other[offset] ^= difference
    try:
        at = open_token(bytes(other), CONTENT, authority=OWN.certified)
    except Refused:
        return
    assert at == AT  # a byte that nothing rests on


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        read_answer(raw)


@needs_openssl
def test_openssl_verifies_the_token(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "token").write_bytes(TOKEN)
    (tmp_path / "tsa.pem").write_bytes(OWN.certified.pem)
    command = ["openssl", "ts", "-verify", "-data", "content", "-in", "token", "-token_in", "-CAfile", "tsa.pem"]
    done = subprocess.run([*command, "-untrusted", "tsa.pem"], cwd=tmp_path, capture_output=True, check=False)
    assert b"Verification: OK" in done.stdout + done.stderr, done.stderr.decode()
