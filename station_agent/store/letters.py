"""Questions about sealed letters under preparation, and their numbers."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.cases.letter_number import make_letter_number, parse_letter_number
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.instants import SHANGHAI, format_instant
from station_agent.store.restores import LETTER, skipped_until
from station_agent.store.schema.cases import letter_numbers, letters

USED = "used"
VOID = "void"


@dataclass(frozen=True, slots=True)
class LetterRow:
    """The letter of a case on its way through machine M2. `body` is the draft's canonical bytes; acts, scan and letter
    are digests; `drafter`, `approver`, `custodian` officers' numbers; `seal` the x5t#S256 of the seal's certificate."""

    case: CaseId
    version: int
    state: str
    body: bytes
    drafter: str
    approver: str | None = None
    custodian: str | None = None
    number: str | None = None
    draft_act: Digest | None = None
    approval_act: Digest | None = None
    seal_use_act: Digest | None = None
    scan_act: Digest | None = None
    scan: Digest | None = None
    scan_media_type: str | None = None
    scan_name: str | None = None
    pages: int | None = None
    attested_original: bool | None = None
    seal: str | None = None
    letter: Digest | None = None


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One number of the station's letter register; void ones stay visible."""

    year: int
    number: int
    text: str
    case: CaseId
    state: str
    reason: str | None
    assigned_at: str


def insert_letter(tx: Connection, row: LetterRow) -> None:
    """Store a new letter."""
    tx.execute(insert(letters).values({field.name: getattr(row, field.name) for field in fields(row)}))


def find_letter(tx: Connection, case: CaseId) -> LetterRow | None:
    """Return the letter of `case`, or None."""
    found = tx.execute(select(letters).where(letters.c.case == case)).mappings().one_or_none()
    if found is None:
        return None
    attested = found["attested_original"]
    return LetterRow(**dict(found) | {"attested_original": None if attested is None else bool(attested)})


def require_letter(tx: Connection, case: CaseId) -> LetterRow:
    """Return the letter of `case`. Raises: Refused (`station.no_letter`)."""
    row = find_letter(tx, case)
    if row is None:
        raise Refused(Code.NO_LETTER, detail=case)
    return row


def save_letter(tx: Connection, row: LetterRow) -> LetterRow:
    """Store the changed letter and return it."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    tx.execute(update(letters).where(letters.c.case == row.case).values(values))
    return row


def assign_letter_number(tx: Connection, case: CaseId, *, word: str, now: datetime) -> str:
    """Take the next letter number of the station's year (Beijing), without gaps; it needs no hub.

    The number and its use are one transaction: a number that was given out is on record, also if later made void.
    Raises: Refused (`letter.number_form`). Source: DOMAIN 2.2.
    """
    year = now.astimezone(SHANGHAI).year
    last = tx.execute(select(func.max(letter_numbers.c.number)).where(letter_numbers.c.year == year)).scalar()
    number = max(last or 0, skipped_until(tx, LETTER, year)) + 1
    text = str(make_letter_number(word, year, number))
    values = {"year": year, "number": number, "text": text, "case": case, "state": USED}
    tx.execute(insert(letter_numbers).values(assigned_at=format_instant(now), **values))
    return text


def note_letter_number(tx: Connection, case: CaseId, text: str, *, at: str) -> None:
    """Note a number that was given out before this agent was restored, as its sent letter shows. Raises: Refused."""
    number = parse_letter_number(text)
    values = {"year": number.year, "number": number.n, "text": text, "case": case, "state": USED, "assigned_at": at}
    tx.execute(insert_or(letter_numbers).values(values).on_conflict_do_nothing())


def void_letter_number(tx: Connection, text: str, *, reason: str) -> None:
    """Mark a number as void (作废); it is never given out again."""
    tx.execute(update(letter_numbers).where(letter_numbers.c.text == text).values(state=VOID, reason=reason))


def find_number(tx: Connection, text: str) -> NumberRow | None:
    """Return one number of the register, or None."""
    found = tx.execute(select(letter_numbers).where(letter_numbers.c.text == text)).mappings().one_or_none()
    return None if found is None else NumberRow(**dict(found))


def letter_register(tx: Connection) -> tuple[NumberRow, ...]:
    """Return every number ever given out, in order, void ones included."""
    found = tx.execute(select(letter_numbers).order_by(letter_numbers.c.year, letter_numbers.c.number)).mappings()
    return tuple(NumberRow(**dict(row)) for row in found)
