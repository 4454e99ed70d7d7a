"""A store of an earlier revision is copied, opened and upgraded, and gives the same receipts, byte for byte."""

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.exchange.check import check_hub
from hub.exchange.verify_trail import verify_trail
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Unavailable
from hub.protocol.identifiers import digest_of
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.migrate import migrate_keeping, newest_revision, require_current, revision_of
from hub.store.schema import exchange as hub_tables
from station_agent.store.engine import open_store
from station_agent.store.schema import exchange as agent_tables
from tests.exchange.builders import now_utc

STORES = Path(__file__).parents[1] / "vectors" / "stores"
REVISIONS = sorted(path.name for path in STORES.iterdir() if path.is_dir())


def kept(revision: str) -> set[bytes]:
    return {path.read_bytes() for path in (STORES / revision / "receipts").iterdir()}


def a_copy(folder: Path, revision: str, side: str) -> Path:
    return Path(shutil.copytree(STORES / revision / side, folder / side))


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_older_hub_is_upgraded_behind_a_copy_and_gives_the_same_receipts(tmp_path: Path, revision: str) -> None:
    data = a_copy(tmp_path, revision, "hub")
    database = DataFolder(data).database
    assert revision_of(database) == revision
    copy = migrate_keeping(database, now=now_utc())
    require_current(database)
    readers = Readers(database)
    found = readers.read_now(lambda tx: set(tx.execute(sa.select(hub_tables.receipts.c.raw)).scalars()))
    readers.close()
    assert found == kept(revision)
    assert copy is not None
    with sqlite3.connect(copy) as connection:
        assert {row[0] for row in connection.execute("SELECT raw FROM receipts")} == kept(revision)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
    assert verify_trail(data).ok
    assert [finding.code for finding in check_hub(data).findings] == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_older_agent_is_upgraded_and_holds_the_same_receipts(tmp_path: Path, revision: str) -> None:
    data = a_copy(tmp_path, revision, "agent")
    store = open_store(data)
    with store.read() as tx:
        found = set(tx.execute(sa.select(agent_tables.receipts.c.raw)).scalars())
    store.close()
    assert found
    (copy,) = data.glob("agent.sqlite.before-*")
    with sqlite3.connect(copy) as connection:
        assert {row[0] for row in connection.execute("SELECT raw FROM receipts")} == found
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
    assert {digest_of(raw) for raw in found} <= {digest_of(raw) for raw in kept(revision)}


def test_a_store_of_today_is_not_copied(tmp_path: Path) -> None:
    data = a_copy(tmp_path, REVISIONS[0], "hub")
    database = DataFolder(data).database
    migrate_keeping(database, now=now_utc())
    before = sorted(data.iterdir())
    assert migrate_keeping(database, now=now_utc()) is None
    assert sorted(data.iterdir()) == before


def test_without_room_for_the_copy_nothing_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = a_copy(tmp_path, REVISIONS[0], "hub")
    database = DataFolder(data).database

    def full(_database: Path, _copy: Path) -> None:
        raise Unavailable(Code.BACKUP_DISK, detail="No space left on device")

    monkeypatch.setattr("hub.store.migrate.keep_copy", full)
    with pytest.raises(Unavailable):
        migrate_keeping(database, now=now_utc())
    assert revision_of(database) == REVISIONS[0] != newest_revision()


def test_a_hub_of_an_older_revision_is_not_served(tmp_path: Path) -> None:
    data = a_copy(tmp_path, REVISIONS[0], "hub")
    with pytest.raises(Damaged) as damage:
        require_current(DataFolder(data).database)
    assert damage.value.code is Code.STORE_REVISION
