"""Every verb teaches: help in both languages with an example; wrong use is 2, a refusal is 1 with one clear error."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hanxun.main import VERBS
from hanxun.verbs import verbs_of


def verbs() -> list[tuple[str, Any]]:
    return [(f"{group} {name}".strip(), verb) for group in VERBS for name, verb in verbs_of(group).items()]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "hanxun", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "verb"), verbs(), ids=[name for name, _ in verbs()])
def test_help_speaks_both_languages_and_shows_an_example(name: str, verb: Any) -> None:
    text = verb.help or ""
    assert any("\u4e00" <= character <= "\u9fff" for character in text)
    assert "example:" in text
    assert f"hanxun {name}" in text


@pytest.mark.parametrize(("name", "verb"), verbs(), ids=[name for name, _ in verbs()])
def test_every_option_and_argument_is_explained(name: str, verb: Any) -> None:
    silent = [parameter.name for parameter in verb.params if not getattr(parameter, "help", None)]
    assert silent == []


@pytest.mark.parametrize(("name", "verb"), verbs(), ids=[name for name, _ in verbs()])
def test_every_verb_but_the_services_speaks_json(name: str, verb: Any) -> None:
    assert name.endswith(("serve", "agent desk", "hub desk")) or any(
        parameter.name == "json" for parameter in verb.params
    )


def test_wrong_use_exits_2() -> None:
    assert run("ca", "issue", "--kind", "king").returncode == 2


def test_a_refusal_exits_1_with_one_error_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "scan.jpg").write_bytes(b"not a scan")
    answer = run("letter", "verify", str(tmp_path / "scan.jpg"), "--root", str(tmp_path / "scan.jpg"))
    assert answer.returncode == 1
    assert "cert.form" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_refusal_with_json_is_a_problem_object(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(b"no certificate")
    answer = run("letter", "verify", str(tmp_path / "root.pem"), "--root", str(tmp_path / "root.pem"), "--json")
    problem = json.loads(answer.stderr)
    assert problem["code"] == "cert.form"
    assert problem["remedy"]
