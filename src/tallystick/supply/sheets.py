"""Spreadsheets: one visible sheet of plain values, or a clear answer why not.

A spreadsheet can hold more than its sender sees: hidden sheets, rows and columns, formulas whose values are stale, merged cells,
macros. Each is refused with what to do, so that what is taken is what was meant.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.supply.breach import SHOWN, Breach, Place
from tallystick.supply.reading import MAX_COLUMNS, Ragged, Reading

LARGEST: Final = 2 << 30  # bytes of XML after unpacking
SUSPECT: Final = 16 << 20  # from this size on a member's ratio counts
RATIO: Final = 150  # real sheets pack 10 to 40 times; a zip bomb a thousand
MEMBERS: Final = 10_000
PART: Final = 1 << 16
SHEETS_ROWS: Final = 1_048_576
UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    EOFError, OSError, RuntimeError,
)  # fmt: skip


@dataclass
class Grid:
    """The cells of one sheet as they are read, with what should not be in it."""

    header: tuple[str, ...] = ()
    formulas: list[Place] = field(default_factory=list)
    errors: list[Place] = field(default_factory=list)
    formula_count: int = 0
    error_count: int = 0
    merged: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    blank: int = 0
    ragged: list[Ragged] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    parts: list[list[Any]] = field(default_factory=list)
    open: list[list[str | None]] = field(default_factory=list)

    def add(self, row: int, cells: Sequence[str | None]) -> None:
        """Take the cells of one row; the first row of all is the header."""
        width = next((i for i in range(len(cells), 0, -1) if cells[i - 1] not in (None, "")), 0)
        if not self.header:
            if width > MAX_COLUMNS:
                raise BadInput(f"Row {row}: {width:,} columns. A supply has at most {MAX_COLUMNS:,}.")
            self.header = tuple(cell or "" for cell in cells[:width])
            return
        if not width:
            self.blank += 1
            return
        if width > len(self.header):
            self.ragged.append(Ragged(row, width))
            return
        self.rows.append(row)
        self.open.append([*cells[: len(self.header)], *[None] * (len(self.header) - len(cells))])
        if len(self.open) >= PART:
            self.close_part()

    def close_part(self) -> None:
        """Turn the rows that are open into Arrow arrays, which take a tenth of the memory."""
        if self.open:
            self.parts.append([pa.array(values, pa.string()) for values in zip(*self.open, strict=True)])
            self.open = []

    def formula(self, row: int) -> None:
        """Note a formula in ``row``."""
        self.formula_count += 1
        if len(self.formulas) < SHOWN:
            self.formulas.append(Place(row))

    def error(self, row: int) -> None:
        """Note an error value (#N/A) in ``row``."""
        self.error_count += 1
        if len(self.errors) < SHOWN:
            self.errors.append(Place(row))

    def table(self) -> pa.Table:
        """All rows so far as a table with the columns c0, c1, …."""
        self.close_part()
        names = [f"c{i}" for i in range(len(self.header))]
        columns = [pa.chunked_array([part[i] for part in self.parts], pa.string()) for i in range(len(names))]
        return pa.table(dict(zip(names, columns, strict=True)))


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file, not yet read; its name may say something, so no message repeats it."""

    position: int
    is_hidden: bool
    read: Callable[[], Grid]


Opener = Callable[[Path], Iterator[Sheet]]


def read_sheet(path: Path, kind: str) -> Reading:
    """The rows of the one visible sheet of an XLSX or ODS file, all as text (dates as ISO 8601).

    Raises BadInput for a zip bomb, macros, encryption, several or hidden sheets with data, hidden rows or columns, merged cells,
    formulas, error values and a damaged file.
    """
    from tallystick.supply.ods import ods_sheets
    from tallystick.supply.xlsx import xlsx_sheets

    check_archive(path)
    problem = ""
    grids: list[tuple[Sheet, Grid]] = []
    try:
        for sheet in (xlsx_sheets if kind == "xlsx" else ods_sheets)(path):
            grid = sheet.read()
            if grid.header:
                grids.append((sheet, grid))
    except UNREADABLE as error:  # its text may quote a cell
        problem = type(error).__name__
    if problem:
        raise BadInput(
            f"{path.name} is damaged or not a whole {kind.upper()} file. Open it, save it again, and supply that."
        )
    return _reading(path.name, kind, _only_visible(path.name, grids))


def check_archive(path: Path) -> None:
    """Raise BadInput when the zip archive is a bomb, is encrypted, holds macros, or XML that declares entities."""
    problem = ""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            problem = _archive_problem(path, members) or _entity_problem(archive, members)
    except UNREADABLE:
        problem = "is truncated or damaged. Save it again and compare its size with the original."
    if problem:
        raise BadInput(f"{path.name} {problem}")


def _archive_problem(path: Path, members: list[zipfile.ZipInfo]) -> str:
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    overblown = any(m.file_size > SUSPECT and m.file_size > RATIO * max(m.compress_size, 1) for m in members)
    if size > LARGEST or overblown or len(members) > MEMBERS or packed > path.stat().st_size:
        return f"unpacks to {size:,} bytes: a zip bomb, or no supply. Save the table as CSV and supply that."
    if any(member.flag_bits & 1 for member in members):
        return "is protected by a password. Save it without one; the supply is sealed when it is taken."
    names = [member.filename for member in members]
    if any(
        name.lower().endswith("vbaproject.bin") or name.startswith(("Basic/", "Scripts/")) for name in names
    ):
        return "holds macros. Save it without macros (XLSX or ODS), or as CSV."
    return ""


def _entity_problem(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as file:
                head = file.read(PART)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                return "holds XML that declares entities, which no spreadsheet program writes. Save it again."
            if member.filename == "META-INF/manifest.xml" and b"encryption-data" in head:
                return (
                    "is protected by a password. Save it without one; the supply is sealed when it is taken."
                )
    return ""


def _only_visible(name: str, grids: list[tuple[Sheet, Grid]]) -> Grid:
    hidden = [sheet.position for sheet, _ in grids if sheet.is_hidden]
    visible = [(sheet, grid) for sheet, grid in grids if not sheet.is_hidden]
    if hidden:
        raise BadInput(
            f"{name}: sheet {', '.join(map(str, hidden))} is hidden and holds data. Delete it, or unhide it and supply one sheet."
        )
    if not visible:
        raise BadInput(f"{name} is empty. Supply a sheet with a header and at least one row.")
    if len(visible) > 1:
        positions = ", ".join(str(sheet.position) for sheet, _ in visible)
        raise BadInput(f"{name} has several sheets with data ({positions}). Supply a file with one sheet.")
    return visible[0][1]


def _reading(name: str, kind: str, grid: Grid) -> Reading:
    table = grid.table()
    meant = "Unhide them, or delete them if they are not meant."
    problems = [
        _in_cells(
            "supply.formula-cell",
            "a formula",
            "Copy, and paste as values.",
            grid.formulas,
            grid.formula_count,
        ),
        _in_cells(
            "supply.error-cell",
            "an error such as #N/A",
            "Correct it, or empty it.",
            grid.errors,
            grid.error_count,
        ),
        Breach(
            "supply.merged-cells", "Cells are merged.", "Unmerge them, and fill in each.", count=grid.merged
        ),
        Breach("supply.hidden-rows", f"{grid.hidden_rows:,} rows are hidden.", meant, count=grid.hidden_rows),
        Breach(
            "supply.hidden-columns",
            f"{grid.hidden_columns:,} columns are hidden.",
            meant,
            count=grid.hidden_columns,
        ),
    ]
    found = [problem.finding(name) for problem in problems if problem.count]
    if found:
        raise BadInput(f"{name} is not a plain sheet of values. Nothing was taken.", found)
    return Reading(
        name,
        kind,
        grid.header,
        table,
        np.asarray(grid.rows, dtype=np.int64),
        tuple(grid.ragged),
        blank=grid.blank,
    )


def _in_cells(rule: str, what: str, remedy: str, shown: list[Place], count: int) -> Breach:
    return Breach(rule, f"The cell holds {what}.", remedy, count=count, places=tuple(shown))
