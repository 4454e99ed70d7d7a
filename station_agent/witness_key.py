"""The station's witness key: made when first needed, encrypted under the agent's passphrase, used to cosign the trail only.

A key whose state was lost (a restored backup, another database) signs nothing more: a new one is made in its place.
"""

import logging

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.disk import write_file
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.keys import DEFAULT_COST, ScryptCost, decrypt_key, encrypt_key
from hub.trail.hashing import EMPTY_ROOT
from hub.trail.note import KeyType, NoteSigner, make_signer
from station_agent.folder import AgentFolder
from station_agent.store.engine import Store
from station_agent.store.trail import WitnessRow, begin_witness, witness_row
from station_agent.store.trust import newest_checkpoint

log = logging.getLogger(__name__)


def open_witness(
    folder: AgentFolder, store: Store, passphrase: bytes, *, name: str, origin: str, cost: ScryptCost = DEFAULT_COST
) -> NoteSigner:
    """Return the station's witness key; one is made when there is none, or when the store knows nothing of it.

    Raises: Refused (`key.*`).
    """
    path = folder.witness
    if path.is_file():
        key = decrypt_key(path.read_bytes(), passphrase)
        if not isinstance(key, Ed25519PrivateKey):
            raise Refused(Code.KEY_UNSUITABLE, detail=path.name)
        signer = make_signer(name, key, KeyType.COSIGNATURE)
        with store.read() as tx:
            if witness_row(tx, signer.key.text, origin) is not None:
                return signer
        # It may have cosigned trees that this store has never seen: it must not sign once more.
        log.warning("witness key without its state put aside key=%s", signer.key.key_id.hex())
        path.rename(path.with_name(f"{path.name}.{signer.key.key_id.hex()}.unused"))
    return _new_witness(folder, store, passphrase, name=name, origin=origin, cost=cost)


def _new_witness(
    folder: AgentFolder, store: Store, passphrase: bytes, *, name: str, origin: str, cost: ScryptCost
) -> NoteSigner:
    key = Ed25519PrivateKey.generate()
    signer = make_signer(name, key, KeyType.COSIGNATURE)
    with store.write() as tx:
        seen = newest_checkpoint(tx, origin)
        # It begins with what this station has verified already, so that nothing older is cosigned.
        start = WitnessRow(signer.key.text, origin, 0, EMPTY_ROOT.hex(), "")
        if seen is not None:
            start = WitnessRow(signer.key.text, origin, seen.size, seen.root, seen.note)
        begin_witness(tx, start)
    # Behind its state: a key without one would be taken for a lost one.
    write_file(folder.witness, encrypt_key(key, passphrase, cost=cost), secret=True)
    return signer
