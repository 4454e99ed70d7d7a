"""Keys on a PKCS#11 token (SoftHSM): made in it, never leaving it; requests, envelopes, seals and containers signed by it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.init import HubParts, init_hub
from hub.exchange.own_keys import HubKeys
from hub.exchange.settings import Settings
from hub.keyring.pairs import load_pair
from hub.keyring.place import KeyPlace
from hub.keyring.renew import NewKey, begin_renewal, make_key, put_certificate, swap
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.signing import tokens
from hub.signing.authority import Request, Subject, issue
from hub.signing.cades import check_detached, sign_detached
from hub.signing.certificates import known, read_certificate
from hub.signing.crl import read_crl
from hub.signing.jws import open_jws, sign_jws
from hub.signing.keys import P256_ORDER
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, SealPurpose
from hub.signing.seals import SealLabel, seal_letter
from hub.signing.tokens import TokenUri, make_token_key, open_token_key, parse_token_uri
from hub.signing.trust import Trust
from tests.exchange.builders import CHEAP, A, Province, a_province, now_utc
from tests.signing.documents.builders import a_scan_pdf

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = b"a PIN of this test"
pytestmark = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None or not MODULE.exists() or tokens.pkcs11 is None,
    reason="SoftHSM (softhsm2) or python-pkcs11 is not installed on this machine",
)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of its own, in a folder of its own; returns its label. The module reads its settings once a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        words = [
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            "hanxun",
            "--pin",
            PIN.decode(),
            "--so-pin",
            "12345678",
        ]
        subprocess.run(words, check=True, capture_output=True)
        yield "hanxun"


def a_uri(token: str, key: str) -> TokenUri:
    return TokenUri(token, key, str(MODULE))


def issued(province: Province, request: Request, kind: CertificateKind) -> bytes:
    return issue(
        province.root,
        kind=kind,
        public_key=request.public_key,
        subject=request.subject,
        not_before=province.start,
        not_after=province.start + timedelta(days=100),
        seal_purpose=SealPurpose.HOUSEHOLD if kind is CertificateKind.SEAL else None,
    ).pem


def a_pair(folder: Path, province: Province, uri: TokenUri, kind: CertificateKind) -> KeyPlace:
    place = KeyPlace(folder / "k.key.pem", folder / "k.cert.pem", folder / "k.csr.pem")
    request = make_key(place, PIN, Subject("新桥", station=A), NewKey(token=uri))
    place.certificate.write_bytes(issued(province, request, kind))
    return place


def test_a_key_made_in_the_token_signs_envelopes_with_a_low_s(token: str, tmp_path: Path) -> None:
    province = a_province()
    place = a_pair(tmp_path, province, a_uri(token, "agent"), CertificateKind.AGENT)
    assert not place.key.exists()
    assert PIN.decode() not in place.token.read_text()
    signer = load_pair(place, PIN, purposes=DEFAULT_PURPOSES)
    for number in range(8):
        raw = sign_jws(b'{"n":%d}' % number, typ="hanxun-envelope+jws", signer=signer)
        opened = open_jws(raw, typ="hanxun-envelope+jws", certificates=known([signer.certified]))
        assert opened.alg == "ES256"
        assert int.from_bytes(signer.sign(raw)[32:], "big") <= P256_ORDER // 2


def test_the_private_half_cannot_be_taken_out(token: str) -> None:
    key = make_token_key(a_uri(token, "kept"), PIN)
    attribute = tokens.pkcs11.Attribute
    with pytest.raises(tokens.PKCS11Error):
        _ = key._private[attribute.VALUE]
    assert key._private[attribute.EXTRACTABLE] is False


def test_a_seal_key_in_a_token_seals_a_letter(token: str, tmp_path: Path) -> None:
    province = a_province()
    place = a_pair(tmp_path, province, a_uri(token, "seal"), CertificateKind.SEAL)
    signer = load_pair(place, PIN, purposes=DEFAULT_PURPOSES)
    letter = a_scan_pdf()
    sealed = seal_letter(
        letter,
        signer=signer,
        chain=(province.root.certified,),
        crls=(read_crl(province.crl()),),
        at=now_utc(),
        label=SealLabel("新桥派出所", "皖公新桥户函〔2026〕1号"),
    )
    assert sealed.startswith(letter)


def test_an_evidence_key_in_a_token_signs_containers(token: str, tmp_path: Path) -> None:
    province = a_province()
    place = a_pair(tmp_path, province, a_uri(token, "evidence"), CertificateKind.EVIDENCE)
    signer = load_pair(place, PIN, purposes=DEFAULT_PURPOSES)
    now = now_utc()
    cms = sign_detached(b"manifest", signer=signer, at=now)
    trust = Trust((province.root.certified,), crls=(read_crl(province.crl(at=now)),))
    verdict, certified = check_detached(b"manifest", cms, trust=trust, at=now, now=now)
    assert [check.code for check in verdict.not_passed if check.result.value == "failed"] == []
    assert certified == signer.certified


def test_a_renewal_makes_a_second_key_in_the_token_and_keeps_the_first(token: str, tmp_path: Path) -> None:
    province = a_province()
    place = a_pair(tmp_path, province, a_uri(token, "old"), CertificateKind.AGENT)
    request = begin_renewal(place, PIN, NewKey(token=a_uri(token, "new")), purposes=DEFAULT_PURPOSES)
    put_certificate(place.next, read_certificate(issued(province, request, CertificateKind.AGENT)))
    swap(place, purposes=DEFAULT_PURPOSES)
    assert parse_token_uri(place.token.read_text().strip()).key == "new"
    assert load_pair(place, PIN, purposes=DEFAULT_PURPOSES).sign(b"x")
    assert open_token_key(a_uri(token, "old"), PIN).sign(b"x")


def test_a_hub_whose_keys_are_in_a_token_is_made_and_signs_receipts(token: str, tmp_path: Path) -> None:
    province = a_province()
    pairs = {}
    for name, kind in (("hub", CertificateKind.HUB), ("evidence", CertificateKind.EVIDENCE)):
        (tmp_path / name).mkdir()
        place = KeyPlace(*(tmp_path / name / file for file in ("k.key.pem", "k.pem", "k.csr.pem")))
        request = make_key(place, PIN, Subject("hub"), NewKey(token=a_uri(token, f"{name}-key")))
        pairs[name] = (place.token.read_bytes(), issued(province, request, kind))
    parts = HubParts(
        roots=province.root.certified.pem,
        crl=province.crl(),
        hub_key=pairs["hub"][0],
        hub_certificate=pairs["hub"][1],
        evidence_key=pairs["evidence"][0],
        evidence_certificate=pairs["evidence"][1],
    )
    folder = init_hub(tmp_path / "data", PIN, parts, now=now_utc(), cost=CHEAP)
    keys = HubKeys(folder, Settings(), PIN, purposes=DEFAULT_PURPOSES, clock=now_utc)
    assert len(keys.signer.sign(b"a receipt")) == 64
    assert sorted(path.name for path in folder.keys.glob("*.key.*")) == [
        "evidence.key.uri",
        "hub.key.uri",
        "trail.key.pem",
    ]


def test_a_wrong_pin_token_key_or_module_is_refused_by_its_code(token: str) -> None:
    make_token_key(a_uri(token, "there"), PIN)
    for uri, pin, code in (
        (a_uri(token, "there"), b"another PIN", Code.PKCS11_PIN),
        (a_uri(token, "absent"), PIN, Code.PKCS11_KEY),
        (a_uri("absent", "there"), PIN, Code.PKCS11_TOKEN),
        (TokenUri(token, "there", "/nowhere/module.so"), PIN, Code.PKCS11_LIBRARY),
    ):
        with pytest.raises(HanxunError) as refusal:
            open_token_key(uri, pin)
        assert refusal.value.code is code
    with pytest.raises(Refused) as taken:
        make_token_key(a_uri(token, "there"), PIN)
    assert taken.value.code is Code.PKCS11_KEY


def test_the_token_itself_refuses_a_wrong_pin_in_a_fresh_process(token: str) -> None:
    script = (
        "import sys; from hub.signing.tokens import *; from hub.protocol.errors import Refused\n"
        f"try: open_token_key(TokenUri({token!r}, 'agent', {str(MODULE)!r}), b'wrong')\n"
        "except Refused as error: print(error.code.value)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == Code.PKCS11_PIN.value, done.stderr


@given(st.text(max_size=80).map(lambda text: f"pkcs11:{text}"))
def test_any_address_is_read_or_refused(text: str) -> None:
    try:
        uri = parse_token_uri(text)
    except Refused:
        return
    assert parse_token_uri(str(uri)) == uri


def test_an_address_with_a_pin_in_it_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        parse_token_uri("pkcs11:token=t;object=o?module-path=/m.so&pin-value=1234")
    assert refusal.value.code is Code.PKCS11_URI
    assert "1234" not in str(refusal.value)
