"""The schema: migrations give exactly the tables, and what must be unique is so by a constraint."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged
from hub.store.database import open_readers, open_writer
from hub.store.migrate import create_database, migrate, require_current
from hub.store.schema import metadata


def test_the_migrations_give_the_tables_of_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    engine = open_writer(path)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    migrate(path)
    require_current(path)


def test_a_database_of_another_revision_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Damaged) as caught:
        require_current(path)
    assert caught.value.code is Code.STORE_REVISION


def test_a_mistyped_path_starts_no_second_history(tmp_path: Path) -> None:
    with pytest.raises(Damaged) as caught:
        open_writer(tmp_path / "hub.sqlit")
    assert caught.value.code is Code.STORE_MISSING
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Damaged) as caught:
        require_current(path)
    assert caught.value.code is Code.STORE_DAMAGED


def test_commits_are_full_and_readers_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    writer, reader = open_writer(path), open_readers(path)
    with writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with reader.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("DELETE FROM head")
    writer.dispose()
    reader.dispose()


@pytest.mark.parametrize("column", ["digest", "id"])
def test_an_envelopes_digest_and_id_are_unique(tmp_path: Path, column: str) -> None:
    path = tmp_path / "hub.sqlite"
    create_database(path)
    with sqlite3.connect(path) as connection:
        unique = [
            [row[2] for row in connection.execute(f"PRAGMA index_info({name})")]
            for _, name, is_unique, *_ in connection.execute("PRAGMA index_list(envelopes)")
            if is_unique
        ]
    assert [column] in unique
