"""Keys at rest: encrypted by scrypt, opened only by their passphrase, and by openssl too."""

import subprocess
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.keys import (
    KeySigner,
    PrivateKey,
    ScryptCost,
    Suite,
    decrypt_key,
    encrypt_key,
    generate_key,
    load_signer,
    signer_for,
)
from tests.outside import needs_openssl
from tests.signing.builders import SampleProvince

CHEAP = ScryptCost(n=16, r=1, p=1)
ENCRYPTED = encrypt_key(generate_key("P-256"), b"secret", cost=CHEAP)


def plain(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("suite", ["Ed25519", "P-256"])
def test_an_encrypted_key_comes_back_by_its_passphrase(suite: Suite) -> None:
    key = generate_key(suite)
    raw = encrypt_key(key, "口令 pass".encode())
    assert raw.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert plain(decrypt_key(raw, "口令 pass".encode())) == plain(key)
    assert plain(load_pem_private_key(raw, "口令 pass".encode())) == plain(key)  # type: ignore[arg-type]
    assert plain(key)[-16:] not in pem.unarmor(raw)[2]


def test_the_written_cost_is_scrypt_with_16384_or_more() -> None:
    der = pem.unarmor(encrypt_key(generate_key("P-256"), b"secret"))[2]
    assert bytes.fromhex("2b06010401da47040b") in der, "scrypt, RFC 7914"
    assert bytes.fromhex("02024000020108020105") in der, "N 16384, r 8, p 5"


@pytest.mark.parametrize("passphrase", [b"wrong", b"", b"secret\n"])
def test_another_passphrase_is_refused(passphrase: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        decrypt_key(ENCRYPTED, passphrase)
    assert refusal.value.code is Code.KEY_PASSPHRASE


def test_an_empty_passphrase_protects_nothing() -> None:
    with pytest.raises(Refused) as refusal:
        encrypt_key(generate_key("Ed25519"), b"")
    assert refusal.value.code is Code.KEY_PASSPHRASE


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        generate_key("P-256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        generate_key("P-256").private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        ENCRYPTED[:120],
        pem.unarmor(ENCRYPTED)[2] + b"\x00",
        b"\x30" * 70_000,
    ],
    ids=["empty", "text", "unencrypted", "openssh", "cut", "tail", "large"],
)
def test_what_is_no_encrypted_key_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        decrypt_key(raw, b"secret")
    assert refusal.value.code is Code.KEY_FORM


@pytest.mark.parametrize(("old", "new"), [("020110020101020101", "020410000000020101020101")], ids=["2^28 rounds"])
def test_a_key_file_that_would_take_all_memory_is_refused_unread(old: str, new: str) -> None:
    der = pem.unarmor(ENCRYPTED)[2]
    grown = len(new) // 2 - len(old) // 2
    changed = bytearray(der.replace(bytes.fromhex(old), bytes.fromhex(new)))
    # The lengths of every sequence around the parameters grow as well.
    for place in _lengths_around(der, der.index(bytes.fromhex(old))):
        changed[place] += grown
    with pytest.raises(Refused) as refusal:
        decrypt_key(bytes(changed), b"secret")
    assert (refusal.value.code, refusal.value.detail) == (Code.KEY_FORM, "cost of the key derivation")


def test_a_cost_that_scrypt_does_not_know_is_refused() -> None:
    der = pem.unarmor(ENCRYPTED)[2]
    changed = der.replace(bytes.fromhex("020110020101020101"), bytes.fromhex("020111020101020101"))
    assert changed != der
    with pytest.raises(Refused) as refusal:
        decrypt_key(changed, b"secret")
    assert refusal.value.code is Code.KEY_FORM


def test_a_pbkdf2_key_from_elsewhere_is_read() -> None:
    key = generate_key("P-256")
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    assert plain(decrypt_key(raw, b"secret")) == plain(key)


def test_a_signer_needs_the_key_of_its_certificate(province: SampleProvince) -> None:
    agent, other = province.agent(), province.agent()
    raw = encrypt_key(agent.private_key, b"secret", cost=CHEAP)
    assert load_signer(raw, b"secret", agent.certified.pem).sign(b"m") == agent.sign(b"m")
    with pytest.raises(Refused) as refusal:
        load_signer(raw, b"secret", other.certified.pem)
    assert refusal.value.code is Code.KEY_MISMATCH


def test_an_rsa_key_signs_no_jws(province: SampleProvince) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(Refused) as refusal:
        KeySigner(key, province.seal().certified).sign(b"m")
    assert refusal.value.code is Code.KEY_UNSUITABLE
    with pytest.raises(Refused):
        signer_for(key, province.seal().certified)


def test_a_signer_does_not_print_its_key(province: SampleProvince) -> None:
    assert "private" not in repr(province.agent()).lower()


@needs_openssl
@pytest.mark.parametrize("suite", ["Ed25519", "P-256"])
def test_openssl_reads_the_encrypted_key(tmp_path: Path, suite: Suite) -> None:
    key = generate_key(suite)
    path = tmp_path / "key.pem"
    path.write_bytes(encrypt_key(key, b"secret"))
    command = ["openssl", "pkcs8", "-in", str(path), "-passin", "pass:secret"]
    opened = subprocess.run(command, check=True, capture_output=True).stdout
    assert plain(load_pem_private_key(opened, None)) == plain(key)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 255))
def test_any_bytes_are_a_key_or_refused(noise: bytes, place: int, byte: int) -> None:
    der = bytearray(pem.unarmor(ENCRYPTED)[2])
    der[place % len(der)] = byte
    for raw in (noise, bytes(der), ENCRYPTED[: place % len(ENCRYPTED)] + noise):
        try:
            decrypt_key(raw, b"secret")
        except Refused as refusal:
            assert refusal.code in (Code.KEY_FORM, Code.KEY_PASSPHRASE)  # noqa: PT017


def _lengths_around(der: bytes, target: int) -> list[int]:
    """Return where the one-byte lengths of the sequences stand that hold the place `target`."""
    places, at = [], 0
    while at < target:
        size, start = der[at + 1], at + 2
        if size >= 0x80:
            size, start = int.from_bytes(der[start : start + size - 0x80], "big"), start + size - 0x80
        if start + size <= target:
            at = start + size
            continue
        places.append(start - 1)
        if der[at] != 0x30:
            break
        at = start
    return places
