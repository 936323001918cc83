"""XLSX, row by row with openpyxl's own parser of sheets, which also meets what its cell iterator leaves out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet._reader import WorkSheetParser

from tallystick.supply.reading import MAX_COLUMNS
from tallystick.supply.sheets import SHEETS_ROWS, Grid, Sheet


def xlsx_sheets(path: Path) -> Iterator[Sheet]:
    """The worksheets of the workbook, in order."""
    # Opened here, for openpyxl leaves a file open that it cannot read; it warns of styles that it leaves out, quoting cells.
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(file, read_only=True)
        try:
            for position, sheet in enumerate(workbook.worksheets, start=1):
                yield Sheet(position, sheet.sheet_state != "visible", partial(_read, workbook, sheet))
        finally:
            workbook.close()


def _read(workbook: Any, sheet: Any) -> Grid:
    grid = Grid()
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,
            timedelta_formats=workbook._timedelta_formats,
        )
        for row, cells in parser.parse():
            if row > SHEETS_ROWS:
                raise ValueError("row")
            values: list[str | None] = []
            for cell in cells:
                if cell["column"] > MAX_COLUMNS:
                    raise ValueError("column")
                values += [None] * (cell["column"] - len(values))
                values[cell["column"] - 1] = _text(cell["value"])
                if cell["data_type"] == "f":
                    grid.formula(row)
                elif cell["data_type"] == "e":
                    grid.error(row)
            grid.add(row, values)
        grid.merged = len(parser.merged_cells.mergeCell) if parser.merged_cells else 0
        grid.hidden_rows = sum(_is_on(row.get("hidden")) for row in parser.row_dimensions.values())
        grid.hidden_columns = sum(
            _is_on(column.get("hidden")) for column in parser.column_dimensions.values()
        )
    return grid


def _text(value: Any) -> str | None:
    """A cell's value as text: whole numbers without a decimal point, dates as ISO 8601."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _is_on(flag: Any) -> bool:
    return str(flag).lower() in {"1", "true"}
