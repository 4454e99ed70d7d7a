"""The hub's tables. Signed bytes are stored as received (BLOB) and never rebuilt; uniqueness is a constraint.

Times are RFC 3339 text in UTC; digests are 64 hexadecimal digits, so that `sqlite3` and `sha256sum` can check by hand.
`envelopes.seq` is the filing number: receipts, mailbox cursors and attachments all hang on it.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

stations = sa.Table(
    "stations",
    metadata,
    sa.Column("code", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("parent", sa.String(12), sa.ForeignKey("stations.code")),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("added_at", sa.String(32), nullable=False),
)

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("x5t", sa.String(43), primary_key=True),
    sa.Column("station", sa.String(12)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("added_at", sa.String(32), nullable=False),
    sa.Index("certificates_station", "station"),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("opener", sa.String(12), nullable=False),
    sa.Column("respondent", sa.String(12), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("disputes", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
)

envelopes = sa.Table(
    "envelopes",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("sender", sa.String(12), nullable=False),
    sa.Column("receiver", sa.String(12), nullable=False),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Index("envelopes_case", "case_id"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    # The envelope that this receipt answers; for a handover, `about` is the envelope that was handed over.
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("about", sa.String(64), nullable=False),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), sa.ForeignKey("blobs.digest"), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Index("attachments_digest", "digest"),
    sqlite_with_rowid=False,
)

mailbox = sa.Table(
    "mailbox",
    metadata,
    sa.Column("station", sa.String(12), primary_key=True),
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sqlite_with_rowid=False,
)

handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("delivered", sa.Integer, sa.ForeignKey("envelopes.seq"), primary_key=True),
    sa.Column("seq", sa.Integer, sa.ForeignKey("envelopes.seq"), nullable=False, unique=True),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("stored_at", sa.String(32), nullable=False),
    sqlite_with_rowid=False,
)

# Who may name and read a blob: a station that sent its bytes, and the stations of a case that names it. Without this,
# somebody who only heard a digest could name it in a case of their own and so read another's letter.
holdings = sa.Table(
    "holdings",
    metadata,
    sa.Column("digest", sa.String(64), sa.ForeignKey("blobs.digest"), primary_key=True),
    sa.Column("station", sa.String(12), primary_key=True),
    sqlite_with_rowid=False,
)

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("envelope_id", sa.String(36), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("known_digest", sa.String(64), nullable=False),
)

assertions = sa.Table(
    "assertions",
    metadata,
    sa.Column("x5t", sa.String(43), primary_key=True),
    sa.Column("jti", sa.String(128), primary_key=True),
    sa.Column("expires_at", sa.String(32), nullable=False),
    sqlite_with_rowid=False,
)

administration = sa.Table(
    "administration",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

head = sa.Table(
    "head",
    metadata,
    # Exactly one row. `registry` counts changes of stations, so that every process notices them.
    sa.Column("only", sa.Integer, sa.CheckConstraint("only = 1"), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("checkpoint", sa.Text, nullable=False),
    sa.Column("registry", sa.Integer, nullable=False),
)

leaves = sa.Table(
    "leaves",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("record", sa.LargeBinary, nullable=False),
)

tiles = sa.Table(
    "tiles",
    metadata,
    # The longest version of each tile; a partial tile is a prefix of every later one (C2SP tlog-tiles).
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

restores = sa.Table(
    "restores",
    metadata,
    # Declared restores of an older backup: `raw` is the signed statement; filing numbers go on behind `next_seq`.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("next_seq", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

administrators = sa.Table(
    "administrators",
    metadata,
    # Whom two administrators (or, before there were two, the hub's passphrase) named; dismissed ones stay, with the time.
    sa.Column("x5t", sa.String(43), sa.ForeignKey("certificates.x5t"), primary_key=True),
    sa.Column("number", sa.String(64), nullable=False),
    sa.Column("named_at", sa.String(32), nullable=False),
    sa.Column("dismissed_at", sa.String(32)),
    sqlite_with_rowid=False,
)

proposals = sa.Table(
    "proposals",
    metadata,
    # An act that waits for its second signature. `act` and `answer` are the signed statements in `administration`.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("act", sa.Integer, sa.ForeignKey("administration.number"), nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("expires_at", sa.String(32), nullable=False),
    sa.Column("answer", sa.Integer, sa.ForeignKey("administration.number"), unique=True),
    sa.Column("outcome", sa.String(16)),
)

seals = sa.Table(
    "seals",
    metadata,
    sa.Column("x5t", sa.String(43), sa.ForeignKey("certificates.x5t"), primary_key=True),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sqlite_with_rowid=False,
)

seal_events = sa.Table(
    "seal_events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("seal", sa.String(43), sa.ForeignKey("seals.x5t"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("compromised_since", sa.String(32)),
    sa.Column("act", sa.String(64), nullable=False),
    sa.Index("seal_events_seal", "seal"),
)

specimens = sa.Table(
    "specimens",
    metadata,
    # Impressions registered with seals (印模), as they came.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

seal_specimens = sa.Table(
    "seal_specimens",
    metadata,
    # Which impressions were registered with which seal, by which act. A worn seal is registered again, the old one stays.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("seal", sa.String(43), sa.ForeignKey("seals.x5t"), nullable=False),
    sa.Column("digest", sa.String(64), sa.ForeignKey("specimens.digest"), nullable=False),
    sa.Column("registered_at", sa.String(32), nullable=False),
    sa.Column("act", sa.String(64), nullable=False),
    sa.UniqueConstraint("seal", "digest"),
)

seal_lists = sa.Table(
    "seal_lists",
    metadata,
    # Exactly one row once a list was signed: the newest, so that its number only grows.
    sa.Column("only", sa.Integer, sa.CheckConstraint("only = 1"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

seal_alarms = sa.Table(
    "seal_alarms",
    metadata,
    # Stations' signed alarms: a letter already acted on bears a seal that was lost before. `raw` stands in `administration`.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("sender", sa.String(12), nullable=False),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("statement", sa.Integer, sa.ForeignKey("administration.number"), nullable=False, unique=True),
    sa.Index("seal_alarms_station", "station"),
    sa.Index("seal_alarms_sender", "sender"),
)

witnesses = sa.Table(
    "witnesses",
    metadata,
    # Stations' witness keys: `raw` is the agent's signed word for it. `size`: the largest tree it has cosigned.
    sa.Column("key", sa.String(400), primary_key=True),
    sa.Column("station", sa.String(12), sa.ForeignKey("stations.code"), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("added_at", sa.String(32), nullable=False),
    sa.Column("replaced_at", sa.String(32)),
    sa.Column("size", sa.Integer),
    sa.Column("cosigned_at", sa.String(32)),
    sqlite_with_rowid=False,
)

cosigned = sa.Table(
    "cosigned",
    metadata,
    # Checkpoints that witnesses have cosigned, as the log signed them; those behind a newer full quorum are dropped.
    sa.Column("size", sa.Integer, primary_key=True),
    sa.Column("checkpoint", sa.Text, nullable=False),
)

cosignatures = sa.Table(
    "cosignatures",
    metadata,
    sa.Column("size", sa.Integer, sa.ForeignKey("cosigned.size"), primary_key=True),
    sa.Column("key", sa.String(400), sa.ForeignKey("witnesses.key"), primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

trail_keys = sa.Table(
    "trail_keys",
    metadata,
    # Statements signed under the root: the log's key, the witnesses', the quorum, the time-stamp authorities.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

station_events = sa.Table(
    "station_events",
    metadata,
    # What happened at a station (reading, seal use, gate verdict, register act), as its agent signed it.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("leaf", sa.Integer, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

time_stamps = sa.Table(
    "time_stamps",
    metadata,
    # RFC 3161 tokens over checkpoints: one covers every leaf before it.
    sa.Column("size", sa.Integer, primary_key=True),
    sa.Column("checkpoint", sa.Text, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    # Cases whose content two people had erased: `raw` is the hub's signed notice to the stations, itself a leaf.
    sa.Column("leaf", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False, unique=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

erased = sa.Table(
    "erased",
    metadata,
    # What was erased with a case, by the digest that stays in the trail: envelope or file. `pending`: the file's bytes are
    # still to be deleted from the disk.
    sa.Column("case_id", sa.String(64), sa.ForeignKey("erasures.case_id"), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("pending", sa.Boolean, nullable=False),
    sa.Index("erased_digest", "digest"),
    sa.Index("erased_pending", "digest", sqlite_where=sa.text("pending")),
    sqlite_with_rowid=False,
)

desk_notes = sa.Table(
    "desk_notes",
    metadata,
    # Small things that the auditors' desk keeps: its salt, how far the index is.
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text),
)

desk_accounts = sa.Table(
    "desk_accounts",
    metadata,
    # Administrators' and auditors' second factors (encrypted), one-time codes (hashed), failures. Row `*`: the first one's code.
    sa.Column("number", sa.String(64), primary_key=True),
    sa.Column("totp", sa.LargeBinary),
    sa.Column("totp_step", sa.Integer, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("code_until", sa.String(32)),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", sa.String(32)),
    sa.Column("last_at", sa.String(32)),
    sa.Column("last_from", sa.Text),
)

desk_recovery_codes = sa.Table(
    "desk_recovery_codes",
    metadata,
    sa.Column("number", sa.String(64), sa.ForeignKey("desk_accounts.number"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("used_at", sa.String(32)),
)

desk_views = sa.Table(
    "desk_views",
    metadata,
    # Questions asked of the case search, under an id that says nothing; `name` None: only asked, not saved.
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("question", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Index("desk_views_owner", "owner", "at"),
)

desk_drafts = sa.Table(
    "desk_drafts",
    metadata,
    # What administrators and auditors have typed and not sent yet, by the page that the form stands on.
    sa.Column("number", sa.String(64), primary_key=True),
    sa.Column("place", sa.String(200), primary_key=True),
    sa.Column("fields", sa.LargeBinary, nullable=False),
    sa.Column("saved_at", sa.String(32), nullable=False),
    sa.Index("desk_drafts_age", "saved_at"),
)

lookups = sa.Table(
    "lookups",
    metadata,
    # What auditors and administrators looked at. `raw`: the signed act, where one was needed; the same bytes are a leaf.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by_number", sa.String(64), nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("case_id", sa.String(64)),
    sa.Column("reason", sa.Text),
    sa.Column("raw", sa.LargeBinary),
    sa.Index("lookups_case", "case_id", "number"),
    sa.Index("lookups_by", "by_number", "number"),
)

# The index of the auditors' case search: made from the envelopes by `hub/exchange/search_index.py`, may be made anew from them.
search_cases = sa.Table(
    "search_cases",
    metadata,
    # `holder` has to keep the running limit `step` that ends first, at `due_at`; `late`: some limit was missed.
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("opener", sa.String(12), nullable=False),
    sa.Column("respondent", sa.String(12), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("opened_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(12)),
    sa.Column("step", sa.String(32)),
    sa.Column("due_at", sa.String(32)),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Column("disputes", sa.Integer, nullable=False),
    sa.Index("search_cases_changed_at", "changed_at"),
    sa.Index("search_cases_opened_at", "opened_at"),
    sa.Index("search_cases_type_changed_at", "type", "changed_at"),
    sa.Index("search_cases_state_changed_at", "state", "changed_at"),
    sa.Index("search_cases_opener_changed_at", "opener", "changed_at"),
    sa.Index("search_cases_respondent_changed_at", "respondent", "changed_at"),
    sa.Index("search_cases_open_due_at", "open", "due_at"),
    sa.Index("search_cases_open_holder_due_at", "open", "holder", "due_at"),
    sa.Index("search_cases_late_changed_at", "late", "changed_at"),
)

search_people = sa.Table(
    "search_people",
    metadata,
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("id18", sa.String(18), nullable=False),
    sa.Column("tail", sa.String(4), nullable=False),
    sa.Index("search_people_name", "name"),
    sa.Index("search_people_id18", "id18"),
    sa.Index("search_people_tail", "tail"),
)

search_terms = sa.Table(
    "search_terms",
    metadata,
    # Letter numbers, serial numbers, archive numbers: every field whose rule says that it holds a code or is named a number.
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("field", sa.String(64), primary_key=True),
    sa.Column("term", sa.Text, primary_key=True),
    sa.Index("search_terms_term", "term"),
)

search_limits = sa.Table(
    "search_limits",
    metadata,
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("step", sa.String(32), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("due_at", sa.String(32), nullable=False),
    sa.Column("done_at", sa.String(32)),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Index("search_limits_station", "station", "due_at"),
    sa.Index("search_limits_due", "due_at"),
    sa.Index("search_limits_done", "done_at"),
    sa.Index("search_limits_reason", "reason", sqlite_where=sa.text("reason IS NOT NULL")),
)

search_letters = sa.Table(
    "search_letters",
    metadata,
    # Sealed letters by the station that sealed them.
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Index("search_letters_station", "station", "at"),
)

station_seen = sa.Table(
    "station_seen",
    metadata,
    # When each station's agent last signed in; it does so every few minutes while it runs.
    sa.Column("station", sa.String(12), primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
)

search_events = sa.Table(
    "search_events",
    metadata,
    # Which case each of the stations' logged events is about.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Index("search_events_case", "case_id"),
)

case_acts = sa.Table(
    "case_acts",
    metadata,
    # 督办 and 延期: what an administrator signed (`raw`, the same bytes are a leaf) about one limit of a case. `station` has to
    # keep the limit `step`; `due_at`: to when it was extended. `id` is the act's own: the same act twice is one.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("step", sa.String(32), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("due_at", sa.String(32)),
    sa.Column("by_number", sa.String(64), nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Index("case_acts_case", "case_id", "number"),
)

station_versions = sa.Table(
    "station_versions",
    metadata,
    # What an organisation is called and belongs to from a day (Beijing) on, until its next version. `act`: digest of the act.
    sa.Column("code", sa.String(12), sa.ForeignKey("stations.code"), primary_key=True),
    sa.Column("from_day", sa.String(10), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", sa.String(12), sa.ForeignKey("stations.code")),
    sa.Column("act", sa.String(64)),
    sa.Index("station_versions_day", "from_day"),
)
