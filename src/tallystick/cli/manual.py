"""The manual of the commands, printed from the commands: `python -m tallystick.cli.manual > docs/commands.md`."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from tallystick.cli.main import COMMANDS, as_app


def manual() -> str:
    """Return the page: each command with what it does, its arguments and its options."""
    lines = [
        "# Commands",
        "",
        "Printed from the commands themselves. Each takes `--help`; each that reports takes `--json`. Exit codes: 0 done; 1 refused",
        "by a rule; 2 bad input; 3 a failure inside Tallystick.",
        "",
    ]
    for words, command in commands():
        lines += [f"## tally {' '.join(words)}", "", inspect.cleandoc(command.help or ""), ""]
        rows = [row for row in map(_row, command.params) if row]
        if rows:
            lines += ["| argument or option | what it says |", "| --- | --- |", *rows, ""]
    return "\n".join(lines)


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command's words and the command, sub-commands after their group."""
    for name, (place, _) in COMMANDS.items():
        module, attribute = place.split(":")
        found: Any = typer.main.get_command(as_app(getattr(importlib.import_module(module), attribute), name))
        inner = getattr(found, "commands", None)
        if inner is None:
            yield (name,), found
        else:
            for sub, command in inner.items():
                yield (name, sub), command


def _row(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
    said = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| `{names}` | {said} |"


if __name__ == "__main__":
    sys.stdout.write(manual())
