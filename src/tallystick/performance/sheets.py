"""The cells of a CSV, ODS or XLSX file as they stand: values, merged ranges, what is hidden; nothing guessed.

What makes a file unreadable as a whole (a password, an old format, an encoding) raises BadInput here; what is wrong in a cell
is kept for the reader to name.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from tallystick.errors import BadInput

Value = str | int | float | bool | date | None
LARGEST = 300_000_000
"""Bytes to which a compressed file may unfold."""
MOST_CELLS = 3_000_000
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


@dataclass(frozen=True)
class Cell:
    """One cell: its value, and whether it was a percentage, an error, or a formula whose result was not saved."""

    value: Value = None
    is_percent: bool = False
    is_error: bool = False
    is_formula: bool = False

    @property
    def text(self) -> str:
        """The value as text without space around it; empty for a blank cell."""
        return " ".join(str(self.value).split()) if self.value is not None else ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is in it."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())


BLANK = Cell()


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows of cells, and the merged ranges (first row, first column, last row, last column; from 0)."""

    file: str
    name: str
    rows: tuple[tuple[Cell, ...], ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False

    @property
    def width(self) -> int:
        """The most cells that a row has."""
        return max((len(row) for row in self.rows), default=0)

    def cell(self, row: int, column: int) -> Cell:
        """Return the cell there, blank beyond the edge."""
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else BLANK

    def place(self, row: int, column: int) -> str:
        """Return how a person finds a cell: ``police.xlsx, sheet Table_1, cell C7``."""
        sheet = f", sheet {self.name}" if self.name else ""
        return f"{self.file}{sheet}, cell {letters(column)}{row + 1}"


def letters(column: int) -> str:
    """Return a column's letters: 0 is A, 26 is AA."""
    text, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, 26)
        text = chr(65 + rest) + text
    return text


def open_sheets(path: Path) -> tuple[Sheet, ...]:
    """Return the sheets of a file in order. Raises BadInput where it cannot be read as what its name says."""
    kinds: dict[str, Callable[[Path, bytes], tuple[Sheet, ...]]] = {
        ".csv": comma, ".tsv": comma, ".xlsx": excel, ".xlsm": excel, ".ods": open_document,
    }  # fmt: skip
    if not path.is_file():
        raise BadInput(f"{path.name}: there is no such file. Check the name and the folder.")
    suffix = path.suffix.lower()
    if suffix not in kinds:
        raise BadInput(
            f"{path.name}: a series is read from CSV, ODS or XLSX. Save it as one of them and hand that in."
        )
    data = path.read_bytes()
    if not data.strip():
        raise BadInput(f"{path.name}: the file is empty. Ask its sender for it again.")
    if data.startswith(OLD_OFFICE):
        raise BadInput(
            f"{path.name}: it is an old .xls workbook, or one with a password. Open it, save it as XLSX without a password."
        )
    return kinds[suffix](path, data)


def comma(path: Path, data: bytes) -> tuple[Sheet, ...]:
    """Return the one sheet of a CSV file: commas, semicolons or tabs; UTF-8 (or UTF-16 with its mark)."""
    if data.startswith(b"PK\x03\x04"):
        raise BadInput(
            f"{path.name}: it is a workbook under the name of a CSV. Give it its own ending (.xlsx or .ods)."
        )
    text = decoded(path, data)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise BadInput(
            f"{path.name}, row {line}: there is a NUL character. The file is damaged: ask for it again."
        )
    first = next(
        (line for line in text.splitlines() if line.count(",") + line.count(";") + line.count("\t")), ""
    )
    mark = max(",;\t", key=first.count)
    try:
        raw = list(csv.reader(io.StringIO(text), delimiter=mark, strict=True))
    except csv.Error:
        raise BadInput(
            f"{path.name}: a quotation mark opens and does not close. Save it again as CSV from the program that made it."
        ) from None
    rows = tuple(tuple(Cell(value) if value.strip() else BLANK for value in row) for row in raw)
    return (Sheet(path.name, "", rows),)


def decoded(path: Path, data: bytes) -> str:
    """Return the text of a file. Raises BadInput naming the row where it is not UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{path.name}, row {line}: the text is not UTF-8. In Excel choose 'CSV UTF-8 (Comma delimited)' and save it again."
        ) from None


def unpacked(path: Path, data: bytes) -> zipfile.ZipFile:
    """Return the archive that a workbook is. Raises BadInput where it is none, or would unfold beyond reason."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise BadInput(
            f"{path.name}: it is not a workbook, or it is damaged. Open it, save it again under the same ending."
        ) from None
    if size > LARGEST:
        raise BadInput(
            f"{path.name}: it unfolds to {size // 10**6:,} MB. Hand in the sheets that are needed, as CSV."
        )
    return archive


def excel(path: Path, data: bytes) -> tuple[Sheet, ...]:
    """Return the sheets of an XLSX workbook; a formula counts by its saved result."""
    import openpyxl

    unpacked(path, data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
            raw = openpyxl.load_workbook(io.BytesIO(data)) if b"<f" in b"".join(_parts(data)) else None
    except Exception:
        raise BadInput(
            f"{path.name}: it is not an XLSX workbook that can be read. Open it in Excel and save it again as XLSX."
        ) from None
    return tuple(_excel_sheet(path, sheet, raw[sheet.title] if raw else None) for sheet in book.worksheets)


def _parts(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                yield archive.read(name)


def _excel_sheet(path: Path, sheet: Any, raw: Any) -> Sheet:
    _not_too_many(path, sheet.max_row * sheet.max_column)
    rows = tuple(
        tuple(_excel_cell(cell, raw.cell(cell.row, cell.column).value if raw else None) for cell in row)
        for row in sheet.iter_rows()
    )
    merged = tuple(
        (m.min_row - 1, m.min_col - 1, m.max_row - 1, m.max_col - 1) for m in sheet.merged_cells.ranges
    )
    hidden_columns = {
        at
        for one in sheet.column_dimensions.values()
        if one.hidden
        for at in range((one.min or 1) - 1, one.max or 0)
    }
    hidden = frozenset(at - 1 for at, one in sheet.row_dimensions.items() if one.hidden)
    return Sheet(
        path.name,
        sheet.title,
        rows,
        merged,
        hidden,
        frozenset(hidden_columns),
        sheet.sheet_state != "visible",
    )


def _excel_cell(cell: Any, raw: Any) -> Cell:
    value = cell.value
    if isinstance(value, time):
        value = str(value)
    lost = value is None and isinstance(raw, str) and raw.startswith("=")
    if value is None and not lost:
        return BLANK
    percent = isinstance(value, int | float) and "%" in str(cell.number_format)
    return Cell(value, percent, cell.data_type == "e", lost)


def open_document(path: Path, data: bytes) -> tuple[Sheet, ...]:
    """Return the sheets of an ODS workbook."""
    from lxml import etree

    archive = unpacked(path, data)
    try:
        manifest = (
            archive.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in archive.namelist() else b""
        )
        if b"encryption-data" in manifest:
            raise BadInput(f"{path.name}: it has a password. Save it again without one.")
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(archive.read("content.xml"), parser)
    except (KeyError, etree.XMLSyntaxError, zipfile.BadZipFile, RuntimeError):
        raise BadInput(
            f"{path.name}: it is not an ODS workbook that can be read. Open it in LibreOffice and save it again as ODS."
        ) from None
    unseen = {
        style.get("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}name")
        for style in root.iter("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}style")
        for part in style.iter("{urn:oasis:names:tc:opendocument:xmlns:style:1.0}table-properties")
        if part.get(TABLE + "display") == "false"
    }
    return tuple(_open_sheet(path, table, unseen) for table in root.iter(TABLE + "table"))


@dataclass
class _Grid:
    rows: list[list[Cell]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def _open_sheet(path: Path, table: Any, unseen: set[str | None]) -> Sheet:
    grid = _Grid()
    at = 0
    for column in table.iter(TABLE + "table-column"):
        times = int(column.get(TABLE + "number-columns-repeated", "1"))
        if column.get(TABLE + "visibility") in ("collapse", "filter") and times < 1000:
            grid.hidden_columns.update(range(at, at + times))
        at += times
    for row in table.iter(TABLE + "table-row"):
        _open_row(path, row, grid)
    while grid.rows and all(cell.is_blank for cell in grid.rows[-1]):
        grid.rows.pop()
    return Sheet(
        path.name,
        table.get(TABLE + "name", ""),
        tuple(tuple(row) for row in grid.rows),
        tuple(grid.merged),
        frozenset(grid.hidden_rows),
        frozenset(grid.hidden_columns),
        table.get(TABLE + "style-name") in unseen,
    )


def _open_row(path: Path, row: Any, grid: _Grid) -> None:
    times = int(row.get(TABLE + "number-rows-repeated", "1"))
    cells: list[Cell] = []
    for one in row:
        if one.tag not in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            continue
        repeated = int(one.get(TABLE + "number-columns-repeated", "1"))
        cell = _open_cell(one)
        down, across = (int(one.get(TABLE + f"number-{way}-spanned", "1")) for way in ("rows", "columns"))
        if down * across > 1:
            top, left = len(grid.rows), len(cells)
            grid.merged.append((top, left, top + down - 1, left + across - 1))
        cells += [cell] * (repeated if not cell.is_blank or repeated < 1000 else 0)
    while cells and cells[-1].is_blank:
        cells.pop()
    if row.get(TABLE + "visibility") in ("collapse", "filter") and times < 1000:
        grid.hidden_rows.update(range(len(grid.rows), len(grid.rows) + times))
    wanted = times if cells or times < 1000 else 0
    _not_too_many(path, (len(grid.rows) + wanted) * max(len(cells), 1))
    grid.rows += [list(cells) for _ in range(wanted)]


def _open_cell(one: Any) -> Cell:
    text = " ".join("".join(part.itertext()) for part in one.findall(TEXT + "p")).strip()
    kind = one.get(OFFICE + "value-type")
    if kind in ("float", "currency", "percentage"):
        number = float(one.get(OFFICE + "value"))
        value = int(number) if number.is_integer() and abs(number) < 2**53 else number
        return Cell(value, kind == "percentage", text.startswith(("#", "Err:")))
    if kind == "date":
        said = one.get(OFFICE + "date-value", "")
        try:
            return Cell(datetime.fromisoformat(said) if "T" in said else date.fromisoformat(said))
        except ValueError:
            return Cell(text or said)
    if text.startswith(("#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "Err:")):
        return Cell(text, is_error=True)
    return Cell(text) if text else BLANK


def _not_too_many(path: Path, cells: int) -> None:
    if cells > MOST_CELLS:
        raise BadInput(
            f"{path.name}: a sheet has over {MOST_CELLS:,} cells, far beyond a board's series. Cut it to what is needed."
        )
