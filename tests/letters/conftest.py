"""Fixtures for scans: the limits that ship, and the labelled scans beside the project where they are."""

import json
from pathlib import Path

import pytest

from hub.letters.limits import ScanLimits, default_limits
from tests.letters.builders import SHARED_SCANS


@pytest.fixture(scope="session")
def limits() -> ScanLimits:
    return default_limits()


@pytest.fixture(scope="session")
def shared_scans() -> Path:
    if not (SHARED_SCANS / "MANIFEST.json").is_file():
        pytest.skip(f"no labelled scans at {SHARED_SCANS}")
    return SHARED_SCANS


@pytest.fixture(scope="session")
def manifest(shared_scans: Path) -> list[dict[str, object]]:
    return json.loads((shared_scans / "MANIFEST.json").read_text("utf-8"))["files"]
