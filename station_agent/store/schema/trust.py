"""What this station judges by: settings, certificates, revocation lists, seals' lists and alarms, registered impressions."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text

from station_agent.store.schema.base import metadata

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

settings = Table("settings", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

seal_lists = Table(
    "seal_lists",
    metadata,
    # The hub's signed lists of seals, verified when they came: the newest, and older ones that say what it has forgotten.
    Column("number", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("taken_at", Text, nullable=False),
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
