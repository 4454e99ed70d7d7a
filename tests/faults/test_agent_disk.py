"""An agent's disk fails while its service works or an officer drafts: nothing is confirmed that is not stored; later all goes on.

Real services in processes of their own; system calls fail by strace. At the end every promise of `findings.py` holds: each
envelope once at both stations and the hub, with the same receipt, every file whole.
"""

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from station_agent.check import check_agent
from station_agent.store.outbox import QUEUED, outbox_rows
from tests.command_line.test_logs import HANXUN
from tests.end_to_end.findings import check_everything
from tests.end_to_end.stories import Exchange, a_correction, open_correction, some_file, state_at
from tests.end_to_end.world import PASSPHRASE, Station, World, a_world, wait_until
from tests.web.process import hurt_process, needs_strace

pytestmark = pytest.mark.long

SIZE = (40_000, 60_000)


@dataclass
class Scene:
    """A hub and two stations that go through every fault."""

    world: World
    rng: random.Random = field(default_factory=lambda: random.Random(5))
    exchanges: list[Exchange] = field(default_factory=list)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The running world; when all faults are over, everything is brought to its end and looked at."""
    world = a_world(tmp_path_factory.mktemp("faults"))
    scene = Scene(world)
    try:
        world.start()
        yield scene
        wait_until(lambda: settled(scene), what=lambda: f"all cases to be closed: {world.hub.tail()}")
        world.stop()
        check_everything(world, scene.exchanges)
        for station in world.stations:
            assert check_agent(station.data) == ()
    finally:
        world.close()


def settled(scene: Scene) -> bool:
    """Take every step that is ready; say whether all are done and nothing waits."""
    for exchange in scene.exchanges:
        exchange.move()
    return all(exchange.closed for exchange in scene.exchanges) and not any(map(queued, scene.world.stations))


def queued(station: Station) -> bool:
    """Whether something waits in the outbox."""
    with station.agent.store.read() as tx:
        return bool(outbox_rows(tx, QUEUED))


def wal(station: Station, _digest: str) -> Path:
    """The log of the station's database."""
    return station.data / "agent.sqlite-wal"


def part(station: Station, digest: str) -> Path:
    """The download that grows."""
    return station.data / "blobs" / "incoming" / f"{digest}.part"


def folder(station: Station, digest: str) -> Path:
    """Where the file will stand."""
    return station.data / "blobs" / digest[:2]


RECEIVING: dict[str, tuple[str, str, Callable[[Station, str], Path] | None]] = {
    "the download is begun, read-only": ("openat", "EROFS", part),
    "the download is written, disk full": ("write", "ENOSPC", part),
    "the download is synced, fault": ("fsync", "EIO", part),
    "the folder is made, disk full": ("mkdir,mkdirat", "ENOSPC", folder),
    "the file gets its name, read-only": ("rename,renameat,renameat2", "EROFS", None),
    "the delivery's rows are written, disk full": ("pwrite64", "ENOSPC", wal),
    "the delivery's rows are synced, fault": ("fdatasync,fsync", "EIO", wal),
}


@needs_strace
@pytest.mark.parametrize("step", RECEIVING)
def test_what_cannot_be_stored_is_not_confirmed_and_is_fetched_again(scene: Scene, tmp_path: Path, step: str) -> None:
    calls, error, where = RECEIVING[step]
    opener, answerer = scene.world.stations
    file = some_file(scene.rng, SIZE)
    while folder(answerer, file.attachment.digest).exists():
        file = some_file(scene.rng, SIZE)
    service = answerer.process
    assert service.child is not None
    log = tmp_path / "strace"
    paths = () if where is None else (where(answerer, file.attachment.digest),)
    with hurt_process(service.child.pid, calls, error, log, paths=paths):
        exchange = open_correction(opener, answerer, scene.rng, story="plain", file=file)
        scene.exchanges.append(exchange)
        wait_until(lambda: "(INJECTED)" in log.read_text(errors="replace"), what=lambda: f"the fault\n{service.tail()}")
        assert state_at(answerer, exchange.case) is None
        assert service.child.poll() is None, service.tail()
    wait_until(lambda: state_at(answerer, exchange.case) == "delivered", what=lambda: f"delivery\n{service.tail()}")
    assert "station.disk" in service.log.read_text("utf-8")
    assert "delivery fault" not in service.log.read_text("utf-8")


@needs_strace
@pytest.mark.parametrize(
    ("calls", "error"), [("fdatasync,fsync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EROFS")]
)
def test_a_receipt_that_cannot_be_stored_is_asked_for_again_and_is_the_same(
    scene: Scene, tmp_path: Path, calls: str, error: str
) -> None:
    opener, answerer = scene.world.stations
    service, log = opener.process, tmp_path / "strace"
    assert service.child is not None
    with hurt_process(service.child.pid, calls, error, log, paths=(wal(opener, ""),)):
        exchange = open_correction(opener, answerer, scene.rng, story="plain")
        scene.exchanges.append(exchange)
        wait_until(lambda: "(INJECTED)" in log.read_text(errors="replace"), what=lambda: f"the fault\n{service.tail()}")
        with opener.agent.store.read() as tx:
            assert outbox_rows(tx)[-1].state == QUEUED
        assert service.child.poll() is None, service.tail()
    wait_until(lambda: not queued(opener), what=lambda: f"the receipt\n{service.tail()}")


@needs_strace
@pytest.mark.parametrize(("calls", "error"), [("fsync", "EIO"), ("pwrite64", "ENOSPC")])
def test_a_draft_that_cannot_be_stored_is_refused_with_its_code_and_leaves_no_case(
    scene: Scene, tmp_path: Path, calls: str, error: str
) -> None:
    opener, answerer = scene.world.stations
    file = some_file(scene.rng, SIZE)
    (tmp_path / "证明.pdf").write_bytes(file.raw)
    (tmp_path / "body.json").write_text(json.dumps(a_correction(file), ensure_ascii=False), "utf-8")
    (tmp_path / "pass").write_bytes(PASSPHRASE)
    known = cases(opener)
    draft = [*HANXUN, "agent", "draft", "--data", str(opener.data), "--officer", opener.window.number, "--type", "C04"]
    draft += ["--to", answerer.code, "--body", str(tmp_path / "body.json"), "--file", f"proof:{tmp_path / '证明.pdf'}"]
    draft += ["--passphrase-file", str(tmp_path / "pass"), "--password-file", str(tmp_path / "pass")]
    hurt = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    answer = subprocess.run([*hurt, *draft], capture_output=True, text=True, check=False, timeout=120)
    assert (answer.returncode, "station.disk" in answer.stderr) == (1, True), answer.stderr
    assert "Traceback" not in answer.stderr
    assert cases(opener) == known
    # The file or the signed act may be there already, before their case was to be: told as left over, and may be taken away.
    for finding in check_agent(opener.data):
        assert finding.code is Code.CHECK_BLOB_EXTRA
        (folder(opener, finding.subject) / finding.subject).unlink()


def cases(station: Station) -> set[str]:
    """The station's case numbers."""
    with station.agent.store.read() as tx:
        return {str(row[0]) for row in tx.exec_driver_sql('SELECT "case" FROM cases')}
