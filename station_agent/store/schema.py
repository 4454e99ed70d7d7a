"""Tables of `agent.sqlite` as they are now; how they came to be stands in `migrations/`. Instants are RFC 3339 text in UTC,
digests lower-case hexadecimal text.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

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

envelopes = Table(
    "envelopes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("id", Text, nullable=False, unique=True),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("incoming", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("stored_at", Text, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("envelope", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("lane", Text, nullable=False),  # items of one lane go in order; the case, or one handover
    Column("envelope", Text, ForeignKey("envelopes.digest"), nullable=False, unique=True),
    Column("state", Text, nullable=False),  # queued | sent | refused | dropped
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Text, nullable=False),
    Column("trouble", Text),  # code of the last failure
    Column("problem", LargeBinary),  # the hub's problem document, as received
    Column("queued_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("state_before", Text),  # M1 before the message, for one that is given up
    Column("first_failed_at", Text),  # this station's clock, when it first did not go through
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("cursor", Integer, primary_key=True),
    Column("state", Text, nullable=False),  # filed | quarantined | repeated
    Column("envelope", LargeBinary),
    Column("digest", Text),
    Column("receipts", LargeBinary, nullable=False),
    Column("checks", LargeBinary, nullable=False),
    Column("received_at", Text, nullable=False),
)

certificates = Table(
    "certificates", metadata, Column("x5t", Text, primary_key=True), Column("pem", LargeBinary, nullable=False)
)

crls = Table(
    "crls",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("this_update", Text, nullable=False),
    Column("fetched_at", Text, nullable=False),
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

settings = Table("settings", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("origin", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    UniqueConstraint("origin", "size"),
)

hub_restores = Table(
    "hub_restores",
    metadata,
    # The hub's signed statements that an older backup was restored there, once they were taken here.
    Column("number", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
)

lost_checkpoints = Table(
    "lost_checkpoints",
    metadata,
    # Checkpoints that the hub signed and has lost by a restore: they stay, as proof of what it had acknowledged.
    Column("restore", Integer, ForeignKey("hub_restores.number"), nullable=False),
    Column("origin", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    PrimaryKeyConstraint("restore", "origin", "size"),
)

skipped_numbers = Table(
    "skipped_numbers",
    metadata,
    # Numbers left out (跳号) when this agent was restored from a backup: they may have been given out since it was made.
    Column("kind", Text, nullable=False),  # letter, or the case type
    Column("year", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("until", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("kind", "year", "until"),
)

tray = Table(
    "tray",
    metadata,
    # Scans that the scan folder brought; each version of a file (path, time, size) is taken once.
    Column("item", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),  # the file's name in the folder
    Column("size", Integer, nullable=False),
    Column("changed_ns", Integer, nullable=False),  # mtime of the file that was taken
    Column("digest", Text),  # None: not taken in, see trouble
    Column("media_type", Text),
    Column("trouble", Text),  # code of why it cannot be a scan
    Column("state", Text, nullable=False),  # waiting | attached | discarded | erased | refused
    Column("same_as", Integer, ForeignKey("tray.item")),  # the first item with the same bytes
    Column("case", Text),
    Column("taken_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("made_from", Text),  # numbers of the items it was joined from, or `item:first-last` of its pages
    UniqueConstraint("name", "changed_ns", "size"),
)

Index("tray_by_state", tray.c.state, tray.c.item)
Index("tray_by_digest", tray.c.digest)
witness_states = Table(
    "witness_states",
    metadata,
    # The largest tree that this station's witness key has cosigned. A key without a row here signs nothing.
    Column("key", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("key", "origin"),
)

misbehaviour = Table(
    "misbehaviour",
    metadata,
    # Proofs, for anybody to check, that the hub's trail told two stories.
    Column("digest", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

trail_events = Table(
    "trail_events",
    metadata,
    # What happened at this station, signed for the trail; `leaf` and `position` once the hub has logged it.
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("case", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("leaf", Integer),
    Column("position", LargeBinary),
    Column("trouble", Text),
)

trail_keys = Table(
    "trail_keys",
    metadata,
    # Statements of the trail's keys that the root vouches for, verified when they came.
    Column("number", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
)

leaf_proofs = Table(
    "leaf_proofs",
    metadata,
    # Proofs (tlog-proof) of what receipts acknowledge, against cosigned checkpoints, by the receipt's digest. Empty: the log
    # has lost that leaf.
    Column("receipt", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

time_stamps = Table(
    "time_stamps",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
)

erased_cases = Table(
    "erased_cases",
    metadata,
    # Cases that the hub's signed notice had erased here.
    Column("case", Text, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
)

seal_lists = Table(
    "seal_lists",
    metadata,
    # The hub's signed lists of seals, verified when they came: the newest, and older ones that say what it has forgotten.
    Column("number", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
)

statements = Table(
    "statements",
    metadata,
    # Signed statements of this station besides envelopes (a seal suspended by its head, alarms, acts about its people).
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("trouble", Text),
)

seal_alarms = Table(
    "seal_alarms",
    metadata,
    # Alarms about letters already used that bear a seal lost before: this station's own, and those that concern it.
    Column("digest", Text, primary_key=True),
    Column("letter", Text, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
)

desk_accounts = Table(
    "desk_accounts",
    metadata,
    # Officers who sign in to the desk's pages. The password is that of their own key and is kept nowhere.
    Column("number", Text, primary_key=True),
    Column("totp", LargeBinary),  # encrypted; None until the second factor is set up
    Column("totp_step", Integer, nullable=False, default=0),  # the last time step used: no code counts twice
    Column("code", Text),  # argon2 hash of the one-time code with which it is set up
    Column("code_until", Text),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", Text),
    Column("last_at", Text),
    Column("last_from", Text),
)

desk_recovery_codes = Table(
    "desk_recovery_codes",
    metadata,
    Column("number", Text, ForeignKey("desk_accounts.number"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("hash", Text, nullable=False),  # argon2
    Column("used_at", Text),
    PrimaryKeyConstraint("number", "position"),
)

desk_drafts = Table(
    "desk_drafts",
    metadata,
    # What an officer has typed into a form and not sent yet, by the form's place.
    Column("number", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("saved_at", Text, nullable=False),
    PrimaryKeyConstraint("number", "place"),
)

desk_seen = Table(
    "desk_seen",
    metadata,
    # When an officer last opened a case; one that has changed since is unread.
    Column("number", Text, nullable=False),
    Column("case", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("number", "case"),
)

specimen_statements = Table(
    "specimen_statements",
    metadata,
    # What the hub has signed of the impressions registered for a station's seals; the newest word of each station.
    Column("station", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

specimens = Table(
    "specimens",
    metadata,
    # Impressions asked of the hub: kept among the blobs, or why not (`trouble`, a code).
    Column("digest", Text, primary_key=True),
    Column("trouble", Text),
    Column("at", Text, nullable=False),
)

search_words = Table(
    "search_words",
    metadata,
    # What a case can be found by. Made from the case's messages and letter, never the only place of anything.
    Column("kind", Text, nullable=False),  # name | id | number | case; id and case are written backwards
    Column("word", Text, nullable=False),
    Column("case", Text, nullable=False),
    PrimaryKeyConstraint("kind", "word", "case"),
    sqlite_with_rowid=False,
)

search_due = Table(
    "search_due",
    metadata,
    # Cases to be indexed anew; triggers write it (revision 0009).
    Column("case", Text, primary_key=True),
)

desk_lookups = Table(
    "desk_lookups",
    metadata,
    # People looked up without an open case: whom stays here; the signed statement carries its digest under `nonce`.
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("found", Integer, nullable=False),
    Column("statement", Text, nullable=False),
)

desk_phrases = Table(
    "desk_phrases",
    metadata,
    # The station's common phrases, inserted into a text by their code.
    Column("code", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("at", Text, nullable=False),
)

desk_handlings = Table(
    "desk_handlings",
    metadata,
    # Cases passed from one officer of the station to another, with the reason; the other station need not know.
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("case", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("officer", Text, nullable=False),  # who did it
    Column("what", Text, nullable=False),  # taken over | forwarded
    Column("owner", Text, nullable=False),  # whose it is since
    Column("note", Text, nullable=False),
)

Index("desk_handlings_by_case", desk_handlings.c.case, desk_handlings.c.seq)
Index("acts_by_kind", acts.c.kind, acts.c.seq)
Index("search_words_by_case", search_words.c.case)
Index("cases_by_state", cases.c.side, cases.c.state, cases.c.changed_at)
Index("cases_by_change", cases.c.side, cases.c.changed_at, cases.c.type)
Index("cases_by_type", cases.c.side, cases.c.type, cases.c.state)
Index("trail_events_by_case", trail_events.c.case, trail_events.c.seq)
Index("acts_by_case", acts.c.case, acts.c.seq)
Index("envelopes_by_case", envelopes.c.case, envelopes.c.seq)
Index("receipts_by_envelope", receipts.c.envelope, receipts.c.seq)
Index("outbox_by_state", outbox.c.state, outbox.c.lane, outbox.c.seq)

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
