"""Where a passphrase comes from: the file named, else the service's systemd credential, else a person; never from nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hanxun.options import BACKUP_CREDENTIAL, SERVICE_CREDENTIAL, read_passphrase
from hub.protocol.codes import Code
from hub.protocol.errors import Refused


def test_a_service_takes_its_passphrase_from_its_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SERVICE_CREDENTIAL).write_text("of the service\n")
    (tmp_path / BACKUP_CREDENTIAL).write_text("of the backup\n")
    (tmp_path / "file").write_text("of the file\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_passphrase(None, credential=SERVICE_CREDENTIAL) == b"of the service"
    assert read_passphrase(None, credential=BACKUP_CREDENTIAL) == b"of the backup"
    assert read_passphrase(tmp_path / "file", credential=SERVICE_CREDENTIAL) == b"of the file"


@pytest.mark.parametrize("folder", [None, "", "{tmp}", "/nowhere"])
def test_without_file_credential_or_terminal_it_is_refused(
    folder: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    if folder is None:
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    else:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder.format(tmp=tmp_path))
    with pytest.raises(Refused) as refusal:
        read_passphrase(None, credential=SERVICE_CREDENTIAL)
    assert refusal.value.code is Code.PASSPHRASE_MISSING


def test_verbs_that_are_no_service_do_not_take_it(tmp_path: Path) -> None:
    (tmp_path / SERVICE_CREDENTIAL).write_text("of the service")
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    command = [sys.executable, "-m", "hanxun", "ca", "init", "--dir", str(tmp_path / "ca"), "--name", "x", "--json"]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    assert answer.returncode == 1
    assert Code.PASSPHRASE_MISSING.value in answer.stderr
    assert not (tmp_path / "ca").exists()
