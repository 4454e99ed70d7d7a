"""The auditors' and administrators' desk: accounts, saved views, drafts, and who looked up what."""

import sqlalchemy as sa

from hub.store.schema.base import metadata

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
