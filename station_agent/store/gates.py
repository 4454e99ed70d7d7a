"""Questions about gate verdicts, evidence files, register acts and letters that were used."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, func, insert, select, update

from hub.protocol.identifiers import CaseId, Digest
from station_agent.store.schema.cases import evidence_files, gate_verdicts, register_acts, used_letters

PENDING = "pending"
DONE = "done"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class GateRow:
    """One verdict of the gate, as it was given; `checks` is JSON."""

    case: CaseId
    at: str
    indication: str
    checks: bytes


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One version of a case's evidence file; the bytes are the blob `digest`."""

    case: CaseId
    version: int
    digest: Digest
    indication: str
    at: str


@dataclass(frozen=True, slots=True)
class RegisterActRow:
    """One act on the register: `pending` until the register's answer is stored."""

    act: Digest
    case: CaseId
    operation: str
    evidence: Digest
    letter: Digest | None
    state: str
    serial: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class UsedLetter:
    """A letter that a return move was made on."""

    letter: Digest
    case: CaseId
    serial: str
    at: str


def add_gate_verdict(tx: Connection, row: GateRow) -> None:
    """Store a verdict of the gate; none is ever overwritten."""
    tx.execute(insert(gate_verdicts).values({field.name: getattr(row, field.name) for field in fields(row)}))


def gate_verdicts_of(tx: Connection, case: CaseId) -> tuple[GateRow, ...]:
    """Return every verdict of the gate on `case`, oldest first."""
    columns = (gate_verdicts.c[field.name] for field in fields(GateRow))
    found = tx.execute(select(*columns).where(gate_verdicts.c.case == case).order_by(gate_verdicts.c.seq)).mappings()
    return tuple(GateRow(**dict(row)) for row in found)


def add_evidence(tx: Connection, row: EvidenceRow) -> None:
    """Store a version; PRIMARY KEY(case, version) decides a race (IntegrityError)."""
    tx.execute(insert(evidence_files).values({field.name: getattr(row, field.name) for field in fields(row)}))


def evidence_of(tx: Connection, case: CaseId) -> tuple[EvidenceRow, ...]:
    """Return the versions of the case's evidence file, oldest first."""
    question = select(evidence_files).where(evidence_files.c.case == case).order_by(evidence_files.c.version)
    return tuple(EvidenceRow(**dict(row)) for row in tx.execute(question).mappings())


def next_evidence_version(tx: Connection, case: CaseId) -> int:
    """Return the number of the version to write next, from 1."""
    question = select(func.max(evidence_files.c.version)).where(evidence_files.c.case == case)
    return int(tx.execute(question).scalar() or 0) + 1


def add_register_act(tx: Connection, row: RegisterActRow) -> None:
    """Store an act on the register before the register is asked."""
    tx.execute(insert(register_acts).values({field.name: getattr(row, field.name) for field in fields(row)}))


def settle_register_act(tx: Connection, act: Digest, *, state: str, serial: str | None, trouble: str | None) -> None:
    """Store the register's answer."""
    values = {"state": state, "serial": serial, "trouble": trouble}
    tx.execute(update(register_acts).where(register_acts.c.act == act).values(values))


def register_acts_of(tx: Connection, case: CaseId, *states: str) -> tuple[RegisterActRow, ...]:
    """Return the register acts of `case` in `states` (all when none is named)."""
    question = select(register_acts).where(register_acts.c.case == case).order_by(register_acts.c.act)
    if states:
        question = question.where(register_acts.c.state.in_(states))
    return tuple(RegisterActRow(**dict(row)) for row in tx.execute(question).mappings())


def add_used_letter(tx: Connection, row: UsedLetter) -> None:
    """Note that a letter is used; PRIMARY KEY(letter) refuses a second time (IntegrityError)."""
    tx.execute(insert(used_letters).values({field.name: getattr(row, field.name) for field in fields(row)}))


def use_of_letter(tx: Connection, letter: Digest) -> UsedLetter | None:
    """Return the use of a letter, or None."""
    found = tx.execute(select(used_letters).where(used_letters.c.letter == letter)).mappings().one_or_none()
    return None if found is None else UsedLetter(**dict(found))
