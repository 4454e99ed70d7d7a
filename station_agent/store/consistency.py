"""Questions that only a check of the whole store asks: rows that should not be, or that are not there. Reads only."""

from collections.abc import Iterator

from sqlalchemy import Column, ColumnElement, Connection, func, or_, select

from station_agent.store.outbox import SENT
from station_agent.store.schema.cases import (
    acts,
    case_files,
    cases,
    erased_cases,
    evidence_files,
    letter_numbers,
    letters,
    register_acts,
    used_letters,
)
from station_agent.store.schema.desk import tray
from station_agent.store.schema.exchange import deliveries, envelopes, outbox, receipts
from station_agent.store.schema.trust import certificates, specimens

_NAMING: tuple[Column[str], ...] = (
    acts.c.digest,
    case_files.c.digest,
    letters.c.scan,
    letters.c.letter,
    evidence_files.c.digest,
    register_acts.c.evidence,
)


def integrity(tx: Connection) -> str:
    """Return SQLite's own word on the file: `ok`, or the first thing it finds wrong."""
    return str(tx.exec_driver_sql("PRAGMA integrity_check(1)").scalar())


def broken_references(tx: Connection) -> list[tuple[str, str, int]]:
    """Return (table, table pointed to, row number) of every row whose foreign key points nowhere."""
    return [(row[0], row[2], int(row[1] or 0)) for row in tx.exec_driver_sql("PRAGMA foreign_key_check")]


def files_named(tx: Connection) -> Iterator[tuple[str, str]]:
    """Yield digest and naming column of every file that a row says is here; a file's digest may come several times."""
    for column in _NAMING:
        question = select(column).where(column.is_not(None), _expected(column)).distinct()
        for digest in tx.execute(question).scalars():
            yield digest, f"{column.table.name}.{column.name}"
    for digest in tx.execute(
        select(tray.c.digest).where(tray.c.state.in_(("waiting", "attached", "discarded")))
    ).scalars():
        yield digest, "tray.digest"
    for digest in tx.execute(select(specimens.c.digest).where(specimens.c.trouble.is_(None))).scalars():
        yield digest, "specimens.digest"


def _not_erased(case: Column[str], raw: Column[bytes]) -> ColumnElement[bool]:
    """An empty body is what an erasure leaves, and only that: without the notice it is damage."""
    return or_(func.length(raw) > 0, case.not_in(select(erased_cases.c.case)))


def _expected(column: Column[str]) -> ColumnElement[bool]:
    """Whether a named file is to be here: not what went with an erased case; an evidence file written since is."""
    case, gone = column.table.c.case, select(erased_cases.c.case)
    if column.table is not evidence_files:
        return case.not_in(gone)
    since = select(erased_cases.c.at).where(erased_cases.c.case == evidence_files.c.case).scalar_subquery()
    return or_(case.not_in(gone), evidence_files.c.at > since)


def envelopes_stored(tx: Connection) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Yield digest, id, case, kind and raw of every envelope, in order."""
    e = envelopes.c
    query = select(e.digest, e.id, e.case, e.kind, e.raw).where(_not_erased(e.case, e.raw)).order_by(e.seq)
    for row in tx.execution_options(yield_per=500).execute(query):
        yield row.digest, row.id, row.case, row.kind, row.raw


def acts_stored(tx: Connection) -> Iterator[tuple[str, bytes]]:
    """Yield digest and raw of every act."""
    query = select(acts.c.digest, acts.c.raw).where(_not_erased(acts.c.case, acts.c.raw)).order_by(acts.c.seq)
    for row in tx.execute(query):
        yield row.digest, row.raw


def receipts_changed_or_orphaned(tx: Connection) -> Iterator[tuple[str, str, bytes, bool]]:
    """Yield digest, envelope, raw of every receipt, and whether its envelope is here."""
    r = receipts.c
    query = select(r.digest, r.envelope, r.raw, envelopes.c.seq).outerjoin(envelopes, envelopes.c.digest == r.envelope)
    for row in tx.execute(query.order_by(r.seq)):
        yield row.digest, row.envelope, row.raw, row.seq is not None


def unqueued(tx: Connection) -> list[str]:
    """Return the envelopes of this station that are not in the outbox."""
    query = select(envelopes.c.digest).outerjoin(outbox, outbox.c.envelope == envelopes.c.digest)
    return list(tx.execute(query.where(envelopes.c.incoming == 0, outbox.c.seq.is_(None))).scalars())


def sent_without_receipt(tx: Connection) -> list[str]:
    """Return what the outbox says is sent and has no receipt."""
    query = select(outbox.c.envelope).outerjoin(receipts, receipts.c.envelope == outbox.c.envelope)
    return list(tx.execute(query.where(outbox.c.state == SENT, receipts.c.seq.is_(None))).scalars())


def outbox_without_envelope(tx: Connection) -> list[int]:
    """Return the numbers of outbox items whose envelope is not here."""
    query = select(outbox.c.seq).outerjoin(envelopes, envelopes.c.digest == outbox.c.envelope)
    return list(tx.execute(query.where(envelopes.c.seq.is_(None))).scalars())


def deliveries_without_envelope(tx: Connection) -> list[int]:
    """Return the cursors of deliveries noted as filed whose envelope is not here."""
    query = select(deliveries.c.cursor).outerjoin(envelopes, envelopes.c.digest == deliveries.c.digest)
    return list(tx.execute(query.where(deliveries.c.state == "filed", envelopes.c.seq.is_(None))).scalars())


def cases_missing(tx: Connection) -> list[str]:
    """Return the numbers of cases that envelopes name and that have no row."""
    query = select(envelopes.c.case).outerjoin(cases, cases.c.case == envelopes.c.case).where(cases.c.case.is_(None))
    return sorted(set(tx.execute(query).scalars()))


def letters_without_number(tx: Connection) -> list[tuple[str, str]]:
    """Return case and number of letters of this station whose number is not in the register of numbers."""
    query = (
        select(letters.c.case, letters.c.number)
        .join(cases, cases.c.case == letters.c.case)
        .outerjoin(letter_numbers, letter_numbers.c.text == letters.c.number)
        .where(cases.c.side == "opener", letters.c.number.is_not(None), letter_numbers.c.number.is_(None))
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def acted_on_and_unused(tx: Connection) -> list[str]:
    """Return the cases whose letter was acted on and is not noted as used."""
    query = (
        select(register_acts.c.case)
        .outerjoin(used_letters, used_letters.c.letter == register_acts.c.letter)
        .where(register_acts.c.state == "done", register_acts.c.letter.is_not(None), used_letters.c.letter.is_(None))
    )
    return list(tx.execute(query).scalars())


def certificates_kept(tx: Connection) -> Iterator[tuple[str, bytes]]:
    """Yield x5t and PEM of every certificate."""
    for row in tx.execute(select(certificates.c.x5t, certificates.c.pem).order_by(certificates.c.x5t)):
        yield row.x5t, row.pem
