"""Why somebody does something: typed into the form of either desk, kept with what is signed."""

from hub.pages.visit import P, Visit
from hub.protocol.codes import Code
from hub.protocol.errors import Refused

SHORTEST_REASON = 4
LONGEST_REASON = 500


def reason_of(visit: Visit[P]) -> str:
    """Return the reason that the form gives. Raises: Refused (`desk.reason`)."""
    reason = visit.form.get("reason", "").strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Refused(Code.DESK_REASON, field="reason")
    return reason
