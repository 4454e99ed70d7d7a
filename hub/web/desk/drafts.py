"""Drafts of administrators and auditors in the hub's store: reasons and dates, never whom somebody looked for."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from hub.pages.drafts import DraftRow
from hub.protocol.instants import format_instant, parse_instant
from hub.store.database import Readers
from hub.store.desk import drop_draft, drop_drafts_before, find_draft, save_draft

KEPT = timedelta(days=30)
"""Nobody goes on with an act after a month; what a reason may name is not kept longer than it is needed."""

PERSONS = frozenset({"name", "id18"})


@dataclass(frozen=True, slots=True)
class HubDrafts:
    """What was typed at the hub's desk and not sent. Names and citizen numbers that were searched for are not kept."""

    readers: Readers
    engine: sa.Engine
    withheld: frozenset[str] = PERSONS

    def find(self, number: str, place: str) -> DraftRow | None:
        """Return somebody's draft of the form at `place`, or None."""
        return self.readers.read_now(lambda tx: find_draft(tx, number, place))

    def save(self, row: DraftRow) -> None:
        """Keep a draft; the same form's draft before it is replaced, old ones of anybody go."""
        with self.engine.begin() as tx:
            drop_drafts_before(tx, format_instant(parse_instant(row.saved_at) - KEPT))
            save_draft(tx, row)

    def drop(self, number: str, place: str) -> None:
        """Forget a draft. Most forms have none: the store is not written for those."""
        if self.find(number, place) is not None:
            with self.engine.begin() as tx:
                drop_draft(tx, number, place)
