"""The commands of `docs/how-to/check-evidence-by-hand.md`, as they stand there: what they see, and what they do not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.trail.evidence.container import read_container
from hub.trail.evidence.zip_form import read_zip, write_zip
from tests.trail.evidence.builders import SampleCase, a_whole_case

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "check-evidence-by-hand.md").read_text(encoding="utf-8")
VECTORS = ROOT / "tests" / "vectors" / "signing"
BLOCKS = [re.sub(r"(?m)^   ", "", block) for block in re.findall(r"(?ms)^   ```sh\n(.*?)^   ```$", PAGE)]
UNPACK, SIGNATURE, REVOCATION, DIGESTS, NO_MORE = BLOCKS
ENDS = "same\nno more\n"
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "unzip", "openssl"))), reason="bash, unzip or openssl is not installed"
)


@pytest.fixture(scope="module")
def case() -> SampleCase:
    return a_whole_case()


def run(folder: Path, raw: bytes, root: bytes, *blocks: str, when: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "evidence.asice").write_bytes(raw)
    (folder / "root.pem").write_bytes(root)
    script = "set -eo pipefail\n" + (f"WHEN={when}\n" if when else "") + "".join(blocks)
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_a_good_file_passes_every_command(case: SampleCase, tmp_path: Path) -> None:
    done = run(tmp_path, case.container(pem=True), case.province.root.certified.pem, *BLOCKS)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ENDS
    assert done.stderr.count("CMS Verification successful") == 2


@pytest.mark.parametrize(("name", "seen"), [("letters/0001.pdf", DIGESTS), ("META-INF/ASiCManifest001.xml", SIGNATURE)])
def test_a_changed_byte_of_a_file_is_seen(name: str, seen: str, case: SampleCase, tmp_path: Path) -> None:
    members = list(read_zip(case.container()))
    at = next(number for number, member in enumerate(members) if member.name == name)
    changed = bytearray(members[at].raw)
    changed[len(changed) // 2] ^= 1
    members[at] = type(members[at])(name, bytes(changed))
    done = run(tmp_path, write_zip(members), case.province.root.certified.pem, UNPACK, seen)
    assert done.returncode != 0


def test_a_file_outside_the_manifest_is_seen_by_the_fourth_step_only(case: SampleCase, tmp_path: Path) -> None:
    members = list(read_zip(case.container()))
    members.insert(3, type(members[0])("letters/9999.pdf", b"x"))
    done = run(tmp_path, write_zip(members), case.province.root.certified.pem, UNPACK, SIGNATURE, DIGESTS, NO_MORE)
    assert done.returncode != 0
    assert done.stdout.startswith("same\n")


@pytest.mark.parametrize(
    "name",
    [
        "01-good",
        "07-mimetype-wrong",
        "08-mimetype-not-first",
        "14-doctype-in-manifest",
        "18-signed-by-agent-not-hub",
    ],
)
def test_what_the_page_says_they_do_not_see_they_do_not_see(name: str, tmp_path: Path) -> None:
    raw, root = (VECTORS / "asic" / f"{name}.asice").read_bytes(), (VECTORS / "certs" / "root.pem").read_bytes()
    done = run(tmp_path, raw, root, UNPACK, SIGNATURE, DIGESTS, NO_MORE, when="2026-11-24T12:00:00Z")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ENDS


def test_the_report_in_the_file_says_so_too(case: SampleCase) -> None:
    report = next(file.raw for file in read_container(case.container()).files if file.name == "report.json").decode()
    for word in ("DOCTYPE", "mimetype", "ZIP", "清单之外"):
        assert word in report
        assert word in PAGE
