"""Administration by two people: the administrators, proposals that wait, seals and their states."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
