"""Where a leaf stands, from the appender through a receipt to an agent's verdict."""

from typing import Any

import msgspec
import pytest

from hub.protocol.codes import Code
from hub.protocol.identifiers import Digest
from hub.protocol.receipt import TrailPosition
from hub.protocol.verdict import Result
from hub.trail.checkpoint import sign_checkpoint
from hub.trail.hashing import leaf_hash
from hub.trail.position import check_position, make_positions, parse_position
from hub.trail.sequence import append
from tests.trail.builders import ORIGIN, a_log, a_record, a_tree, a_witness

RECORDS = [a_record(number) for number in range(300, 310)]


def digest(number: int) -> Digest:
    return Digest(f"{number:064x}")


def positions() -> tuple[TrailPosition, ...]:
    frontier, _ = a_tree([a_record(number) for number in range(300)])
    appended = append(frontier, [leaf_hash(record) for record in RECORDS])
    return make_positions(appended, RECORDS, sign_checkpoint(ORIGIN, 310, appended.root, signer=a_log()))


def failures(position: TrailPosition, number: int, **changes: Any) -> list[str]:
    good: dict[str, Any] = {"digest": digest(number), "origin": ORIGIN, "log_keys": [a_log().key]}
    verdict = check_position(position, **{**good, **changes})
    return [check.code for check in verdict.checks if check.result is Result.FAILED]


def test_every_leaf_of_a_batch_stands_where_its_receipt_says() -> None:
    for number, position in enumerate(positions(), start=300):
        assert position.index == number
        assert check_position(
            msgspec.json.decode(msgspec.json.encode(position), type=TrailPosition),
            digest=digest(number),
            origin=ORIGIN,
            log_keys=[a_log().key],
        ).passed
        assert parse_position(position).raw_record == RECORDS[number - 300]


def test_each_part_that_is_changed_is_named() -> None:
    first, second = positions()[:2]
    replace = msgspec.structs.replace
    assert failures(first, 301) == ["trail.record"]
    assert failures(replace(first, index=301), 300) == ["trail.inclusion"]
    assert failures(replace(first, index=2**40), 300) == ["trail.inclusion"]
    assert failures(replace(first, leaf=second.leaf), 301) == ["trail.inclusion"]
    assert failures(replace(first, proof=first.proof[1:]), 300) == ["trail.inclusion"]
    assert failures(replace(first, checkpoint=first.checkpoint.replace("\n310\n", "\n311\n")), 300) == [
        "checkpoint.signature"
    ]
    assert failures(first, 300, origin="another") == ["checkpoint.origin"]
    assert failures(first, 300, log_keys=[]) == ["checkpoint.signature"]
    assert failures(first, 300, log_keys=[a_witness().key]) == ["checkpoint.signature"]


@pytest.mark.parametrize("change", [{"leaf": "e30="}, {"leaf": "!"}, {"proof": ("AA==",)}, {"checkpoint": "x"}])
def test_a_position_that_cannot_be_read_fails(change: dict[str, Any]) -> None:
    verdict = check_position(
        msgspec.structs.replace(positions()[0], **change), digest=digest(300), origin=ORIGIN, log_keys=[a_log().key]
    )
    assert [check.result for check in verdict.checks] == [Result.FAILED, *[Result.NOT_APPLICABLE] * 3]
    assert verdict.checks[0].cause is not Code.RECORD_OTHER
