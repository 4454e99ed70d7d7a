"""The tray: scans that the scan folder brought, until an officer attaches or discards them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "tray",
        sa.Column("item", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("changed_ns", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("media_type", sa.Text()),
        sa.Column("trouble", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("same_as", sa.Integer(), sa.ForeignKey("tray.item")),
        sa.Column("case", sa.Text()),
        sa.Column("taken_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.UniqueConstraint("name", "changed_ns", "size"),
    )
    op.create_index("tray_by_state", "tray", ["state", "item"])
    op.create_index("tray_by_digest", "tray", ["digest"])
