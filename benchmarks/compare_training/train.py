"""Make the scorer that ships: draw families of stamps, train on their windows, then on whole pairs, write one JSON file.

    python -m benchmarks.compare_training.train --work /tmp/stamps --out hub/letters/compare/scorer.json

Nothing of the labelled scans is read. Families already in `--work` are used again; the seed makes all of them the same
for the same versions of fonts and libraries.
"""

import argparse
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy loads: the processes are the threads

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.compare_training.network import Plan, train
from benchmarks.compare_training.pairs import make_family
from hub.letters.compare.network import Network, evaluate
from hub.letters.compare.patches import Patches, places
from hub.letters.compare.scorer import StoredScorer, network_of, stored_network
from hub.letters.compare.summary import FACT_IMPRESSION, FACT_SPECIMEN, summarise

SEED = 20261124
FIRST_PAIRS = 10_000  # families for pairs are numbered from here: other stamps than those for windows
PICTURE_SCALE = 160.0  # pictures are kept as bytes
SAME, OTHER = 0.12, 0.28  # designs that differ less than the first are the same window, more than the second another
OTHER_HAND = 0.2  # where every stroke changes a little, so that it cannot be a badly placed window
HANDS = ("other_font", "weight")
WINDOWS = Plan(convolutions=((12, 5), (24, 3), (32, 3)), hidden=(32,), epochs=8, batch=96, rate=2e-3, decay=1e-2)
PAIR = Plan(convolutions=(), hidden=(16,), epochs=60, batch=64, rate=3e-3, decay=5e-2)
PAIR_NETWORKS = 5
SIZE_FORGED_MM = (1.6, 3.5)  # diameters of forgeries differ by this much; made here from genuine pairs


@dataclass(frozen=True, slots=True)
class Kept:
    """One pair on disk, see `pairs.Pair`."""

    kind: str
    pictures: NDArray[np.uint8]
    facts: NDArray[np.float32]
    differs: NDArray[np.float32]
    millimetres: float
    coverage: float


def main() -> None:
    """Make, train, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--families", type=int, nargs=2, default=(240, 300), help="for windows, for pairs")
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    count, pairs = chosen.families
    jobs = [(chosen.work / "windows", number, True) for number in range(count)]
    jobs += [(chosen.work / "pairs", number, False) for number in range(FIRST_PAIRS, FIRST_PAIRS + pairs)]
    jobs.sort(key=lambda job: job[1] % FIRST_PAIRS)  # both kinds grow together
    with multiprocessing.Pool(chosen.processes, cv2.setNumThreads, (1,)) as pool:
        for done, _ in enumerate(pool.imap_unordered(_make, jobs, 4)):
            if done % 20 == 0:
                print(f"family {done} of {len(jobs)}", flush=True)
    windows = train_windows(list(load(chosen.work / "windows")), np.random.default_rng(SEED))
    stored = stored_network(windows)
    kept = list(load(chosen.work / "pairs"))
    networks = train_pairs(kept, network_of(stored), np.random.default_rng(SEED + 1))
    scorer = StoredScorer(SEED, len(kept), stored, tuple(stored_network(part) for part in networks))
    chosen.out.write_bytes(msgspec.json.format(msgspec.json.encode(scorer), indent=1) + b"\n")


def _make(job: tuple[Path, int, bool]) -> None:
    folder, number, for_windows = job
    path = folder / f"{number:05d}.npz"
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    family = list(make_family(number, seed=SEED, for_windows=for_windows))
    parts = {
        "kind": np.array([pair.kind for pair in family]),
        "pictures": np.array([pair.patches.pictures * PICTURE_SCALE for pair in family]).astype(np.uint8),
        "facts": np.array([pair.patches.facts for pair in family], np.float32),
        "differs": np.array([pair.differs for pair in family], np.float32),
        "millimetres": np.array([pair.millimetres for pair in family]),
        "coverage": np.array([pair.coverage for pair in family]),
    }
    partial = path.with_suffix(".tmp.npz")
    np.savez(partial, **parts)
    partial.rename(path)


def load(folder: Path) -> Iterator[Kept]:
    """Yield the pairs kept in a folder, in order."""
    for path in sorted(folder.glob("?????.npz")):
        with np.load(path) as parts:
            yield from (
                Kept(str(kind), *rest)
                for kind, *rest in zip(
                    *(parts[name] for name in ("kind", "pictures", "facts", "differs", "millimetres", "coverage")),
                    strict=True,
                )
            )


def train_windows(kept: list[Kept], random: np.random.Generator, plan: Plan = WINDOWS) -> Network:
    """Return the network that judges one window."""
    facts = np.concatenate([pair.facts for pair in kept])
    differs = np.concatenate([pair.differs for pair in kept])
    least = np.concatenate([np.full(len(pair.differs), OTHER_HAND if pair.kind in HANDS else OTHER) for pair in kept])
    used = (facts[:, FACT_SPECIMEN] + facts[:, FACT_IMPRESSION] > 0.04) & ((differs < SAME) | (differs > least))
    pictures = np.concatenate([pair.pictures for pair in kept])[used]
    facts, truth = facts[used], (differs[used] > SAME).astype(np.float32)
    print(f"{len(kept)} pairs, {len(truth)} windows, {truth.mean():.3f} of them differ")
    steps = train(pictures, facts, truth, np.ones_like(truth), plan, random, picture_scale=PICTURE_SCALE)
    return _last(steps, "windows")


def _last(steps: Iterator[tuple[int, float, Network]], name: str) -> Network:
    trained: Network | None = None
    for epoch, loss, network in steps:
        print(f"{name}, epoch {epoch}: loss {loss:.4f}", flush=True)
        trained = network
    assert trained is not None
    return trained


def train_pairs(kept: list[Kept], windows: Network, random: np.random.Generator) -> list[Network]:
    """Return the networks that judge a pair from its windows; trained on other stamps than the windows were."""
    rows, truth, weight = pair_rows(kept, windows, random)
    return [_last(train(None, rows, truth, weight, PAIR, random), "pairs") for _ in range(PAIR_NETWORKS)]


def pair_rows(
    kept: list[Kept], windows: Network, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return facts, truth (1 = another stamp) and weight of each pair, and of genuine ones at a forged diameter."""
    radius, angle = places()
    rows, truth = [], []
    for pair in kept:
        pictures = pair.pictures.astype(np.float32) / np.float32(PICTURE_SCALE)
        patches = Patches(pictures, pair.facts, radius, angle, np.zeros((len(radius), 2), np.int64))
        odds = evaluate(windows, pictures, pair.facts)
        rows.append(summarise(patches, odds, coverage=pair.coverage, size_mm=pair.millimetres)[0])
        truth.append(float(pair.kind != "genuine"))
        if pair.kind == "genuine" and random.random() < 0.15:
            size = pair.millimetres + random.choice([-1, 1]) * random.uniform(*SIZE_FORGED_MM)
            rows.append(summarise(patches, odds, coverage=pair.coverage, size_mm=size)[0])
            truth.append(1.0)
    answers = np.array(truth, np.float32)
    share = float(answers.mean())
    return np.array(rows), answers, np.where(answers > 0, 0.5 / share, 0.5 / (1 - share)).astype(np.float32)


if __name__ == "__main__":
    main()
