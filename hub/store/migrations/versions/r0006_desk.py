"""The auditors' and administrators' desk: accounts, the index of cases that it searches, what was looked at."""

revision = "0006"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
