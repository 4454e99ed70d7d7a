"""Two roots of one size, the second inside a receipt: kept as a proof that anybody with the log's key can check; all stops."""

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.exchange.hub import read_settings
from hub.exchange.restore import open_hub_signer
from hub.signing.keys import decrypt_key
from hub.signing.receipts import open_receipt, sign_receipt
from hub.store.layout import DataFolder
from hub.trail.checkpoint import parse_checkpoint, sign_checkpoint
from hub.trail.fork import check_fork_proof
from hub.trail.note import make_signer
from station_agent.history import note_two_roots, standstill
from station_agent.store.envelopes import receipts_of
from station_agent.store.trail import misbehaviour_kept
from tests.exchange.builders import PASSPHRASE, now_utc
from tests.station.desks import World, a_claimed_case, a_world


def other_root(world: World, raw: bytes) -> bytes:
    """The receipt anew, by the hub's own keys, with another root for a tree of the same size."""
    folder, agent = DataFolder(world.hub_data), world.origin.agent
    key = decrypt_key(folder.trail_key.read_bytes(), PASSPHRASE)
    assert isinstance(key, Ed25519PrivateKey)
    receipt = open_receipt(raw, certificates=agent.knowledge.find).receipt
    assert receipt.trail is not None
    size, origin = parse_checkpoint(receipt.trail.checkpoint.encode()).checkpoint.size, agent.log_key.name
    note = sign_checkpoint(origin, size, bytes(32), signer=make_signer(origin, key)).decode()
    trail = msgspec.structs.replace(receipt.trail, checkpoint=note)
    signer = open_hub_signer(folder, PASSPHRASE, read_settings(folder))
    return sign_receipt(msgspec.structs.replace(receipt, trail=trail), signer=signer)


async def test_two_roots_of_one_size_in_a_receipt_are_kept_as_a_proof(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        agent = world.origin.agent
        with agent.store.read() as tx:
            honest = receipts_of(tx, case)[0].raw
        note_two_roots(agent, honest, now=now_utc())
        with agent.store.read() as tx:
            assert misbehaviour_kept(tx) == ()
        note_two_roots(agent, other_root(world, honest), now=now_utc())
        with agent.store.read() as tx:
            (proof,) = misbehaviour_kept(tx)
            assert standstill(tx) is not None
        assert check_fork_proof(proof, key=agent.log_key).passed
