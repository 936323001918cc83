"""One table as an analyst saved it: a header, rows of cells, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

Cell = float | str | None
NUMBER = re.compile(
    r"^[£$€]?\s*([+-]?(?:\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*%?$"
)
BELOW = re.compile(r"^\[?(?:<|under|fewer than|less than)\s*(\d+)\]?$", re.IGNORECASE)
RANGE = re.compile(r"^\[?(\d+)\s*(?:-|–|to)\s*(\d+)\]?$", re.IGNORECASE)
STARS = re.compile(r"\s*\*{1,3}$")


@dataclass(frozen=True)
class Sheet:
    """A header and its rows, all of one length. ``name`` is the sheet's, or empty."""

    file: str
    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def where(self) -> str:
        """The file and the sheet, for messages."""
        return f"{self.file}, sheet {self.name}" if self.name else self.file

    def column(self, name: str) -> list[Cell]:
        """Return one column's cells."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def as_cell(value: object) -> Cell:
    """Return a value as a number where it is one (``1,234``, ``£12``, ``45%``), else as text; blank as None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return None if value != value else float(value)
    text = str(value).strip()
    if not text:
        return None
    number = NUMBER.match(text)
    if number:
        made = float(re.sub(r"[, ]", "", number.group(1)))
        return text if isinf(made) else made
    return text


def as_sheet(file: str, name: str, table: Sequence[Sequence[object]]) -> Sheet | None:
    """Return a sheet of a grid of values, or None if there is no table in it.

    The first row with two or more filled cells is the header; a header without rows is no table. Titles above it and notes
    under the table (single filled cells), empty columns and a nameless column of row numbers are left out.
    """
    rows = [[as_cell(value) for value in row] for row in table]
    wide = max((len(row) for row in rows), default=0)
    rows = [row + [None] * (wide - len(row)) for row in rows]
    start = next((at for at, row in enumerate(rows) if sum(c is not None for c in row) >= min(2, wide)), None)
    if start is None or wide == 0:
        return None
    head, start = header_of(rows, start)
    body = [row for row in rows[start + 1 :] if sum(c is not None for c in row) >= min(2, wide)]
    if not body:
        return None
    kept = [at for at in range(wide) if head[at] or any(row[at] is not None for row in body)]
    if len(kept) > 2 and not head[kept[0]] and numbers_rows([row[kept[0]] for row in body]):
        kept = kept[1:]
    header = unique_names([head[at] for at in kept])
    return Sheet(file, name, tuple(header), tuple(tuple(row[at] for at in kept) for row in body))


def header_of(rows: Sequence[Sequence[Cell]], start: int) -> tuple[list[str], int]:
    """Return the columns' names and the last row of the header.

    pandas writes several levels of columns on several lines, and then a line with the rows' name alone: those are joined.
    """
    head = [label(cell) for cell in rows[start]]
    if len(set(head[1:])) == len(head[1:]):
        return head, start
    for end in (start + 2, start + 3):
        names = index_names(rows[end]) if end < len(rows) - 1 else 0
        if names:
            levels = [[label(cell) for cell in row] for row in rows[start:end]]
            joined = [" ".join(part for part in parts if part) for parts in zip(*levels, strict=True)]
            return [*map(label, rows[end][:names]), *joined[names:]], end
    return head, start


def index_names(row: Sequence[Cell]) -> int:
    """Return how many cells of a row name its labels: text, with nothing behind them; nought where it is another row."""
    names = next((at for at, cell in enumerate(row) if not isinstance(cell, str)), len(row))
    return names if 0 < names < len(row) and all(cell is None for cell in row[names:]) else 0


def numbers_rows(cells: Sequence[Cell]) -> bool:
    """Return whether a column only numbers the rows, from 0 or 1 (R and pandas write one without a name)."""
    return any(list(cells) == [float(at + first) for at in range(len(cells))] for first in (0, 1))


def label(cell: Cell) -> str:
    """Return a cell as a category's name; a whole number without its decimals."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:g}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return cell


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names with the second and later of a kind numbered, the empty ones called ``column N``."""
    seen: dict[str, int] = {}
    made: list[str] = []
    for at, given in enumerate(names):
        name = given or f"column {at + 1}"
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return made
