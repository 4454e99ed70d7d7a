"""The trail in the transaction: another process's leaves are noticed, a rolled-back batch is forgotten."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.protocol.errors import Damaged
from hub.store.database import open_writer
from hub.store.migrate import create_database
from hub.store.schema.trail import head, tiles
from hub.store.trail_log import TrailLog, head_of, insert_head, leaf_records, tile_reader
from hub.trail.checkpoint import open_checkpoint
from hub.trail.note import make_signer
from hub.trail.verify import verify_tree

ORIGIN = "hub.test/trail"
SIGNER = make_signer(ORIGIN, Ed25519PrivateKey.generate())


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    engine = open_writer(path)
    with engine.begin() as tx:
        insert_head(tx, origin=ORIGIN, signer=SIGNER)
    return engine


def add(engine: sa.Engine, log: TrailLog, *records: bytes) -> None:
    """Commit one batch."""
    with engine.begin() as tx:
        log.begin(tx, head_of(tx))
        log.append(list(records))
        log.append_last([b"last of " + records[0]])
        log.flush(tx)
    log.committed()


def require_whole(engine: sa.Engine, size: int) -> None:
    """The stored log re-derives, and has `size` leaves."""
    with engine.begin() as tx:
        signed = open_checkpoint(head_of(tx).checkpoint.encode(), origin=ORIGIN, log_keys=(SIGNER.key,))
        assert signed.checkpoint.size == size
        records = [record for _, record in leaf_records(tx)]
        assert verify_tree(records, head=signed.checkpoint, read_tile=tile_reader(tx)).ok


def test_batches_across_tile_edges_re_derive(engine: sa.Engine) -> None:
    log, size = TrailLog(origin=ORIGIN, signer=SIGNER), 0
    for count in (1, 3, 120, 130, 1, 255, 256):
        add(engine, log, *(b"%d of %d" % (number, count) for number in range(count)))
        size += count + 1
    require_whole(engine, size)


def test_two_writers_take_turns_and_each_notices_the_other(engine: sa.Engine) -> None:
    logs = [TrailLog(origin=ORIGIN, signer=SIGNER) for _ in range(2)]
    for turn in (0, 1, 1, 0, 1, 0, 0):
        add(engine, logs[turn], b"record", b"another")
    require_whole(engine, 21)


def test_a_batch_that_was_rolled_back_is_not_built_upon(engine: sa.Engine) -> None:
    log = TrailLog(origin=ORIGIN, signer=SIGNER)
    add(engine, log, b"first")
    with engine.connect() as connection:
        transaction = connection.begin()
        log.begin(connection, head_of(connection))
        log.append([b"lost"])
        log.flush(connection)
        transaction.rollback()
    log.forget()
    add(engine, log, b"second")
    require_whole(engine, 4)


def test_the_same_holds_when_nobody_said_forget(engine: sa.Engine) -> None:
    # A work's savepoint may be undone while its batch commits: the log then believes in leaves that are not there.
    log = TrailLog(origin=ORIGIN, signer=SIGNER)
    add(engine, log, b"first")
    with engine.begin() as tx:
        savepoint = tx.begin_nested()
        log.begin(tx, head_of(tx))
        log.append([b"lost", b"lost too"])
        log.flush(tx)
        savepoint.rollback()
    log.committed()
    add(engine, TrailLog(origin=ORIGIN, signer=SIGNER), b"another process")
    add(engine, log, b"second")
    require_whole(engine, 6)


def test_a_spoilt_edge_or_head_is_damage_not_a_new_history(engine: sa.Engine) -> None:
    add(engine, TrailLog(origin=ORIGIN, signer=SIGNER), b"first")
    with engine.begin() as tx:
        tx.execute(sa.update(tiles).values(raw=bytes(64)))
        with pytest.raises(Damaged):
            TrailLog(origin=ORIGIN, signer=SIGNER).begin(tx, head_of(tx))
    with engine.begin() as tx:
        tx.execute(sa.update(head).values(size=1))
        with pytest.raises(Damaged):
            TrailLog(origin=ORIGIN, signer=SIGNER).begin(tx, head_of(tx))


def test_the_head_is_swapped_only_from_what_was_begun(engine: sa.Engine) -> None:
    log = TrailLog(origin=ORIGIN, signer=SIGNER)
    with engine.begin() as tx:
        log.begin(tx, head_of(tx))
        log.append([b"one"])
        tx.execute(sa.update(head).values(size=7))
        with pytest.raises(Damaged):
            log.flush(tx)
        tx.rollback()


def test_a_leaf_that_does_not_read_back_as_it_was_hashed_is_not_committed(engine: sa.Engine) -> None:
    log = TrailLog(origin=ORIGIN, signer=SIGNER)
    add(engine, log, b"one")
    with engine.begin() as tx:
        # As a bit that flips between hashing and storing.
        tx.exec_driver_sql(
            "CREATE TRIGGER flip AFTER INSERT ON leaves BEGIN UPDATE leaves SET record = x'00' WHERE number = new.number; END"
        )
    with pytest.raises(Damaged):
        add(engine, log, b"two")
    log.forget()
    with engine.begin() as tx:
        tx.exec_driver_sql("DROP TRIGGER flip")
    add(engine, log, b"two")
    require_whole(engine, 4)
