"""What administrators and auditors have typed at the hub's desk and not sent yet."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "desk_drafts",
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(200), primary_key=True),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.String(32), nullable=False),
    )
    op.create_index("desk_drafts_age", "desk_drafts", ["saved_at"])
