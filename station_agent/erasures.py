"""Erasing a case here because the hub says so, on two administrators' signatures that are verified here: a hub alone cannot.

Rows go in one transaction with this station's own event for the trail; files behind it, and again at the next sync if that was
broken off. A station that was away erases when it comes back.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from hub.protocol.codes import Code
from hub.protocol.erasure import ErasureItem
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.protocol.station_event import StationEventKind
from hub.signing.erasures import SignedErasure, check_erasure, open_erasure
from hub.signing.restores import signatures_in
from hub.trail.evidence.parts import stated_envelope
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.events import note_event
from station_agent.history import ERASURES
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.deliveries import quarantined
from station_agent.store.envelopes import envelopes_of
from station_agent.store.erasures import erase_rows, erased_case, files_to_delete, note_files_deleted
from station_agent.store.trust import remember, setting

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


async def keep_erasures(agent: Agent, client: HubClient, *, clock: Clock) -> int:
    """Take the hub's notices of erased cases of this station and return how many were new; finish what was broken off.

    A notice that does not hold is logged and asked for again, and holds up no other. Raises: Unavailable.
    """
    await asyncio.to_thread(delete_files, agent)
    with agent.store.read() as tx:
        after = int(setting(tx, ERASURES) or 0)
    taken, held_up, more = 0, False, True
    while more:
        try:
            page = await client.erasures(after=after)
        except HubRefusal as refusal:
            # A hub one version behind erases nothing.
            log.info("no erasures code=%s", refusal.problem.code)
            return taken
        for item in page.erasures:
            after = item.leaf
            try:
                taken += await _take(agent, client, item, clock)
            except Refused as error:
                log.error("erasure not taken leaf=%d code=%s", item.leaf, error.code.value)
                held_up = True
            if not held_up:
                with agent.store.write() as tx:
                    remember(tx, ERASURES, str(after))
        more = page.more
    return taken


async def _take(agent: Agent, client: HubClient, item: ErasureItem, clock: Clock) -> bool:
    raw = item.notice.encode()
    await ensure_named(agent, client, [raw, *signatures_in(raw)])
    return await asyncio.to_thread(erase_on_notice, agent, raw, now=clock())


def erase_on_notice(agent: Agent, raw: bytes, *, now: datetime) -> bool:
    """Verify a notice and erase the case; return whether that was not done before.

    Raises: Refused (`jws.*`, `json.*`, `cert.purpose`), NotVerified when the signatures do not hold, NotPermitted for a case of
    other stations.
    """
    signed = open_erasure(raw, certificates=agent.knowledge.find)
    check_erasure(signed, trust=agent.knowledge.trust(), now=now, origin=agent.log_key.name).require()
    notice = signed.notice
    if agent.station not in notice.stations:
        raise NotPermitted(Code.OTHER_CASE, detail=notice.case)
    with agent.store.write() as tx:
        if erased_case(tx, notice.case) is not None:
            return False
        aside = [row for row in quarantined(tx) if row.envelope is not None and _case_in(row.envelope) == notice.case]
        bodies = [row.raw for row in envelopes_of(tx, notice.case)]
        bodies += [row.envelope for row in aside if row.envelope is not None]
        cursors = tuple(row.cursor for row in aside)
        erase_rows(tx, notice.case, raw=raw, files=_files(signed, bodies), quarantined=cursors, now=now)
        note_event(tx, agent, StationEventKind.CASE_ERASED, case=notice.case, subject=signed.digest, now=now)
    log.warning("case erased case=%s notice=%s", notice.case, signed.digest)
    delete_files(agent)
    return True


def delete_files(agent: Agent) -> None:
    """Delete the files of erased cases that nothing else names, the copies of the database made before upgrades, and empty the
    write-ahead log. Whatever breaks it off, it is done again. Raises: Unavailable, OSError."""
    with agent.store.read() as tx:
        if not files_to_delete(tx):
            return
    database, blobs = Path(str(agent.store.engine.url.database)), agent.store.blobs
    # Under the lock: nobody can begin to name one of these files between the question and the deletion.
    with agent.store.write() as tx:
        waiting = files_to_delete(tx)
        for digest in {digest for digests in waiting.values() for digest in digests}:
            blobs.remove(digest)
            (blobs.incoming / f"{digest}.part").unlink(missing_ok=True)
    for copy in database.parent.glob(f"{database.name}.before-*"):
        copy.unlink(missing_ok=True)
    if not _empty_log(database):
        return  # somebody reads on; the next sync tries again
    with agent.store.write() as tx:
        for case in waiting:
            note_files_deleted(tx, case)


def is_erased_here(agent: Agent, envelope: bytes | None) -> bool:
    """Whether a delivery belongs to a case that was erased here: it was on its way, and is not stored."""
    case = None if envelope is None else _case_in(envelope)
    if case is None:
        return False
    with agent.store.read() as tx:
        return erased_case(tx, case) is not None


def _empty_log(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database, timeout=5.0, isolation_level=None)) as connection:
            # Drafts were overwritten before freed pages were: what they left in free pages goes by writing the file anew.
            connection.execute("VACUUM")
            return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.Error as error:
        log.warning("log not emptied error=%s", type(error).__name__)
        return False


def _files(signed: SignedErasure, bodies: Iterable[bytes]) -> frozenset[Digest]:
    stated = [envelope for raw in bodies if (envelope := stated_envelope(raw)) is not None]
    named = {item.digest for envelope in stated for item in envelope.attachments}
    return frozenset({*map(Digest, signed.notice.content.files), *named})


def _case_in(raw: bytes) -> CaseId | None:
    envelope = stated_envelope(raw)
    return None if envelope is None else envelope.case
