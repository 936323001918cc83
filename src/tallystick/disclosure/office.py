"""Workbooks: their visible values as sheets, and all that they carry beside them as findings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tallystick.disclosure.document import Document, carried, spread, tables, unpacked
from tallystick.errors import Finding

MOST_REPEATED = 200
"""Times that one cell or row of an OpenDocument file is written out."""


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
        ("charts/", "file.chart", "The workbook holds charts, which keep copies of the figures they were drawn from.",
         "Send each chart as a picture, with its data beside it."),
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
            carried(
                rule,
                path,
                f"Sheet {sheet.title}: {message}",
                remedy,
                "warn" if rule == "file.merged" else "refuse",
            )
            for rule, message, remedy in seen
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
    for held in sheet.merged_cells.ranges:
        fill(rows, held.min_row - 1, held.min_col - 1, held.max_row, held.max_col)
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
                f"{many} range(s) of cells are merged; each cell was read as if it held the whole range's value.",
                "Unmerge them if that is not what they mean.",
            )
        )
    return rows, seen


def fill(rows: list[list[object]], top: int, left: int, bottom: int, right: int) -> None:
    """Write a merged range's value into all its cells; one that fills its rows alone is a title, and stands once."""
    value = rows[top][left]
    alone = right - left > 1 and all(
        cell is None for row in rows[top:bottom] for at, cell in enumerate(row) if not left <= at < right
    )
    for row in rows[top:bottom]:
        for at in range(left, min(right, len(row))):
            row[at] = None if alone else value
    rows[top][left] = value


def open_document(path: Path) -> Document:
    """Return an OpenDocument spreadsheet as a document, with findings for all that it carries beside its visible values."""
    from odf.namespaces import TABLENS
    from odf.office import Annotation
    from odf.opendocument import load
    from odf.table import Table

    with unpacked(path) as archive:
        names = archive.namelist()
        content = archive.read("content.xml")
        about = archive.read("meta.xml") if "meta.xml" in names else b""
    found: list[Finding] = []
    for seen, rule, message, remedy, severity in (
        (any(name.startswith("Basic/") for name in names), "file.macro", "The spreadsheet holds a macro.", "Save it without macros.", "refuse"),
        (any(name.startswith("Object") for name in names), "file.chart",
         "The spreadsheet holds charts or other objects, which keep copies of figures.",
         "Send each chart as a picture, with its data beside it.", "refuse"),
        (any(name.startswith("Pictures/") for name in names), "file.picture", "The spreadsheet holds pictures, which are not checked.",
         "Send pictures with their data.", "refuse"),
        (b'table:display="false"' in content, "file.hidden-sheet", "A sheet is hidden; it was read and checked.", "Delete it or show it.", "refuse"),
        (re.search(rb'table:visibility="(collapse|filter)"', content), "file.hidden-cells", "Rows or columns are hidden; they were checked.",
         "Delete or show them.", "refuse"),
        (b"table:formula=" in content, "file.formula", "Cells hold formulas.", "Save values.", "refuse"),
        (re.search(rb"number-(columns|rows)-spanned=\"([2-9]|\d\d)", content), "file.merged",
         "Cells are merged; each was read as if it held the whole range's value.", "Unmerge them if that is not what they mean.", "warn"),
        (re.search(rb"<(dc:creator|meta:initial-creator)>[^<]", about), "file.metadata", "The spreadsheet's properties name a person.",
         "Remove the properties.", "warn"),
    ):  # fmt: skip
        if seen:
            found.append(carried(rule, path, message, remedy, severity))
    book = load(str(path))
    if book.getElementsByType(Annotation):
        found.append(carried("file.comment", path, "Cells have comments.", "Remove the comments."))
    named = [
        (str(table.getAttrNS(TABLENS, "name") or ""), open_rows(table))
        for table in book.getElementsByType(Table)
    ]
    return Document(path, "table", tables(path, named), tuple(found))


def open_rows(table: Any) -> list[list[object]]:
    """Return an OpenDocument table's values; what stands under a merged cell holds that cell's value."""
    from odf.namespaces import TABLENS
    from odf.table import TableRow

    cells: list[list[tuple[object, int, int]]] = []
    for row in table.getElementsByType(TableRow):
        line: list[tuple[object, int, int]] = []
        for cell in row.childNodes:
            kind = cell.qname[1] if cell.nodeType == cell.ELEMENT_NODE else ""
            if kind == "table-cell":
                line += open_cell(cell)
        times = int(row.getAttrNS(TABLENS, "number-rows-repeated") or 1)
        cells += [line] * (
            min(times, MOST_REPEATED) if any(value not in (None, "") for value, _, _ in line) else 1
        )
    return spread(cells)


def open_cell(cell: Any) -> list[tuple[object, int, int]]:
    """Return an OpenDocument cell as often as it is repeated, with the columns and rows that it spans."""
    from odf.namespaces import OFFICENS, TABLENS
    from odf.teletype import extractText

    number = cell.getAttrNS(OFFICENS, "value")
    value = number if number not in (None, "") else extractText(cell)
    wide, deep = (int(cell.getAttrNS(TABLENS, f"number-{what}-spanned") or 1) for what in ("columns", "rows"))
    times = int(cell.getAttrNS(TABLENS, "number-columns-repeated") or 1)
    return [(value, wide, deep)] * min(times, MOST_REPEATED if value not in (None, "") else 50)
