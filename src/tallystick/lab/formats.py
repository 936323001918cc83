"""A report's view as accessible HTML, XLSX and ODS (Word: `lab.word`); each says what the view says and nothing else."""

from __future__ import annotations

import io
import re
from importlib.resources import files

from tallystick.lab.view import View

__all__ = ["html", "ods", "workbook"]


def html(shown: View) -> str:
    """Return the report as one accessible page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tallystick.lab") / "report.html").read_text(encoding="utf-8")
    return environment.from_string(text).render(view=shown)


def ods(shown: View) -> bytes:
    """Return the annex as ODS: the same sheets as the workbook's."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table as Sheet
    from odf.table import TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    for number, table in enumerate(shown.tables, 1):
        sheet = Sheet(name=f"Table {number}")
        for row in ((table.title,), table.header, *table.rows):
            line = TableRow()
            for text in row:
                value, unit = number_of(text)
                kind = "string" if value is None else "percentage" if unit else "float"
                cell = TableCell(valuetype=kind, **({} if value is None else {"value": value}))
                cell.addElement(P(text=text))
                line.addElement(cell)
            sheet.addElement(line)
        document.spreadsheet.addElement(sheet)
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


def workbook(shown: View) -> bytes:
    """Return the annex as XLSX: a sheet for each table, its title above it, numbers as numbers."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for number, table in enumerate(shown.tables, 1):
        sheet = book.create_sheet(f"Table {number}")
        sheet.append([table.title])
        sheet.append(list(table.header))
        for row in table.rows:
            sheet.append([text if (value := number_of(text)[0]) is None else value for text in row])
            for cell, text in zip(sheet[sheet.max_row], row, strict=True):
                cell.number_format = format_of(text)
        sheet["A1"].font = Font(bold=True, size=14)
        for cell in sheet[2]:
            cell.font = Font(bold=True)
        for column in "ABCDEFGHI":
            sheet.column_dimensions[column].width = 28
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


NUMBER = re.compile(r"(-?[\d,]*\d(?:\.(\d+))?)(%?)")


def number_of(text: str) -> tuple[float | None, str]:
    """Return a figure as a number (15% as 0.15) with its unit; None for words.

    >>> number_of("11,630"), number_of("-3.9"), number_of("15%"), number_of("fewer than 10")
    ((11630.0, ''), (-3.9, ''), (0.15, '%'), (None, ''))
    """
    found = NUMBER.fullmatch(text)
    if found is None:
        return None, ""
    value = float(found[1].replace(",", ""))
    return (round(value / 100, 6), "%") if found[3] else (value, "")


def format_of(text: str) -> str:
    """Return the spreadsheet's format that shows a figure as the report has it."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return "General"
    return f"{'#,##0' if not found[2] else '0.' + '0' * len(found[2])}{found[3]}"
