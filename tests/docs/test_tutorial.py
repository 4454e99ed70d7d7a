"""The tutorial and the how-to pages run as they stand: one bash, the blocks in order, real processes, a folder of its own."""

import importlib.util
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks
from tests.docs.shell import Shell

pytestmark = pytest.mark.long

needs_softhsm = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None or importlib.util.find_spec("pkcs11") is None,
    reason="SoftHSM (softhsm2) or python-pkcs11 is not installed on this machine",
)
TUTORIAL = DOCS / "tutorial" / "first-letter.md"
# In the order in which a reader could follow them; a page that shows commands only another machine can run is not here.
HOW_TO = (
    "add-an-officer",
    "administer-by-two",
    "change-an-officer",
    "keep-seals",
    "add-a-station",
    "issue-and-revoke-certificates",
    "set-up-tls",
    "verify-evidence",
    "recover-a-refused-message",
    "read-the-trail",
    "renew-certificates",
    "replace-a-lost-machine",
    "keep-the-authority-offline",
    pytest.param("keys-on-tokens", marks=needs_softhsm),
    "upgrade-and-back-up",
)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, str]]:
    """The tutorial played up to its last block, and what it printed; the services still run."""
    home: Path = tmp_path_factory.mktemp("reader")
    *story, _ = [block.text for block in blocks(TUTORIAL, "sh")]
    with Shell(home) as shell:
        printed = []
        for block in story:
            begun = time.monotonic()
            printed.append(shell.run(block))
            print(f"{time.monotonic() - begun:5.1f} s  {block.strip().splitlines()[-1][:100]}")
        yield shell, "\n".join(printed)


def test_the_tutorial_returns_the_record_and_its_evidence_verifies(lesson: tuple[Shell, str]) -> None:
    _, printed = lesson
    assert "TOTAL-PASSED" in printed
    *_, record = (line for line in printed.splitlines() if line.startswith("999999188502030011  李四"))
    assert "349922500000" in record
    assert "临溪县望江镇河东路7号" in record


@pytest.mark.parametrize("page", HOW_TO)
def test_the_commands_of_a_how_to_page_run(lesson: tuple[Shell, str], page: str) -> None:
    shell, _ = lesson
    for block in blocks(DOCS / "how-to" / f"{page}.md", "sh"):
        print(shell.run(block.text))


def test_the_tutorials_last_block_stops_every_service(lesson: tuple[Shell, str]) -> None:
    shell, _ = lesson
    shell.run(blocks(TUTORIAL, "sh")[-1].text)
    assert shell.run("jobs").strip() == ""
