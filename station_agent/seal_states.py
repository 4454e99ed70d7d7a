"""What the hub states of seals, taken at every sync, and what follows: gates that lock again, alarms for letters already used.

A list is taken only if the hub signed it and it is not older than the newest known; what an older one says stays true.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.seal_status import SEAL_STATE_ZH, SealEvent, SealState
from hub.signing.alarms import check_alarm, open_alarm
from hub.signing.seal_lists import (
    SealBook,
    SignedSealList,
    check_seal_list,
    open_seal_list,
)
from station_agent.agent import Agent
from station_agent.certificates import ensure_named, publish_own
from station_agent.doubted_letters import reconsider
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.seals import (
    SealListRow,
    add_alarm,
    seal_lists_taken,
    settle_statement,
    statements_made,
    statements_waiting,
    take_list,
)

log = logging.getLogger(__name__)
SUSPENSION = "suspend-seal"
NO_SUCH_ADDRESS = 404
Clock = Callable[[], datetime]


def seal_lists(tx: Connection, agent: Agent) -> tuple[SignedSealList, ...]:
    """Return the lists kept here, oldest first; they were verified when they were taken."""
    find = agent.knowledge.find
    return tuple(open_seal_list(row.raw, certificates=find) for row in seal_lists_taken(tx))


def seal_book(agent: Agent) -> SealBook:
    """Return what is known of seals, to judge by."""
    with agent.store.read() as tx:
        lists = seal_lists(tx, agent)
    return SealBook(tuple(item.list for item in lists), max_age=agent.settings.crl_max_age)


def has_administrators(tx: Connection, agent: Agent) -> bool:
    """Whether the hub is known to have two administrators or more: then one person's word declares no restore."""
    return any(len(item.list.administrators) >= 2 for item in seal_lists(tx, agent))


def require_seal_in_force(agent: Agent, seal: str) -> None:
    """Raise Refused (E302) when the station's own seal may not be used now: not activated, suspended, lost, cancelled, or
    suspended here by the head and the hub not asked yet. How old the list is does not matter: who is cut off may go on."""
    with agent.store.read() as tx:
        lists = seal_lists(tx, agent)
        here = _suspended_here(tx, seal, SealBook(tuple(item.list for item in lists)))
    if here is not None:
        raise Refused(Code.SEAL_SUSPENDED, values={"state": "停用", "since": here})
    book = SealBook(tuple(item.list for item in lists))
    events = book.events_of(seal)
    if not events:
        if book.newest is not None and book.newest.required:
            raise Refused(Code.SEAL_NOT_REGISTERED)
        return
    event = _worst(events)
    if event.state is not SealState.ACTIVE:
        values = {"state": SEAL_STATE_ZH[event.state], "since": event.at}
        raise Refused(Code.SEAL_SUSPENDED, detail=event.state.value, values=values)


async def keep_seals(agent: Agent, client: HubClient, *, clock: Clock) -> None:
    """Hand in what this station has stated, fetch the list of seals and the alarms that concern it. Raises: Unavailable."""
    await _send_statements(agent, client, clock)
    try:
        raw = await client.seals()
    except HubRefusal as refusal:
        # A hub one version behind has no register of seals: everything is as before.
        log.info("no seal list code=%s", refusal.problem.code)
        return
    await ensure_named(agent, client, [raw])
    try:
        changed = take_seal_list(agent, raw, now=clock())
    except Refused as error:
        log.error("seal list not taken code=%s detail=%s", error.code.value, error.detail)
        return
    if changed:
        reconsider(agent, seal_book(agent), now=clock())
        await _send_statements(agent, client, clock)
    await _fetch_alarms(agent, client, clock)


def has_statements(agent: Agent) -> bool:
    """Whether something this station has stated waits to be handed in."""
    with agent.store.read() as tx:
        return bool(statements_waiting(tx))


def take_seal_list(agent: Agent, raw: bytes, *, now: datetime) -> bool:
    """Verify a list and keep it; return whether it says anything that was not known.

    Raises: Refused (`jws.*`, `seal.list_older`), NotVerified (`seal.list_stranger`, `cert.*`).
    """
    signed = open_seal_list(raw, certificates=agent.knowledge.find)
    check_seal_list(signed, origin=agent.log_key.name, trust=agent.knowledge.trust(), now=now).require()
    with agent.store.write() as tx:
        known = seal_lists(tx, agent)
        newest = known[-1].list.number if known else 0
        if signed.list.number < newest:
            raise Refused(Code.SEAL_LIST_OLDER, values={"number": signed.list.number, "newest": newest})
        said = _said(signed)
        obsolete = tuple(item.list.number for item in known if _said(item) <= said)
        before = frozenset[tuple[str, SealEvent]]().union(*map(_said, known))
        row = SealListRow(signed.list.number, raw, format_instant(now))
        take_list(tx, row, instead_of=(*obsolete, signed.list.number))
    return bool(said - before) or not known


def _said(signed: SignedSealList) -> frozenset[tuple[str, SealEvent]]:
    return frozenset((entry.seal, event) for entry in signed.list.seals for event in entry.events)


def _worst(events: tuple[SealEvent, ...]) -> SealEvent:
    """Return the event that governs now; lost and cancelled are for ever, whatever comes behind."""
    ended = [event for event in events if event.state in (SealState.LOST, SealState.CANCELLED)]
    return ended[0] if ended else events[-1]


def _suspended_here(tx: Connection, seal: str, book: SealBook) -> str | None:
    taken = [row.taken_at for row in seal_lists_taken(tx)]
    for row in statements_made(tx, SUSPENSION):
        # Once the hub has answered, the lists fetched since say how the seal stands, and when the province resumes it. For a
        # seal that is not in its register the head's word stands until it is.
        told = row.sent_at is not None and any(at > row.sent_at for at in taken) and bool(book.events_of(seal))
        if row.subject == seal and not told:
            return row.made_at
    return None


async def _send_statements(agent: Agent, client: HubClient, clock: Clock) -> None:
    with agent.store.read() as tx:
        waiting = statements_waiting(tx)
    if waiting:
        # Who signed may be new here: the hub must know the certificate first.
        await publish_own(agent, client)
    for row in waiting:
        trouble = None
        try:
            await client.state(row.raw)
        except HubRefusal as refusal:
            if refusal.problem.status == NO_SUCH_ADDRESS:
                return  # a hub one version behind: they wait until it is upgraded
            trouble = refusal.problem.code
            log.error("statement refused seq=%d code=%s", row.seq, trouble)
        with agent.store.write() as tx:
            settle_statement(tx, row.seq, sent_at=format_instant(clock()), trouble=trouble)


async def _fetch_alarms(agent: Agent, client: HubClient, clock: Clock) -> None:
    raws = [text.encode() for text in (await client.alarms()).alarms]
    await ensure_named(agent, client, raws)
    for raw in raws:
        try:
            signed = open_alarm(raw, certificates=agent.knowledge.find)
            at = parse_instant(signed.alarm.at)
            check_alarm(signed, trust=agent.knowledge.trust(), at=at, now=clock()).require()
        except HanxunError as error:
            log.error("alarm not taken code=%s", error.code.value)
            continue
        with agent.store.write() as tx:
            own = signed.alarm.station == agent.station
            if add_alarm(tx, letter=signed.alarm.letter, own=own, raw=raw, now=clock()):
                log.warning("seal alarm letter=%s", signed.alarm.letter[:12])
