"""The index of the auditors' case search: made from the envelopes by `hub/exchange/search_index.py`, may be made anew from them."""

import sqlalchemy as sa

from hub.store.schema.base import metadata

search_cases = sa.Table(
    "search_cases",
    metadata,
    # `holder` has to keep the running limit `step` that ends first, at `due_at`; `late`: some limit was missed.
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("opener", sa.String(12), nullable=False),
    sa.Column("respondent", sa.String(12), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("opened_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(12)),
    sa.Column("step", sa.String(32)),
    sa.Column("due_at", sa.String(32)),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Column("disputes", sa.Integer, nullable=False),
    sa.Index("search_cases_changed_at", "changed_at"),
    sa.Index("search_cases_opened_at", "opened_at"),
    sa.Index("search_cases_type_changed_at", "type", "changed_at"),
    sa.Index("search_cases_state_changed_at", "state", "changed_at"),
    sa.Index("search_cases_opener_changed_at", "opener", "changed_at"),
    sa.Index("search_cases_respondent_changed_at", "respondent", "changed_at"),
    sa.Index("search_cases_open_due_at", "open", "due_at"),
    sa.Index("search_cases_open_holder_due_at", "open", "holder", "due_at"),
    sa.Index("search_cases_late_changed_at", "late", "changed_at"),
)

search_people = sa.Table(
    "search_people",
    metadata,
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("id18", sa.String(18), nullable=False),
    sa.Column("tail", sa.String(4), nullable=False),
    sa.Index("search_people_name", "name"),
    sa.Index("search_people_id18", "id18"),
    sa.Index("search_people_tail", "tail"),
)

search_terms = sa.Table(
    "search_terms",
    metadata,
    # Letter numbers, serial numbers, archive numbers: every field whose rule says that it holds a code or is named a number.
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("field", sa.String(64), primary_key=True),
    sa.Column("term", sa.Text, primary_key=True),
    sa.Index("search_terms_term", "term"),
)

search_limits = sa.Table(
    "search_limits",
    metadata,
    sa.Column("case_id", sa.String(64), sa.ForeignKey("search_cases.case_id"), primary_key=True),
    sa.Column("step", sa.String(32), primary_key=True),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("due_at", sa.String(32), nullable=False),
    sa.Column("done_at", sa.String(32)),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Index("search_limits_station", "station", "due_at"),
    sa.Index("search_limits_due", "due_at"),
    sa.Index("search_limits_done", "done_at"),
    sa.Index("search_limits_reason", "reason", sqlite_where=sa.text("reason IS NOT NULL")),
)

search_letters = sa.Table(
    "search_letters",
    metadata,
    # Sealed letters by the station that sealed them.
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Column("station", sa.String(12), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Index("search_letters_station", "station", "at"),
)

search_events = sa.Table(
    "search_events",
    metadata,
    # Which case each of the stations' logged events is about.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Index("search_events_case", "case_id"),
)
