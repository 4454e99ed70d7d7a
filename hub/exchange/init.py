"""Making a hub's data folder: whole or not at all. Keys and certificates come from files; the trail's key is made here."""

import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.disk import sync_folder, write_file
from hub.exchange.hub import purposes_of
from hub.exchange.own_keys import evidence_place, receipt_place
from hub.exchange.settings import Settings, parse_settings
from hub.exchange.trust import TrustBook
from hub.keyring.pairs import load_pair
from hub.keyring.place import KeyPlace
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Verdict
from hub.signing.keys import DEFAULT_COST, ScryptCost, encrypt_key, load_signer
from hub.signing.purposes import CertificateKind
from hub.signing.tls import read_chain, require_serving
from hub.signing.trust import Trust, check_certificate
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import create_database
from hub.store.trail_log import insert_head
from hub.trail.note import make_signer


@dataclass(frozen=True, slots=True)
class HubParts:
    """What a new hub is made from, all as bytes of files: roots and certificates PEM, keys encrypted PKCS#8 PEM under
    the hub's passphrase (or the PKCS#11 URI of a token whose PIN that is), the revocation list DER or PEM, the settings TOML."""

    roots: bytes
    crl: bytes
    hub_key: bytes
    hub_certificate: bytes
    evidence_key: bytes | None = None
    evidence_certificate: bytes | None = None
    settings: bytes = b""
    tls_key: bytes | None = None
    tls_certificate: bytes | None = None


def init_hub(
    data: Path, passphrase: bytes, parts: HubParts, *, now: datetime, cost: ScryptCost = DEFAULT_COST
) -> DataFolder:
    """Make the data folder `data`, which must not exist or be empty. `cost` is that of guessing the trail key's passphrase.

    Raises: Refused (`hub.folder` when something is there, `config.invalid`, `key.*`, `cert.*`, `crl.form`); nothing is
    left behind then.
    """
    if data.exists() and any(data.iterdir()):
        raise Refused(Code.HUB_FOLDER, detail=f"{data.name} is not empty")
    settings = parse_settings(parts.settings) if parts.settings else Settings()
    data.parent.mkdir(parents=True, exist_ok=True)
    made = data.with_name(f".{data.name}.{os.getpid()}")
    shutil.rmtree(made, ignore_errors=True)
    try:
        folder = DataFolder(made)
        _write_files(folder, parts)
        _require_good(folder, passphrase, parts, settings, now)
        _start_trail(folder, passphrase, settings, cost)
        if data.exists():
            data.rmdir()
        made.rename(data)
        sync_folder(data.parent)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return DataFolder(data)


def _write_files(folder: DataFolder, parts: HubParts) -> None:
    for place in (folder.root, folder.blobs, folder.uploads, folder.keys, folder.trust):
        place.mkdir(mode=0o700)
    files = {
        folder.settings: parts.settings or DEFAULT_SETTINGS,
        folder.roots: parts.roots,
        folder.crl: parts.crl,
        _place_of(receipt_place(folder), parts.hub_key): parts.hub_key,
        folder.hub_certificate: parts.hub_certificate,
        _place_of(evidence_place(folder), parts.evidence_key): parts.evidence_key,
        folder.evidence_certificate: parts.evidence_certificate,
        folder.tls_key: parts.tls_key,
        folder.tls_certificate: parts.tls_certificate,
    }
    for path, raw in files.items():
        if raw is not None:
            write_file(path, raw, secret=True)


def _place_of(place: KeyPlace, key: bytes | None) -> Path:
    return place.token if key is not None and key.startswith(b"pkcs11:") else place.key


def _require_good(folder: DataFolder, passphrase: bytes, parts: HubParts, settings: Settings, now: datetime) -> None:
    purposes = purposes_of(settings)
    age = timedelta(seconds=settings.limits.crl_max_age_s)
    book = TrustBook(folder, purposes=purposes, crl_max_age=age, find=lambda _x5t: None)
    if book.crl is None:
        raise Refused(Code.CRL_MISSING)
    pairs = [(CertificateKind.HUB, receipt_place(folder))]
    if parts.evidence_key is not None and parts.evidence_certificate is not None:
        pairs.append((CertificateKind.EVIDENCE, evidence_place(folder)))
    for kind, place in pairs:
        certified = load_pair(place, passphrase, purposes=purposes).certified
        Verdict(check_certificate(certified, kind=kind, trust=book.trust, at=now, now=now)).require()
    if parts.tls_key is not None and parts.tls_certificate is not None:
        _require_tls(parts.tls_key, parts.tls_certificate, passphrase, book.trust, now)


def _require_tls(key: bytes, certificate: bytes, passphrase: bytes, trust: Trust, now: datetime) -> None:
    leaf, *between = read_chain(certificate)
    load_signer(key, passphrase, leaf.der)
    require_serving(leaf, at=now)
    # The agents trust the roots of letters and no others, also for TLS.
    trust = replace(trust, intermediates=(*trust.intermediates, *between))
    if (problem := trust.chain_of(leaf).problem) is not None:
        raise Refused(Code.CERT_CHAIN, detail=f"tls: {problem}")


def _start_trail(folder: DataFolder, passphrase: bytes, settings: Settings, cost: ScryptCost) -> None:
    key = Ed25519PrivateKey.generate()
    signer = make_signer(settings.trail.origin, key)
    write_file(folder.trail_key, encrypt_key(key, passphrase, cost=cost), secret=True)
    write_file(folder.trail_verifier, f"{signer.key.text}\n".encode(), secret=True)
    create_database(folder.database)
    engine = open_writer(folder.database)
    try:
        with engine.begin() as tx:
            insert_head(tx, origin=settings.trail.origin, signer=signer)
    finally:
        engine.dispose()


DEFAULT_SETTINGS = b"""\
# Settings of this hub. What is left out has its default; unknown keys are refused.

[listen]
host = "127.0.0.1"        # plain HTTP: an address beyond this machine needs behind_proxy
port = 8700               # 0: any free one
# behind_proxy = "nginx on this machine"
# public_url = "https://hub.example"   # how agents reach the hub; the audience of their sign-in

[trail]
origin = "hanxun.hub.local/trail"      # the trail's name in every checkpoint; never change it
"""
