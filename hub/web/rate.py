"""How often each station may ask: one number a station, in memory (GCRA, a token bucket without a bucket)."""

import math
import time
from collections.abc import Callable

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId

ROUNDING_S = 1e-6


class Rates:
    """Allows `per_s` requests a second to each station, of which `burst` may come at once. Used on the event loop."""

    def __init__(self, *, per_s: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_s
        self._ahead = (burst - 1) / per_s
        self._clock = clock
        self._due: dict[StationId, float] = {}  # when a station that asked evenly would be due to ask again

    def take(self, station: StationId) -> None:
        """Count one request. Raises: Refused (`request.rate`) with the seconds to wait; what is refused is not counted."""
        now = self._clock()
        due = self._due.get(station, now)
        if due < now:
            due = now
        if due - now > self._ahead + ROUNDING_S:
            seconds = max(1, math.ceil(due - now - self._ahead))
            raise Refused(Code.REQUEST_RATE, detail=station, values={"seconds": seconds})
        self._due[station] = due + self._interval
