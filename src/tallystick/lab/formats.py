"""A report's view as accessible HTML, Word, XLSX and ODS; each says what the view says and nothing else."""

from __future__ import annotations

import io
import re
from importlib.resources import files
from typing import Any

from tallystick.lab.view import HIDDEN, View

__all__ = ["html", "ods", "word", "workbook"]


def html(shown: View) -> str:
    """Return the report as one accessible page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tallystick.lab") / "report.html").read_text(encoding="utf-8")
    return environment.from_string(text).render(view=shown)


def word(shown: View) -> bytes:
    """Return the report as a Word document: headings, paragraphs, tables with header rows, figures with their words."""
    from docx import Document

    document = Document()
    document.core_properties.title = shown.title
    document.add_heading(shown.title, 0)
    document.add_heading(shown.headline, 1)
    for sentence in shown.sentences:
        document.add_paragraph(sentence, style="List Bullet")
    for title, text in (("What you can say", shown.can_say), ("What you cannot say", shown.cannot_say)):
        document.add_heading(title, 2)
        document.add_paragraph(text)
    _word_table(document, "The figures", ("figure", "value"), shown.numbers)
    for table in shown.tables:
        _word_table(document, table.title, table.header, table.rows)
        if table.chart:
            _word_picture(document, table.chart, table.alt or table.title)
        if table.alt:
            document.add_paragraph(table.alt)
    if any(HIDDEN in row for table in shown.tables for row in table.rows):
        document.add_paragraph(f"{HIDDEN}: hidden, so that nobody can be told from it.")
    for title, texts in (("Method", shown.method), ("Limits", shown.limits)):
        document.add_heading(title, 2)
        for text in texts:
            document.add_paragraph(text, style="List Bullet")
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


def _word_picture(document: Any, svg: str, alt: str) -> None:
    """Add a figure, with its words for who cannot see it."""
    import vl_convert
    from docx.shared import Cm

    picture = document.add_picture(io.BytesIO(vl_convert.svg_to_png(svg, scale=2)), width=Cm(15))
    picture._inline.docPr.set("descr", alt)  # python-docx has no other way to it


def _word_table(
    document: Any, title: str, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    document.add_heading(title, 2)
    made = document.add_table(rows=1, cols=len(header), style="Table Grid")
    for cell, text in zip(made.rows[0].cells, header, strict=True):
        cell.text = text
    for row in rows:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            cell.text = text


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
