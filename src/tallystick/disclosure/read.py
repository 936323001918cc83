"""What analysts save, as sheets: CSV, TSV, XLSX, ODS, Parquet, JSON, Stata, text logs; and what a file carries unseen.

A file that cannot be read is bad input; what it hides (sheets, rows, formulas, comments, macros, pivot caches, the names of
authors, a picture's metadata) is a finding.
"""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.disclosure.sheet import Sheet, as_sheet
from tallystick.errors import BadInput, Finding

LARGEST_BYTES = 250_000_000
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


def read(path: Path) -> Document:
    """Return the document. Raises BadInput for a file that is missing, empty, too large, or not what its name says."""
    if path.is_dir():
        raise BadInput(f"{path}: this is a folder. Name the files in it.")
    if not path.is_file():
        raise BadInput(f"{path.name}: there is no such file.")
    size = path.stat().st_size
    if size == 0:
        raise BadInput(f"{path.name}: the file is empty.")
    if size > LARGEST_BYTES:
        raise BadInput(
            f"{path.name}: {size / 1e6:,.0f} MB is too large for an output (limit {LARGEST_BYTES / 1e6:,.0f} MB). "
            "Outputs are aggregates; send tables, not records."
        )
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise BadInput(
            f"{path.name}: files of kind {path.suffix or 'no suffix'} cannot be checked. "
            f"Save it as one of: {', '.join(sorted(READERS))}."
        )
    try:
        document = reader(path)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise BadInput(
            f"{path.name}: the file cannot be read as {path.suffix} ({type(error).__name__}). Save it again."
        ) from None
    if document.kind == "table" and not document.sheets:
        raise BadInput(f"{path.name}: no table was found in it. The first row must name the columns.")
    return document


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
    """Return the sheets that hold a table."""
    made = (as_sheet(path.name, name, rows) for name, rows in named)
    return tuple(sheet for sheet in made if sheet is not None)


def delimited(path: Path) -> Document:
    """Return a CSV or TSV file as a document; the delimiter is the one of comma, semicolon, tab, bar that fits best."""
    content = text_of(path)
    head = content[:20_000]
    delimiter = max(",;\t|", key=lambda mark: head.count(mark))
    rows = list(csv.reader(io.StringIO(content), delimiter=delimiter))
    # blank lines part the tables of one file
    parts: list[list[list[str]]] = [[]]
    for row in rows:
        if any(cell.strip() for cell in row):
            parts[-1].append(row)
        elif parts[-1]:
            parts.append([])
    named = [(f"table {at + 1}" if len(parts) > 2 else "", part) for at, part in enumerate(parts) if part]
    found = formulas_in(path, rows)
    return Document(path, "table", tables(path, named), found, content)


def formulas_in(path: Path, rows: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    """Return a finding if cells of a text table would run as formulas in a spreadsheet."""
    count = sum(bool(re.match(r"^[=@]|^[+-][A-Za-z]", cell.strip())) for row in rows for cell in row)
    if not count:
        return ()
    return (
        carried("file.formula", path, f"{count} cell(s) begin like a formula.", "Save values, not formulas."),
    )


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


def workbook(path: Path) -> Document:
    """Return an Excel workbook as a document, with findings for all that it carries beside its visible values."""
    import openpyxl

    with unpacked(path) as archive:
        names = archive.namelist()
    found: list[Finding] = []
    for part, rule, message, remedy in (
        ("vbaProject.bin", "file.macro", "The workbook holds a macro.", "Save it as .xlsx without macros."),
        ("pivotCache", "file.pivot-cache", "The workbook holds a pivot table's cache, which may hold the records themselves.",
         "Copy the values into a new workbook."),
        ("externalLinks", "file.external-link", "The workbook links to other files.", "Break the links; save values."),
        ("embeddings", "file.embedded", "The workbook holds embedded files.", "Take them out."),
        ("media/", "file.picture", "The workbook holds pictures, which are not checked.", "Send pictures with their data."),
    ):  # fmt: skip
        if any(part in name for name in names):
            found.append(carried(rule, path, message, remedy))
    book = openpyxl.load_workbook(path, data_only=False)
    author = book.properties.creator or book.properties.lastModifiedBy
    if author and author != "openpyxl":
        found.append(
            carried(
                "file.metadata",
                path,
                "The workbook's properties name a person.",
                "Remove the properties.",
                "warn",
            )
        )
    named: list[tuple[str, list[list[object]]]] = []
    for sheet in book.worksheets:
        rows, seen = sheet_rows(sheet)
        named.append((sheet.title, rows))
        found += [
            carried(rule, path, f"Sheet {sheet.title}: {message}", remedy) for rule, message, remedy in seen
        ]
    return Document(path, "table", tables(path, named), tuple(found))


def sheet_rows(sheet: Any) -> tuple[list[list[object]], list[tuple[str, str, str]]]:
    """Return a worksheet's values, and what it carries beside them as (rule, message, remedy)."""
    seen: list[tuple[str, str, str]] = []
    formulas = comments = 0
    rows: list[list[object]] = []
    for row in sheet.iter_rows():
        values: list[object] = []
        for cell in row:
            formulas += cell.data_type == "f"
            comments += cell.comment is not None
            values.append(None if cell.data_type == "f" else cell.value)
        rows.append(values)
    if sheet.sheet_state != "visible":
        seen.append(
            ("file.hidden-sheet", "the sheet is hidden; it was read and checked.", "Delete it or show it.")
        )
    if any(d.hidden for d in sheet.row_dimensions.values()) or any(
        d.hidden for d in sheet.column_dimensions.values()
    ):
        seen.append(
            ("file.hidden-cells", "rows or columns are hidden; they were checked.", "Delete or show them.")
        )
    if formulas:
        seen.append(
            (
                "file.formula",
                f"{formulas} cell(s) hold formulas, which show how they came about.",
                "Save values.",
            )
        )
    if comments:
        seen.append(("file.comment", f"{comments} cell(s) have comments.", "Remove the comments."))
    if sheet.merged_cells.ranges:
        many = len(sheet.merged_cells.ranges)
        seen.append(
            (
                "file.merged",
                f"{many} range(s) of cells are merged; a merged header cannot be read.",
                "Unmerge them.",
            )
        )
    return rows, seen


def open_document(path: Path) -> Document:
    """Return an OpenDocument spreadsheet as a document."""
    from odf.namespaces import OFFICENS, TABLENS
    from odf.office import Annotation
    from odf.opendocument import load
    from odf.table import Table, TableCell, TableRow
    from odf.teletype import extractText

    with unpacked(path) as archive:
        names = archive.namelist()
    found: list[Finding] = []
    if any(name.startswith("Basic/") for name in names):
        found.append(carried("file.macro", path, "The spreadsheet holds a macro.", "Save it without macros."))
    book = load(str(path))
    if book.getElementsByType(Annotation):
        found.append(carried("file.comment", path, "Cells have comments.", "Remove the comments."))
    named: list[tuple[str, list[list[object]]]] = []
    for table in book.getElementsByType(Table):
        rows: list[list[object]] = []
        formulas = False
        for row in table.getElementsByType(TableRow):
            cells: list[object] = []
            for cell in row.getElementsByType(TableCell):
                formulas = formulas or bool(cell.getAttrNS(TABLENS, "formula"))
                number = cell.getAttrNS(OFFICENS, "value")
                value = number if number not in (None, "") else extractText(cell)
                repeat = min(int(cell.getAttrNS(TABLENS, "number-columns-repeated") or 1), 200)
                cells += [value] * (repeat if value not in (None, "") else min(repeat, 50))
            rows.append(cells)
        if formulas:
            found.append(carried("file.formula", path, "Cells hold formulas.", "Save values."))
        named.append((str(table.getAttrNS(TABLENS, "name") or ""), rows))
    hidden = re.search(rb'table:display="false"', zipfile.ZipFile(path).read("content.xml"))
    if hidden:
        found.append(
            carried(
                "file.hidden-sheet", path, "A sheet is hidden; it was read and checked.", "Delete or show it."
            )
        )
    return Document(path, "table", tables(path, named), tuple(found))


def parquet(path: Path) -> Document:
    """Return a Parquet file as a document; pandas' index and other metadata are not values and are left out."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    if table.num_rows > 2_000_000:
        raise BadInput(
            f"{path.name}: {table.num_rows:,} rows is too many for an output. Send tables, not records."
        )
    columns = [table[name].to_pylist() for name in table.column_names]
    rows = [table.column_names, *map(list, zip(*columns, strict=True))]
    return Document(path, "table", tables(path, [("", rows)]))


def json_table(path: Path) -> Document:
    """Return a JSON table: a list of objects, an object of columns, or pandas' split, index and table layouts."""
    value = json.loads(text_of(path))
    named: list[tuple[str, Sequence[Sequence[object]]]] = []
    if isinstance(value, dict) and "data" in value and "columns" in value:
        index = value.get("index")
        head = (["index"] if index else []) + list(value["columns"])
        body = [([index[at]] if index else []) + list(row) for at, row in enumerate(value["data"])]
        named.append(("", [head, *body]))
    elif isinstance(value, dict) and isinstance(value.get("data"), list):
        named.append(("", records(value["data"])))
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        named.append(("", records(value)))
    elif isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        named.append(("", value))
    elif isinstance(value, dict) and value and all(isinstance(column, dict) for column in value.values()):
        places = list(dict.fromkeys(place for column in value.values() for place in column))
        body = [[place, *(column.get(place) for column in value.values())] for place in places]
        named.append(("", [["index", *value], *body]))
    elif isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        named.append(("", [list(value), *map(list, zip(*value.values(), strict=False))]))
    else:
        raise BadInput(f"{path.name}: the JSON is not a table. Save a list of objects with the same keys.")
    return Document(path, "table", tables(path, named))


def records(rows: Sequence[dict[str, object]]) -> list[list[object]]:
    """Return objects as a grid with a header of all their keys."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [list(names), *([row.get(name) for name in names] for row in rows)]


def stata(path: Path) -> Document:
    """Return a Stata dataset as a document."""
    import pandas as pd

    frame = pd.read_stata(path)
    return Document(path, "table", tables(path, [("", [list(frame.columns), *frame.to_numpy().tolist()])]))


def log(path: Path) -> Document:
    """Return the tables that stand in a text log: runs of lines whose parts stand two or more blanks or bars apart."""
    named: list[tuple[str, list[list[object]]]] = []
    run: list[list[object]] = []
    content = text_of(path)
    for line in [*content.splitlines(), ""]:
        parts = [part.strip() for part in re.split(r"\s{2,}|\t|\s*\|\s*", line.strip()) if part.strip()]
        if re.fullmatch(r"[\s\-+=|_.]*", line) and line.strip():
            continue
        if len(parts) >= 2 and (not run or abs(len(parts) - len(run[0])) <= 1):
            run.append([*parts])
        else:
            if len(run) >= 2:
                named.append((f"lines before {len(named) + 1}", run))
            run = [[*parts]] if len(parts) >= 2 else []
    square = [
        (f"table {at + 1}", [([None, *row] if len(row) < max(map(len, rows)) else row) for row in rows])
        for at, (_, rows) in enumerate(named)
    ]
    note = carried(
        "text.read-by-person",
        path,
        "A log holds free text, which no rule can check.",
        "A checker must read it whole.",
        "warn",
    )
    return Document(path, "text", tables(path, square), (note,), content)


def picture(path: Path) -> Document:
    """Return a picture as a document without sheets: its metadata are findings, and it needs its data beside it."""
    data = path.read_bytes()
    found = [
        carried("file.metadata", path, f"The picture carries {what}.", "Save it again without metadata.")
        for what in metadata(path.suffix.lower(), data)
    ]
    beside = [s for s in (".csv", ".xlsx", ".parquet", ".json") if path.with_suffix(s).is_file()]
    if not beside:
        found.append(
            carried(
                "figure.data", path, "The figure comes without its data, so it cannot be checked.",
                f"Save the data that it shows beside it, as {path.with_suffix('.csv').name}.",
            )
        )  # fmt: skip
    return Document(path, "picture", (), tuple(found))


def metadata(suffix: str, data: bytes) -> list[str]:
    """Return what kinds of metadata a picture carries. Raises BadInput where the content is not what the suffix says."""
    found: list[str] = []
    if suffix == ".png":
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise BadInput("The file is not a PNG picture.")
        at = 8
        while at + 8 <= len(data):
            (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
            body = data[at + 8 : at + 8 + length]
            if kind in (b"tEXt", b"iTXt", b"zTXt") and not body.startswith(b"Software\0"):
                found.append("text")
            if kind == b"eXIf":
                found.append("EXIF data")
            at += 12 + length
        if len(data) > at:
            found.append("data after its end")
    elif suffix in (".jpg", ".jpeg"):
        if not data.startswith(b"\xff\xd8"):
            raise BadInput("The file is not a JPEG picture.")
        found += [
            what
            for mark, what in ((b"Exif\0", "EXIF data"), (b"http://ns.adobe.com/xap", "XMP data"))
            if mark in data
        ]
    elif suffix == ".svg":
        text = data.decode("utf-8", errors="replace")
        if re.search(r"<(script|foreignObject)\b", text, re.IGNORECASE):
            found.append("scripts")
        if re.search(r"<(dc:creator|cc:Agent)\b", text):
            found.append("its author")
        if len(re.findall(r"<(circle|use)\b", text)) > 50:
            found.append("single points, whose values can be read from it")
    elif b"/Author" in data:
        found.append("its author")
    return sorted(set(found))


READERS: dict[str, Callable[[Path], Document]] = {
    ".csv": delimited,
    ".tsv": delimited,
    ".tab": delimited,
    ".xlsx": workbook,
    ".xlsm": workbook,
    ".ods": open_document,
    ".parquet": parquet,
    ".json": json_table,
    ".dta": stata,
    ".txt": log,
    ".log": log,
    ".md": log,
    ".png": picture,
    ".jpg": picture,
    ".jpeg": picture,
    ".svg": picture,
    ".pdf": picture,
}
