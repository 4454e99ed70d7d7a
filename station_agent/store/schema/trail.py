"""The hub's trail as seen from here: checkpoints, what this station witnesses, its own events, keys, proofs, time-stamps."""

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

Index("trail_events_by_case", trail_events.c.case, trail_events.c.seq)
