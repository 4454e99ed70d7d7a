"""The auditors' and administrators' desk: accounts, the index of cases that it searches, what was looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _accounts()
    _lookups()
    _search()


def _accounts() -> None:
    op.create_table("desk_notes", sa.Column("name", sa.Text(), primary_key=True), sa.Column("value", sa.Text()))
    op.create_table(
        "desk_accounts",
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("code", sa.Text()),
        sa.Column("code_until", sa.String(32)),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("locked_until", sa.String(32)),
        sa.Column("last_at", sa.String(32)),
        sa.Column("last_from", sa.Text()),
    )
    op.create_table(
        "desk_recovery_codes",
        sa.Column("number", sa.String(64), sa.ForeignKey("desk_accounts.number"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.String(32)),
        sa.PrimaryKeyConstraint("number", "position"),
    )
    op.create_table(
        "desk_views",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_index("desk_views_owner", "desk_views", ["owner", "at"])


def _lookups() -> None:
    op.create_table(
        "lookups",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by_number", sa.String(64), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(64)),
        sa.Column("reason", sa.Text()),
        sa.Column("raw", sa.LargeBinary()),
    )
    op.create_index("lookups_case", "lookups", ["case_id", "number"])
    op.create_index("lookups_by", "lookups", ["by_number", "number"])


def _search() -> None:
    op.create_table(
        "search_cases",
        sa.Column("case_id", sa.String(64), primary_key=True),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("opener", sa.String(12), nullable=False),
        sa.Column("respondent", sa.String(12), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(12)),
        sa.Column("step", sa.String(32)),
        sa.Column("due_at", sa.String(32)),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("disputes", sa.Integer(), nullable=False),
    )
    for columns in (
        ["changed_at"],
        ["opened_at"],
        ["type", "changed_at"],
        ["state", "changed_at"],
        ["opener", "changed_at"],
        ["respondent", "changed_at"],
        ["open", "due_at"],
        ["open", "holder", "due_at"],
        ["late", "changed_at"],
    ):
        op.create_index(f"search_cases_{'_'.join(columns)}", "search_cases", columns)
    op.create_table(
        "search_people",
        sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id18", sa.String(18), nullable=False),
        sa.Column("tail", sa.String(4), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "position"),
    )
    for column in ("name", "id18", "tail"):
        op.create_index(f"search_people_{column}", "search_people", [column])
    op.create_table(
        "search_terms",
        sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), nullable=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "field", "term"),
    )
    op.create_index("search_terms_term", "search_terms", ["term"])
    op.create_table(
        "search_limits",
        sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("station", sa.String(12), nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("done_at", sa.String(32)),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("case_id", "step"),
    )
    op.create_index("search_limits_station", "search_limits", ["station", "due_at"])
    op.create_index("search_limits_due", "search_limits", ["due_at"])
    op.create_index("search_limits_done", "search_limits", ["done_at"])
    op.create_index("search_limits_reason", "search_limits", ["reason"], sqlite_where=sa.text("reason IS NOT NULL"))
    op.create_table(
        "search_letters",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("case_id", sa.String(64), nullable=False),
        sa.Column("station", sa.String(12), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", "digest"),
    )
    op.create_index("search_letters_station", "search_letters", ["station", "at"])
    op.create_table(
        "station_seen",
        sa.Column("station", sa.String(12), primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "search_events",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.String(64), nullable=False),
    )
    op.create_index("search_events_case", "search_events", ["case_id"])
