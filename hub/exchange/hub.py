"""One running hub: everything that its story needs, opened together and closed in order."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.cases.catalogue import Catalogue, default_catalogue
from hub.exchange.deliver import WakeUps
from hub.exchange.docket import Submission
from hub.exchange.erasing import finish_erasures
from hub.exchange.examiner import Examiner
from hub.exchange.filing import Accepted, EnvelopeFiling
from hub.exchange.offers import Offers
from hub.exchange.own_keys import HubKeys
from hub.exchange.readiness import Watch, require_writable
from hub.exchange.settings import Settings, parse_settings
from hub.exchange.trust import TrustBook
from hub.exchange.uploads import Uploads
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.signing.certificates import Certified
from hub.signing.keys import Signer, decrypt_key
from hub.signing.purposes import DEFAULT_ARC, DEFAULT_PURPOSES, Purposes
from hub.store.blobs import BlobStore
from hub.store.database import Readers, settle
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.stations import certificate_by_x5t
from hub.store.trail_log import TrailLog
from hub.store.writer import Writer
from hub.trail.note import make_signer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub at work. `keys` follow a renewal while it serves. `clock` gives aware UTC; `random` so many bytes."""

    folder: DataFolder
    settings: Settings
    keys: HubKeys
    following: "asyncio.Task[None]"
    trail: TrailLog
    trust: TrustBook
    catalogue: Catalogue
    examiner: Examiner
    writer: Writer[Submission, Accepted]
    readers: Readers
    blobs: BlobStore
    uploads: Uploads
    wake_ups: WakeUps
    watch: Watch
    watching: "asyncio.Task[None]"
    offers: Offers
    offering: "asyncio.Task[None]"
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]

    @property
    def signer(self) -> Signer:
        """The key for receipts and statements, the one in force now."""
        return self.keys.signer

    @property
    def own_certificates(self) -> tuple[Certified, ...]:
        """The hub's own certificates: for receipts and evidence, and those they replaced."""
        return self.keys.certificates

    async def close(self) -> None:
        """Finish what was accepted, refuse the rest, close the store."""
        self.wake_ups.close()
        self.watching.cancel()
        self.following.cancel()
        self.offering.cancel()
        await self.writer.stop()
        self.examiner.close()
        self.readers.close()


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def purposes_of(settings: Settings) -> Purposes:
    """Return the certificate purposes of this deployment."""
    return DEFAULT_PURPOSES if settings.arc == DEFAULT_ARC else Purposes(arc=settings.arc)


def read_settings(folder: DataFolder) -> Settings:
    """Return the settings of a data folder; all defaults when it has no file. Raises: Refused (`config.invalid`)."""
    return parse_settings(folder.settings.read_bytes()) if folder.settings.is_file() else Settings()


def open_trail(folder: DataFolder, passphrase: bytes, settings: Settings) -> TrailLog:
    """Return the trail with its key unlocked. Raises: Refused (`key.*`), Damaged (`hub.folder`)."""
    key = decrypt_key(_required(folder, folder.trail_key), passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise Damaged(Code.HUB_FOLDER, detail="trail key")
    return TrailLog(origin=settings.trail.origin, signer=make_signer(settings.trail.origin, key))


async def open_hub(
    data: Path,
    passphrase: bytes,
    *,
    settings: Settings | None = None,
    clock: Callable[[], datetime] = utc_now,
    random: Callable[[int], bytes] = os.urandom,
    on_damage: Callable[[], None] = lambda: None,
) -> Hub:
    """Open the data folder and start the writer. `on_damage` is called when the store is damaged.

    Raises: Refused (`key.*`, `config.invalid`), Damaged (`hub.folder`, `store.*`).
    """
    folder = DataFolder(data)
    settings = settings or read_settings(folder)
    keys = HubKeys(folder, settings, passphrase, purposes=purposes_of(settings), clock=clock)
    trail = open_trail(folder, passphrase, settings)
    _finish_what_was_begun(folder)
    readers = Readers(folder.database)
    wake_ups = WakeUps()
    filing = EnvelopeFiling(log=trail, signer=keys.signer, clock=clock, random=random, on_filed=wake_ups.wake)
    writer = Writer(folder.database, filing, on_damage=on_damage)
    blobs = BlobStore(folder)
    trust = open_trust(folder, settings, readers)
    disk = settings.disk
    watch = Watch(data, low_bytes=disk.low_bytes, every_s=disk.look_every_s, trust=trust, writer=writer, clock=clock)
    uploads = Uploads(
        folder,
        blobs=blobs,
        readers=readers,
        writer=writer,
        max_size=settings.limits.attachment_bytes,
        clock=clock,
        require_room=watch.require_room,
    )
    uploads.drop_stale(timedelta(seconds=settings.limits.upload_kept_s))
    offers = Offers(readers, every_s=settings.trail.cosign_every_s, on_offer=wake_ups.wake_all)
    writer.start()
    return Hub(
        folder=folder,
        settings=settings,
        keys=keys,
        following=asyncio.create_task(keys.follow(on_change=filing.use_signer)),
        trail=trail,
        trust=trust,
        catalogue=default_catalogue(),
        examiner=Examiner(settings.arc),
        writer=writer,
        readers=readers,
        blobs=blobs,
        uploads=uploads,
        wake_ups=wake_ups,
        watch=watch,
        watching=asyncio.create_task(watch.run()),
        offers=offers,
        offering=asyncio.create_task(offers.run()),
        clock=clock,
        random=random,
    )


def _finish_what_was_begun(folder: DataFolder) -> None:
    """Leave nothing of an earlier run half done before anything new begins."""
    require_writable(folder.root)
    require_current(folder.database)
    settle(folder.database)
    finish_erasures(folder)


def open_trust(folder: DataFolder, settings: Settings, readers: Readers) -> TrustBook:
    """Return the trust of this hub, with the certificates registered in its store. Raises: Damaged (`hub.folder`)."""
    return TrustBook(
        folder,
        purposes=purposes_of(settings),
        crl_max_age=timedelta(seconds=settings.limits.crl_max_age_s),
        find=lambda x5t: readers.read_now(lambda tx: certificate_by_x5t(tx, x5t)),
    )


def _required(folder: DataFolder, path: Path) -> bytes:
    if not path.is_file():
        raise Damaged(Code.HUB_FOLDER, detail=str(path.relative_to(folder.root)))
    return path.read_bytes()
