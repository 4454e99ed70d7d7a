"""Questions about the station's common phrases."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from station_agent.store.schema.desk import desk_phrases


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """A text that its `code` inserts; `officer` (number) wrote it last, at `at`."""

    code: str
    text: str
    officer: str
    at: str


def phrases(tx: Connection) -> tuple[PhraseRow, ...]:
    """Return all phrases by code."""
    columns = (desk_phrases.c[field.name] for field in fields(PhraseRow))
    return tuple(PhraseRow(*row) for row in tx.execute(select(*columns).order_by(desk_phrases.c.code)))


def save_phrase(tx: Connection, row: PhraseRow) -> None:
    """Store a phrase, new or changed."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    statement = insert_or(desk_phrases).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))


def drop_phrase(tx: Connection, code: str) -> None:
    """Forget a phrase."""
    tx.execute(delete(desk_phrases).where(desk_phrases.c.code == code))
