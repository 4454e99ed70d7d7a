"""Backups as files: made while the hub takes letters, whole or not there, restored whole or not at all; by the real commands."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hanxun.main import app
from hub.backup.folder import STAGE, verify_backup
from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.check import check_hub
from hub.protocol.codes import Code
from hub.protocol.errors import Refused, Unavailable
from hub.protocol.identifiers import Digest, StationId, digest_of
from hub.store.attachments import insert_blob
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from tests.backup.scene import BACKUP, CHEAP, at_hub
from tests.exchange.builders import PROOF, A, a_hub_folder, a_province, an_envelope, now_utc
from tests.web.builders import a_served_hub

ROOT = Path(__file__).parents[2]


async def test_a_backup_made_while_letters_arrive_holds_one_moment_whole(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        client = await hub.client(A)
        await client.upload(PROOF)
        acknowledged: dict[str, bytes] = {}
        done = asyncio.Event()

        async def send() -> None:
            while not done.is_set():
                raw, receipt = await client.send(an_envelope())
                acknowledged[digest_of(raw)] = receipt

        sending = asyncio.create_task(send())
        await asyncio.sleep(0.3)
        before = dict(acknowledged)
        summary = await asyncio.to_thread(backup_hub, hub.data, tmp_path / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
        done.set()
        await sending
    restore_hub(tmp_path / "b.hxb", BACKUP, tmp_path / "restored")
    found = at_hub(tmp_path / "restored")
    assert before
    assert before.items() <= found.items() <= acknowledged.items()
    assert len(found) == summary.envelopes
    assert check_hub(tmp_path / "restored").findings == ()
    assert check_hub(tmp_path / "restored").ok


def a_backup(folder: Path) -> tuple[Path, Path]:
    data = a_hub_folder(a_province(), folder / "hub")
    target = folder / "hub.hxb"
    backup_hub(data, target, BACKUP, now=now_utc(), cost=CHEAP)
    return data, target


def test_everything_but_uploads_comes_back_byte_for_byte(tmp_path: Path) -> None:
    data, target = a_backup(tmp_path)
    restored = tmp_path / "new" / "restored"
    restore_hub(target, BACKUP, restored)
    for path in (*data.glob("keys/*"), *data.glob("trust/*"), data / "hub.toml"):
        assert (restored / path.relative_to(data)).read_bytes() == path.read_bytes()
        assert (restored / path.relative_to(data)).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in restored.iterdir()) == [
        "blobs", "hub.sqlite", "hub.toml", "keys", "trust", "uploads"
    ]  # fmt: skip
    assert not any((data / STAGE).iterdir())


def test_a_full_folder_is_not_restored_into(tmp_path: Path) -> None:
    data, target = a_backup(tmp_path)
    before = sorted(data.rglob("*"))
    with pytest.raises(Refused) as refusal:
        restore_hub(target, BACKUP, data)
    assert refusal.value.code is Code.RESTORE_NOT_EMPTY
    assert sorted(data.rglob("*")) == before


@pytest.mark.parametrize("hurt", ["cut", "changed", "longer"])
def test_a_hurt_backup_restores_nothing(tmp_path: Path, hurt: str) -> None:
    _, target = a_backup(tmp_path)
    raw = bytearray(target.read_bytes())
    if hurt == "cut":
        del raw[-1000:]
    elif hurt == "changed":
        raw[len(raw) // 2] ^= 1
    else:
        raw += b"x"
    target.write_bytes(raw)
    with pytest.raises(Refused) as refusal:
        restore_hub(target, BACKUP, tmp_path / "restored")
    assert refusal.value.code is Code.BACKUP_DAMAGED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub", "hub.hxb"]


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("hub.backup.folder.os.fsync", full)
        with pytest.raises(Unavailable) as refusal:
            backup_hub(data, tmp_path / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
    assert refusal.value.code is Code.BACKUP_DISK
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub"]


def test_a_hub_whose_letter_is_gone_is_not_backed_up_as_if_it_were_whole(tmp_path: Path) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub")
    a_letter(data, 1000).unlink()
    with pytest.raises(Refused) as refusal:
        backup_hub(data, tmp_path / "b.hxb", BACKUP, now=now_utc(), cost=CHEAP)
    assert refusal.value.code is Code.BACKUP_INCOMPLETE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub"]


def test_a_backup_killed_in_its_middle_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub")
    for number in range(4):
        a_letter(data, 40 << 20, filler=b"%d" % number)
    secret, target = tmp_path / "secret", tmp_path / "b.hxb"
    secret.write_bytes(BACKUP)
    part = tmp_path / ".b.hxb.part"
    command = ("backup", str(target), "--data", str(data), "--backup-passphrase-file", str(secret))
    child = subprocess.Popen((sys.executable, "-m", "hanxun", "hub", *command), cwd=ROOT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not part.exists() or part.stat().st_size < 8 << 20:
        assert child.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    child.kill()
    child.wait()
    assert not target.exists()
    with pytest.raises(Refused) as refusal:
        verify_backup(part, BACKUP)
    assert refusal.value.code is Code.BACKUP_DAMAGED
    # The next one cleans up behind it.
    assert hanxun("hub", *command)["files"] > 4
    assert not part.exists()
    assert not any((data / STAGE).iterdir())
    assert verify_backup(target, BACKUP).kind == "hub"


def test_the_commands_preview_refuse_and_restore(tmp_path: Path) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub")
    secret, wrong, target = tmp_path / "secret", tmp_path / "wrong", tmp_path / "b.hxb"
    secret.write_bytes(BACKUP)
    wrong.write_bytes(b"something else")
    told = hanxun("hub", "backup", str(target), "--data", str(data), "--backup-passphrase-file", str(secret))
    assert (told["kind"], told["envelopes"]) == ("hub", 0)
    assert told["head"].startswith(told["name"])
    restored = tmp_path / "restored"
    command = ("hub", "restore", str(target), "--data", str(restored))
    preview = hanxun(*command, "--dry-run", "--backup-passphrase-file", str(secret))
    assert preview == {key: value for key, value in told.items() if key != "backup"}
    assert not restored.exists()
    assert refused(*command, "--backup-passphrase-file", str(wrong)) == Code.BACKUP_PASSPHRASE.value
    agent = ("agent", "restore", str(target), "--data", str(restored), "--backup-passphrase-file", str(secret))
    assert refused(*agent) == Code.BACKUP_OTHER_KIND.value
    again = ("hub", "backup", str(target), "--data", str(data), "--backup-passphrase-file", str(secret))
    assert refused(*again) == Code.FILE_EXISTS.value
    assert not restored.exists()
    assert hanxun(*command, "--backup-passphrase-file", str(secret))["restored"] == str(restored)
    assert check_hub(restored).ok


def a_letter(data: Path, size: int, *, filler: bytes = b"x") -> Path:
    """A complete attachment in the hub's folder, as an upload leaves it."""
    raw = filler * (size // len(filler))
    digest = Digest(digest_of(raw))
    path = DataFolder(data).blobs / digest[:2] / digest
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(raw)
    engine = open_writer(DataFolder(data).database)
    with engine.begin() as tx:
        insert_blob(tx, digest, size=len(raw), station=StationId(A), now=now_utc())
    engine.dispose()
    return path


def hanxun(*arguments: str) -> dict[str, object]:
    """What the verb tells machines; in this process, since starting one is slow."""
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def refused(*arguments: str) -> str:
    """The code with which the verb refuses."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert isinstance(done.exception, Refused), done.output
    return done.exception.code.value
