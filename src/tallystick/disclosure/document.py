"""A file's sheets and what was found in it beside them, before any rule looks at a figure."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tallystick.disclosure.models import models_of
from tallystick.disclosure.sheet import Sheet, as_cell, as_sheet
from tallystick.errors import BadInput, Finding

LARGEST_UNPACKED = 600_000_000


MOST_UNPACKING = 200


@dataclass(frozen=True)
class Document:
    """A file's sheets, and what was found in it beside them. ``kind`` is table, text or picture."""

    path: Path
    kind: str
    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...] = ()
    text: str = ""


def carried(rule: str, path: Path, message: str, remedy: str, severity: Any = "refuse") -> Finding:
    """Return a finding about something that a file carries unseen."""
    return Finding(rule, message, remedy, path.name, "216", "SDC handbook", severity)


def text_of(path: Path) -> str:
    """Return a text file's content: UTF-8, or by its byte-order mark UTF-16, or Windows-1252."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\0" in data:
        raise BadInput(f"{path.name}: the file holds NUL bytes; it is not a text file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def tables(path: Path, named: Sequence[tuple[str, Sequence[Sequence[object]]]]) -> tuple[Sheet, ...]:
    """Return the sheets that hold a table; one for each model where it is a printed table of regressions."""
    apart = (part for name, rows in named for part in parts_of(name, rows))
    parts = (part for name, rows in apart for part in models_of(name, rows) or [(name, rows)])
    made = (as_sheet(path.name, name, rows) for name, rows in parts)
    return tuple(sheet for sheet in made if sheet is not None)


def parts_of(name: str, rows: Sequence[Sequence[object]]) -> list[tuple[str, Sequence[Sequence[object]]]]:
    """Return the tables of one sheet, which blank lines part; a block without a header of its own goes on from the one before."""
    blocks: list[list[Sequence[object]]] = [[]]
    for row in rows:
        if any(as_cell(cell) is not None for cell in row):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    made: list[list[Sequence[object]]] = []
    for block in blocks:
        first = next((row for row in block if filled(row) > 1), None)
        if made and (first is None or not is_header(first)):
            made[-1] += block
        elif block:
            made.append(block)
    tables_only = [block for block in made if any(filled(row) > 1 for row in block)]
    if len(tables_only) < 2:
        return [(name, [row for block in made for row in block])]
    return [(f"{name} table {at + 1}".strip(), block) for at, block in enumerate(tables_only)]


def spread(rows: Sequence[Sequence[tuple[object, int, int]]]) -> list[list[object]]:
    """Return a grid of cells given with the columns and rows that each spans: each place holds its cell's value.

    A title over the whole width stands once.
    """
    grid: list[list[object]] = []
    below: dict[tuple[int, int], object] = {}
    for at, row in enumerate(rows):
        line: list[object] = []
        for value, wide, deep in row:
            while (at, len(line)) in below:
                line.append(below[at, len(line)])
            alone = len(row) == 1 and wide > 1
            for step in range(wide):
                held = value if step == 0 or not alone else None
                below.update({(at + down, len(line)): held for down in range(1, deep)})
                line.append(held)
        while (at, len(line)) in below:
            line.append(below[at, len(line)])
        grid.append(line)
    return grid


def filled(row: Sequence[object]) -> int:
    """Return how many cells of a row are filled."""
    return sum(as_cell(cell) is not None for cell in row)


def is_header(row: Sequence[object]) -> bool:
    """Whether a row names columns: it holds no figure, or only what rises (years, ages, classes, shares from 0 to 1)."""
    named = [cell for cell in row if not str(cell).strip().endswith("%")]
    numbers = [cell for cell in map(as_cell, named) if isinstance(cell, float)]
    rising = all(a < b for a, b in pairwise(numbers))
    plain = all(n.is_integer() for n in numbers) or all(0 <= n <= 1 for n in numbers)
    alone = len(numbers) == 1 and numbers[0] != 0 and not 1900 <= numbers[0] <= 2100
    return not numbers or (rising and plain and not alone)


def unpacked(path: Path) -> zipfile.ZipFile:
    """Return an office file's archive; raise BadInput for one that is broken or unpacks to far too much."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise BadInput(
            f"{path.name}: the workbook is broken or has a password. Save it again, without one."
        ) from None
    total = sum(item.file_size for item in archive.infolist())
    if total > LARGEST_UNPACKED or total > MOST_UNPACKING * max(path.stat().st_size, 50_000):
        raise BadInput(f"{path.name}: the workbook unpacks to {total / 1e6:,.0f} MB. Send a smaller table.")
    return archive
