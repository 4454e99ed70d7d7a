"""Each write of an append fails, or fails though it was done, around every tile edge; and the process is killed meanwhile.

After every step the whole log is derived again from what is stored.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.store import trail_log
from hub.store.database import open_writer
from hub.store.migrate import create_database
from hub.store.trail_log import TrailLog, head_of, insert_head, leaf_records, tile_reader
from hub.trail.checkpoint import open_checkpoint
from hub.trail.note import make_signer
from hub.trail.verify import verify_tree

pytestmark = pytest.mark.long

ORIGIN = "hub.test/trail"
SIGNER = make_signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
WRITES = (("_NEW_LEAF", "run_many"), ("_PUT_TILE", "run_many"), ("_SWAP", "run"))
EDGES = (254, 65_534)


class Broken(Exception):
    """The disk said no."""


@pytest.fixture(scope="module", params=EDGES)
def at_edge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log two leaves before a tile edge."""
    path = tmp_path_factory.mktemp("log") / f"{request.param}.sqlite"
    create_database(path)
    engine = open_writer(path)
    with engine.begin() as tx:
        insert_head(tx, origin=ORIGIN, signer=SIGNER)
    append(engine, TrailLog(origin=ORIGIN, signer=SIGNER), request.param)
    engine.dispose()
    return path


def append(
    engine: sa.Engine, log: TrailLog, count: int, *, commit: Callable[[sa.Connection], None] | None = None
) -> None:
    """Append leaves as the writer does: what fails is forgotten and read again."""
    try:
        with engine.connect() as connection:
            transaction = connection.begin()
            log.begin(connection, head_of(connection))
            start = head_of(connection).size
            log.append_last([b"%0200d" % number for number in range(start, start + count)])
            log.flush(connection)
            (commit or (lambda _: transaction.commit()))(connection)
    except Exception:
        log.forget()
        raise
    log.committed()


def whole(engine: sa.Engine) -> int:
    """Derive the whole log again and return its size."""
    with engine.begin() as tx:
        signed = open_checkpoint(head_of(tx).checkpoint.encode(), origin=ORIGIN, log_keys=(SIGNER.key,))
        finding = verify_tree(
            (record for _, record in leaf_records(tx)), head=signed.checkpoint, read_tile=tile_reader(tx)
        )
    assert finding.ok, finding.first_bad
    return signed.checkpoint.size


@pytest.fixture
def engine(at_edge: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    shutil.copy(at_edge, tmp_path / "log.sqlite")
    engine = open_writer(tmp_path / "log.sqlite")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("persists", [False, True], ids=["fails", "fails but persists"])
def test_a_failed_write_leaves_the_log_whole_and_the_next_one_goes_on(
    engine: sa.Engine, persists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, size = TrailLog(origin=ORIGIN, signer=SIGNER), whole(engine)
    for _ in range(5):  # across the edge: 254 to 258, 65,534 to 65,538
        for statement, method in WRITES:
            with monkeypatch.context() as patch:
                prepared = getattr(trail_log, statement)
                patch.setattr(prepared, method, failing(getattr(prepared, method), persists))
                for _twice in range(2):
                    with pytest.raises(Broken):
                        append(engine, log, 1)
            with engine.begin() as tx:
                assert head_of(tx).size == size  # the transaction took it back
        append(engine, log, 1)
        size += 1
    assert whole(engine) == size


@pytest.mark.parametrize("persists", [False, True], ids=["fails", "fails but persists"])
def test_a_failed_commit_is_read_again_whatever_became_of_it(engine: sa.Engine, persists: bool) -> None:
    log, size = TrailLog(origin=ORIGIN, signer=SIGNER), whole(engine)

    def commit(connection: sa.Connection) -> None:
        transaction = connection.get_transaction()
        assert transaction is not None
        transaction.commit() if persists else transaction.rollback()
        raise Broken

    for _ in range(5):
        with pytest.raises(Broken):
            append(engine, log, 1, commit=commit)
        size += persists
        with engine.begin() as tx:
            assert head_of(tx).size == size
        append(engine, log, 1)
        size += 1
    assert whole(engine) == size


def failing(real: Callable[..., Any], persists: bool) -> Callable[..., Any]:
    def fail(*arguments: Any) -> Any:
        if persists:
            real(*arguments)
        raise Broken

    return fail


APPENDING = """
import sys
from pathlib import Path
from hub.store.database import open_writer
from hub.store.trail_log import TrailLog, head_of
from tests.store.test_trail_faults import ORIGIN, SIGNER, append
engine, log = open_writer(Path(sys.argv[1])), TrailLog(origin=ORIGIN, signer=SIGNER)
for count in [1, 2, 1, 3, 1] * 400:
    append(engine, log, count)
    with engine.begin() as tx:
        print(head_of(tx).size, flush=True)
"""


def test_a_killed_process_leaves_the_log_whole_and_nothing_committed_is_gone(engine: sa.Engine) -> None:
    path, chance, size = str(engine.url.database), random.Random(3), whole(engine)
    for _ in range(2):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDING, path], stdout=subprocess.PIPE, env=environment, text=True
        )
        assert process.stdout is not None
        for _lines in range(chance.randrange(1, 6)):
            line = process.stdout.readline()
            size = int(line)
        time.sleep(chance.random() * 0.01)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        process.wait(20)
        said = max(size, *(int(one) for one in rest)) if rest else size
        size = whole(engine)
        assert size >= said
