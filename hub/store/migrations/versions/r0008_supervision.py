"""Administrators' acts about late cases (督办, 延期), and what each organisation was called and belonged to, from which day."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; what an organisation is called now it has been called since it was registered."""
    op.create_table(
        "case_acts",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("case_id", sa.String(64), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("station", sa.String(12), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("due_at", sa.String(32)),
        sa.Column("by_number", sa.String(64), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
    )
    op.create_index("case_acts_case", "case_acts", ["case_id", "number"])
    op.create_table(
        "station_versions",
        sa.Column("code", sa.String(12), sa.ForeignKey("stations.code"), nullable=False),
        sa.Column("from_day", sa.String(10), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(12), sa.ForeignKey("stations.code")),
        sa.Column("act", sa.String(64)),
        sa.PrimaryKeyConstraint("code", "from_day"),
    )
    op.create_index("station_versions_day", "station_versions", ["from_day"])
    # Beijing's day of the registration.
    op.execute(
        "INSERT INTO station_versions (code, from_day, name, parent) "
        "SELECT code, date(added_at, '+8 hours'), name, parent FROM stations"
    )
