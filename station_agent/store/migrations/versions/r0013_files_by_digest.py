"""Files are found by their bytes: the tray says at once when a scan is in a case already."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("case_files_by_digest", "case_files", ["digest", "case"])
