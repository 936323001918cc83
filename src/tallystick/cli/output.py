"""What the commands print: JSON for programs, lines for people, colour and progress only on a terminal."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tallystick.errors import BadInput, Finding, Refused, TallystickError

__all__ = [
    "error",
    "findings",
    "internal",
    "line",
    "probabilities",
    "progress",
    "say",
    "table",
    "usage",
    "warning",
]


def say(value: Any, *, as_json: bool, text: str | None = None) -> None:
    """Print ``value`` as JSON, or ``text`` (default: the value itself) for a person."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")
    else:
        line(str(value) if text is None else text)


def line(text: str = "") -> None:
    """Print one line to standard output."""
    sys.stdout.write(text + "\n")


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> None:
    """Print rows as aligned columns under a header."""
    cells = [list(header), *[["" if cell is None else str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def findings(found: Sequence[Finding]) -> None:
    """Print findings for a person, the refusals first, to standard error."""
    for finding in sorted(found, key=lambda f: f.severity != "refuse"):
        mark = "refused" if finding.severity == "refuse" else "warning"
        sys.stderr.write(f"  {mark}: {finding}\n")


def warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """Print a warning of Python's as a line for a person, to standard error, without the place in the code."""
    sys.stderr.write(f"warning: {message}\n")


def error(raised: TallystickError, *, as_json: bool) -> None:
    """Print an error that was raised on purpose: to standard error, or as JSON to standard output."""
    if as_json:
        say(
            {
                "error": type(raised).__name__,
                "refused": isinstance(raised, Refused),
                "message": raised.message,
                "findings": [vars(finding) for finding in raised.findings],
                "exit_code": raised.exit_code,
            },
            as_json=True,
        )
        return
    sys.stderr.write(raised.message + "\n")
    findings(raised.findings)


def usage(raised: Any) -> int:
    """Print what is wrong with the words of a command, and return the exit code of bad input."""
    if hasattr(raised, "show"):
        raised.show()
    else:
        sys.stderr.write(f"{raised.format_message()}\n")
    return BadInput.exit_code


def internal(raised: BaseException) -> None:
    """Print where an unforeseen failure happened, never its message: that may hold a personal value."""
    frames = traceback.extract_tb(raised.__traceback__)
    ours = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames if "tallystick" in f.filename]
    where = ours[-1] if ours else "outside Tallystick"
    sys.stderr.write(
        f"Tallystick failed inside itself ({type(raised).__name__} at {where}). "
        "Nothing half-written was left. Please report this line; it holds no data.\n"
    )


@contextmanager
def progress(label: str) -> Iterator[Any]:
    """Yield a function ``step(done: float, text: str)`` that draws a bar on a terminal and is silent in a pipe.

    ``done`` runs from 0 to 1.
    """
    if not sys.stderr.isatty():
        yield lambda done, text="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0, text="")
        yield lambda done, text="": bar.update(task, completed=done, text=text)


def probabilities(text: str, option: str) -> tuple[float, ...]:
    """Return the probabilities in a list with commas, each once, in order; raise BadInput for what is none."""
    try:
        found = sorted({float(part) for part in text.split(",") if part.strip()})
    except ValueError:
        found = [-1.0]
    if not all(0 <= one <= 1 for one in found):
        raise BadInput(
            f"{option} takes probabilities from 0 to 1 with commas between them, such as 0.95,0.99."
        )
    return tuple(found)
