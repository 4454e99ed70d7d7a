"""A scan of many pages goes all the way through real processes with progress shown; `benchmarks.large_scan` does it with 150 MB."""

from pathlib import Path

import pytest

from benchmarks.large_scan import MB, SERVICE_MB, measure, peak_mb
from tests.end_to_end.world import a_world
from tests.letters.long_scans import a_long_scan

pytestmark = pytest.mark.long

PAGES = 3


def test_a_long_scan_is_checked_sealed_uploaded_and_received_in_bounded_memory(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(a_long_scan(PAGES, 2 * MB))
    world = a_world(tmp_path)
    try:
        world.start()
        idle = {process.name: peak_mb(process.child.pid) for process in world.processes if process.child}
        found = measure(world, scan, PAGES)
    finally:
        world.close()
    size = scan.stat().st_size / MB
    assert found["hub"][1] - idle["hub"] < 60, "the hub streams what it is sent"
    for name, (_, peak) in found.items():
        assert peak < (SERVICE_MB if name in idle else 4 * size + SERVICE_MB), name
