"""Running `hanxun` commands for the demo, as an operator would type them; their JSON answer comes back."""

import contextlib
import io
import json
from typing import Any

import typer

from hanxun.main import app
from hub.protocol.errors import HanxunError

_COMMAND: Any = typer.main.get_command(app)


class CommandFailed(Exception):
    """A command ended with another exit code than 0, without saying why as an error of ours."""

    def __init__(self, arguments: tuple[str, ...], code: int) -> None:
        super().__init__(f"hanxun {' '.join(arguments)}: exit code {code}")
        self.code = code


def hanxun(*arguments: object) -> dict[str, Any]:
    """Run `hanxun ARGUMENTS --json` in this process and return the last JSON object it printed.

    Raises: what the command raises (Refused with its code, …), CommandFailed.
    """
    words = tuple(str(argument) for argument in arguments)
    answer, code = _run(words)
    if code:
        raise CommandFailed(words, code)
    return answer


def refusal(*arguments: object) -> HanxunError | None:
    """Run a command that should be refused and return the refusal; None when it was not."""
    try:
        hanxun(*arguments)
    except HanxunError as error:
        return error
    return None


def verdict(*arguments: object) -> dict[str, Any]:
    """Run a verifying command and return its answer, whatever its verdict."""
    return _run(tuple(str(argument) for argument in arguments))[0]


def _run(words: tuple[str, ...]) -> tuple[dict[str, Any], int]:
    # In this process: starting Python forty times would take longer than the whole story.
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = _COMMAND.main(args=[*words, "--json"], prog_name="hanxun", standalone_mode=False)
        except typer.Exit as error:
            code = error.exit_code
    lines = [line for line in out.getvalue().splitlines() if line.startswith("{")]
    answer: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return answer, code if isinstance(code, int) else 0
