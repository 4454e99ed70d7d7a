"""Which verbs a group has, groups within groups included: for the reference and for the tests that hold it to the code."""

import importlib
from collections.abc import Iterator
from typing import Any

import typer


def verbs_of(group: str) -> dict[str, Any]:
    """Return the commands of `hanxun GROUP` by name, e.g. `tray list`; under the empty name a group that is itself a verb."""
    command: Any = typer.main.get_command(importlib.import_module(f"hanxun.{group}").app)
    return dict(_flat("", command))


def _flat(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    commands = getattr(command, "commands", None)
    if not commands:
        yield name, command
        return
    for inner, subcommand in commands.items():
        yield from _flat(f"{name} {inner}".strip(), subcommand)
