"""The agent's store: migrations lead to the schema, a newer file is refused, blobs are there only when durable."""

import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused, Unavailable
from hub.protocol.identifiers import Digest, digest_of
from station_agent.store.blobs import BlobFolder
from station_agent.store.engine import open_store
from station_agent.store.schema import metadata


def test_the_revisions_lead_to_the_schema(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_a_store_is_opened_again_as_it_was(tmp_path: Path) -> None:
    with open_store(tmp_path).write() as tx:
        tx.execute(text("INSERT INTO settings VALUES ('a', 'b')"))
    with open_store(tmp_path).read() as tx:
        assert tx.execute(text("SELECT value FROM settings")).scalar_one() == "b"
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_a_store_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path).write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Damaged) as damage:
        open_store(tmp_path)
    assert damage.value.code is Code.AGENT_STORE_NEWER
    assert list(tmp_path.glob("*.before-*")) == []


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "agent.sqlite").write_bytes(b"no database at all, but long enough to be read" * 100)
    with pytest.raises(Damaged) as damage:
        open_store(tmp_path)
    assert damage.value.code is Code.AGENT_STORE_DAMAGED


def test_what_a_transaction_did_is_undone_when_it_fails(tmp_path: Path) -> None:
    store = open_store(tmp_path)

    def fail() -> None:
        with store.write() as tx:
            tx.execute(text("INSERT INTO settings VALUES ('a', 'b')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM settings")).scalar_one() == 0


def test_a_blob_is_found_by_its_digest_and_a_changed_one_is_damage(tmp_path: Path) -> None:
    blobs = BlobFolder(tmp_path)
    digest = blobs.put(b"a letter")
    assert digest == digest_of(b"a letter")
    assert blobs.get(digest) == b"a letter"
    blobs.path(digest).write_bytes(b"a lettEr")
    with pytest.raises(Damaged) as damage:
        blobs.get(digest)
    assert damage.value.code is Code.BLOB_MISSING


def test_a_blob_and_its_folder_entry_are_synced_before_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    digest = BlobFolder(tmp_path / "blobs").put(b"a letter")
    assert any("incoming" in path for path in synced), "the bytes"
    assert any(path.endswith(f"/{digest[:2]}") for path in synced), "the folder entry"


def test_a_failed_sync_stores_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    blobs = BlobFolder(tmp_path)
    with pytest.raises(Unavailable) as refusal:
        blobs.put(b"a letter")
    assert refusal.value.code is Code.AGENT_DISK
    assert not blobs.has(digest_of(b"a letter"))
    assert not list((tmp_path / "incoming").iterdir())


def test_a_download_of_other_bytes_is_refused_and_forgotten(tmp_path: Path) -> None:
    blobs = BlobFolder(tmp_path)
    named = Digest(digest_of(b"the letter"))
    blobs.part(named).write_bytes(b"another letter")
    with pytest.raises(Refused) as refusal:
        blobs.finish(named)
    assert refusal.value.code is Code.SEAL_INVALID
    assert not blobs.part(named).exists()
    assert not blobs.has(named)
