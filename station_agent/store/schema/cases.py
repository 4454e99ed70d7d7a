"""Cases and what is done in them: letters, files, signed acts, the gate's verdicts, evidence, acts on the register."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from station_agent.store.schema.base import metadata

cases = Table(
    "cases",
    metadata,
    Column("case", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("side", Text, nullable=False),  # opener | answerer
    Column("peer", Text, nullable=False),  # the other station
    Column("state", Text, nullable=False),  # machine M1
    Column("owner", Text),  # number of the officer who claimed it
    Column("gate", Text, nullable=False),  # machine M4
    Column("late", Integer, nullable=False, default=0),
    Column("opened_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)

letters = Table(
    "letters",
    metadata,
    Column("case", Text, ForeignKey("cases.case"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),  # machine M2
    Column("body", LargeBinary, nullable=False),  # canonical bytes of the draft
    Column("drafter", Text, nullable=False),
    Column("approver", Text),
    Column("custodian", Text),
    Column("number", Text),
    Column("draft_act", Text),
    Column("approval_act", Text),
    Column("seal_use_act", Text),
    Column("scan_act", Text),
    Column("scan", Text),
    Column("scan_media_type", Text),
    Column("scan_name", Text),
    Column("pages", Integer),
    Column("attested_original", Integer),
    Column("seal", Text),  # x5t#S256 of the seal's certificate
    Column("letter", Text),
)

case_files = Table(
    "case_files",
    metadata,
    Column("case", Text, ForeignKey("cases.case"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    PrimaryKeyConstraint("case", "digest", "role"),
    Index("case_files_by_digest", "digest", "case"),
)

letter_numbers = Table(
    "letter_numbers",
    metadata,
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False, unique=True),
    Column("case", Text, ForeignKey("cases.case"), nullable=False),
    Column("state", Text, nullable=False),  # used | void
    Column("reason", Text),
    Column("assigned_at", Text, nullable=False),
    PrimaryKeyConstraint("year", "number"),
)

case_numbers = Table(
    "case_numbers",
    metadata,
    Column("type", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("type", "year", "number"),
)

acts = Table(
    "acts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("id", Text, nullable=False, unique=True),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

gate_verdicts = Table(
    "gate_verdicts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("case", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("indication", Text, nullable=False),
    Column("checks", LargeBinary, nullable=False),
)

evidence_files = Table(
    "evidence_files",
    metadata,
    Column("case", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("indication", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("case", "version"),
)

register_acts = Table(
    "register_acts",
    metadata,
    Column("act", Text, ForeignKey("acts.digest"), primary_key=True),
    Column("case", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("letter", Text),
    Column("state", Text, nullable=False),  # pending | done | refused
    Column("serial", Text),
    Column("trouble", Text),
)

used_letters = Table(
    "used_letters",
    metadata,
    Column("letter", Text, primary_key=True),
    Column("case", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("at", Text, nullable=False),
)

erased_cases = Table(
    "erased_cases",
    metadata,
    # Cases that the hub's signed notice had erased here.
    Column("case", Text, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
)

reveals = Table(
    "reveals",
    metadata,
    # Who at the hub was shown a case of this station in full, as that person signed it; `number` is the hub's.
    Column("number", Integer, primary_key=True),
    Column("case", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("reveals_case", "case"),
)

case_acts = Table(
    "case_acts",
    metadata,
    # 上级督办 and 延期 of cases of this station, verified when they came; `number` is the hub's. `station` has to keep the limit
    # `step`; `due_at`: to when it was extended.
    Column("number", Integer, primary_key=True),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("due_at", Text),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("case_acts_case", "case"),
)

Index("acts_by_kind", acts.c.kind, acts.c.seq)
Index("cases_by_state", cases.c.side, cases.c.state, cases.c.changed_at)
Index("cases_by_change", cases.c.side, cases.c.changed_at, cases.c.type)
Index("cases_by_type", cases.c.side, cases.c.type, cases.c.state)
Index("acts_by_case", acts.c.case, acts.c.seq)
