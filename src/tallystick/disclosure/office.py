"""Workbooks: their visible values as sheets, and all that they carry beside them as findings."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from tallystick.disclosure.document import Document, carried, tables, unpacked
from tallystick.errors import Finding


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
