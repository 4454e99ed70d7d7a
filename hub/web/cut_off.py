"""Noticing at once what administrators change beside the serving hub: seals and late cases, for which stations are woken, and who has
signed in and is suspended or revoked since and loses token and event stream within a moment.

The hub looks: three numbers in the store, one file's state, four times a second.
Envelopes need no looking: their transaction asks the store itself.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import date

from aiohttp import web

from hub.exchange.hub import Hub
from hub.protocol.instants import SHANGHAI
from hub.protocol.verdict import Result
from hub.signing.purposes import CertificateKind
from hub.signing.trust import check_certificate
from hub.store.case_acts import case_acts_counted
from hub.store.seals import seal_events_counted
from hub.store.station_versions import settle_stations, unsettled_stations
from hub.store.stations import registry_number, stations_known
from hub.web.context import HUB, TOKENS
from hub.web.tokens import TokenOffice

log = logging.getLogger(__name__)
EVERY_S = 0.25


async def watching(app: web.Application) -> AsyncIterator[None]:
    """Look for suspensions and revocations as long as the application runs (for `cleanup_ctx`)."""
    task = asyncio.create_task(_watch(app[HUB], app[TOKENS]))
    yield
    task.cancel()


async def _watch(hub: Hub, office: TokenOffice) -> None:
    seen: tuple[int, int] | None = None
    settled: date | None = None
    while True:
        try:
            today = hub.clock().astimezone(SHANGHAI).date()
            if today != settled:
                await _settle(hub, today)
                settled = today
            registry = await hub.readers.read(registry_number)
            hub.wake_ups.note_seals(await hub.readers.read(seal_events_counted))
            hub.wake_ups.note_case_acts(await hub.readers.read(case_acts_counted))
            crl = hub.trust.refresh().crls
            state = (registry, crl[0].number if crl else 0)
            if state != seen:
                await _cut_off(hub, office)
                seen = state
        except Exception:
            # A reader that fails now is asked again; without this task suspension would wait for the token's end.
            log.exception("registry not read")
        await asyncio.sleep(EVERY_S)


async def _settle(hub: Hub, today: date) -> None:
    """A new day in Beijing: names and parents that were decided for it are in force."""
    if await hub.readers.read(lambda tx: unsettled_stations(tx, today)):
        changed = await hub.writer.run(lambda tx: settle_stations(tx, today))
        log.info("organisations settled changed=%d", changed)


async def _cut_off(hub: Hub, office: TokenOffice) -> None:
    known = await hub.readers.read(stations_known)
    suspended = frozenset(entry.code for entry in known if not entry.active)
    revoked = frozenset(x5t for x5t in office.certificates() if _is_bad(hub, x5t))
    gone = office.cut_off(suspended, revoked)
    if gone:
        hub.wake_ups.wake(gone)
        log.info("cut off stations=%s", ",".join(sorted(gone)))


def _is_bad(hub: Hub, x5t: str) -> bool:
    certified, now = hub.trust.certificate(x5t), hub.clock()
    if certified is None:
        return True
    checks = check_certificate(certified, kind=CertificateKind.AGENT, trust=hub.trust.trust, at=now, now=now)
    # An old list decides nothing: nobody is cut off because the list is late.
    return any(check.result is Result.FAILED for check in checks)
