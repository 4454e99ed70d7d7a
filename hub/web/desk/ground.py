"""What every page of the hub's desk stands on: the store, whom the hub trusts, who is signed in, the index of cases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from hub.cases.catalogue import Catalogue, default_catalogue
from hub.exchange.administration import Office
from hub.exchange.administrators import Rules
from hub.exchange.hub import open_trail, open_trust, purposes_of, read_settings
from hub.exchange.own_keys import hub_certificates
from hub.exchange.restore import open_hub_signer
from hub.exchange.settings import Settings
from hub.exchange.trust import TrustBook
from hub.pages.accounts import Accounts
from hub.pages.sessions import Sessions
from hub.protocol.errors import HanxunError
from hub.protocol.verdict import Result
from hub.signing.certificates import CertificateSource, Certified, known
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind, Purposes
from hub.signing.trust import check_certificate
from hub.store.database import Readers, open_writer
from hub.store.layout import DataFolder
from hub.store.migrate import require_current
from hub.store.stations import stations_known
from hub.store.trail_log import TrailLog
from hub.web.desk.accounts import HubAccounts, desk_keys
from hub.web.desk.chain_check import ChainCheck
from hub.web.desk.drafts import HubDrafts
from hub.web.desk.officials import Official, is_here, roles_in_force, unlock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ground:
    """One hub's desk. All writing is done one at a time (`office`); reading goes beside it."""

    folder: DataFolder
    settings: Settings
    purposes: Purposes
    passphrase: bytes
    log: TrailLog
    book: TrustBook
    own: CertificateSource
    hub_signer: Callable[[], Signer]
    readers: Readers
    engine: sa.Engine
    accounts: Accounts[Official]
    drafts: HubDrafts
    sessions: Sessions[Official]
    catalogue: Catalogue
    lock: threading.Lock
    chain: ChainCheck

    @property
    def name(self) -> str:
        """The hub's name, as the phone's app shows it."""
        return self.settings.trail.origin.partition("/")[0]

    def read(self, question: Callable[[sa.Connection], T]) -> T:
        """Answer a question from one state of the store."""
        return self.readers.read_now(question)

    @contextmanager
    def office(self) -> Iterator[Office]:
        """Give the office for one act, with the trust as it is now."""
        with self.lock:
            rules = Rules(
                self.log, self.settings.trail.origin, self.book.refresh(), self.book.certificate, self.hub_signer
            )
            yield Office(rules, self.engine, self.folder)

    def in_force(self, official: Official, now: datetime) -> bool:
        """Whether somebody may act here now: certificate here, not expired or revoked, named or registered."""
        certified = official.certified
        if not is_here(self.folder, certified, purposes=self.purposes):
            return False
        if not certified.not_before <= now <= certified.not_after:
            return False
        trust = self.book.refresh()
        checks = check_certificate(certified, kind=CertificateKind.OFFICER, trust=trust, at=now, now=now)
        # An old list decides nothing, so it does not end anybody's session either.
        if any(check.result is Result.FAILED for check in checks):
            return False
        return official.roles <= self.read(lambda tx: roles_in_force(tx, certified)) and bool(official.roles)

    def certificate(self, x5t: str) -> Certified | None:
        """Return the certificate of this digest: a registered one, or one of the hub's own, renewed ones included."""
        return self.own(x5t) or self.book.certificate(x5t)

    def station_names(self) -> dict[str, str]:
        """Return the stations' names by their codes."""
        return {entry.code: entry.name for entry in self.read(stations_known)}

    def close(self) -> None:
        """Close the store."""
        self.readers.close()
        self.engine.dispose()


def open_ground(data: Path, passphrase: bytes) -> Ground:
    """Open a hub's data folder for its desk. Raises: Refused (`key.passphrase`, `config.invalid`), Damaged."""
    folder = DataFolder(data)
    settings = read_settings(folder)
    purposes = purposes_of(settings)
    log = open_trail(folder, passphrase, settings)
    require_current(folder.database)
    readers, engine = Readers(folder.database), open_writer(folder.database)
    try:
        book = open_trust(folder, settings, readers)
        keys = desk_keys(engine, passphrase)
    except HanxunError:
        readers.close()
        engine.dispose()
        raise

    def opened(number: str, password: bytes) -> Official:
        # Only what counts here opens the door; the rest of a certificate's roles is somebody else's business.
        official = unlock(folder, number, password, purposes=purposes)
        roles = readers.read_now(lambda tx: roles_in_force(tx, official.certified))
        return Official(official.signer, roles)

    def in_force(official: Official, now: datetime) -> bool:
        return ground.in_force(official, now)

    ground = Ground(
        folder=folder,
        settings=settings,
        purposes=purposes,
        passphrase=passphrase,
        log=log,
        book=book,
        own=known(hub_certificates(folder, purposes=purposes)),
        hub_signer=cache(lambda: open_hub_signer(folder, passphrase, settings)),
        readers=readers,
        engine=engine,
        accounts=Accounts(HubAccounts(readers, engine), keys, unlock=opened, in_force=in_force),
        drafts=HubDrafts(readers, engine),
        sessions=Sessions(keys.cookies, in_force=in_force),
        catalogue=default_catalogue(),
        lock=threading.Lock(),
        chain=ChainCheck(),
    )
    return ground
