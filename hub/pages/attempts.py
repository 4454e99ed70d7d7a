"""How often somebody may do what costs much (an address signing in, an officer searching): GCRA, in memory."""

import math
from datetime import datetime, timedelta

from hub.protocol.codes import Code
from hub.protocol.errors import Refused

AT_ONCE = 20
EVERY = timedelta(seconds=3)
MOST_ADDRESSES = 10_000


class Attempts:
    """Allows each address (or person) one try every `EVERY`, of which `AT_ONCE` may come at once.

    From several threads two tries at the same instant may count as one, which does no harm.
    """

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}

    def take(self, address: str, *, now: datetime) -> None:
        """Count one try. Raises: Refused (`desk.rate`) with the seconds to wait; what is refused is not counted."""
        due = max(self._due.get(address, now), now)
        ahead = due - now - EVERY * (AT_ONCE - 1)
        if ahead > timedelta():
            raise Refused(Code.DESK_RATE, values={"seconds": math.ceil(ahead.total_seconds())})
        if len(self._due) >= MOST_ADDRESSES:
            self._due = {known: at for known, at in self._due.items() if at > now}
        self._due[address] = due + EVERY
