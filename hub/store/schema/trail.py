"""The trail: its head, leaves and tiles, who cosigned it, its keys, events at stations, time-stamps, declared restores."""

import sqlalchemy as sa

from hub.store.schema.base import metadata

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
