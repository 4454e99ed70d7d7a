"""Looks at cases of this station by the hub's administrators and auditors, as they signed them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "reveals",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    op.create_index("reveals_case", "reveals", ["case"])
