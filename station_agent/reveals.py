"""Who at the hub was shown a case of this station in full: fetched at every upkeep, verified, shown at the case.

The hub cannot make such a look up, nor change its reason: it is signed by the person who looked. That it keeps one back is found
by the leaf that the look is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.protocol.administration import AdministrationKind
from hub.protocol.errors import HanxunError
from hub.protocol.identifiers import CaseId, parse_case
from hub.protocol.instants import parse_instant
from hub.signing.administration import check_administrator, open_administration
from hub.signing.purposes import OfficerRole
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.reveals import add_reveal, last_reveal, reveals_of

log = logging.getLogger(__name__)
LOOKERS = (OfficerRole.ADMINISTRATOR, OfficerRole.AUDITOR)


@dataclass(frozen=True, slots=True)
class Reveal:
    """One look: by whom, when, why."""

    who: str
    at: str
    reason: str


async def keep_reveals(agent: Agent, client: HubClient, *, clock: Callable[[], datetime]) -> None:
    """Fetch the looks that came since. Raises: Unavailable."""
    with agent.store.read() as tx:
        after = last_reveal(tx)
    while True:
        try:
            page = await client.reveals(after=after)
        except HubRefusal as refusal:
            log.info("no reveals code=%s", refusal.problem.code)  # a hub one version behind
            return
        raws = {item.number: item.act.encode() for item in page.reveals}
        await ensure_named(agent, client, raws.values())
        for number, raw in raws.items():
            _take(agent, number, raw, now=clock())
            after = max(after, number)  # also behind one that does not hold: a page of such ones must not come for ever
        if not page.more or not raws:
            return


def shown_reveals(tx: Connection, agent: Agent, case: CaseId) -> tuple[Reveal, ...]:
    """Return who was shown a case in full, newest first."""
    found = []
    for raw in reveals_of(tx, case):
        act = open_administration(raw, certificates=agent.knowledge.find).act
        found.append(Reveal(f"{act.by.name} {act.by.number}", act.at, str(act.details.get("reason", ""))))
    return tuple(found)


def _take(agent: Agent, number: int, raw: bytes, *, now: datetime) -> None:
    try:
        signed = open_administration(raw, certificates=agent.knowledge.find)
        act = signed.act
        at, trust = parse_instant(act.at), agent.knowledge.trust()
        if act.act is not AdministrationKind.REVEAL_CASE or act.origin != agent.log_key.name:
            log.error("reveal not taken number=%d reason=another act", number)
            return
        check_administrator(signed.certified, act.by, trust=trust, at=at, now=now, roles=LOOKERS).require()
        case = parse_case(act.subject)
    except HanxunError as error:
        log.error("reveal not taken number=%d code=%s", number, error.code.value)
        return
    with agent.store.write() as tx:
        add_reveal(tx, number=number, case=case, at=act.at, raw=raw)
