"""The strict JWS against stored vectors, the RFCs' own examples, and joserfc as another implementation."""

import base64
import contextlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk
from joserfc import jws as joserfc_jws

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.media_types import ENVELOPE_TYP
from hub.signing.certificates import CertificateSource, Certified, known
from hub.signing.envelopes import open_envelope
from hub.signing.jws import MAX_TOKEN_BYTES, open_jws, sign_jws, stated_header, verify_signature
from hub.signing.keys import P256_ORDER, KeySigner
from tests.signing.builders import SampleProvince
from tests.signing.conftest import VECTORS

STORED = json.loads((VECTORS / "jws" / "vectors.json").read_bytes())
RFC = json.loads((VECTORS / "jws" / "rfc.json").read_bytes())
TOKENS = [(vector["name"], vector["expect"], vector["token"]) for vector in STORED["vectors"] if "token" in vector]
# The purpose is the certificate's, not the token's: `open_jws` leaves it to the caller.
OF_THE_CALLER = {"cert.purpose"}


@pytest.fixture(scope="module")
def certificates(sample: Callable[[str], Certified]) -> CertificateSource:
    return known(sample(name) for name in STORED["certificates"])


def outcome(open_: Callable[[], object]) -> str:
    try:
        open_()
    except Refused as refusal:
        return refusal.code.value
    return "ok"


def test_all_vectors_are_there() -> None:
    assert len(TOKENS) == 55
    assert [vector["name"] for vector in STORED["vectors"] if "token" not in vector] == ["too-large"]


@pytest.mark.parametrize(("name", "expect", "token"), TOKENS, ids=[name for name, _, _ in TOKENS])
def test_each_vector_gives_its_code(name: str, expect: str, token: str, certificates: CertificateSource) -> None:
    raw = token.encode("latin-1")
    bare = outcome(lambda: open_jws(raw, typ=ENVELOPE_TYP, certificates=certificates))
    assert bare == ("ok" if expect in OF_THE_CALLER else expect)
    assert outcome(lambda: open_envelope(raw, certificates=certificates)) == expect


def test_a_refused_vector_stays_refused_when_it_comes_again(certificates: CertificateSource) -> None:
    # Headers are remembered: a good answer must not be given for a bad one, nor for another type.
    for _ in range(2):
        for _, expect, token in TOKENS:
            assert outcome(lambda: open_envelope(token.encode("latin-1"), certificates=certificates)) == expect  # noqa: B023
        good = TOKENS[0][2].encode()
        assert outcome(lambda: open_jws(good, typ="other", certificates=certificates)) == "jws.typ"  # noqa: B023


def test_a_token_over_256_kib_is_refused_before_anything_else(certificates: CertificateSource) -> None:
    raw = b"." * (MAX_TOKEN_BYTES + 1)
    assert outcome(lambda: open_jws(raw, typ=ENVELOPE_TYP, certificates=certificates)) == "jws.too_large"


def test_signing_refuses_what_could_not_be_opened(province: SampleProvince) -> None:
    with pytest.raises(Refused) as refusal:
        sign_jws(b"x" * 200_000, typ=ENVELOPE_TYP, signer=province.agent())
    assert refusal.value.code is Code.JWS_TOO_LARGE


@pytest.mark.parametrize("suite", ["Ed25519", "P-256"])
def test_what_is_signed_opens_and_joserfc_reads_it_too(province: SampleProvince, suite: str) -> None:
    signer = province.agent(suite=suite)  # type: ignore[arg-type]
    payload = b'{"text":"\xe5\x87\xbd"}'
    token = sign_jws(payload, typ=ENVELOPE_TYP, signer=signer)
    opened = open_jws(token, typ=ENVELOPE_TYP, certificates=province.certificates)
    assert (opened.payload, opened.certified) == (payload, signer.certified)
    theirs = joserfc_jws.deserialize_compact(token, joserfc_key(signer), registry=registry())
    assert theirs.payload == payload
    assert theirs.headers() == {"alg": opened.alg, "typ": ENVELOPE_TYP, "x5t#S256": signer.certified.x5t}


def test_what_joserfc_signs_opens(province: SampleProvince) -> None:
    signer = province.agent()
    header = {"alg": "Ed25519", "typ": ENVELOPE_TYP, "x5t#S256": signer.certified.x5t}
    token = joserfc_jws.serialize_compact(header, b'{"a":1}', joserfc_key(signer), registry=registry())
    assert open_jws(token.encode(), typ=ENVELOPE_TYP, certificates=province.certificates).payload == b'{"a":1}'


@pytest.mark.parametrize("name", ["good-ed25519", "good-es256"])
def test_good_vectors_are_good_for_joserfc(name: str) -> None:
    token = next(token for found, _, token in TOKENS if found == name)
    key_name = "agent-ed25519" if name == "good-ed25519" else "agent-p256"
    pem = (VECTORS / "certs" / f"{key_name}.key.pem").read_bytes()
    key = jwk.OKPKey.import_key(pem) if name == "good-ed25519" else jwk.ECKey.import_key(pem)
    assert joserfc_jws.deserialize_compact(token, key, registry=registry()).payload


def test_every_signature_with_p256_has_a_low_s(province: SampleProvince) -> None:
    signer = province.agent(suite="P-256")
    for number in range(40):
        assert int.from_bytes(signer.sign(b"%d" % number)[32:], "big") <= P256_ORDER // 2


def test_rfc_7515_a3_verifies_only_where_a_high_s_is_allowed() -> None:
    numbers = RFC["rfc7515-A.3"]["jwk"]
    x, y = (int.from_bytes(unbase64(numbers[name]), "big") for name in ("x", "y"))
    public_key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    message, _, signature = RFC["rfc7515-A.3"]["token"].rpartition(".")
    raw = unbase64(signature)
    verify_signature(message.encode(), raw, alg="ES256", public_key=public_key, allow_high_s=True)
    with pytest.raises(Refused) as refusal:
        verify_signature(message.encode(), raw, alg="ES256", public_key=public_key)
    assert refusal.value.code is Code.JWS_HIGH_S
    with pytest.raises(Refused) as refusal:
        verify_signature(message.encode() + b"x", raw, alg="ES256", public_key=public_key, allow_high_s=True)
    assert refusal.value.code is Code.JWS_SIGNATURE


def test_rfc_8037_a4_verifies_and_is_signed_to_the_same_bytes(province: SampleProvince) -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(unbase64(RFC["rfc8037-A.4"]["jwk"]["d"]))
    message, _, signature = RFC["rfc8037-A.4"]["token"].rpartition(".")
    verify_signature(message.encode(), unbase64(signature), alg="Ed25519", public_key=key.public_key())
    assert KeySigner(key, province.agent().certified).sign(message.encode()) == unbase64(signature)


def test_the_rfcs_own_tokens_do_not_fit_our_header(certificates: CertificateSource) -> None:
    for entry, code in (("rfc7515-A.3", "jws.typ"), ("rfc8037-A.4", "jws.alg")):
        raw = RFC[entry]["token"].encode()
        assert outcome(lambda: open_jws(raw, typ=ENVELOPE_TYP, certificates=certificates)) == code  # noqa: B023


def test_a_key_of_another_curve_is_a_mismatch() -> None:
    public_key = ec.generate_private_key(ec.SECP384R1()).public_key()
    with pytest.raises(Refused) as refusal:
        verify_signature(b"m", b"\x01" * 64, alg="ES256", public_key=public_key)
    assert refusal.value.code is Code.JWS_ALG_KEY_MISMATCH


def test_no_single_changed_byte_of_a_token_opens(certificates: CertificateSource) -> None:
    raw = TOKENS[0][2].encode()
    for place in range(len(raw)):
        changed = raw[:place] + (b"A" if raw[place : place + 1] != b"A" else b"B") + raw[place + 1 :]
        assert outcome(lambda: open_jws(changed, typ=ENVELOPE_TYP, certificates=certificates)) != "ok"  # noqa: B023


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_bytes_are_opened_or_refused(data: st.DataObject) -> None:
    good = TOKENS[0][2].encode()
    part = st.sampled_from(good.split(b".")) | st.binary(max_size=40)
    raw = data.draw(st.binary(max_size=200) | st.lists(part, min_size=2, max_size=4).map(b".".join))
    outcome(lambda: open_jws(raw, typ=ENVELOPE_TYP, certificates=lambda x5t: None))


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def registry() -> joserfc_jws.JWSRegistry:
    return joserfc_jws.JWSRegistry(algorithms=["Ed25519", "ES256"], strict_check_header=False)


def joserfc_key(signer: KeySigner) -> jwk.OKPKey | jwk.ECKey:
    kind = jwk.OKPKey if signer.certified.algorithm == "Ed25519" else jwk.ECKey
    return kind.import_key(signer.private_key)  # type: ignore[arg-type]


@given(st.binary(max_size=120))
def test_a_header_is_stated_or_there_is_none(noise: bytes) -> None:
    for raw in (noise, base64.urlsafe_b64encode(noise).rstrip(b"=") + b".e30.", b"[" * 3000):
        with contextlib.suppress(ValueError):
            assert isinstance(stated_header(raw), dict)


def test_a_stated_header_is_that_of_the_message(province: SampleProvince) -> None:
    signer = province.agent()
    assert stated_header(sign_jws(b"{}", typ="x", signer=signer))["x5t#S256"] == signer.certified.x5t


def test_a_header_of_many_levels_is_none() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' * 600).rstrip(b"=")
    with pytest.raises(ValueError, match=r".+"):
        stated_header(deep + b".e30.")
