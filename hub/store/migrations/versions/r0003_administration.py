"""Administration by two people: the administrators, proposals that wait, seals and their states."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_administration()
    _create_seals()


def _create_administration() -> None:
    op.create_table(
        "administrators",
        sa.Column("x5t", sa.String(length=43), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("named_at", sa.String(length=32), nullable=False),
        sa.Column("dismissed_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["x5t"], ["certificates.x5t"]),
        sa.PrimaryKeyConstraint("x5t"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proposals",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["act"], ["administration.number"]),
        sa.ForeignKeyConstraint(["answer"], ["administration.number"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("act"),
        sa.UniqueConstraint("answer"),
    )


def _create_seals() -> None:
    op.create_table(
        "seals",
        sa.Column("x5t", sa.String(length=43), nullable=False),
        sa.Column("station", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("specimen", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["x5t"], ["certificates.x5t"]),
        sa.PrimaryKeyConstraint("x5t"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seal_events",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=43), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("compromised_since", sa.String(length=32), nullable=True),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seals.x5t"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("seal_events_seal", "seal_events", ["seal"])
    op.create_table(
        "specimens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "seal_lists",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("only = 1"),
        sa.PrimaryKeyConstraint("only"),
    )
    op.create_table(
        "seal_alarms",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=12), nullable=False),
        sa.Column("sender", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("statement", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["statement"], ["administration.number"]),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("statement"),
    )
    op.create_index("seal_alarms_station", "seal_alarms", ["station"])
    op.create_index("seal_alarms_sender", "seal_alarms", ["sender"])
