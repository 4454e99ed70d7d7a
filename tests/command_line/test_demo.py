"""The demo, whole and real: processes, commands, evidence; its answer for machines; nothing half-made when refused."""

import base64
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hanxun.demo.people import MISSPELT, MOVED, STATIONS
from hub.protocol.errors import Refused
from hub.signing.keys import decrypt_key


def hanxun(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hanxun", *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == code, answer.stderr
    return answer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo") / "d"
    answer = hanxun("demo", "--once", "--json", "--dir", folder)
    yield {"narration": answer.stderr} | json.loads(answer.stdout.splitlines()[-1])
    shutil.rmtree(folder)


def test_it_prints_where_everything_is(demo: dict[str, Any]) -> None:
    assert set(demo) == {"narration", "dir", "hub_data", "root", "evidence", "elapsed_s"}
    assert len(demo["evidence"]) == 2
    assert all(Path(path).is_file() for path in (*demo["evidence"], demo["root"]))


def test_it_tells_the_story_and_both_refusals(demo: dict[str, Any]) -> None:
    for words in ("错迁", "印文核对", "simulated", "E405", "seal.intact", "回迁办结", "更正"):
        assert words in demo["narration"]


def test_every_station_talks_to_the_hub_over_tls_only(demo: dict[str, Any]) -> None:
    folder = Path(demo["dir"])
    assert "[tls]" in (folder / "hub" / "hub.toml").read_text("utf-8")
    assert "https://127.0.0.1" in (folder / "logs" / "hub.log").read_text("utf-8")
    for station in STATIONS:
        assert 'hub = "https://127.0.0.1:' in (folder / station.key / "agent.toml").read_text("utf-8")


def test_the_report_says_that_the_letter_was_in_time(demo: dict[str, Any]) -> None:
    with zipfile.ZipFile(demo["evidence"][0]) as container:
        (time,) = json.loads(container.read("report.json"))["times"]
    assert (time["step"], time["late"], time["start_before"]) == ("letter_sent", False, None)
    assert time["received_at"] <= time["due_at"]


def test_the_evidence_verifies_with_nothing_but_the_root(demo: dict[str, Any], tmp_path: Path) -> None:
    moved = [shutil.copy(path, tmp_path) for path in demo["evidence"]]
    root = shutil.copy(demo["root"], tmp_path)
    answer = hanxun("evidence", "verify", *moved, "--root", root, "--json")
    verdicts = [json.loads(line)["verdict"] for line in answer.stdout.splitlines()]
    assert verdicts == ["TOTAL-PASSED", "TOTAL-PASSED"]


def test_the_evidence_still_verifies_in_ten_years(demo: dict[str, Any]) -> None:
    hanxun("evidence", "verify", *demo["evidence"], "--root", demo["root"], "--at", "2036-11-24")


def test_the_evidence_holds_every_officers_act(demo: dict[str, Any]) -> None:
    with zipfile.ZipFile(demo["evidence"][0]) as container:
        report = json.loads(container.read("report.json"))
    assert {line["act"] for line in report["acts"]} == {"draft", "approval", "seal-use", "scan", "look", "register"}
    assert len({line["officer_number"] for line in report["acts"]}) == 4


def test_the_sealed_letter_verifies_alone(demo: dict[str, Any], tmp_path: Path) -> None:
    with zipfile.ZipFile(demo["evidence"][0]) as container:
        name = next(item for item in container.namelist() if item.startswith("letters/"))
        letter = container.extract(name, tmp_path)
    hanxun("letter", "verify", letter, "--root", demo["root"])


def test_the_hubs_own_evidence_and_log_agree(demo: dict[str, Any], tmp_path: Path) -> None:
    case = Path(demo["evidence"][0]).stem
    password = Path(demo["dir"]) / "passwords" / "hub"
    out = tmp_path / "hub.asice"
    hanxun("evidence", "export", case, "--data", demo["hub_data"], "--passphrase-file", password, "--out", out)
    hanxun("evidence", "verify", out, "--root", demo["root"])
    hanxun("trail", "verify", "--data", demo["hub_data"])
    hanxun("hub", "check", "--data", demo["hub_data"])


def test_no_password_and_no_plain_key_lies_open(demo: dict[str, Any]) -> None:
    for path in Path(demo["dir"]).rglob("*"):
        if path.is_file() and (path.parent.name == "passwords" or path.name.endswith("key.pem")):
            assert path.stat().st_mode & 0o077 == 0, path
        if path.name.endswith("key.pem"):
            assert b"ENCRYPTED" in path.read_bytes()


def test_the_services_logs_name_nobody_and_hold_no_secret(demo: dict[str, Any]) -> None:
    folder = Path(demo["dir"])
    logs = {path.name: path.read_text("utf-8") for path in (folder / "logs").glob("*.log")}
    assert len(logs) == 4
    assert all("event=" in log for log in logs.values())
    passwords = [path.read_text("utf-8").strip() for path in (folder / "passwords").iterdir()]
    officers = [officer for station in STATIONS for officer in station.officers.values()]
    known = [
        *passwords,
        *(text for officer in officers for text in (officer.name, officer.number)),
        *(text for citizen in (MOVED, MISSPELT) for text in (citizen.name, citizen.id18, citizen.address)),
    ]
    assert len(known) > 15
    assert [(name, text) for name, log in logs.items() for text in known if text in log] == []
    assert [name for name, log in logs.items() if "Traceback" in log or "eyJ" in log or "PRIVATE" in log] == []


def test_a_file_that_is_no_scan_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"GIF89a" + bytes(100))
    folder = tmp_path / "demo"
    answer = hanxun("demo", "--once", "--dir", folder, "--scan", tmp_path / "photo.jpg", code=1)
    assert "E201" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not folder.exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    answer = hanxun("demo", "--once", "--dir", tmp_path, code=1)
    assert "file.exists" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_no_passphrase_and_no_private_key_lies_anywhere_in_the_clear(demo: dict[str, Any], tmp_path: Path) -> None:
    folder, passwords = Path(demo["dir"]), Path(demo["dir"]) / "passwords"
    secret = passwords / "ca"
    backups = [("ca", "--dir", "ca"), ("hub", "--data", "hub"), ("agent", "--data", STATIONS[0].key)]
    for group, option, place in backups:
        out = tmp_path / f"{group}.hxb"
        hanxun(group, "backup", out, option, folder / place, "--backup-passphrase-file", secret)
    (tmp_path / "wrong").write_text("a passphrase that opens nothing")
    wrong = hanxun("ca", "crl", "--dir", folder / "ca", "--passphrase-file", tmp_path / "wrong", code=1).stderr
    assert "key.passphrase" in wrong
    assert "opens nothing" not in wrong

    given = {path.name: path.read_bytes().strip() for path in passwords.iterdir()}
    keys = sorted(path for path in folder.rglob("*.key.pem") if path.parent != passwords)
    assert len(keys) > 12
    hidden = set(given.values())
    for path in keys:
        assert path.stat().st_mode & 0o777 == 0o600, path
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"), path
        raw = private_bytes(path, folder, given)
        hidden |= {raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw)}
    files = [
        path for top in (folder, tmp_path) for path in top.rglob("*") if path.is_file() and path.parent != passwords
    ]
    texts = [(path, path.read_bytes()) for path in files] + [(Path("narration"), demo["narration"].encode())]
    assert [(path, spelt[:4]) for path, raw in texts for spelt in hidden if spelt in raw] == []
    assert [path for path, raw in texts if b"BEGIN PRIVATE KEY" in raw or b"BEGIN EC PRIVATE KEY" in raw] == []


def private_bytes(path: Path, folder: Path, given: dict[str, bytes]) -> bytes:
    """The private value of a key of the demo, opened with the password it should have."""
    top, stem = path.relative_to(folder).parts[0], path.name.removesuffix(".key.pem")
    likely = [stem, "hub" if top.startswith("hub") else top, f"{top}-seal"]
    for name in dict.fromkeys([name for name in likely if name in given] + list(given)):
        try:
            key = decrypt_key(path.read_bytes(), given[name])
        except Refused:
            continue
        if isinstance(key, Ed25519PrivateKey):
            return key.private_bytes_raw()
        return key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    raise AssertionError(f"no password opens {path}")
