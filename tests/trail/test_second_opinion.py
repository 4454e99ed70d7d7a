"""A second implementation (tlog-scales) reads what this one writes, and gives the same roots, tiles and proofs.

Its own parsers are lenient, so it is asked only about good logs.
"""

from pathlib import Path

import pytest
from tlog_scales import backend, reader, signing, tlog
from tlog_scales import tiles as other_tiles

from hub.protocol.verdict import Result
from hub.trail.checkpoint import add_signatures, parse_checkpoint, sign_checkpoint
from hub.trail.cosignature import cosign
from hub.trail.hashing import leaf_hash
from hub.trail.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof
from hub.trail.tiles import TILE_WIDTH, Tile, cut_tile, encode_bundle, tile_width, tiles_of
from tests.trail.builders import AT, ORIGIN, a_log, a_record, a_tree, a_witness

SIZE = 66_000
ENTRIES = [a_record(number % 50) for number in range(SIZE)]
FRONTIER, STORE = a_tree(ENTRIES)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as any static server would serve it: checkpoint, tiles, entry bundles."""
    folder = tmp_path_factory.mktemp("log")
    for tile in tiles_of(SIZE):
        write(folder, tile.path, cut_tile(STORE.read(tile.level or 0, tile.index), tile))
    for index in range(0, SIZE, TILE_WIDTH):
        bundle = Tile(None, index // TILE_WIDTH, tile_width(None, index // TILE_WIDTH, SIZE))
        write(folder, bundle.path, encode_bundle(ENTRIES[index : index + TILE_WIDTH]))
    raw = sign_checkpoint(ORIGIN, SIZE, FRONTIER.root, signer=a_log())
    write(folder, "checkpoint", add_signatures(raw, [cosign(parse_checkpoint(raw), signer=a_witness(), at=AT)]))
    return folder


def write(folder: Path, path: str, raw: bytes) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(raw)


def test_another_client_verifies_our_checkpoint_and_finds_its_root_in_our_tiles(served: Path) -> None:
    client = reader.TilesReader(backend.LocalBackend(served))
    checkpoint = client.get_checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, SIZE)
    checkpoint.verify(signing.Vkey.from_string(a_log().key.text))
    checkpoint.verify(signing.Vkey.from_string(a_witness().key.text))
    client.set_size(checkpoint.size)
    assert client.calculate_root_hash() == FRONTIER.root


def test_another_clients_proofs_are_ours_and_each_accepts_the_other(served: Path) -> None:
    client = reader.TilesReader(backend.LocalBackend(served))
    client.set_size(SIZE)
    nodes = STORE.nodes()
    for index in (0, 1, 255, 256, 65_535, 65_536, 65_999):
        theirs = client.get_inclusion_proof(index, SIZE)
        ours = inclusion_proof(index, SIZE, nodes)
        assert tuple(theirs.node_hashes) == ours
        theirs.check(leaf_hash(ENTRIES[index]), FRONTIER.root)
        assert client.get_entry(index) == ENTRIES[index]
        assert other_tiles.leaf_hash(ENTRIES[index]) == leaf_hash(ENTRIES[index])
        checked = check_inclusion(
            leaf_hash(ENTRIES[index]), index=index, size=SIZE, proof=list(ours), root=FRONTIER.root
        )
        assert checked.result is Result.PASSED
    for old in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 65_999):
        old_root = a_tree(ENTRIES[:old])[0].root
        theirs = client.get_consistency_proof(old, SIZE)
        ours = consistency_proof(old, SIZE, nodes)
        assert tuple(theirs.node_hashes) == ours
        theirs.check(old_root, FRONTIER.root)
        checked = check_consistency(old_size=old, old_root=old_root, new_size=SIZE, new_root=FRONTIER.root, proof=ours)
        assert checked.result is Result.PASSED


def test_the_same_key_signs_the_same_bytes() -> None:
    signer = signing.PlainEd25519Signer(ORIGIN, a_log().private_key)
    theirs = tlog.Checkpoint.make_signed(ORIGIN, SIZE, FRONTIER.root, [signer]).serialize()
    assert theirs.encode() == sign_checkpoint(ORIGIN, SIZE, FRONTIER.root, signer=a_log())
