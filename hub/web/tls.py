"""TLS of the hub's listener: the context from the data folder's pair, and taking a renewed pair without a restart.

TLS 1.2 or later with forward secrecy only. The key lies encrypted and is opened with the hub's passphrase.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.exchange.settings import Tls
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Refused
from hub.signing.certificates import Certified
from hub.signing.keys import load_signer
from hub.signing.tls import hosts_of, read_chain, require_serving

log = logging.getLogger(__name__)
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all good
LOOK_EVERY_S = 5.0
_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The pair on disk: the certificate (with those between it and the root) and its encrypted key, PEM."""

    certificate: Path
    key: Path


def tls_files(root: Path, tls: Tls) -> TlsFiles:
    """Return where the pair lies; relative paths are those of the data folder `root`."""
    return TlsFiles(root / tls.certificate, root / tls.key)


def server_context(files: TlsFiles, passphrase: bytes) -> ssl.SSLContext:
    """Return a context that serves the pair.

    Raises: Refused (`key.*`, `cert.form`), Damaged (`hub.folder`) when a file is missing. A certificate that is out of
    date is served all the same, and the log says so: the agents refuse it with a remedy, a dead hub has none.
    """
    leaf = _checked(files, passphrase)
    try:
        require_serving(leaf, at=datetime.now(UTC))
    except Refused as error:
        log.error("tls certificate code=%s detail=%s", error.code.value, error.detail)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load(context, files, passphrase)
    log.info("tls hosts=%s until=%s", ",".join(hosts_of(leaf)), f"{leaf.not_after:%Y-%m-%d}")
    return context


async def keep_fresh(
    context: ssl.SSLContext, files: TlsFiles, passphrase: bytes, *, every_s: float = LOOK_EVERY_S
) -> None:
    """Until cancelled, take the pair anew whenever its files have changed: for new connections, nobody is cut off.

    A pair that does not hold together (half copied, wrong passphrase) is not taken; the one before it goes on serving.
    """
    seen = _stamp(files)
    while True:
        await asyncio.sleep(every_s)
        stamp = _stamp(files)
        if stamp == seen:
            continue
        seen = stamp
        try:
            leaf = await asyncio.to_thread(_checked, files, passphrase)
            require_serving(leaf, at=datetime.now(UTC))
            _load(context, files, passphrase)
        except HanxunError as error:
            log.error("tls pair not taken code=%s detail=%s", error.code.value, error.detail)
        else:
            log.info("tls pair renewed until=%s", f"{leaf.not_after:%Y-%m-%d}")


def _checked(files: TlsFiles, passphrase: bytes) -> Certified:
    try:
        chain, key = files.certificate.read_bytes(), files.key.read_bytes()
    except OSError as error:
        raise Damaged(Code.HUB_FOLDER, detail=f"tls: {error.strerror}") from error
    leaf = read_chain(chain)[0]
    load_signer(key, passphrase, leaf.der)  # opens, and fits: said in our codes before OpenSSL says it in its own
    return leaf


def _load(context: ssl.SSLContext, files: TlsFiles, passphrase: bytes) -> None:
    try:
        context.load_cert_chain(files.certificate, files.key, password=passphrase)
    except (ssl.SSLError, OSError) as error:
        raise Refused(Code.TLS_CERTIFICATE, detail=getattr(error, "reason", None) or error.strerror) from error


def _stamp(files: TlsFiles) -> _Stamp:
    found = []
    for path in (files.certificate, files.key):
        try:
            about = path.stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((about.st_ino, about.st_mtime_ns, about.st_size))
    return tuple(found)
