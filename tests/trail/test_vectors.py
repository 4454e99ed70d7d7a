"""Every vector of tests/vectors/tlog, good and bad, against this implementation."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Result
from hub.trail.checkpoint import (
    Checkpoint,
    check_growth,
    checkpoint_text,
    open_checkpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    sign_checkpoint,
    verify_checkpoint,
)
from hub.trail.cosignature import cosign, verify_cosignatures
from hub.trail.hashing import EMPTY_ROOT, leaf_hash, node_hash, subtree_root
from hub.trail.note import (
    KeyType,
    SignatureLine,
    assemble_note,
    key_id_of,
    make_signer,
    parse_note,
    parse_verifier_key,
    sign_text,
    verify_note,
)
from hub.trail.policy import parse_policy
from hub.trail.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof, tree_root
from hub.trail.sequence import EMPTY, append
from hub.trail.tiles import Tile, encode_bundle, parse_bundle, tiles_of
from hub.trail.tlog_proof import TlogProof, check_tlog_proof, encode_tlog_proof, parse_tlog_proof
from tests.trail.builders import VECTORS, TileStore, a_tree


@cache
def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def probes(kind: str) -> list[Path]:
    return sorted((VECTORS / "transparency-dev-merkle/testdata" / kind).rglob("*.json"))


def identify(path: Path) -> str:
    return "/".join(path.parts[-2:])


def b64s(values: list[str] | None) -> list[bytes]:
    return [base64.b64decode(value) for value in values or []]


# RFC 6962, the tree of eight leaves of Certificate Transparency


def test_the_hashes_of_certificate_transparency() -> None:
    hasher = load("rfc6962-ct/vectors.json")["hasher"]
    assert EMPTY_ROOT.hex() == hasher["empty_root"]
    assert leaf_hash(b"").hex() == hasher["empty_leaf_hash"]
    assert leaf_hash(hasher["leaf_hash"]["in_ascii"].encode()).hex() == hasher["leaf_hash"]["out"]
    left, right = hasher["node_hash"]["left_ascii"].encode(), hasher["node_hash"]["right_ascii"].encode()
    assert node_hash(left, right).hex() == hasher["node_hash"]["out"]


def test_the_tree_of_certificate_transparency() -> None:
    vectors = load("rfc6962-ct/vectors.json")
    entries = [bytes.fromhex(one) for one in vectors["leaves_hex"]]
    levels = {int(name.removeprefix("level")): nodes for name, nodes in vectors["perfect_nodes"].items()}
    nodes = a_tree(entries)[1].nodes()
    for level, expected in levels.items():
        assert [nodes(level, index).hex() for index in range(len(expected))] == expected
    for size, root in enumerate(vectors["roots_by_size"]):
        assert tree_root(size, nodes).hex() == root
    roots = [bytes.fromhex(root) for root in vectors["roots_by_size"]]
    for case in vectors["inclusion"]:
        index, size = case["leaf_index"], case["tree_size"]
        proof = inclusion_proof(index, size, nodes)
        assert [one.hex() for one in proof] == case["proof"]
        leaf = leaf_hash(entries[index])
        assert check_inclusion(leaf, index=index, size=size, proof=proof, root=roots[size]).result is Result.PASSED
    for case in vectors["consistency"]:
        old, new = case["size1"], case["size2"]
        proof = consistency_proof(old, new, nodes)
        assert [one.hex() for one in proof] == case["proof"]
        checked = check_consistency(old_size=old, old_root=roots[old], new_size=new, new_root=roots[new], proof=proof)
        assert checked.result is Result.PASSED


# transparency-dev/merkle


@pytest.mark.parametrize("path", probes("inclusion"), ids=identify)
def test_inclusion_probe(path: Path) -> None:
    probe = json.loads(path.read_text())
    checked = check_inclusion(
        base64.b64decode(probe["leafHash"] or ""),
        index=probe["leafIdx"],
        size=probe["treeSize"],
        proof=b64s(probe["proof"]),
        root=base64.b64decode(probe["root"] or ""),
    )
    assert (checked.result is not Result.PASSED) == probe["wantErr"]


@pytest.mark.parametrize("path", probes("consistency"), ids=identify)
def test_consistency_probe(path: Path) -> None:
    probe = json.loads(path.read_text())
    checked = check_consistency(
        old_size=probe["size1"],
        old_root=base64.b64decode(probe["root1"] or ""),
        new_size=probe["size2"],
        new_root=base64.b64decode(probe["root2"] or ""),
        proof=b64s(probe["proof"]),
    )
    # Size 0 is refused by the verifier, as in that library; the caller decides it (`check_growth`).
    assert (checked.result is not Result.PASSED) == probe["wantErr"]


def test_all_probes_are_there() -> None:
    assert (len(probes("inclusion")), len(probes("consistency"))) == (98, 98)


# Tessera's log of 15 entries


def test_the_tessera_log_is_rebuilt_byte_for_byte() -> None:
    root = VECTORS / "tessera-testlog/testdata/log"
    key = parse_verifier_key("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    secret = base64.b64decode("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg")
    signer = make_signer(key.name, Ed25519PrivateKey.from_private_bytes(secret[1:]))
    assert signer.key == key
    entries = parse_bundle((root / "tile/entries/000.p/15").read_bytes())
    frontier, seen = EMPTY, TileStore()
    assert (root / "checkpoint.0").read_bytes() == sign_checkpoint(key.name, 0, EMPTY_ROOT, signer=signer)
    for size in range(1, 16):
        appended = append(frontier, [leaf_hash(entries[size - 1])])
        frontier = appended.frontier
        seen.save(appended.tiles)
        assert (root / f"checkpoint.{size}").read_bytes() == sign_checkpoint(
            key.name, size, appended.root, signer=signer
        )
        assert (root / Tile(0, 0, size).path).read_bytes() == seen.read(0, 0)
        assert (root / Tile(None, 0, size).path).read_bytes() == encode_bundle(entries[:size])
    signed = open_checkpoint((root / "checkpoint").read_bytes(), origin=key.name, log_keys=[key])
    assert (signed.checkpoint.size, signed.checkpoint.root) == (15, frontier.root)


# Sunlight's mirror of 300 entries, its witness, and tiles of a real log


def test_the_sunlight_mirror_is_rebuilt_and_cosigned_byte_for_byte() -> None:
    mirror = next((VECTORS / "sunlight-mirror-300/cmd/skylight/testdata/witness/mirror").glob("*/checkpoint")).parent
    frontier, store = a_tree([b"record %d" % number for number in range(300)])
    assert {tile.path for tile in tiles_of(300)} == {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"}
    for tile in tiles_of(300):
        assert (mirror / tile.path).read_bytes() == store.read(tile.level or 0, tile.index)
    assert mirror.name == hashlib.sha256(b"rome2026h1.example.org").hexdigest()
    raw = (mirror / "checkpoint").read_bytes()
    assert parse_checkpoint(raw).checkpoint == Checkpoint("rome2026h1.example.org", 300, frontier.root)
    assert_cosigned(raw, "mirror.v0.json", "mirror.example.org", b"skylight test mirror key")


def test_the_sunlight_witness_cosigns_byte_for_byte_beside_a_signature_of_an_unknown_type() -> None:
    folder = VECTORS / "sunlight-mirror-300/cmd/skylight/testdata/witness"
    raw = next(path for path in folder.glob("*/checkpoint") if path.parent.name != "mirror").read_bytes()
    assert_cosigned(raw, "witness.v0.json", "witness.example.org", b"skylight test witness key")


def assert_cosigned(raw: bytes, about: str, name: str, seed: bytes) -> None:
    folder = VECTORS / "sunlight-mirror-300/cmd/skylight/testdata/witness"
    listed = next(path for path in folder.rglob(about))
    key = parse_verifier_key(json.loads(listed.read_text())["verifier_keys"][0])
    private_key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
    signer = make_signer(name, private_key, KeyType.COSIGNATURE)
    assert signer.key == key
    signed = parse_checkpoint(raw)
    (cosignature,) = verify_cosignatures(signed, [key])
    assert cosignature.at == datetime.fromtimestamp(1767139200, UTC)
    assert cosign(signed, signer=signer, at=cosignature.at) == signed.note.signatures[-1]


def test_a_partial_tile_of_a_real_log_is_a_prefix_of_the_whole_one() -> None:
    folder = VECTORS / "sunlight-navigli/testdata/navigli2025h2"
    assert (folder / Tile(0, 3).path).read_bytes().startswith((folder / Tile(0, 3, 10).path).read_bytes())


# Go's signed notes


@pytest.mark.parametrize("case", load("golang-note/vectors.json")["good"])
def test_a_good_note_verifies(case: dict[str, Any]) -> None:
    note = parse_note(case["note"].encode())
    verified = verify_note(note, [parse_verifier_key(text) for text in case["vkeys"]])
    # A name may sign twice: each of its signatures is verified.
    assert list(dict.fromkeys(one.key.name for one in verified)) == case["verified"]
    assert note.text.decode() == load("golang-note/vectors.json")["text"]


@pytest.mark.parametrize("case", load("golang-note/vectors.json")["bad"], ids=lambda case: case["desc"])
def test_a_bad_note_is_refused(case: dict[str, Any]) -> None:
    raw = case["note"].encode() if "note" in case else base64.b64decode(case["note_base64"])
    with pytest.raises(Refused):
        verify_note(parse_note(raw), [parse_verifier_key(text) for text in case["vkeys"]])


def test_a_note_is_signed_as_go_signs_it() -> None:
    vectors = load("golang-note/vectors.json")
    _, _, name, printed, encoded = vectors["skey"].split("+", 4)
    private_key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded)[1:])
    signer = make_signer(name, private_key)
    assert (signer.key.text, signer.key.key_id.hex()) == (vectors["vkeys"][0], printed)
    text = vectors["text"].encode()
    assert assemble_note(text, [sign_text(text, signer)]).decode() == vectors["good"][0]["note"]


def test_the_example_of_the_standard_verifies() -> None:
    example = load("golang-note/vectors.json")["c2sp_signed_note_example"]
    assert verify_note(parse_note(example["note"].encode()), [parse_verifier_key(example["vkey"])])


@pytest.mark.parametrize(
    "text",
    [
        *load("golang-note/vectors.json")["bad_vkeys"],
        *load("formats/vectors.json")["vkeys_bad"],
        load("formats/vectors.json")["vkey_wrong_printed_id"]["vkey"],
    ],
)
def test_a_bad_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_verifier_key(text)


@pytest.mark.parametrize("text", load("formats/vectors.json")["vkeys_good"])
def test_a_good_verifier_key_is_read_and_written_back(text: str) -> None:
    assert parse_verifier_key(text).text == text


def test_the_key_id_of_an_ml_dsa_key_is_the_standards_and_the_key_is_not_taken_for_one_of_ours() -> None:
    wrong, right = load("formats/vectors.json")["vkey_wrong_printed_id"], load("litewitness/mldsa44.json")
    for text, expected in ((wrong["vkey"], wrong["id_by_spec_formula"]), (right["vkey"], right["key_id"])):
        name, _, encoded = text.split("+", 2)
        raw = base64.b64decode(encoded)
        assert key_id_of(name, raw[0], raw[1:]).hex() == expected
    with pytest.raises(Refused) as error:
        parse_verifier_key(right["vkey"])
    assert error.value.code is Code.NOTE_KEY_TYPE


def test_the_timestamp_of_a_cosignature_is_read() -> None:
    vector = load("formats/vectors.json")["cosig_timestamp"]
    raw = base64.b64decode(vector["sig_base64"])
    line = SignatureLine("witness.example", raw[:4], raw[4:])
    (parsed,) = parse_note(b"text\n\n" + line.text.encode()).signatures
    assert int.from_bytes(parsed.signature[:8], "big") == vector["timestamp"]


# transparency-dev/formats


@pytest.mark.parametrize("text", load("formats/vectors.json")["checkpoint_bad_body"])
def test_a_bad_checkpoint_body_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_checkpoint_text(text.encode())


@pytest.mark.parametrize("case", load("formats/vectors.json")["tlog_proof_marshal"])
def test_a_proof_file_is_written_and_read_back(case: dict[str, Any]) -> None:
    extra = None if case["extra"] is None else base64.b64decode(case["extra"])
    proof = TlogProof(case["index"], tuple(b64s(case["hashes"])), case["checkpoint"].encode(), extra)
    assert encode_tlog_proof(proof).decode() == case["want"]
    assert parse_tlog_proof(case["want"].encode()) == proof


@pytest.mark.parametrize("text", load("formats/vectors.json")["tlog_proof_bad"])
def test_a_bad_proof_file_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_tlog_proof(text.encode())


@pytest.mark.parametrize("case", load("formats/vectors.json")["policy_good"])
def test_a_policy_of_formats_is_read_once_its_witnesses_have_cosignature_keys_of_their_own(
    case: dict[str, Any],
) -> None:
    # Those files name witnesses by note keys (0x01), and one key twice: tlog-policy forbids both since.
    text = case["policy"].partition("`")[0]
    with pytest.raises(Refused) as error:
        parse_policy(text.encode())
    assert error.value.code is Code.POLICY_FORM
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("witness"):
            words = line.split(" ")
            private_key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
            words[2] = make_signer("example.com", private_key, KeyType.COSIGNATURE).key.text
            lines[number] = " ".join(words)
    policy = parse_policy("\n".join(lines).encode())
    assert policy.groups[-1].threshold == case["n"]


# sum.golang.org and Sigstore: real logs


def test_a_real_checkpoint_whose_key_has_another_name_than_its_origin_verifies() -> None:
    vector = load("litewitness/add-checkpoint.json")["sumdb_checkpoint"]
    signed = parse_checkpoint(vector["note"].encode())
    assert verify_checkpoint(signed, origin=vector["origin"], log_keys=[parse_verifier_key(vector["vkey"])])
    assert checkpoint_text(signed.checkpoint) == signed.note.text


def test_a_real_witnessed_proof_verifies_and_each_change_is_found() -> None:
    vector = load("sigstore/rekor-v2-witnessed-proof.json")
    log, *witnesses = sorted(map(parse_verifier_key, vector["vkeys"]), key=lambda key: key.key_type)
    lines = [f"log {log.text}"]
    lines += [f"witness w{number} {key.text}" for number, key in enumerate(witnesses)]
    policy = parse_policy("\n".join([*lines, "group all3 all w0 w1 w2", "quorum all3", ""]).encode())
    entry, raw = base64.b64decode(vector["leaf_base64"]), vector["tlog_proof"].encode()
    verdict = check_tlog_proof(raw, entry, policy=policy)
    assert verdict.passed
    assert [check.code for check in verdict.checks] == [
        "trail.proof_form",
        "checkpoint.origin",
        "checkpoint.signature",
        "trail.quorum",
        "trail.inclusion",
    ]
    signed = parse_checkpoint(parse_tlog_proof(raw).checkpoint)
    times = {(one.key.name, int(one.at.timestamp())) for one in verify_cosignatures(signed, witnesses)}
    assert times == {(name, at) for name, _, at in vector["verified"] if at is not None}
    assert not check_tlog_proof(raw, entry + b" ", policy=policy).passed
    assert not check_tlog_proof(raw.replace(b"index 4026478", b"index 4026477"), entry, policy=policy).passed
    # The same path under a bigger index or size is another claim.
    assert not check_tlog_proof(raw.replace(b"index 4026478", b"index 4026479"), entry, policy=policy).passed
    assert not check_tlog_proof(raw.replace(b"\n4026479\n", b"\n4026480\n"), entry, policy=policy).passed


def test_perfect_subtrees_are_roots_of_their_hashes() -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(8)]
    assert subtree_root(b"".join(hashes)) == tree_root(8, a_tree([bytes([number]) for number in range(8)])[1].nodes())


def test_growth_from_an_empty_log_needs_no_proof() -> None:
    empty, some = Checkpoint("log", 0, EMPTY_ROOT), Checkpoint("log", 5, bytes(32))
    assert check_growth(empty, some, ()).result is Result.PASSED
    assert check_growth(empty, some, (bytes(32),)).result is Result.FAILED
    assert check_growth(Checkpoint("log", 0, bytes(32)), some, ()).result is Result.FAILED
    assert check_growth(some, empty, ()).cause is Code.TRAIL_ROLLBACK
