"""G7: the human look at the ink impression (印文核对), by officers of the answering station, each with their own key."""

from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.verdict import Check, Result, failed, passed
from hub.signing.acts import SignedAct, check_act
from hub.signing.purposes import OfficerRole
from hub.signing.trust import Trust
from station_agent.desk.gate.material import Material
from station_agent.desk.gate.outcome import narrowed

_TICKS = ("legible", "unit_name_equals", "colour")


def check_looks(material: Material, *, trust: Trust, now: datetime, two_from: int) -> Check:
    """Say whether enough officers looked at this very letter and found it consistent.

    The last look of each officer counts; with `two_from` or more persons in the letter two officers must have looked.
    """
    letter = material.attachment(Role.LETTER)
    latest: dict[str, SignedAct] = {}
    for act in material.looks:
        mine = act.act.station == material.station and act.act.case == material.case
        if letter is not None and mine and act.act.subject == letter.digest:
            latest[act.act.officer.number] = act
    if not latest:
        return failed("G7", Code.LOOK_MISSING)
    undecided: Check | None = None
    for act in latest.values():
        roles = (OfficerRole.WINDOW, OfficerRole.HEAD)
        check = narrowed("G7", check_act(act, trust=trust, at=now, now=now, roles=roles))
        if check.result is Result.FAILED:
            return check
        if check.result is Result.INDETERMINATE:
            undecided = check
        details = act.act.details
        if details.get("result") != "consistent" or not all(details.get(tick) is True for tick in _TICKS):
            return failed("G7", Code.LOOK_INCONSISTENT, act.act.officer.number)
    persons = material.body.get("persons")
    if isinstance(persons, list) and len(persons) >= two_from and len(latest) < 2:
        return failed("G7", Code.SECOND_LOOK_MISSING, persons=len(persons))
    # What is pending here is only a list issued before `now`, which every list is.
    return undecided or passed("G7")
