"""`hanxun letter compare` on a labelled set: one line for each impression, in the shape that machines rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SET = Path(__file__).parents[3] / "shared" / "scans" / "compare" / "set03"


@pytest.mark.skipif(not SET.is_dir(), reason="the labelled scans are not beside the project (../shared/scans)")
def test_each_impression_gets_a_line_with_verdict_score_and_differences() -> None:
    paths = [SET / "genuine0_normal.jpg", SET / "forged_mirrored.jpg"]
    command = [
        sys.executable,
        "-m",
        "hanxun",
        "letter",
        "compare",
        str(SET / "specimen.jpg"),
        *map(str, paths),
        "--json",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    genuine, forged = (json.loads(line) for line in answer.stdout.splitlines())
    assert [genuine["impression"], forged["impression"]] == list(map(str, paths))
    assert (genuine["verdict"], forged["verdict"]) == ("similar", "different")
    assert genuine["score"] > forged["score"]
    assert {"what", "where"} == set(forged["differences"][0])
