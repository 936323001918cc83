"""ODS, row by row from content.xml (OpenDocument 1.3, part 3, section 9), so that a large sheet is never whole in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from lxml import etree

from tallystick.supply.reading import MAX_COLUMNS
from tallystick.supply.sheets import SHEETS_ROWS, Grid, Sheet

OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def ods_sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of the document, in order. The whole document is read on the first step."""
    hidden_styles: set[str] = set()
    position = 0
    grid = Grid()
    row = 0
    depth = 0
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as source:
        events = etree.iterparse(
            source, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
        )
        for event, element in events:
            if element.tag == TABLE + "table":
                depth += 1 if event == "start" else -1
                if event == "start" and depth == 1:
                    position, grid, row = position + 1, Grid(), 0
                elif event == "end" and depth == 0:
                    is_hidden = element.get(TABLE + "style-name", "") in hidden_styles
                    yield Sheet(position, is_hidden, partial(_read, grid))
                    element.clear()
            elif event == "end" and element.tag == STYLE + "style":
                if any(child.get(TABLE + "display") == "false" for child in element):
                    hidden_styles.add(element.get(STYLE + "name", ""))
            elif event == "end" and depth == 1 and element.tag == TABLE + "table-column":
                hidden = element.get(TABLE + "visibility", "visible") != "visible"
                grid.hidden_columns += _repeat(element, "columns") if hidden else 0
            elif event == "end" and depth == 1 and element.tag == TABLE + "table-row":
                row = _add_row(grid, row, element)
                element.clear()


def _read(grid: Grid) -> Grid:
    return grid


def _add_row(grid: Grid, row: int, element: Any) -> int:
    """Take one row element, which may stand for several like rows; gives the number of the last."""
    repeat = _repeat(element, "rows")
    cells: list[str | None] = []
    for cell in element:
        if cell.tag not in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            continue
        value = _text(cell)
        times = _repeat(cell, "columns")
        if value is None:
            times = min(times, max(MAX_COLUMNS + 1 - len(cells), 0))
        elif len(cells) + times > MAX_COLUMNS + 1:
            raise ValueError("column")
        cells += [value] * times
        if cell.get(TABLE + "formula"):
            grid.formula(row + 1)
        if max(int(cell.get(TABLE + f"number-{span}-spanned", "1")) for span in ("rows", "columns")) > 1:
            grid.merged += 1
    if any(cells):
        if row + repeat > SHEETS_ROWS:
            raise ValueError("row")
        for number in range(row + 1, row + repeat + 1):
            grid.add(number, cells)
        if element.get(TABLE + "visibility", "visible") != "visible":
            grid.hidden_rows += repeat
    elif grid.header and row + repeat < SHEETS_ROWS:
        grid.blank += repeat
    return row + repeat


def _text(cell: Any) -> str | None:
    """A cell's value as text: its exact value where it has a type, else its paragraphs."""
    kind = cell.get(OFFICE + "value-type", "")
    if kind in ("float", "currency", "percentage"):
        number = float(cell.get(OFFICE + "value"))
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)
    if kind == "date":
        written: str = cell.get(OFFICE + "date-value").removesuffix("T00:00:00")
        return written.replace("T", " ")
    if kind == "boolean":
        boolean: str | None = cell.get(OFFICE + "boolean-value")
        return boolean
    if kind == "time":
        time: str | None = cell.get(OFFICE + "time-value")
        return time
    paragraphs = [_paragraph(child) for child in cell if child.tag == TEXT + "p"]
    return "\n".join(paragraphs) or None


def _paragraph(element: Any) -> str:
    """The text of a paragraph, its coded spaces and tabs put back."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == TEXT + "s":
            parts.append(" " * min(int(child.get(TEXT + "c", "1")), 10_000))
        elif child.tag == TEXT + "tab":
            parts.append("\t")
        elif child.tag == TEXT + "line-break":
            parts.append("\n")
        elif child.tag != OFFICE + "annotation":
            parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _repeat(element: Any, what: str) -> int:
    return max(int(element.get(TABLE + f"number-{what}-repeated", "1")), 1)
