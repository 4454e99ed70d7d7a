"""Puts the project's root on the path (tests import builders as `tests.<area>.builders`), leaves the long tests to who asks
for them, and holds CI to the whole suite."""

from collections.abc import Generator

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code: speed is measured in benchmarks/.
settings.register_profile("hanxun", deadline=None)
settings.load_profile("hanxun")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run what takes minutes: walks, browsers, kills, faults")
    parser.addoption(
        "--no-skips", action="store_true", help="fail a test that would be skipped: every outside tool must be here"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `long`, unless `--long` was given or the file or test was named on the command line."""
    if config.getoption("--long") or any(".py" in word for word in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure under `--no-skips`: a machine that lacks a tool must not look green."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and --no-skips was given: {report.longrepr}"
    return report
