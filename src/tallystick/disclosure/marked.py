"""A table with its findings in place: for people to see, beside each figure, which of the findings is about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.disclosure.check import Reading
from tallystick.disclosure.sheet import Sheet, label
from tallystick.errors import Finding

MOST_ROWS = 200
ROW = re.compile(r"row (\d+)")


@dataclass(frozen=True)
class Cell:
    """A cell as text, and the numbers of the findings about it (their places in the list that was given)."""

    text: str
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Marked:
    """A table's header, its first rows, and how many rows are not shown."""

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int


def marked(reading: Reading, findings: Sequence[Finding]) -> Marked:
    """Return a table with each finding marked where it names cells; one that names none is about the table as a whole.

    A place is written as findings write it: ``region=North, sex=F`` or ``row 3``. At most `MOST_ROWS` rows are shown.
    """
    sheet = reading.sheet
    marks: dict[tuple[int, int], list[int]] = {}
    for number, finding in enumerate(findings):
        where, _, named = finding.where.partition(f"{sheet.where}: ")
        if where or not named:
            continue
        for place in named.split("; "):
            for at in cells(sheet, reading.about.values, place):
                held = marks.setdefault(at, [])
                if number not in held:
                    held.append(number)
    rows = tuple(
        tuple(Cell(label(cell), tuple(marks.get((r, c), ()))) for c, cell in enumerate(row))
        for r, row in enumerate(sheet.rows[:MOST_ROWS])
    )
    return Marked(sheet.where, sheet.header, rows, max(0, len(sheet.rows) - MOST_ROWS))


def cells(sheet: Sheet, values: Sequence[str], place: str) -> list[tuple[int, int]]:
    """Return the rows and columns of the cells that a place names; none where it names no cell of this table."""
    columns = [at for at, name in enumerate(sheet.header) if name in values] or list(range(len(sheet.header)))
    if row := ROW.fullmatch(place):
        return [(int(row[1]) - 1, column) for column in columns]
    said = [tuple(part.split("=", 1)) for part in place.split(", ")]
    if any(len(part) != 2 for part in said):
        return []
    by_row = [(sheet.header.index(name), code) for name, code in said if name in sheet.header]
    across = [code for name, code in said if name not in sheet.header]
    if not all(code in sheet.header for code in across):
        return []
    columns = [sheet.header.index(code) for code in across] or columns
    return [
        (r, column)
        for r, row in enumerate(sheet.rows)
        if all(label(row[at]) == code for at, code in by_row)
        for column in columns
    ]
