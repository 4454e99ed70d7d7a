"""Who there is: stations and what they were called, certificates, sign-ins, and the acts of administrators."""

import sqlalchemy as sa

from hub.store.schema.base import metadata

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

station_seen = sa.Table(
    "station_seen",
    metadata,
    # When each station's agent last signed in; it does so every few minutes while it runs.
    sa.Column("station", sa.String(12), primary_key=True),
    sa.Column("at", sa.String(32), nullable=False),
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
