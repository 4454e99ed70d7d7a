"""Erased cases: what a case holds, taking its content out of the rows, and what of that is still to be deleted from the disk.

Digests, receipts and leaves stay. Freed pages are overwritten (`secure_delete`); the log is emptied behind that by the caller.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.protocol.erasure import ERASED, ErasedContent
from hub.protocol.identifiers import CaseId, Digest, StationId
from hub.protocol.instants import format_instant
from hub.store.schema.desk import desk_drafts
from hub.store.schema.exchange import attachments, blobs, cases, envelopes, erased, erasures, holdings, mailbox
from hub.store.schema.trail import leaves

ENVELOPE, FILE = "envelope", "file"


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure: the hub's signed notice, itself leaf number `leaf`."""

    leaf: int
    case: CaseId
    at: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Holding:
    """What a case holds: its envelopes' bytes in the order filed, the digests that they are filed under, its files' sizes."""

    envelopes: tuple[tuple[Digest, bytes], ...]
    files: tuple[tuple[Digest, int], ...]

    @property
    def content(self) -> ErasedContent:
        """All of it, by digest."""
        return ErasedContent(
            envelopes=tuple(digest for digest, _ in self.envelopes), files=tuple(digest for digest, _ in self.files)
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """Something erased whose traces on the disk are still to be deleted; `kept`: other rows name the file's bytes (again)."""

    case: CaseId
    digest: Digest
    what: str
    kept: bool


_ROW = (erasures.c.leaf, erasures.c.case_id, erasures.c.at, erasures.c.raw)


def held_by(tx: sa.Connection, case: CaseId) -> Holding:
    """Return what `case` holds now."""
    rows = tx.execute(
        sa.select(envelopes.c.digest, envelopes.c.raw).where(envelopes.c.case_id == case).order_by(envelopes.c.seq)
    )
    found = tuple((Digest(row.digest), bytes(row.raw)) for row in rows)
    named = (
        sa.select(attachments.c.digest, attachments.c.size)
        .join(envelopes, envelopes.c.seq == attachments.c.seq)
        .where(envelopes.c.case_id == case)
        .order_by(attachments.c.seq, attachments.c.position)
    )
    sizes = {Digest(row.digest): row.size for row in reversed(tx.execute(named).all())}
    return Holding(found, tuple(reversed(sizes.items())))


def erase_content(tx: sa.Connection, row: ErasureRow, content: ErasedContent, *, now: datetime) -> None:
    """Take the content out: bodies, mailbox entries, names of files, and the rows of files that no other case names."""
    tx.exec_driver_sql("PRAGMA secure_delete = ON")
    tx.execute(sa.insert(erasures).values(leaf=row.leaf, case_id=row.case, at=row.at, raw=row.raw))
    mine = sa.select(envelopes.c.seq).where(envelopes.c.case_id == row.case).scalar_subquery()
    tx.execute(sa.update(envelopes).where(envelopes.c.case_id == row.case).values(raw=b""))
    tx.execute(sa.delete(mailbox).where(mailbox.c.seq.in_(mine)))
    tx.execute(sa.delete(attachments).where(attachments.c.seq.in_(mine)))
    shared = frozenset(
        tx.execute(sa.select(attachments.c.digest).where(attachments.c.digest.in_(content.files)).distinct()).scalars()
    )
    gone = [digest for digest in content.files if digest not in shared]
    tx.execute(sa.delete(holdings).where(holdings.c.digest.in_(gone)))
    tx.execute(sa.delete(blobs).where(blobs.c.digest.in_(gone)))
    for digest in shared:
        _narrow_holdings(tx, digest)
    tx.execute(sa.delete(desk_drafts).where(desk_drafts.c.place.contains(row.case, autoescape=True)))
    values = [
        {"case_id": row.case, "digest": digest, "what": what, "pending": True}
        for what, digests in ((ENVELOPE, content.envelopes), (FILE, content.files))
        for digest in digests
    ]
    if values:
        tx.execute(sa.insert(erased), values)
    tx.execute(sa.update(cases).where(cases.c.id == row.case).values(state=ERASED, changed_at=format_instant(now)))


def erasure_of(tx: sa.Connection, case: CaseId) -> ErasureRow | None:
    """Return the erasure of `case`, or None."""
    row = tx.execute(sa.select(*_ROW).where(erasures.c.case_id == case)).one_or_none()
    return None if row is None else ErasureRow(*row)


def all_erasures(tx: sa.Connection) -> Iterator[ErasureRow]:
    """Yield every erasure, in the order of their leaves."""
    for row in tx.execute(sa.select(*_ROW).order_by(erasures.c.leaf)):
        yield ErasureRow(*row)


def erasures_for(tx: sa.Connection, station: StationId, *, after: int, limit: int) -> tuple[ErasureRow, ...]:
    """Return at most `limit` erasures of cases of `station` whose leaves come behind `after`, in order."""
    query = (
        sa.select(*_ROW)
        .join(cases, cases.c.id == erasures.c.case_id)
        .where(erasures.c.leaf > after, sa.or_(cases.c.opener == station, cases.c.respondent == station))
        .order_by(erasures.c.leaf)
        .limit(limit)
    )
    return tuple(ErasureRow(*row) for row in tx.execute(query))


def record_at(tx: sa.Connection, leaf: int) -> bytes | None:
    """Return the record of a leaf, or None."""
    found = tx.execute(sa.select(leaves.c.record).where(leaves.c.number == leaf)).scalar_one_or_none()
    return None if found is None else bytes(found)


def pending_erasures(tx: sa.Connection) -> tuple[Pending, ...]:
    """Return everything erased whose traces on the disk are still to be deleted."""
    query = (
        sa.select(erased.c.case_id, erased.c.digest, erased.c.what, blobs.c.digest.is_not(None))
        .outerjoin(blobs, blobs.c.digest == erased.c.digest)
        .where(erased.c.pending)
        .order_by(erased.c.digest)
    )
    return tuple(Pending(CaseId(row[0]), Digest(row[1]), row[2], bool(row[3])) for row in tx.execute(query))


def note_deleted(tx: sa.Connection, done: Iterable[Pending]) -> None:
    """Nothing of these is left on the disk."""
    for one in done:
        here = (erased.c.case_id == one.case) & (erased.c.digest == one.digest)
        tx.execute(sa.update(erased).where(here).values(pending=False))


def _narrow_holdings(tx: sa.Connection, digest: str) -> None:
    """Let only stations of the cases that still name the file read it."""
    naming = (
        sa.select(cases.c.opener, cases.c.respondent)
        .join(envelopes, envelopes.c.case_id == cases.c.id)
        .join(attachments, attachments.c.seq == envelopes.c.seq)
        .where(attachments.c.digest == digest)
    )
    may = {station for row in tx.execute(naming) for station in row}
    tx.execute(sa.delete(holdings).where(holdings.c.digest == digest, holdings.c.station.not_in(may)))
