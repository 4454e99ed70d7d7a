"""The how-to of two machines is walked as it stands: its blocks, each on the machine that it names, over TLS between two
addresses. Only three things are put in for a reader: the stick, and the two readings on the telephone."""

import os
import sys
from pathlib import Path

import pytest

from tests.docs.machines import two_machines
from tests.docs.pages import DOCS, blocks
from tests.docs.shell import Shell

pytestmark = pytest.mark.long

PAGE = DOCS / "how-to" / "two-machines.md"
ADDRESSES = ("192.0.2.10", "192.0.2.20")
STICK = "/media/usb"
ROOT_HEARD = "电话里听到的根证书指纹 / the root's fingerprint as heard"
REQUESTS_HEARD = "电话里听到的各请求指纹 / the requests' fingerprints as heard"
BOTH, ONE, TWO = "# 两台都做 / on both", "# 机器一 / machine 1", "# 机器二 / machine 2"


def test_two_bare_machines_exchange_a_letter_by_the_commands_of_the_page(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    homes = [tmp_path / name for name in ("machine-1", "machine-2")]
    for folder in (stick, *homes):
        folder.mkdir()
    # This environment's program stands where the page installs it.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with two_machines(*ADDRESSES) as machines:
        known = dict(zip(ADDRESSES, (machine.address for machine in machines), strict=True)) | {STICK: str(stick)}
        with (
            Shell(homes[0], under=machines[0].under, path=path) as first,
            Shell(homes[1], under=machines[1].under, path=path) as second,
        ):
            said: list[str] = []
            for block in blocks(PAGE, "sh"):
                where, text = block.text.partition("\n")[0], block.text
                for written, real in (known | heard(said)).items():
                    text = text.replace(written, real)
                shells = {BOTH: (first, second), ONE: (first,), TWO: (second,)}[where]
                said += [shell.run(text, within_s=300) for shell in shells]
    assert any("TOTAL-PASSED" in printed for printed in said)
    assert sum("一致 / consistent" in printed for printed in said) == 1
    *_, record = (line for printed in said for line in printed.splitlines() if line.startswith("999999188502030011"))
    assert "349922500000" in record
    # The stick carried requests and certificates, and never a key.
    assert {"".join(path.suffixes[-2:]) for path in stick.iterdir()} == {".csr.pem", ".cert.pem"}
    assert [path.name for path in stick.iterdir() if b"PRIVATE" in path.read_bytes()] == []


def heard(said: list[str]) -> dict[str, str]:
    """What one machine's last words were, read out to the other on the telephone."""
    last = said[-1].strip() if said else ""
    return {ROOT_HEARD: last, REQUESTS_HEARD: last}
