"""Erasures with their leaves; one digest may be erased with several cases; files whose deletion is still to come."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables anew: no earlier program has written to them."""
    op.drop_table("erased")
    op.drop_table("erasures")
    op.create_table(
        "erasures",
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf"),
        sa.UniqueConstraint("case_id"),
    )
    op.create_table(
        "erased",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["erasures.case_id"]),
        sa.PrimaryKeyConstraint("case_id", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("erased_digest", "erased", ["digest"])
    op.create_index("erased_pending", "erased", ["digest"], sqlite_where=sa.text("pending"))
