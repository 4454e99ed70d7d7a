"""What is exchanged with the hub: envelopes, receipts, the outbox, deliveries, statements, declared restores."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from station_agent.store.schema.base import metadata

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

hub_restores = Table(
    "hub_restores",
    metadata,
    # The hub's signed statements that an older backup was restored there, once they were taken here.
    Column("number", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
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

Index("envelopes_by_case", envelopes.c.case, envelopes.c.seq)
Index("receipts_by_envelope", receipts.c.envelope, receipts.c.seq)
Index("outbox_by_state", outbox.c.state, outbox.c.lane, outbox.c.seq)
