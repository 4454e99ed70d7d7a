"""Which files of the scan folder have come to rest. Pure: what a look at the folder showed goes in, names come out; no clock.

Scanners open and close a file many times, write it in bursts, and make it with no bytes at first. A file is ready when two
looks in a row saw the same size and time; one whose end does not look like the end of a scan must rest longer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LOOKS_ALIKE = 1  # further looks that must show the same
LOOKS_UNFINISHED = 20  # the same for a file without a proper end: a minute at one look in three seconds
_UNFINISHED_NAME = re.compile(r"^[.~]|~$|\.(part|partial|tmp|temp|crdownload|filepart|lock|lck|ini|db)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as one look saw it: bytes, time of its last change (nanoseconds), whether its end looks like a scan's."""

    size: int
    changed_ns: int
    finished: bool


@dataclass(slots=True)
class Watch:
    """Remembers what the last looks saw. Losing it (a restart) costs one more look, nothing else."""

    _resting: dict[str, tuple[Sighting, int]] = field(default_factory=dict)

    def ready(self, seen: Mapping[str, Sighting]) -> tuple[str, ...]:
        """Return the names in `seen` (all that the folder shows now) that have come to rest, in order."""
        resting: dict[str, tuple[Sighting, int]] = {}
        for name, sighting in seen.items():
            before = self._resting.get(name)
            looks = before[1] + 1 if before is not None and before[0] == sighting else 0
            resting[name] = (sighting, looks)
        self._resting = resting
        return tuple(sorted(name for name, (sighting, looks) in resting.items() if _is_ready(sighting, looks)))

    def forget(self, name: str) -> None:
        """Begin anew with a file that changed while it was read."""
        self._resting.pop(name, None)


def is_scan_name(name: str) -> bool:
    """Say whether a scanner's finished file could be called so: not hidden, not partial, no office lock file."""
    return _UNFINISHED_NAME.search(name) is None and not name.startswith("~$")


def _is_ready(sighting: Sighting, looks: int) -> bool:
    return sighting.size > 0 and looks >= (LOOKS_ALIKE if sighting.finished else LOOKS_UNFINISHED)
