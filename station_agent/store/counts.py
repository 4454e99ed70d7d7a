"""Questions that only a diagnosis asks: how much there is of everything, how old the oldest is. Counts, codes, instants; no names."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from station_agent.store.outbox import QUEUED, REFUSED
from station_agent.store.schema.cases import cases
from station_agent.store.schema.desk import search_due
from station_agent.store.schema.exchange import deliveries, envelopes, outbox, statements
from station_agent.store.schema.trail import trail_events
from station_agent.store.schema.trust import crls


@dataclass(frozen=True, slots=True)
class Counts:
    """What lies in the store. `troubles`: codes of what keeps messages waiting, with how often each."""

    cases: int
    envelopes: int
    queued: int
    oldest_queued_at: str | None
    refused: int
    troubles: tuple[tuple[str, int], ...]
    quarantined: int
    statements_waiting: int
    events_waiting: int
    events_troubled: int
    not_indexed: int
    newest_crl_at: str | None
    newest_crl_fetched_at: str | None


def counts_of(tx: Connection) -> Counts:
    """Count everything once."""

    def count(table: object, *conditions: object) -> int:
        return int(tx.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())  # type: ignore[arg-type]

    waiting = (outbox.c.state.in_((QUEUED, REFUSED)), outbox.c.trouble.is_not(None))
    troubles = tx.execute(select(outbox.c.trouble, func.count()).where(*waiting).group_by(outbox.c.trouble))
    newest = tx.execute(
        select(crls.c.this_update, crls.c.fetched_at).order_by(crls.c.this_update.desc()).limit(1)
    ).first()
    oldest = tx.execute(select(func.min(outbox.c.queued_at)).where(outbox.c.state == QUEUED)).scalar()
    return Counts(
        cases=count(cases),
        envelopes=count(envelopes),
        queued=count(outbox, outbox.c.state == QUEUED),
        oldest_queued_at=oldest,
        refused=count(outbox, outbox.c.state == REFUSED),
        troubles=tuple((str(code), int(often)) for code, often in troubles),
        quarantined=count(deliveries, deliveries.c.state == "quarantined"),
        statements_waiting=count(statements, statements.c.sent_at.is_(None)),
        events_waiting=count(trail_events, trail_events.c.leaf.is_(None), trail_events.c.trouble.is_(None)),
        events_troubled=count(trail_events, trail_events.c.trouble.is_not(None)),
        not_indexed=count(search_due),
        newest_crl_at=None if newest is None else newest[0],
        newest_crl_fetched_at=None if newest is None else newest[1],
    )
