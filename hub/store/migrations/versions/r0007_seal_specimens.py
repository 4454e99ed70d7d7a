"""Several impressions registered with one seal, each by an act of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; what was registered with a seal becomes its first impression."""
    op.create_table(
        "seal_specimens",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("seal", sa.String(length=43), sa.ForeignKey("seals.x5t"), nullable=False),
        sa.Column("digest", sa.String(length=64), sa.ForeignKey("specimens.digest"), nullable=False),
        sa.Column("registered_at", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.UniqueConstraint("seal", "digest"),
    )
    op.execute(
        "INSERT INTO seal_specimens (seal, digest, registered_at, act) "
        "SELECT s.x5t, s.specimen, e.at, e.act FROM seals s JOIN seal_events e ON e.seal = s.x5t "
        "WHERE s.specimen IS NOT NULL AND e.state = 'registered' ORDER BY e.number"
    )
    op.execute("ALTER TABLE seals DROP COLUMN specimen")
