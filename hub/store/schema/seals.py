"""Seals, what befell them, their registered impressions, signed lists and alarms."""

import sqlalchemy as sa

from hub.store.schema.base import metadata

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
