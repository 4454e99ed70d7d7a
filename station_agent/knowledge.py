"""What an agent knows of keys: certificates it has seen, the newest revocation list of each root, the roots it trusts.

Certificates come from anywhere (the hub, envelopes' senders); only the configured roots make one of them good.
"""

from datetime import datetime, timedelta
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId
from hub.signing.certificates import Certified, read_certificate
from hub.signing.crl import Crl, read_crl
from hub.signing.purposes import CertificateKind, Purposes
from hub.signing.trust import Trust
from station_agent.store import trust as stored
from station_agent.store.engine import Store


class Knowledge:
    """Certificates and trust, read from the store and kept in memory. `find` is a `CertificateSource`."""

    def __init__(
        self, store: Store, *, roots: tuple[Certified, ...], purposes: Purposes, crl_max_age: timedelta
    ) -> None:
        self._store = store
        self._purposes = purposes
        self._found: dict[str, Certified] = {}
        self._lists: dict[str, Crl] = {}
        self._trust = Trust(roots=roots, purposes=purposes, crl_max_age=crl_max_age)

    @property
    def roots(self) -> tuple[Certified, ...]:
        """The configured roots."""
        return self._trust.roots

    def find(self, x5t: str) -> Certified | None:
        """Return the certificate with that x5t#S256 if it was ever seen."""
        if x5t not in self._found:
            with self._store.read() as tx:
                pem = stored.find_certificate(tx, x5t)
            if pem is None:
                return None
            self._found[x5t] = read_certificate(pem, purposes=self._purposes)
        return self._found[x5t]

    def agent_name(self, station: StationId) -> str | None:
        """Return the name in the newest certificate of that station's agent that was ever seen, or None."""
        with self._store.read() as tx:
            seen = stored.certificates_seen(tx)
        known = [certified for x5t in seen if (certified := self.find(x5t)) is not None]
        theirs = [each for each in known if each.kind is CertificateKind.AGENT and each.station == station]
        newest = max(theirs, key=lambda each: each.not_before, default=None)
        return None if newest is None else newest.name

    def learn(self, raw: bytes) -> Certified:
        """Remember a certificate (PEM or DER). Raises: Refused (`cert.form`)."""
        certified = read_certificate(raw, purposes=self._purposes)
        with self._store.write() as tx:
            stored.add_certificate(tx, certified.x5t, certified.pem)
        return certified

    def learn_crl(self, raw: bytes, *, now: datetime) -> Crl:
        """Remember a revocation list that one of the roots signed and that is not older than the newest known.

        Raises: Refused (`crl.form`, `station.crl_stranger`, `station.crl_older`): an older list would bring a revoked
        certificate back to life.
        """
        crl = read_crl(raw)
        if not any(crl.is_by(root) for root in self._trust.roots):
            raise Refused(Code.CRL_STRANGER)
        newest = max(self.newest_crls(), key=lambda known: known.number, default=crl)
        if (crl.number, crl.this_update) < (newest.number, newest.this_update):
            raise Refused(Code.CRL_OLDER, values={"number": crl.number, "newest": newest.number})
        with self._store.write() as tx:
            stored.add_crl(tx, crl.der, this_update=crl.this_update, now=now)
        return crl

    def newest_crls(self) -> tuple[Crl, ...]:
        """Return the newest list of each root."""
        with self._store.read() as tx:
            digests = stored.crl_digests(tx)
            for digest in digests:
                if digest not in self._lists:
                    self._lists[digest] = read_crl(stored.crl(tx, digest))
        lists = [self._lists[digest] for digest in digests]
        newest = []
        for root in self._trust.roots:
            mine = [crl for crl in lists if crl.parsed.issuer == root.certificate.subject]
            newest += sorted(mine, key=lambda crl: (crl.number, crl.this_update))[-1:]
        return tuple(newest)

    def trust(self) -> Trust:
        """Return what is trusted now. Chains already built are kept from call to call."""
        crls = self.newest_crls()
        if crls != self._trust.crls:
            self._trust = self._trust.with_crls(crls)
        return self._trust


def load_roots(folder: Path, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return the root certificates in `folder` (`*.pem`). Raises: Refused (`station.no_root`, `cert.form`)."""
    roots = tuple(read_certificate(path.read_bytes(), purposes=purposes) for path in sorted(folder.glob("*.pem")))
    if not roots:
        raise Refused(Code.NO_ROOT, detail=str(folder))
    return roots
