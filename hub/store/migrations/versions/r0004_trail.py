"""Witnesses and their cosignatures, acts at stations, statements of keys, time-stamps, erasures."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
