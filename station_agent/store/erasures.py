"""Erased cases: taking a case's content out of the rows in one transaction; which files went with it, until they are deleted.

What stays: digests, receipts, proofs, letter numbers, the register of seal use, that a letter was used, that a case was here.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from hub.protocol.act import ActKind
from hub.protocol.erasure import ERASED
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import format_instant
from station_agent.store.case_acts import forget_words
from station_agent.store.schema.cases import (
    acts,
    case_files,
    cases,
    erased_cases,
    evidence_files,
    gate_verdicts,
    letters,
)
from station_agent.store.schema.desk import desk_drafts, desk_handlings, desk_seen, tray
from station_agent.store.schema.exchange import deliveries, envelopes, outbox
from station_agent.store.schema.trust import settings

_MARK = "erasing "
_HERE = (
    select(case_files.c.digest, case_files.c.case),
    select(letters.c.scan, letters.c.case),
    select(letters.c.letter, letters.c.case),
    select(acts.c.digest, acts.c.case),
    select(evidence_files.c.digest, evidence_files.c.case),
    select(tray.c.digest, tray.c.case).where(tray.c.state != "erased"),
)


@dataclass(frozen=True, slots=True)
class ErasedRow:
    """A case erased here: the hub's notice as received, and when it was done."""

    case: CaseId
    raw: bytes
    at: str


def erased_case(tx: Connection, case: CaseId) -> ErasedRow | None:
    """Return the erasure of `case` here, or None."""
    found = tx.execute(select(erased_cases).where(erased_cases.c.case == case)).mappings().one_or_none()
    return None if found is None else ErasedRow(**dict(found))


def count_erased(tx: Connection) -> int:
    """Return how many cases were erased here."""
    return int(tx.execute(select(func.count()).select_from(erased_cases)).scalar_one())


def erase_rows(
    tx: Connection, case: CaseId, *, raw: bytes, files: frozenset[Digest], quarantined: tuple[int, ...], now: datetime
) -> None:
    """Take the content of `case` out of every row, and note which files are to be deleted behind the commit.

    `files` are those that the notice and the case's envelopes name, `quarantined` the cursors of deliveries put aside.
    """
    tx.exec_driver_sql("PRAGMA secure_delete = ON")
    at = format_instant(now)
    mine = files | frozenset(
        Digest(digest)
        for question in _HERE
        for digest, of in tx.execute(question).all()
        if of == case and digest is not None
    )
    items = or_(tray.c.case == case, tray.c.digest.in_(mine))
    tx.execute(update(tray).where(items, tray.c.digest.is_not(None)).values(state="erased", changed_at=at))
    digests = select(envelopes.c.digest).where(envelopes.c.case == case).scalar_subquery()
    put_aside = or_(deliveries.c.digest.in_(digests), deliveries.c.cursor.in_(quarantined))
    tx.execute(update(deliveries).where(put_aside).values(envelope=None, state="erased", checks=b"[]"))
    tx.execute(update(outbox).where(outbox.c.envelope.in_(digests)).values(state="erased", problem=None, trouble=None))
    tx.execute(update(envelopes).where(envelopes.c.case == case).values(raw=b""))
    # The register of seal use stays whole; it names nobody but the custodian.
    tx.execute(update(acts).where(acts.c.case == case, acts.c.kind != ActKind.SEAL_USE.value).values(raw=b""))
    for table in (letters, case_files, gate_verdicts, desk_seen, desk_handlings):
        tx.execute(delete(table).where(table.c.case == case))
    forget_words(tx, case)
    tx.execute(delete(desk_drafts).where(desk_drafts.c.place.contains(case, autoescape=True)))
    tx.execute(update(cases).where(cases.c.case == case).values(state=ERASED, owner=None, changed_at=at))
    tx.execute(insert(erased_cases).values(case=case, raw=raw, at=at))
    text = json.dumps(sorted(mine))
    tx.execute(insert(settings).prefix_with("OR REPLACE").values(key=_MARK + case, value=text))


def files_to_delete(tx: Connection) -> dict[CaseId, tuple[Digest, ...]]:
    """Return, for each case whose files are still to be deleted, those that nothing else names."""
    waiting = {
        CaseId(row.key.removeprefix(_MARK)): json.loads(row.value)
        for row in tx.execute(select(settings).where(settings.c.key.startswith(_MARK)))
    }
    gone = set(tx.execute(select(erased_cases.c.case)).scalars()) if waiting else set()
    wanted = {digest for digests in waiting.values() for digest in digests}
    named = {
        digest
        for question in _HERE
        if wanted
        for digest, of in tx.execute(question)
        if digest in wanted and of not in gone
    }
    return {case: tuple(Digest(one) for one in digests if one not in named) for case, digests in waiting.items()}


def note_files_deleted(tx: Connection, case: CaseId) -> None:
    """Nothing of the case's files is left."""
    tx.execute(delete(settings).where(settings.c.key == _MARK + case))
