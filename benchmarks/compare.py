"""Error rates of comparing impressions on labelled scans, by kind; thresholds from one half of the stamps, report on the other.

    python -m benchmarks.compare ../shared/scans [--write hub/letters/compare/error_rates.json]

The halves are split by stamp (even and odd sets), so no stamp helps to set the threshold it is judged by. Kind `number`
(a changed serial number) is measured and printed, and left out of the totals. Ends with one JSON line per measure. `--write` keeps
the rates by kind where the desk reads them.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy loads: seconds of one core are reported

import cv2
import msgspec
import numpy as np

from hub.letters.compare.child import trace
from hub.letters.compare.comparison import Comparison, Likeness, Trace
from hub.letters.compare.error_rates import ErrorRates, KindRate
from hub.letters.compare.judge import SIMILAR_FROM, judge
from hub.letters.compare.scorer import shipped_scorer
from hub.letters.limits import default_limits

NOT_COUNTED = "number"


class Entry(msgspec.Struct, frozen=True):
    """The part of a manifest entry that is read here."""

    path: str
    kind: str
    role: str = ""
    set: int = -1


class Manifest(msgspec.Struct, frozen=True):
    """The manifest of the labelled scans."""

    files: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair, its label and what was answered in how many seconds of CPU."""

    entry: Entry
    answer: Comparison
    seconds: float


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("scans", type=Path)
    options.add_argument(
        "--specimen", default="specimen", help="file used as registered impression, as genuine0_normal"
    )
    options.add_argument("--without-resolution", action="store_true", help="as if no file stated its resolution")
    options.add_argument("--write", type=Path, help="write the rates by kind here")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    entries = msgspec.json.decode((chosen.scans / "MANIFEST.json").read_bytes(), type=Manifest).files
    judged = judge_all(
        chosen.scans,
        [entry for entry in entries if entry.path.startswith("compare/")],
        specimen=chosen.specimen,
        sized=not chosen.without_resolution,
    )
    print(f"pairs: {len(judged)}; seconds of one core per pair: {np.mean([one.seconds for one in judged]):.3f} mean, "
          f"{max(one.seconds for one in judged):.3f} largest")  # fmt: skip
    halves = [[one for one in judged if one.entry.set % 2 == half] for half in (0, 1)]
    for name, setting, reported in (("odd", *halves), ("even", *reversed(halves))):
        print(f"\n-- threshold from the other half, reported on the {name} sets --")
        report(reported, threshold=equal_error(setting)[1])
    print(f"\n-- all sets: equal error {equal_error(judged)[0]:.3f}; by kind, at the threshold as shipped --")
    report(judged, threshold=SIMILAR_FROM)
    unread = [one for one in judged if one.answer.verdict is Likeness.NOT_LEGIBLE]
    print(
        "not legible:",
        {kind: sum(one.entry.kind == kind for one in unread) for kind in sorted({one.entry.kind for one in unread})},
    )
    rates = rates_of(judged)
    if chosen.write is not None:
        chosen.write.write_bytes(msgspec.json.format(msgspec.json.encode(rates), indent=1) + b"\n")
    measures = [("compare_equal_error", rates.equal_error, 0.12)]
    halves_report = [equal_error(half)[0] for half in halves]
    measures += [
        (f"compare_equal_error_{name}", value, 0.12) for name, value in zip(("even", "odd"), halves_report, strict=True)
    ]
    measures += [("compare_seconds", float(np.mean([one.seconds for one in judged])), 0.5)]
    for name, value, limit in measures:
        unit = "s" if name.endswith("seconds") else "rate"
        line = {"name": name, "value": round(value, 4), "unit": unit, "limit": limit, "ratio": round(value / limit, 3)}
        print(msgspec.json.encode(line).decode())


def rates_of(judged: Sequence[Judged]) -> ErrorRates:
    """Return the rates by kind at the threshold as shipped, verdicts as an officer reads them."""

    def of(role: str, wrong: Likeness) -> tuple[KindRate, ...]:
        mine = [one for one in judged if one.entry.role == role]
        return tuple(
            KindRate(
                kind,
                len(answers),
                sum(answer.verdict is wrong for answer in answers),
                sum(answer.verdict is Likeness.NOT_LEGIBLE for answer in answers),
            )
            for kind in sorted({one.entry.kind for one in mine})
            if (answers := [one.answer for one in mine if one.entry.kind == kind])
        )

    return ErrorRates(
        stamps=len({one.entry.set for one in judged}),
        threshold=SIMILAR_FROM,
        equal_error=round(equal_error(judged)[0], 4),
        genuine=of("genuine", Likeness.DIFFERENT),
        forged=of("forgery", Likeness.SIMILAR),
        left_out=(NOT_COUNTED,),
    )


def judge_all(folder: Path, entries: Sequence[Entry], *, specimen: str, sized: bool) -> list[Judged]:
    """Compare every impression of every set with the set's file named `specimen`."""
    limits, scorer = default_limits(), shipped_scorer()

    def traced(entry: Entry) -> Trace | None:
        found = trace((folder / entry.path).read_bytes(), limits=limits).trace
        return found if sized or found is None else msgspec.structs.replace(found, diameter_mm=None)

    registered = {entry.set: traced(entry) for entry in entries if Path(entry.path).stem == specimen}
    judged = []
    for entry in entries:
        one = registered[entry.set]
        if one is None or entry.role == "specimen" or Path(entry.path).stem == specimen:
            continue
        start = time.process_time()
        answer = judge((one,), traced(entry), scorer=scorer)
        judged.append(Judged(entry, answer, time.process_time() - start))
    return judged


def equal_error(judged: Sequence[Judged]) -> tuple[float, float]:
    """Return the equal error rate over all kinds that count, and the score at which it is reached."""
    genuine = np.array([one.answer.score for one in judged if one.entry.role == "genuine"])
    forged = np.array(
        [one.answer.score for one in judged if one.entry.role == "forgery" and one.entry.kind != NOT_COUNTED]
    )
    return equal_error_of(genuine, forged)


def equal_error_of(genuine: np.ndarray, forged: np.ndarray) -> tuple[float, float]:
    """Return the equal error rate of scores and the threshold between two of them where it is reached."""
    scores = np.unique(np.concatenate([genuine, forged]))
    cuts = np.concatenate([scores[:1], (scores[1:] + scores[:-1]) / 2])
    rejected = np.array([(genuine < cut).mean() for cut in cuts])
    accepted = np.array([(forged >= cut).mean() for cut in cuts])
    place = int(np.argmin(np.abs(rejected - accepted)))
    return float((rejected[place] + accepted[place]) / 2), float(cuts[place])


def report(judged: Sequence[Judged], *, threshold: float) -> None:
    """Print the error rates of each kind, and the equal error rate of each kind of forgery against all genuine pairs."""
    genuine = np.array([one.answer.score for one in judged if one.entry.role == "genuine"])
    forged = [one for one in judged if one.entry.role == "forgery" and one.entry.kind != NOT_COUNTED]
    accepted = np.mean([one.answer.score >= threshold for one in forged])
    print(f"threshold {threshold:.4f}: {len(genuine)} genuine, {(genuine < threshold).mean():.3f} rejected; "
          f"{len(forged)} forged, {accepted:.3f} accepted; equal error on this half {equal_error(judged)[0]:.3f}")  # fmt: skip
    for role in ("genuine", "forgery"):
        for kind in sorted({one.entry.kind for one in judged if one.entry.role == role}):
            scores = np.array([one.answer.score for one in judged if one.entry.role == role and one.entry.kind == kind])
            if role == "genuine":
                print(f"  genuine {kind:14} {int((scores < threshold).sum()):3d} of {len(scores)} rejected")
            else:
                alone = equal_error_of(genuine, scores)[0]
                print(
                    f"  forged  {kind:14} {int((scores >= threshold).sum()):3d} of {len(scores)} accepted; equal error {alone:.3f}"
                )


if __name__ == "__main__":
    main()
