"""The scan folder as scanners use it: bursts, locks, partial and rewritten files, duplicates, kills; one scan is one item."""

import asyncio
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from hub.letters.limits import default_limits
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import digest_of
from station_agent.desk import tray
from station_agent.scan_folder.round import take_what_rests
from station_agent.scan_folder.watch import LOOKS_UNFINISHED, Sighting, Watch, is_scan_name
from station_agent.settings import ScanFolderSettings, load_settings, write_settings
from station_agent.store.engine import Store, open_store
from station_agent.store.tray import TrayRow
from station_agent.sync import serve
from tests.exchange.builders import a_province
from tests.letters.builders import a_jpeg, a_pdf, a_png, a_tiff
from tests.station.desks import PASSPHRASE, a_desk
from tests.station.scene import OPENER
from tests.trail.builders import a_log

LIMITS = default_limits()


@dataclass
class Office:
    """A scan folder beside a store, a clock that the test moves, and looks that the test orders."""

    folder: Path
    store: Store
    now: datetime = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
    watch: Watch = field(default_factory=Watch)

    def look(self, times: int = 1, *, every_s: float = 3.0) -> None:
        """Look at the folder so often; between looks the clock moves."""
        for _ in range(times):
            take_what_rests(self.store, self.folder, self.watch, limits=LIMITS, now=self.now)
            self.now += timedelta(seconds=every_s)

    def put(self, name: str, raw: bytes) -> Path:
        """Write a file as a quick scanner does; its time is the test's clock."""
        path = self.folder / name
        path.write_bytes(raw)
        self.touch(path)
        return path

    def touch(self, path: Path) -> None:
        """Give the file the test's time."""
        os.utime(path, (self.now.timestamp(), self.now.timestamp()))

    @property
    def items(self) -> tuple[TrayRow, ...]:
        """Everything that ever lay in the tray."""
        return tray.items(self.store, all=True)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "scans"
    folder.mkdir()
    store = open_store(tmp_path / "agent")
    yield Office(folder, store)
    store.close()


def test_vector_12_a_scanner_that_opens_the_file_twelve_times_in_40_s_gives_exactly_one_item(office: Office) -> None:
    raw = a_jpeg() + bytes(5_000_000)
    raw = raw[:-2] + b"\xff\xd9"
    path = office.put("SCAN_0001.jpg", b"")
    office.look(4)
    for number in range(12):
        with path.open("ab") as file:  # the pause between two bursts is longer than the one between two looks
            file.write(raw[number * len(raw) // 12 : (number + 1) * len(raw) // 12])
        office.touch(path)
        office.look(2, every_s=1.65)
    office.look(3)
    (item,) = office.items
    assert (item.digest, item.size, item.state) == (digest_of(raw), len(raw), "waiting")
    assert office.store.blobs.get(item.digest) == raw == path.read_bytes()


def test_a_finished_scan_is_taken_at_the_second_look_and_the_original_is_not_touched(office: Office) -> None:
    path = office.put("a.pdf", a_pdf())
    before = path.stat()
    office.look()
    assert office.items == ()
    office.look(5)
    assert [(item.name, item.media_type) for item in office.items] == [("a.pdf", "application/pdf")]
    after = path.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)


@pytest.mark.parametrize(
    "name", ["scan.pdf.part", "~$scan.pdf", ".scan.jpg", "scan.jpg~", "scan.tmp", "Thumbs.db", "scan.crdownload"]
)
def test_partial_hidden_and_lock_files_are_left_alone(name: str, office: Office) -> None:
    office.put(name, a_jpeg())
    office.look(LOOKS_UNFINISHED + 2)
    assert office.items == ()
    assert not is_scan_name(name)


def test_an_empty_file_is_waited_for(office: Office) -> None:
    office.put("scan.jpg", b"")
    office.look(LOOKS_UNFINISHED + 2)
    assert office.items == ()
    office.put("scan.jpg", a_jpeg())
    office.look(2)
    assert len(office.items) == 1


def test_a_file_without_a_proper_end_must_rest_longer(office: Office) -> None:
    office.put("scan.png", a_png()[:-40])
    office.look(LOOKS_UNFINISHED)
    assert office.items == ()
    office.look()
    assert len(office.items) == 1


def test_a_locked_file_is_retried_for_ever_and_taken_once_it_is_free(office: Office) -> None:
    path = office.put("scan.tif", a_tiff())
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        office.look(50)
        assert office.items == ()
    office.look(2)
    assert [item.state for item in office.items] == ["waiting"]


def test_a_file_that_cannot_be_opened_is_retried(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.put("scan.jpg", a_jpeg())
    real = os.open

    def busy(path: object, *args: int, **options: int) -> int:
        if str(path).endswith("scan.jpg"):
            raise PermissionError(13, "used by another program")
        return real(path, *args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", busy)
        office.look(30)
    assert office.items == ()
    office.look(2)
    assert len(office.items) == 1


def test_a_scan_taken_too_early_and_written_on_stays_one_item(office: Office) -> None:
    first, whole = a_tiff(1), a_tiff(3)
    office.put("scan.tif", first)
    office.look(2)
    assert [item.size for item in office.items] == [len(first)]
    office.put("scan.tif", whole)
    office.look(3)
    (item,) = office.items
    assert item.digest == digest_of(whole)


def test_a_file_that_is_only_touched_stays_one_item(office: Office) -> None:
    path = office.put("scan.jpg", a_jpeg())
    office.look(2)
    for _ in range(12):
        office.now += timedelta(minutes=10)
        office.touch(path)
        office.look(3)
    assert len(office.items) == 1


def test_a_scanner_that_uses_a_name_again_gives_two_items(office: Office) -> None:
    office.put("scan.jpg", a_jpeg(3))
    office.look(2)
    office.now += timedelta(minutes=30)
    office.put("scan.jpg", a_jpeg(6))
    office.look(2)
    assert [item.digest for item in office.items] == [digest_of(a_jpeg(3)), digest_of(a_jpeg(6))]


def test_the_same_bytes_under_another_name_are_linked_to_the_first(office: Office) -> None:
    office.put("one.jpg", a_jpeg())
    office.look(2)
    office.put("two.jpg", a_jpeg())
    office.look(2)
    assert [(item.item, item.same_as) for item in office.items] == [(1, None), (2, 1)]


def test_a_restart_takes_nothing_twice(office: Office) -> None:
    office.put("scan.jpg", a_jpeg())
    office.look(2)
    office.watch = Watch()
    office.look(5)
    assert len(office.items) == 1


def test_a_file_that_is_no_scan_or_too_large_is_said_so_once(office: Office) -> None:
    office.put("notes.pdf", b"just text")
    office.look(LOOKS_UNFINISHED + 3)
    assert [(item.state, item.trouble) for item in office.items] == [("refused", "E201")]
    office.put("huge.jpg", a_jpeg())
    tight = msgspec.structs.replace(LIMITS, file_bytes=100)
    for _ in range(4):
        take_what_rests(office.store, office.folder, office.watch, limits=tight, now=office.now)
    assert [(item.trouble, item.digest) for item in office.items][1:] == [("E202", None)]


def test_links_pipes_and_folders_are_left_alone(office: Office) -> None:
    outside = office.folder.parent / "outside.jpg"
    outside.write_bytes(a_jpeg())
    (office.folder / "link.jpg").symlink_to(outside)
    os.mkfifo(office.folder / "pipe.jpg")
    (office.folder / "folder.jpg").mkdir()
    office.look(5)
    assert office.items == ()


def test_a_full_disk_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.put("scan.jpg", a_jpeg())
    office.look()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Unavailable) as refusal:
            office.look()
    assert refusal.value.code is Code.AGENT_DISK
    office.look(2)
    assert len(office.items) == 1
    assert list(office.store.blobs.incoming.iterdir()) == []


def test_what_is_discarded_can_be_taken_back_for_a_day_and_is_then_erased(office: Office) -> None:
    office.put("one.jpg", a_jpeg(3))
    office.put("two.jpg", a_jpeg(6))
    office.look(2)
    for item in (1, 2):
        tray.discard(office.store, item, now=office.now)
    tray.restore(office.store, 1, now=office.now + timedelta(hours=23))
    assert tray.erase_discarded(office.store, now=office.now + timedelta(hours=23, minutes=59)) == 0
    assert tray.erase_discarded(office.store, now=office.now + timedelta(hours=24)) == 1
    assert [item.state for item in office.items] == ["waiting", "erased"]
    assert office.store.blobs.has(office.items[0].digest)
    assert not office.store.blobs.has(office.items[1].digest)
    with pytest.raises(Refused) as refused:
        tray.restore(office.store, 2, now=office.now)
    assert refused.value.code is Code.TRAY_STATE


def test_bytes_that_another_item_names_are_not_erased(office: Office) -> None:
    office.put("one.jpg", a_jpeg())
    office.put("two.jpg", a_jpeg())
    office.look(2)
    tray.discard(office.store, 1, now=office.now)
    tray.erase_discarded(office.store, now=office.now + timedelta(days=2))
    assert office.store.blobs.has(office.items[1].digest)


def test_an_unknown_item_is_refused(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        tray.discard(office.store, 7, now=office.now)
    assert refused.value.code is Code.TRAY_UNKNOWN


def test_a_watch_wants_two_equal_looks() -> None:
    watch, one, other = Watch(), Sighting(5, 1, True), Sighting(6, 2, True)
    looks = [watch.ready({"a": sighting}) for sighting in (one, other, one, one)]
    assert looks == [(), (), (), ("a",)]


TAKER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from hub.letters.limits import default_limits
from station_agent.scan_folder.round import take_what_rests
from station_agent.scan_folder.watch import Watch
from station_agent.store.engine import open_store
store, watch = open_store(Path(sys.argv[1])), Watch()
store.blobs.sweep()
print("ready", flush=True)
while True:
    take_what_rests(store, Path(sys.argv[2]), watch, limits=default_limits(), now=datetime.now(UTC))
    time.sleep(0.01)
"""


def test_a_taker_killed_at_any_moment_takes_every_scan_exactly_once(office: Office) -> None:
    rng = random.Random(12)
    wanted = {}
    for number in range(12):
        raw = a_jpeg() + rng.randbytes(400_000) + b"\xff\xd9"
        wanted[digest_of(raw)] = office.put(f"{number:02}.jpg", raw)
    command = [sys.executable, "-c", TAKER, str(office.store.blobs.root.parent), str(office.folder)]
    for _ in range(40):
        taker = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert taker.stdout is not None
        assert taker.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.0, 0.12))
        taker.send_signal(signal.SIGKILL)
        taker.wait()
        taker.stdout.close()
        if len(office.items) == len(wanted):
            break
    assert sorted(item.digest or "" for item in office.items) == sorted(wanted)
    for digest, path in wanted.items():
        assert office.store.blobs.get(digest) == path.read_bytes()
    office.store.blobs.sweep()
    assert list(office.store.blobs.incoming.iterdir()) == []


async def test_the_service_watches_the_folder_that_its_settings_name_also_without_a_hub(tmp_path: Path) -> None:
    desk = a_desk(a_province(), tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_log().key.text)
    desk.agent.close()
    settings = load_settings(desk.data)
    (desk.data / "scans").mkdir()
    watched = ScanFolderSettings(path="scans", check_every_s=1)
    write_settings(desk.data, msgspec.structs.replace(settings, scan_folder=watched))
    (desk.data / "scans" / "letter.jpg").write_bytes(a_jpeg())
    stop = asyncio.Event()
    service = asyncio.create_task(serve(desk.data, PASSPHRASE, stop=stop))
    store = open_store(desk.data)
    for _ in range(300):
        if tray.items(store):
            break
        await asyncio.sleep(0.1)
    stop.set()
    await service
    assert [(item.name, item.digest) for item in tray.items(store)] == [("letter.jpg", digest_of(a_jpeg()))]
    store.close()
