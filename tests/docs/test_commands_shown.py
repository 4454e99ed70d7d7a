"""Every `hanxun …` line on any page names a verb that exists and only options that it has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanxun.main import VERBS
from hanxun.verbs import verbs_of
from tests.docs.pages import ROOT, all_pages, blocks, name_of, prose

_END = frozenset("();<>|&")


def shown(page: Path) -> Iterator[str]:
    """Yield what stands behind `hanxun` in blocks, in examples and in inline code."""
    lines = [line for block in blocks(page) for line in block.text.replace("\\\n", " ").splitlines()]
    lines += [line.partition("example:")[2] for line in prose(page).splitlines() if "example:" in line]
    lines += re.findall(r"`([^`\n]+)`", prose(page))
    for line in lines:
        for found in re.finditer(r"(?<![\w/.-])(?:\.venv/bin/)?hanxun +(?=[a-z])(.*)", line):
            yield found.group(1)


def words(command: str) -> list[str]:
    """Split a command line as a shell does, up to the end of this command."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    found = []
    try:
        for word in lexer:
            if set(word) <= _END:
                break
            found.append(word)
    except ValueError:
        # A quotation that a pipe's other side closes: what was read until there counts.
        pass
    return found


def faults(command: str) -> list[str]:
    """Say what is wrong with a shown command."""
    group, *rest = words(command)
    if group not in VERBS:
        return [f"no verb {group}"]
    commands = verbs_of(group)
    if len(rest) > 1 and f"{rest[0]} {rest[1]}" in commands:
        rest = [f"{rest[0]} {rest[1]}", *rest[2:]]
    if "" in commands:
        verb = commands[""]
    elif not rest or rest[0].startswith(("-", "…")):
        return []
    elif rest[0] not in commands:
        return [f"no verb {group} {rest[0]}"]
    else:
        verb = commands[rest[0]]
    known = {option for parameter in verb.params for option in parameter.opts} | {"--help"}
    given = [word.partition("=")[0] for word in rest if re.match(r"--\w", word)]
    return [f"{group} {verb.name}: no option {option}" for option in given if option not in known]


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_every_command_on_the_page_exists_with_its_options(page: Path) -> None:
    wrong = [f"{fault}: hanxun {command}" for command in shown(page) for fault in faults(command)]
    assert wrong == []


def test_the_pages_show_commands_and_a_wrong_one_would_be_found() -> None:
    assert sum(1 for page in all_pages() for _ in shown(page)) > 100
    assert faults("agent approve X --data a --nobody b") == ["agent approve: no option --nobody"]
    assert faults("agent applaud X") == ["no verb agent applaud"]
    assert faults("trail verify --data D | grep --color") == []


def test_every_benchmark_on_a_page_is_there() -> None:
    named = {name for page in all_pages() for name in re.findall(r"-m benchmarks\.(\w+)", page.read_text("utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / "benchmarks" / f"{name}.py").is_file()] == []
