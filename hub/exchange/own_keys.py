"""The hub's own keys: for receipts and statements, for evidence files, for TLS. A renewed pair is taken up while it serves.

Every certificate that the hub ever signed with stays known: receipts of years ago are verified with the one of their time.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import datetime

from hub.exchange.settings import Settings
from hub.keyring.expiry import Expiry, expiring
from hub.keyring.pairs import certificate_at, load_pair
from hub.keyring.place import KeyPlace
from hub.keyring.renew import finish_swap, is_ready, retired_certificates, swap
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Refused
from hub.protocol.instants import format_instant
from hub.signing.certificates import Certified, read_certificate
from hub.signing.keys import Signer
from hub.signing.purposes import Purposes
from hub.store.layout import DataFolder

log = logging.getLogger(__name__)
LOOK_EVERY_S = 2.0
WARN_EVERY = 150  # looks: five minutes
Clock = Callable[[], datetime]


def receipt_place(folder: DataFolder) -> KeyPlace:
    """Return where the key for receipts lies."""
    return KeyPlace(folder.hub_key, folder.hub_certificate, folder.keys / "hub.csr.pem")


def evidence_place(folder: DataFolder) -> KeyPlace:
    """Return where the key for evidence files lies."""
    return KeyPlace(folder.evidence_key, folder.evidence_certificate, folder.keys / "evidence.csr.pem")


def tls_place(folder: DataFolder, settings: Settings) -> KeyPlace | None:
    """Return where the TLS pair lies, None for a hub that serves plain HTTP."""
    tls = settings.tls
    if tls is None:
        return None
    key = folder.root / tls.key
    return KeyPlace(key, folder.root / tls.certificate, key.with_name("tls.csr.pem"))


def hub_certificates(folder: DataFolder, *, purposes: Purposes) -> tuple[Certified, ...]:
    """Return the hub's own certificates, those in force first, then every one that was replaced. Raises: Refused (`cert.form`)."""
    places = (receipt_place(folder), evidence_place(folder))
    current = [certificate_at(place, purposes=purposes) for place in places]
    retired = retired_certificates(places[0], purposes=purposes)
    # Replaced TLS certificates lie there as well; nothing that is kept was signed by them.
    return tuple(dict.fromkeys(found for found in (*current, *retired) if found is not None and found.kind is not None))


def expiring_soon(folder: DataFolder, settings: Settings, *, purposes: Purposes, now: datetime) -> tuple[Expiry, ...]:
    """Return which of the hub's certificates in force end soon, TLS included. Raises: Refused (`cert.form`)."""
    places = [receipt_place(folder), evidence_place(folder)]
    if (tls := tls_place(folder, settings)) is not None and tls.certificate.is_file():
        places.append(tls)
    return expiring(filter(None, (_leaf(place, purposes) for place in places)), now)


def load_receipt_signer(folder: DataFolder, secret: bytes, *, purposes: Purposes) -> Signer:
    """Return the key that signs receipts and statements. Raises: Refused (`key.*`, `pkcs11.*`), Damaged (`hub.folder`)."""
    place = receipt_place(folder)
    try:
        return load_pair(place, secret, purposes=purposes)
    except Refused as error:
        if error.code is Code.KEY_MISSING:
            raise Damaged(Code.HUB_FOLDER, detail="keys/hub.*") from error
        raise


class HubKeys:
    """The keys of a hub at work. `signer` is the one for receipts in force now; read it anew for every signature."""

    def __init__(
        self, folder: DataFolder, settings: Settings, secret: bytes, *, purposes: Purposes, clock: Clock
    ) -> None:
        """Unlock the key for receipts. Raises: Refused (`key.*`, `pkcs11.*`), Damaged (`hub.folder`)."""
        self._folder, self._settings, self._secret = folder, settings, secret
        self._purposes, self._clock = purposes, clock
        for place in (receipt_place(folder), evidence_place(folder)):
            finish_swap(place)
        self._follow_at_start()
        self.signer = load_receipt_signer(folder, secret, purposes=purposes)
        self.certificates = hub_certificates(folder, purposes=purposes)
        self._stamp: tuple[tuple[int, int] | None, ...] = ()
        self._warned: set[tuple[str, int]] = set()

    def _follow_at_start(self) -> None:
        place = receipt_place(self._folder)
        if is_ready(place):
            try:
                load_pair(place.next, self._secret, purposes=self._purposes)
                swap(place, purposes=self._purposes)
            except HanxunError as error:
                log.error("renewed hub key not taken up code=%s", error.code.value)

    async def follow(self, *, on_change: Callable[[Signer], None], every_s: float = LOOK_EVERY_S) -> None:
        """Until cancelled, take up renewed pairs and warn of certificates that end: 30, 14, 3 and 1 days ahead, and after.

        `on_change` is told of a new key for receipts, on the event loop.
        """
        refused: tuple[int, int] | None = None
        for turn in itertools.count():
            state = _state(receipt_place(self._folder).next)
            try:
                if turn % WARN_EVERY == 0:
                    self._warn()
                if state is not None and state != refused:
                    await self._take_over(on_change)
                elif state is None:
                    self._look_again()
            except (HanxunError, OSError) as error:
                # What serves goes on serving; files that changed are tried again.
                refused = state
                log.error("own keys not read code=%s", getattr(error, "code", Code.HUB_FOLDER).value)
            await asyncio.sleep(every_s)

    def _look_again(self) -> None:
        stamp = tuple(_state(place) for place in (receipt_place(self._folder), evidence_place(self._folder)))
        if stamp != self._stamp:
            self._stamp = stamp
            self.certificates = hub_certificates(self._folder, purposes=self._purposes)

    async def _take_over(self, on_change: Callable[[Signer], None]) -> None:
        place = receipt_place(self._folder)
        coming = await asyncio.to_thread(load_pair, place.next, self._secret, purposes=self._purposes)
        # Whoever gets a receipt by the new key asks for its certificate: known first, used afterwards.
        self.certificates = (coming.certified, *self.certificates)
        await asyncio.to_thread(swap, place, purposes=self._purposes)
        self.signer = coming
        on_change(coming)
        until = format_instant(coming.certified.not_after)
        log.info("renewed hub key taken up x5t=%s until=%s", coming.certified.x5t, until)

    def _warn(self) -> None:
        for expiry in expiring_soon(self._folder, self._settings, purposes=self._purposes, now=self._clock()):
            told = (expiry.certified.x5t, expiry.step)
            if told not in self._warned:
                self._warned.add(told)
                kind = expiry.certified.kind or "tls"
                log.warning("certificate expires kind=%s x5t=%s days=%d", kind, expiry.certified.x5t, expiry.days)


def _state(place: KeyPlace) -> tuple[int, int] | None:
    try:
        found = place.certificate.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_mtime_ns)


def _leaf(place: KeyPlace, purposes: Purposes) -> Certified | None:
    try:
        raw = place.certificate.read_bytes()
    except FileNotFoundError:
        return None
    # A TLS file may hold its chain: the server's own certificate comes first.
    end = b"-----END CERTIFICATE-----"
    return read_certificate(raw.partition(end)[0] + end if end in raw else raw, purposes=purposes)
