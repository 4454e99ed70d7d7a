"""The officers' desk: the tray, accounts, drafts, look-ups, phrases, and what cases are found by."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from station_agent.store.schema.base import metadata

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

Index("tray_by_state", tray.c.state, tray.c.item)
Index("tray_by_digest", tray.c.digest)
Index("desk_handlings_by_case", desk_handlings.c.case, desk_handlings.c.seq)
Index("search_words_by_case", search_words.c.case)
