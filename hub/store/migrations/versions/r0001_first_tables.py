"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, referred-to tables first."""
    _create_registry()
    _create_trail()
    _create_exchange()
    _create_attachments()


def _create_registry() -> None:
    op.create_table(
        "stations",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("parent", sa.String(length=12), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["stations.code"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "certificates",
        sa.Column("x5t", sa.String(length=43), nullable=False),
        sa.Column("station", sa.String(length=12), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("x5t"),
    )
    op.create_index("certificates_station", "certificates", ["station"], unique=False)
    op.create_table(
        "administration",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "assertions",
        sa.Column("x5t", sa.String(length=43), nullable=False),
        sa.Column("jti", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("x5t", "jti"),
        sqlite_with_rowid=False,
    )


def _create_trail() -> None:
    op.create_table(
        "head",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.Column("registry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )
    op.create_table(
        "leaves",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
        sqlite_with_rowid=False,
    )


def _create_exchange() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("opener", sa.String(length=12), nullable=False),
        sa.Column("respondent", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("disputes", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "envelopes",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=12), nullable=False),
        sa.Column("receiver", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("envelopes_case", "envelopes", ["case_id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "mailbox",
        sa.Column("station", sa.String(length=12), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("station", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "handovers",
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivered"],
            ["envelopes.seq"],
        ),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("delivered"),
        sa.UniqueConstraint("seq"),
    )
    op.create_table(
        "alarms",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=12), nullable=False),
        sa.Column("envelope_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("known_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _create_attachments() -> None:
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holdings",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["blobs.digest"],
        ),
        sa.PrimaryKeyConstraint("digest", "station"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attachments",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["blobs.digest"],
        ),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("seq", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("attachments_digest", "attachments", ["digest"], unique=False)
