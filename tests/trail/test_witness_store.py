"""The witness's state as a database keeps it: the contract, races between processes, and state that was lost."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.trail.checkpoint import sign_checkpoint
from hub.trail.proofs import NodeSource, consistency_proof, tree_root
from hub.trail.witness import add_checkpoint, encode_add_checkpoint
from tests.trail.builders import AT, ORIGIN, a_log, a_record, a_tree, a_witness
from tests.trail.witness_store import SqliteWitnessStore, check_store, states

NODES: NodeSource = a_tree([a_record(number) for number in range(100)])[1].nodes()


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], SqliteWitnessStore]:
    SqliteWitnessStore.create(tmp_path / "witness.sqlite")
    return lambda: SqliteWitnessStore(tmp_path / "witness.sqlite")


def test_the_reference_store_keeps_the_contract(reopen: Callable[[], SqliteWitnessStore]) -> None:
    check_store(reopen)


def test_of_many_at_once_one_wins(reopen: Callable[[], SqliteWitnessStore]) -> None:
    first, *rest = states("log", *range(1, 17))
    reopen().swap(None, first)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda state: reopen().swap(first, state), rest))
    assert won.count(True) == 1
    assert reopen().load("log") == rest[won.index(True)]


def test_a_witness_asked_twenty_times_at_once_never_goes_back(reopen: Callable[[], SqliteWitnessStore]) -> None:
    def ask(new: int) -> tuple[int, int]:
        store = reopen()
        state = store.load(ORIGIN)
        old = 0 if state is None else state.size
        proof = consistency_proof(old, new, NODES) if 0 < old <= new else ()
        checkpoint = sign_checkpoint(ORIGIN, new, tree_root(new, NODES), signer=a_log())
        raw = encode_add_checkpoint(old, proof, checkpoint)
        answer = add_checkpoint(raw, store=store, logs={ORIGIN: [a_log().key]}, signer=a_witness(), at=AT)
        return answer.status, new

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(1, 21)))
    cosigned = [new for status, new in answers if status == 200]
    state = reopen().load(ORIGIN)
    assert state is not None
    assert state.size == max(cosigned)
    assert {status for status, _ in answers} <= {200, 400, 409}


def test_state_that_was_lost_is_an_error_not_a_new_beginning(
    reopen: Callable[[], SqliteWitnessStore], tmp_path: Path
) -> None:
    reopen().swap(None, states("log", 5)[0])
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(sqlite3.OperationalError):
        reopen()
