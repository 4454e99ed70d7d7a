"""The systemd units: sound by systemd's own word, hardened, and the programs really work inside that hardening."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hanxun.options import BACKUP_CREDENTIAL, SERVICE_CREDENTIAL
from hub.letters.reading.read import can_read
from tests.command_line.test_logs import HANXUN
from tests.docs.test_commands_shown import faults
from tests.exchange.builders import PASSPHRASE, a_hub_folder, a_province
from tests.station.scene import a_scan

UNITS = Path(__file__).parents[2] / "packaging" / "systemd"
ALL = sorted(UNITS.iterdir())
SERVICES = [unit for unit in ALL if unit.suffix == ".service"]
PROGRAM = "/opt/hanxun/bin/hanxun"
MOST_EXPOSED = 2.0
CALL_NUMBERS = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with this environment's program in place of the installed one: systemd asks whether it is there."""
    folder = tmp_path_factory.mktemp("units")
    for unit in ALL:
        text = unit.read_text("utf-8").replace(PROGRAM, str(Path(sys.executable).with_name("hanxun")))
        (folder / unit.name).write_text(text, "utf-8")
    return folder


def options(unit: Path) -> list[tuple[str, str]]:
    """The unit's `Name=value` lines."""
    lines = [line for line in unit.read_text("utf-8").splitlines() if line and line[0] not in "#["]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


@needs_systemd
def test_systemd_finds_nothing_to_say_about_any_unit(installed: Path) -> None:
    names = [str(installed / unit.name.replace("@.", "@xinqiao.")) for unit in ALL]
    for name in names:
        if "@xinqiao." in name and not Path(name).exists():
            Path(name).symlink_to(name.replace("@xinqiao.", "@."))
    answer = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{installed}:"},
    )
    assert (answer.returncode, answer.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_is_little_exposed(installed: Path, unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}"]
    answer = subprocess.run([*command, str(installed / unit.name)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout.splitlines()[-1]


def test_all_services_are_hardened_alike_and_run_as_their_own_user() -> None:
    hardening = {
        unit.read_text("utf-8").partition("# Hardening.")[2].partition("[Install]")[0].strip() for unit in SERVICES
    }
    assert len(hardening) == 1
    assert {dict(options(unit))["User"] for unit in SERVICES} == {"hanxun-hub", "hanxun-agent"}


def test_the_services_stop_in_order_and_get_their_passphrase_as_a_credential() -> None:
    for name in ("hanxun-hub.service", "hanxun-agent@.service"):
        unit = dict(options(UNITS / name))
        assert (unit["Type"], unit["KillSignal"], unit["KillMode"]) == ("notify", "SIGTERM", "mixed")
        assert int(unit["TimeoutStopSec"]) > 30
    credentials = {dict(options(unit)).get("LoadCredential", "").partition(":")[0] for unit in SERVICES}
    assert credentials == {SERVICE_CREDENTIAL, BACKUP_CREDENTIAL, ""}
    assert not [unit.name for unit in ALL if "--passphrase-file" in unit.read_text("utf-8")]


def test_every_command_in_a_unit_exists_with_its_options() -> None:
    shown = [
        line.split(f"{PROGRAM} ", 1)[1]
        for unit in ALL
        for line in unit.read_text("utf-8").splitlines()
        if PROGRAM in line
    ]
    assert len(shown) == 7
    assert [fault for command in shown for fault in faults(command.replace("%i", "x"))] == []


def test_every_job_has_its_timer_and_the_other_way_round() -> None:
    timers = {unit.stem for unit in ALL if unit.suffix == ".timer"}
    assert timers == {unit.stem for unit in SERVICES if dict(options(unit))["Type"] == "oneshot"}


def allowed_calls() -> list[str]:
    """The names of the system calls that the units' filter leaves, as systemd expands them."""
    lines = [value for name, value in options(UNITS / "hanxun-agent@.service") if name == "SystemCallFilter"]
    kept: set[str] = set()
    for line in lines:
        names = {call for word in line.lstrip("~").split() for call in expanded(word)}
        kept = kept - names if line.startswith("~") else kept | names
    return sorted(kept)


def expanded(word: str) -> set[str]:
    """One name, or all names of an `@set`."""
    if not word.startswith("@"):
        return {word}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    words = [line.strip() for line in listed.stdout.splitlines()[1:] if line.strip() and "#" not in line]
    return set().union(*(expanded(each) for each in words)) if words else set()


@pytest.fixture(scope="module")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that runs what follows it as the units' hardening leaves it."""
    if shutil.which("systemd-analyze") is None or platform.machine() != "x86_64" or not CALL_NUMBERS.is_file():
        pytest.skip("needs systemd-analyze and the system calls' numbers from x86-64's headers (libc6-dev)")
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", CALL_NUMBERS.read_text()))
    calls = allowed_calls()
    assert {"prctl", "memfd_create", "fork", "prlimit64", "setsid"} <= set(calls)
    assert not {"mount", "ptrace", "bpf", "setuid", "reboot", "init_module", "keyctl"} & set(calls)
    path = tmp_path_factory.mktemp("filter") / "calls"
    path.write_text("\n".join(numbers[call] for call in calls if call in numbers))
    return [sys.executable, str(Path(__file__).with_name("hardened.py")), str(path)]


def test_what_the_filter_denies_is_denied(hardened: list[str]) -> None:
    command = [*hardened, sys.executable, "-c", "import os; os.setuid(0)"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "PermissionError" in answer.stderr


def test_scans_are_decoded_in_their_confined_child_inside_the_hardening(hardened: list[str], tmp_path: Path) -> None:
    (tmp_path / "scan.jpg").write_bytes(a_scan())
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\nnot one at all")
    check = [*HANXUN, "letter", "check", str(tmp_path / "scan.jpg"), str(tmp_path / "bad.pdf"), "--json"]
    inside, outside = (
        subprocess.run([*under, *check], capture_output=True, text=True, check=False, timeout=120)
        for under in (hardened, [])
    )
    said = [[json.loads(line) | {"elapsed_s": 0} for line in run.stdout.splitlines()] for run in (inside, outside)]
    assert said[0] == said[1], inside.stderr
    assert [line["ok"] for line in said[0]] == [True, False]


def test_the_hub_serves_and_stops_inside_the_hardening(hardened: list[str], tmp_path: Path) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub", stations=())
    (tmp_path / SERVICE_CREDENTIAL).write_bytes(PASSPHRASE)
    process = subprocess.Popen(
        [*hardened, *HANXUN, "hub", "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)},
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    process.terminate()
    _, log = process.communicate(timeout=60)
    assert (process.returncode, json.loads(ready)["ready"]) == (0, True), log.decode()


@pytest.mark.skipif(not can_read(), reason="the extra ocr is not installed")
def test_a_letter_is_read_in_its_confined_child_inside_the_hardening(hardened: list[str], tmp_path: Path) -> None:
    (tmp_path / "scan.jpg").write_bytes(a_scan())
    program = (
        "import sys, pathlib; from hub.letters.limits import default_limits, default_reading_limits; "
        "from hub.letters.reading.read import read_lines; "
        "read_lines(pathlib.Path(sys.argv[1]).read_bytes(), limits=default_limits(), reading=default_reading_limits())"
    )
    command = [*hardened, sys.executable, "-c", program, str(tmp_path / "scan.jpg")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert answer.returncode == 0, answer.stderr
