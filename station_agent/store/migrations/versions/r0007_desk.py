"""The officer's desk: accounts with their second factor, drafts of forms, and what each officer has seen."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "desk_accounts",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("code", sa.Text()),
        sa.Column("code_until", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("locked_until", sa.Text()),
        sa.Column("last_at", sa.Text()),
        sa.Column("last_from", sa.Text()),
    )
    op.create_table(
        "desk_recovery_codes",
        sa.Column("number", sa.Text(), sa.ForeignKey("desk_accounts.number"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text()),
        sa.PrimaryKeyConstraint("number", "position"),
    )
    op.create_table(
        "desk_drafts",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "place"),
    )
    op.create_table(
        "desk_seen",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "case"),
    )
    op.create_index("cases_by_state", "cases", ["side", "state", "changed_at"])
    op.create_index("cases_by_change", "cases", ["side", "changed_at"])
