"""Whom the hub trusts, kept current: root certificates, the revocation list's file, registered certificates.

The list's file is read again when it changes; a broken or older one is not taken, and the one in force goes on until it
is too old to decide anything.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.purposes import Purposes
from hub.signing.trust import Trust
from hub.store.layout import DataFolder
from hub.store.stations import CertificateRow

log = logging.getLogger(__name__)


def read_roots(raw: bytes, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return the certificates in a PEM file. Raises: Refused (`cert.form`)."""
    try:
        found = x509.load_pem_x509_certificates(raw)
    except (ValueError, x509.InvalidVersion) as error:
        raise Refused(Code.CERT_FORM, detail="roots") from error
    return tuple(read_certificate(item.public_bytes(Encoding.DER), purposes=purposes) for item in found)


class TrustBook:
    """The present trust, and certificates by their digest. Used on the event loop."""

    def __init__(
        self,
        folder: DataFolder,
        *,
        purposes: Purposes,
        crl_max_age: timedelta,
        find: Callable[[str], CertificateRow | None],
    ) -> None:
        """`find` looks a registered certificate up in the store. Raises: Damaged when there is no root."""
        if not folder.roots.is_file():
            raise Damaged(Code.HUB_FOLDER, detail=str(folder.roots.relative_to(folder.root)))
        roots = read_roots(folder.roots.read_bytes(), purposes=purposes)
        self.trust = Trust(roots, purposes=purposes, crl_max_age=crl_max_age)
        self._path = folder.crl
        self._find = find
        self._seen: tuple[int, int, int] | None = None
        self._crl: Crl | None = None
        self._looked = False
        self._known: dict[str, Certified] = {}
        self.refresh()

    @property
    def crl(self) -> Crl | None:
        """The revocation list in force."""
        return self._crl

    def refresh(self) -> Trust:
        """Read the revocation list's file if it has changed, and return the present trust. Costs one `stat`."""
        try:
            state = os.stat(self._path)
        except FileNotFoundError:
            return self.trust
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        if seen != self._seen:
            self._seen = seen
            self._take(self._path.read_bytes())
        return self.trust

    def of_this_turn(self) -> Trust:
        """Return the present trust, having looked at the file once in this turn of the event loop, for all its requests."""
        if not self._looked:
            self.refresh()
            self._looked = True
            asyncio.get_running_loop().call_soon(self._end_turn)
        return self.trust

    def _end_turn(self) -> None:
        self._looked = False

    def certificate(self, x5t: str) -> Certified | None:
        """Return the registered certificate of this digest; certificates never change, so they are remembered."""
        known = self._known.get(x5t)
        if known is None and (row := self._find(x5t)) is not None:
            known = self._known[x5t] = read_certificate(row.raw, purposes=self.trust.purposes)
        return known

    def _take(self, raw: bytes) -> None:
        try:
            crl = read_crl(raw)
        except Refused as error:
            log.error("crl not taken code=%s", error.code.value)
            return
        if not any(crl.is_by(root) for root in self.trust.roots):
            log.error("crl not taken reason=issuer number=%d", crl.number)
        elif self._crl is not None and crl.number < self._crl.number:
            log.error("crl not taken reason=older number=%d present=%d", crl.number, self._crl.number)
        else:
            self._crl = crl
            self.trust = self.trust.with_crls((crl,))
            log.info("crl taken number=%d entries=%d", crl.number, len(crl.entries))
