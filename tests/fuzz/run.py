"""Fuzzing for as long as one likes: every entry in turn, new outcomes become seeds, what fails is shrunk and kept.

    python -m tests.fuzz.run --minutes 10 [--entry NAME ...] [--seed N] [--keep]

Ends with one JSON line per entry: name, tried, outcomes, faults. Exit 1 when a reader did anything but answer or refuse. A fault's
input lands in `tests/fuzz/corpus/ENTRY/`, where the test suite tries it for ever; `--keep` also keeps one input for each new outcome.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from pathlib import Path

from tests.fuzz.entries import Entry, entries, fault, outcome
from tests.fuzz.mutate import mutated

CORPUS = Path(__file__).parent / "corpus"
SLICE_S = 2.0
_LARGEST_KEPT = 8192


def corpus_of(name: str) -> list[Path]:
    """Return the kept inputs of an entry."""
    return sorted((CORPUS / name).glob("*.bin"))


def keep(name: str, raw: bytes) -> Path:
    """Keep an input under its digest."""
    path = CORPUS / name / f"{hashlib.sha256(raw).hexdigest()[:16]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def shrunk(entry: Entry, raw: bytes, *, seconds: float = 10.0) -> bytes:
    """Return a shorter input that still fails, found by leaving parts out."""
    end, size = time.monotonic() + seconds, max(1, len(raw) // 2)
    while size and time.monotonic() < end:
        for place in range(0, len(raw), size):
            shorter = raw[:place] + raw[place + size :]
            if fault(entry, shorter) is not None:
                raw = shorter
                break
        else:
            size //= 2
    return raw


class Campaign:
    """One entry under fuzzing."""

    def __init__(self, name: str, entry: Entry, rng: random.Random) -> None:
        self.name, self.entry, self.rng = name, entry, rng
        self.pool = [*entry.seeds, *(path.read_bytes() for path in corpus_of(name))]
        self.seen = {outcome(entry, raw) for raw in self.pool}
        self.tried, self.faults = 0, 0

    def run(self, seconds: float, *, keep_new: bool) -> None:
        """Try mutations for `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            raw = mutated(self.pool, self.rng)
            self.tried += 1
            wrong = fault(self.entry, raw)
            if wrong is not None:
                self.faults += 1
                path = keep(self.name, shrunk(self.entry, raw))
                sys.stderr.write(f"{self.name}: {wrong}\n  kept: {path}\n")
                return
            if self.tried % 4 == 0 and (became := outcome(self.entry, raw)) not in self.seen:
                self.seen.add(became)
                self.pool.append(raw)
                if keep_new and len(raw) <= _LARGEST_KEPT:
                    keep(self.name, raw)


def main() -> int:
    """Fuzz and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--entry", action="append", help="this entry only; may be repeated")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run; default: a new one")
    parser.add_argument("--keep", action="store_true", help="keep an input for each outcome that is new")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else time.time_ns() % 1_000_000_007
    sys.stderr.write(f"seed {seed}\n")
    rng = random.Random(seed)
    chosen = {name: entry for name, entry in entries().items() if not wanted.entry or name in wanted.entry}
    campaigns = [Campaign(name, entry, random.Random(rng.random())) for name, entry in chosen.items()]
    end = time.monotonic() + wanted.minutes * 60
    while time.monotonic() < end:
        for campaign in campaigns:
            campaign.run(min(SLICE_S, max(0.1, end - time.monotonic())), keep_new=wanted.keep)
    for one in campaigns:
        line = {"name": one.name, "tried": one.tried, "outcomes": len(one.seen), "faults": one.faults}
        sys.stdout.write(json.dumps(line) + "\n")
    return 1 if any(campaign.faults for campaign in campaigns) else 0


if __name__ == "__main__":
    sys.exit(main())
