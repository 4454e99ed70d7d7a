"""上级督办 and 延期: what administrators signed about this station's cases, fetched when the hub calls and at every upkeep.

The hub cannot urge or extend by itself, nor change a reason: each act is judged here by this station's own trust, by the role in the
administrator's certificate, and an extension by this station's own case types. What does not hold is not taken.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from hub.cases.extension import require_extendable
from hub.protocol.administration import AdministrationKind, AdministrativeAct, ExtendDetails, UrgeDetails
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import parse_case
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.verdict import Indication, NotVerified
from hub.signing.administration import check_administrator, open_administration
from hub.signing.purposes import OfficerRole
from station_agent.agent import Agent
from station_agent.certificates import ensure_named
from station_agent.hub_client import HubClient, HubRefusal
from station_agent.store.case_acts import CaseActRow, add_case_act, last_case_act
from station_agent.store.cases import find_case

log = logging.getLogger(__name__)
CLOCKS_DIFFER = timedelta(days=1)
"""A station's clock may be wrong; an act that is dated into the future would outlive the round of the case that it is about."""
_DETAILS: dict[AdministrationKind, type[UrgeDetails] | type[ExtendDetails]] = {
    AdministrationKind.URGE_CASE: UrgeDetails,
    AdministrationKind.EXTEND_LIMIT: ExtendDetails,
}


async def keep_case_acts(agent: Agent, client: HubClient, *, clock: Callable[[], datetime]) -> None:
    """Fetch the acts that came since. Raises: Unavailable."""
    with agent.store.read() as tx:
        after = last_case_act(tx)
    while True:
        try:
            page = await client.case_acts(after=after)
        except HubRefusal as refusal:
            log.info("no acts about cases code=%s", refusal.problem.code)  # a hub one version behind
            return
        await ensure_named(agent, client, [item.act.encode() for item in page.acts])
        for item in page.acts:
            if not take(agent, item.number, item.act.encode(), now=clock()):
                return
            after = max(after, item.number)  # also behind one that does not hold: it must not hold up the next
        if not page.more or not page.acts:
            return


def take(agent: Agent, number: int, raw: bytes, *, now: datetime) -> bool:
    """Judge an act, and keep it when it holds; what does not is logged by its code. False: not to be decided yet, as the
    revocation list is too old; it is fetched again."""
    try:
        row = _judged(agent, number, raw, now=now)
    except HanxunError as error:
        log.error("act about a case not taken number=%d code=%s", number, error.code.value)
        return not (isinstance(error, NotVerified) and error.verdict.indication is Indication.INDETERMINATE)
    with agent.store.write() as tx:
        add_case_act(tx, row)
    log.info("act about a case taken number=%d kind=%s case=%s", number, row.kind.value, row.case)
    return True


def _judged(agent: Agent, number: int, raw: bytes, *, now: datetime) -> CaseActRow:
    signed = open_administration(raw, certificates=agent.knowledge.find)
    act = signed.act
    if act.act not in _DETAILS or act.origin != agent.log_key.name:
        raise Refused(Code.ADMINISTRATION_FORM, field="/act", detail=act.act.value)
    at, trust = parse_instant(act.at), agent.knowledge.trust()
    if at > now + CLOCKS_DIFFER:
        raise Refused(Code.ADMINISTRATION_FORM, field="/at", detail=act.at)
    roles = (OfficerRole.ADMINISTRATOR,)
    check_administrator(signed.certified, act.by, trust=trust, at=at, now=now, roles=roles).require()
    details = _details(act)
    case = parse_case(act.subject)
    if isinstance(details, ExtendDetails):
        _require_extension(agent, act, details)
    return CaseActRow(
        number=number,
        case=case,
        kind=act.act,
        station=details.station,
        step=details.step,
        at=format_instant(at),
        due_at=format_instant(parse_instant(details.due_at)) if isinstance(details, ExtendDetails) else None,
        who=f"{act.by.name} {act.by.number}",
        reason=details.reason,
        raw=raw,
    )


def _details(act: AdministrativeAct) -> UrgeDetails | ExtendDetails:
    try:
        return msgspec.convert(act.details, _DETAILS[act.act])
    except msgspec.ValidationError as error:
        raise Refused(Code.ADMINISTRATION_FORM, field="/details", detail=str(error)[:120]) from error


def _require_extension(agent: Agent, act: AdministrativeAct, details: ExtendDetails) -> None:
    """An extension of what may not be extended is nobody's right. How far it goes is held each time that it counts."""
    with agent.store.read() as tx:
        row = find_case(tx, parse_case(act.subject))
    if row is None:
        return  # a machine that was replaced and has not fetched the case yet; judged again whenever it is shown
    rule = next((each for each in agent.catalogue.case_type(row.type).clocks if each.step == details.step), None)
    if rule is None:
        raise Refused(Code.ADMINISTRATION_FORM, field="/details/step", detail=details.step)
    require_extendable(rule)
