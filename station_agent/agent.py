"""One opened agent: its folder, settings, store, keys and what it knows of others' keys. Every story takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from hub.cases.catalogue import Catalogue, default_catalogue
from hub.protocol.identifiers import StationId
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.trail.note import NoteSigner, VerifierKey, parse_verifier_key
from hub.trail.witness_key import witness_name
from station_agent.folder import AgentFolder
from station_agent.knowledge import Knowledge, load_roots
from station_agent.own_keys import OwnKeys
from station_agent.people import Person, own_certificates, unlock_officer
from station_agent.settings import AgentSettings, load_settings
from station_agent.store.engine import Store, open_store
from station_agent.store.trust import add_certificate
from station_agent.witness_key import open_witness


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with its own `keys` unlocked; a renewed one is taken up while it runs."""

    folder: AgentFolder
    settings: AgentSettings
    store: Store
    keys: OwnKeys
    knowledge: Knowledge
    catalogue: Catalogue
    witness: Callable[[], NoteSigner]
    """Unlocks the key that cosigns the hub's trail when it is first needed; makes one where there is none."""

    @property
    def signer(self) -> Signer:
        """The key that signs envelopes, the one in force now."""
        return self.keys.signer

    @property
    def evidence_signer(self) -> Signer:
        """The key that signs evidence files. Raises: Refused (`station.key_missing`, `key.passphrase`) at first use."""
        return self.keys.evidence

    @property
    def log_key(self) -> VerifierKey:
        """The key with which the hub's trail signs its checkpoints."""
        return parse_verifier_key(self.settings.trail.key)

    @property
    def station(self) -> StationId:
        """The station this agent stands in."""
        return self.settings.station

    def unlock(self, number: str, password: bytes) -> Person:
        """Return the officer who has typed their password. Raises: Refused (`station.officer_unknown`, `key.passphrase`)."""
        return unlock_officer(self.folder, number, password, purposes=self.settings.purposes)

    def own_certificates(self) -> tuple[Certified, ...]:
        """Return the certificates of every key kept here."""
        return own_certificates(self.folder, purposes=self.settings.purposes)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def open_agent(data: Path, passphrase: bytes, *, catalogue: Catalogue | None = None) -> Agent:
    """Open the agent in the folder `data`.

    Raises: Refused (`config.invalid`, `station.key_missing`, `key.passphrase`, `station.no_root`,
    `note.key_form`), Damaged.
    """
    settings = load_settings(data)
    parse_verifier_key(settings.trail.key)
    folder = AgentFolder(data)
    purposes = settings.purposes
    keys = OwnKeys(folder, passphrase, purposes=purposes)
    roots = load_roots(folder.trust, purposes=purposes)
    store = open_store(data)
    knowledge = Knowledge(store, roots=roots, purposes=purposes, crl_max_age=settings.crl_max_age)
    with store.write() as tx:
        for certified in own_certificates(folder, purposes=purposes):
            add_certificate(tx, certified.x5t, certified.pem)
    origin = parse_verifier_key(settings.trail.key).name
    name = witness_name(origin, settings.station)
    witness = cache(partial(open_witness, folder, store, passphrase, name=name, origin=origin))
    return Agent(folder, settings, store, keys, knowledge, catalogue or default_catalogue(), witness)
