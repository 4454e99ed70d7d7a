"""Officers' drafts in the agent's store."""

from dataclasses import dataclass

from hub.pages.drafts import DraftRow
from station_agent.store.desk import drop_draft, find_draft, save_draft
from station_agent.store.engine import Store


@dataclass(frozen=True, slots=True)
class StationDrafts:
    """What officers have typed and not sent, on this machine."""

    store: Store
    withheld: frozenset[str] = frozenset()

    def find(self, number: str, place: str) -> DraftRow | None:
        """Return the officer's draft of the form at `place`, or None."""
        with self.store.read() as tx:
            return find_draft(tx, number, place)

    def save(self, row: DraftRow) -> None:
        """Keep a draft; the same form's draft before it is replaced."""
        with self.store.write() as tx:
            save_draft(tx, row)

    def drop(self, number: str, place: str) -> None:
        """Forget a draft. Most forms have none: the store is not written for those."""
        if self.find(number, place) is not None:
            with self.store.write() as tx:
                drop_draft(tx, number, place)
