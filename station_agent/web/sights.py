"""Impressions laid beside one another lately: finding and comparing cost a second, and a page with its pictures asks four times."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from hub.letters.compare.sight import Sight
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from station_agent.desk.beside import OnLetter

MOST = 24  # of either; each holds some hundred kilobytes
T = TypeVar("T")


class Recent(Generic[T]):
    """The last `MOST` outcomes by name; refusals, too, since asking again would cost the same. One is made at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Digest, ...], T | Refused] = OrderedDict()

    def get(self, key: tuple[Digest, ...], make: Callable[[], T]) -> T:
        """Return the outcome for `key`, made now if it is not kept. Raises: Refused as `make` did; Unavailable, not kept."""
        with self._lock:
            if key not in self._kept:
                try:
                    self._kept[key] = make()
                except Refused as refusal:
                    self._kept[key] = refusal
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            found = self._kept[key]
        if isinstance(found, Refused):
            raise found
        return found


class Sights:
    """Where the impression stands on a letter, and how it looks beside a registered one."""

    def __init__(self) -> None:
        self.on_letter: Recent[OnLetter] = Recent()
        self.beside: Recent[Sight] = Recent()
