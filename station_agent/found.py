"""Making a station's agent: its keys where they are used, the requests for their certificates, whom it trusts, its settings."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.disk import write_file
from hub.keyring.renew import NewKey, make_key
from hub.protocol.instants import format_instant
from hub.signing.authority import Subject
from hub.signing.certificates import Certified
from hub.signing.crl import Crl
from hub.signing.keys import DEFAULT_COST, ScryptCost
from hub.signing.tokens import TokenUri, fresh_label
from station_agent.folder import AgentFolder
from station_agent.history import RESTORED
from station_agent.knowledge import Knowledge
from station_agent.settings import AgentSettings, write_settings
from station_agent.store.engine import open_store
from station_agent.store.trust import remember


@dataclass(frozen=True, slots=True)
class NewAgent:
    """What an agent is made from: its settings, the `roots` that were confirmed, the revocation list if there is one.

    `replaces`: the machine follows one of this station that was lost without a backup. `token`: where its two keys are made,
    each under a label of its own; None for encrypted files.
    """

    settings: AgentSettings
    roots: tuple[Certified, ...]
    crl: Crl | None = None
    replaces: bool = False
    token: TokenUri | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests that go to the authority."""

    agent: Path
    evidence: Path


def found_agent(
    data: Path, passphrase: bytes, new: NewAgent, *, now: datetime, cost: ScryptCost = DEFAULT_COST
) -> Requests:
    """Make the folder `data`; `agent.toml` is written last. `passphrase`: of the key files, or the token's PIN.

    The agent gives out no number before it has learnt from the hub which ones its station has used.
    Raises: Refused (`file.exists` for a key that is there, `cert.subject`, `key.passphrase`, `pkcs11.*`).
    """
    folder, settings = AgentFolder(data), new.settings
    for files, title, suite in ((folder.agent, "函询", "Ed25519"), (folder.evidence, "证据", "P-256")):
        subject = Subject(f"{settings.name}{title}", station=settings.station)
        token = None if new.token is None else fresh_label(new.token, files.stem.name)
        make_key(files.place, passphrase, subject, NewKey("Ed25519" if suite == "Ed25519" else "P-256", token, cost))
    for number, root in enumerate(new.roots, start=1):
        write_file(folder.trust / ("root.pem" if number == 1 else f"root-{number}.pem"), root.pem)
    _begin_store(data, new, now)
    write_settings(data, settings)
    return Requests(folder.agent.request, folder.evidence.request)


def _begin_store(data: Path, new: NewAgent, now: datetime) -> None:
    settings = new.settings
    store = open_store(data)
    try:
        with store.write() as tx:
            marker = {"after": 0, "at": format_instant(now), "new": True, "replaces": new.replaces}
            remember(tx, RESTORED, json.dumps(marker))
        if new.crl is not None:
            knowledge = Knowledge(store, roots=new.roots, purposes=settings.purposes, crl_max_age=settings.crl_max_age)
            knowledge.learn_crl(new.crl.der, now=now)
    finally:
        store.close()
