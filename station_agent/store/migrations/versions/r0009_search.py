"""The desk: what a case can be found by, people looked up, common phrases, who handed a case to whom, what a scan was made from.

Triggers note every case whose messages, letter or state change: it is indexed anew before the next search, whoever wrote it, and
what is deleted or overwritten can be found no more from that moment on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0010"
branch_labels = None
depends_on = None

_DUE = 'INSERT OR IGNORE INTO search_due ("case") VALUES (NEW."case");'
_GONE = (
    'DELETE FROM search_words WHERE "case" = OLD."case"; INSERT OR IGNORE INTO search_due ("case") VALUES (OLD."case");'
)
_TRIGGERS = (
    f"CREATE TRIGGER search_case_new AFTER INSERT ON cases BEGIN {_DUE} END",
    f"CREATE TRIGGER search_letter_new AFTER INSERT ON letters BEGIN {_DUE} END",
    f"CREATE TRIGGER search_letter_changed AFTER UPDATE OF body, number ON letters "
    f"WHEN OLD.body IS NOT NEW.body OR OLD.number IS NOT NEW.number BEGIN {_GONE} END",
    f"CREATE TRIGGER search_letter_gone AFTER DELETE ON letters BEGIN {_GONE} END",
    f"CREATE TRIGGER search_envelope_new AFTER INSERT ON envelopes BEGIN {_DUE} END",
    f"CREATE TRIGGER search_envelope_changed AFTER UPDATE OF raw ON envelopes BEGIN {_GONE} END",
    f"CREATE TRIGGER search_envelope_gone AFTER DELETE ON envelopes BEGIN {_GONE} END",
)


def upgrade() -> None:
    """Create the tables and triggers; every case that is here is due."""
    op.create_table(
        "search_words",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "word", "case"),
        sqlite_with_rowid=False,
    )
    op.create_index("search_words_by_case", "search_words", ["case"])
    op.create_table("search_due", sa.Column("case", sa.Text(), primary_key=True))
    op.create_table(
        "desk_lookups",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
    )
    op.create_table(
        "desk_phrases",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
    )
    op.create_table(
        "desk_handlings",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("desk_handlings_by_case", "desk_handlings", ["case", "seq"])
    op.create_index("acts_by_kind", "acts", ["kind", "seq"])
    # Counts by state and far pages of a list are read from an index alone, whatever number of cases there are.
    op.create_index("cases_by_type", "cases", ["side", "type", "state"])
    op.drop_index("cases_by_change", "cases")
    op.create_index("cases_by_change", "cases", ["side", "changed_at", "type"])
    op.add_column("tray", sa.Column("made_from", sa.Text()))
    for trigger in _TRIGGERS:
        op.execute(trigger)
    op.execute('INSERT OR IGNORE INTO search_due ("case") SELECT "case" FROM cases')
