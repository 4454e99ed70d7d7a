"""The witness: the dialogue of litewitness, the order store-then-sign, races, and what a fork leaves behind."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.checkpoint import add_signatures, parse_checkpoint, sign_checkpoint
from hub.trail.cosignature import cosign, verify_cosignatures
from hub.trail.hashing import EMPTY_ROOT
from hub.trail.note import KeyType, make_signer, parse_signature_lines, parse_verifier_key
from hub.trail.proofs import consistency_proof, tree_root
from hub.trail.witness import (
    Accepted,
    Rejected,
    WitnessAnswer,
    WitnessState,
    add_checkpoint,
    encode_add_checkpoint,
    judge,
    parse_add_checkpoint,
)
from tests.trail.builders import AT, ORIGIN, VECTORS, a_log, a_record, a_tree, a_witness

LOGS = {ORIGIN: [a_log().key]}
NODES = a_tree([a_record(number) for number in range(300)])[1].nodes()
FORKED = a_tree([a_record(number + (number > 3)) for number in range(300)])[1].nodes()


class MemoryStore:
    """One row for each log, swapped as a database would."""

    def __init__(self) -> None:
        self.rows: dict[str, WitnessState] = {}
        self.before_swap: Callable[[], None] = lambda: None

    def load(self, origin: str) -> WitnessState | None:
        return self.rows.get(origin)

    def swap(self, before: WitnessState | None, after: WitnessState) -> bool:
        self.before_swap()
        if self.rows.get(after.origin) != before:
            return False
        self.rows[after.origin] = after
        return True


def a_request(old: int, new: int, nodes: Callable[[int, int], bytes] = NODES) -> bytes:
    proof = consistency_proof(old, new, nodes) if 0 < old <= new else ()
    return encode_add_checkpoint(old, proof, sign_checkpoint(ORIGIN, new, tree_root(new, nodes), signer=a_log()))


def ask(store: MemoryStore, raw: bytes) -> WitnessAnswer:
    return add_checkpoint(raw, store=store, logs=LOGS, signer=a_witness(), at=AT)


def test_the_dialogue_of_litewitness() -> None:
    vector = json.loads((VECTORS / "litewitness/add-checkpoint.json").read_text(encoding="utf-8"))
    key = parse_verifier_key(vector["log_vkey"])
    private_key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["witness_seed_hex"]))
    signer = make_signer(vector["witness_name"], private_key, KeyType.COSIGNATURE)
    store = MemoryStore()
    answered = []
    for step in vector["steps"]:
        raw = step["body"].encode()
        answer = add_checkpoint(raw, store=store, logs={key.name: [key]}, signer=signer, at=AT)
        answered.append(answer.status)
        assert answer.status == step["http_current_spec"]
        if answer.status == 200:
            signed = parse_checkpoint(
                add_signatures(parse_add_checkpoint(raw).signed.raw, parse_signature_lines(answer.body))
            )
            assert [one.key for one in verify_cosignatures(signed, [signer.key])] == [signer.key]
        elif answer.status == 409:
            assert step["assert"] == f"body == {json.dumps(answer.body.decode())}"
            assert answer.content_type == "text/x.tlog.size"
        elif answer.status == 422:
            assert b"consistency proof" in answer.body
    assert answered == [200, 403, 404, 422, 422, 200, 409, 200, 409]


def test_a_growing_log_is_cosigned_at_each_size_and_again_at_the_same_one() -> None:
    store = MemoryStore()
    sizes = [0, 0, 1, 1, 2, 5, 255, 256, 257, 300]
    for old, new in zip([0, *sizes], sizes, strict=False):
        answer = ask(store, a_request(old, new))
        assert (answer.status, store.rows[ORIGIN].size) == (200, new)
        checkpoint = add_signatures(store.rows[ORIGIN].checkpoint, parse_signature_lines(answer.body))
        (cosignature,) = verify_cosignatures(parse_checkpoint(checkpoint), [a_witness().key])
        assert cosignature.at == AT


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"old 5\n\n", 403),
        (a_request(5, 9).replace(b"old 5", b"old +5"), 400),
        (a_request(5, 9).replace(b"old 5\n", b"old 5\n" + b"A" * 43 + b"=\n" * 64), 400),
        (a_request(9, 5), 400),
        (a_request(4, 9), 409),
        (a_request(0, 9), 409),
        (a_request(5, 9, FORKED), 422),
        (a_request(5, 5, FORKED), 422),
        (encode_add_checkpoint(5, (bytes(32),), sign_checkpoint(ORIGIN, 9, tree_root(9, NODES), signer=a_log())), 422),
        (a_request(5, 9).replace(b"\n9\n", b"\n8\n"), 403),
        (encode_add_checkpoint(0, (), sign_checkpoint("other", 9, bytes(32), signer=a_log())), 404),
    ],
)
def test_what_is_not_cosigned_leaves_the_state_as_it_was(raw: bytes, status: int) -> None:
    store = MemoryStore()
    ask(store, a_request(0, 5))
    before = dict(store.rows)
    answer = ask(store, raw)
    assert (answer.status, store.rows) == (status, before)
    assert b"\xe2\x80\x94" not in answer.body
    assert answer.rejected is not None


def test_the_first_checkpoint_needs_no_proof_and_takes_none() -> None:
    raw = sign_checkpoint(ORIGIN, 9, tree_root(9, NODES), signer=a_log())
    assert ask(MemoryStore(), encode_add_checkpoint(0, (bytes(32),), raw)).status == 422
    raw = sign_checkpoint(ORIGIN, 0, bytes(32), signer=a_log())
    assert ask(MemoryStore(), encode_add_checkpoint(0, (), raw)).status == 422
    raw = sign_checkpoint(ORIGIN, 0, EMPTY_ROOT, signer=a_log())
    assert ask(MemoryStore(), encode_add_checkpoint(0, (), raw)).status == 200


def test_two_roots_of_one_size_are_kept_as_the_proof_that_the_log_forked() -> None:
    store = MemoryStore()
    ask(store, a_request(0, 5))
    rejected = ask(store, a_request(5, 5, FORKED)).rejected
    assert rejected is not None
    assert rejected.contradiction
    assert rejected.seen is not None
    assert rejected.offered is not None
    seen, offered = parse_checkpoint(rejected.seen).checkpoint, parse_checkpoint(rejected.offered).checkpoint
    assert seen.size == offered.size
    assert seen.root != offered.root
    # A bad proof alone shows only a bad proof: anyone can send one beside an honest checkpoint.
    rejected = ask(store, a_request(5, 9, FORKED)).rejected
    assert rejected is not None
    assert not rejected.contradiction


def test_a_request_that_stalls_while_another_passes_gets_a_conflict_and_no_cosignature() -> None:
    store = MemoryStore()
    ask(store, a_request(0, 5))

    def other_request_passes() -> None:
        store.before_swap = lambda: None
        assert ask(store, a_request(5, 20)).status == 200

    store.before_swap = other_request_passes
    answer = ask(store, a_request(5, 9))
    assert (answer.status, answer.body, store.rows[ORIGIN].size) == (409, b"20\n", 20)


def test_a_write_that_fails_gives_no_cosignature_and_one_that_persisted_all_the_same_only_a_conflict() -> None:
    store = MemoryStore()
    ask(store, a_request(0, 5))

    def disk_fails() -> None:
        raise OSError("disk")

    store.before_swap = disk_fails
    with pytest.raises(OSError, match="disk"):
        ask(store, a_request(5, 9))
    assert store.rows[ORIGIN].size == 5
    store.before_swap = lambda: None
    judged = judge(parse_add_checkpoint(a_request(5, 9)), state=store.load(ORIGIN), logs=LOGS)
    assert isinstance(judged, Accepted)
    store.swap(judged.before, judged.after)  # stored, but the answer was lost
    assert ask(store, a_request(5, 9)).body == b"9\n"
    assert ask(store, a_request(9, 9)).status == 200


def test_a_key_of_the_log_cannot_cosign_nor_a_witness_sign_for_the_log() -> None:
    signed = parse_checkpoint(sign_checkpoint(ORIGIN, 9, bytes(32), signer=a_log()))
    with pytest.raises(ValueError, match="cosignature key"):
        cosign(signed, signer=a_log(), at=AT)
    with pytest.raises(Refused) as error:
        verify_cosignatures(signed, [a_log().key])
    assert error.value.code is Code.NOTE_KEY_TYPE
    judged = judge(parse_add_checkpoint(a_request(0, 5)), state=None, logs={ORIGIN: [a_witness().key]})
    assert isinstance(judged, Rejected)
    assert (judged.status, judged.code) == (403, Code.NOTE_KEY_TYPE)


def test_the_newest_cosignature_of_a_witness_counts_and_a_false_one_refuses_all() -> None:
    signed = parse_checkpoint(sign_checkpoint(ORIGIN, 9, bytes(32), signer=a_log()))
    lines = [cosign(signed, signer=a_witness(), at=AT + timedelta(seconds=wait)) for wait in (0, 60, 30)]
    raw = add_signatures(signed.raw, [*lines, lines[0]])
    assert len(parse_checkpoint(raw).note.signatures) == 4
    (newest,) = verify_cosignatures(parse_checkpoint(raw), [a_witness().key])
    assert newest.at == AT + timedelta(seconds=60)
    assert verify_cosignatures(parse_checkpoint(raw), [a_witness(2).key]) == ()
    other = parse_checkpoint(sign_checkpoint(ORIGIN, 10, bytes(32), signer=a_log()))
    with pytest.raises(Refused) as error:
        verify_cosignatures(parse_checkpoint(add_signatures(other.raw, lines)), [a_witness().key])
    assert error.value.code is Code.NOTE_SIGNATURE
