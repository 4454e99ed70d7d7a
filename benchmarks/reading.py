"""How well and how fast letters are read: exact numbers, names, units, dates and letter numbers of the labelled letters.

    python -m benchmarks.reading [--scans DIR] [--every N] [--misses]

Needs the extra `ocr`. Prints one JSON line per measure: name, value, unit, limit, ratio. A field counts when it is equal after
NFKC without white space. The time is from bytes to fields, child included.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.letters.limits import default_limits, default_reading_limits
from hub.letters.reading.fields import LetterRead
from hub.letters.reading.read import read_letter

SCANS = Path(__file__).resolve().parents[2] / "shared" / "scans"


def answers(read: LetterRead, truth: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give, for each field of a labelled letter, its kind and whether it was read exactly."""
    names = {person.id18: person.name for person in read.persons}
    for person in truth["persons"]:
        yield "ids", person["id"] in names
        yield "names", names.get(person["id"]) == person["name"]
    yield "sender", read.sender == truth["sender"]
    yield "addressee", read.addressee == truth["addressee"]
    year, month, day = map(int, re.findall(r"[0-9]+", truth["date"]))
    yield "date", read.date == f"{year}-{month:02}-{day:02}"
    if truth["letter_no"]:
        yield "letter_number", read.letter_number == truth["letter_no"]
    yield "nothing_else", set(names) == {person["id"] for person in truth["persons"]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=Path, default=SCANS)
    parser.add_argument("--every", type=int, default=1, help="read every N-th letter only")
    parser.add_argument("--misses", action="store_true", help="say on stderr which fields are wrong")
    wanted = parser.parse_args()
    right, all_, times = Counter[str](), Counter[str](), []
    for truth_file in sorted((wanted.scans / "ocr").glob("*.json"))[:: wanted.every]:
        truth = json.loads(truth_file.read_text("utf-8"))
        started = time.perf_counter()
        raw = truth_file.with_suffix(".jpg").read_bytes()
        read = read_letter(raw, limits=default_limits(), reading=default_reading_limits())
        times.append(time.perf_counter() - started)
        for kind, good in answers(read, truth):
            right[kind] += good
            all_[kind] += 1
            if wanted.misses and not good:
                sys.stderr.write(f"{truth_file.name}: {kind}: {read}\n")
    for kind, count in all_.items():
        value = right[kind] / count
        line = {"name": f"reading_{kind}", "value": round(value, 4), "unit": "1", "limit": 1.0, "of": count}
        sys.stdout.write(json.dumps({**line, "ratio": round(value, 4)}) + "\n")
    mean = sum(times) / len(times)
    line = {"name": "reading_seconds_a_page", "value": round(mean, 2), "unit": "s", "limit": 10.0}
    sys.stdout.write(json.dumps({**line, "ratio": round(mean / 10.0, 3), "worst": round(max(times), 2)}) + "\n")


if __name__ == "__main__":
    main()
