"""Signing an act about a late case and filing it, once: the same act sent again is answered as it was and not done twice."""

from datetime import datetime

from hub.exchange.administration import Filed, Office, file_act
from hub.protocol.administration import AdministrativeAct
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import parse_instant
from hub.signing.administration import sign_administration
from hub.signing.keys import Signer
from hub.store.case_acts import CaseActRow, case_act_of


def supervise(office: Office, act: AdministrativeAct, *, signer: Signer, now: datetime) -> Filed:
    """Sign the very act (`urge-case` or `extend-limit`) that the administrator has been shown, and file it: in effect at once.

    Raises: Refused (`supervision.*`, `limit.*`, `case.unknown`, `administration.*`), NotPermitted when the signer may not.
    """
    raw = sign_administration(act, signer=signer)
    with office.engine.begin() as tx:
        # By the act's own id: a button pressed twice, or a page sent again after the desk was started anew.
        known = case_act_of(tx, act.id)
        if known is not None:
            return _as_before(known, act)
        return file_act(tx, raw, rules=office.rules, now=now)


def _as_before(known: CaseActRow, act: AdministrativeAct) -> Filed:
    due_at = act.details.get("due_at") if known.due_at is not None else None
    same_end = known.due_at is None or (
        isinstance(due_at, str) and parse_instant(due_at) == parse_instant(known.due_at)
    )
    told = (act.act, act.subject, act.by.number, act.details.get("step"), act.details.get("reason"))
    if told != (known.kind, known.case_id, known.by_number, known.step, known.reason) or not same_end:
        raise Refused(Code.SUPERVISION_REPEATED, detail=act.id)
    return Filed(act, digest_of(known.raw), effective=True)
