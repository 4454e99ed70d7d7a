"""Impressions registered with other stations' seals, as the hub states them, kept for looking at letters."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "specimen_statements",
        sa.Column("station", sa.Text(), primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "specimens",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("trouble", sa.Text()),
        sa.Column("at", sa.Text(), nullable=False),
    )
