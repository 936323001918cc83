"""The Justice Data Lab's Data Upload Template: its columns, and the empty file in XLSX, ODS or CSV (requirements 195 to 205, 237)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tallystick.errors import BadInput

__all__ = ["COLUMNS", "DATES", "TemplateColumn", "column_of", "write_template"]


@dataclass(frozen=True)
class TemplateColumn:
    """One column of the template; ``aliases`` are other headings that are read as it."""

    name: str
    need: Literal["mandatory", "one of the dates", "desired", "optional"]
    explanation: str
    is_date: bool = False
    aliases: tuple[str, ...] = ()


COLUMNS: Final = (
    TemplateColumn("record_id", "optional", "Your own number for the row; it comes back with questions about the row.", aliases=("id", "reference")),
    TemplateColumn("first_name", "mandatory",
        "The first name in full, not an initial.", aliases=("forename", "forenames", "firstname", "given_name")),
    TemplateColumn("middle_name", "optional", "Middle names.", aliases=("middle_names",)),
    TemplateColumn("surname", "mandatory", "The surname.", aliases=("last_name", "lastname", "family_name")),
    TemplateColumn("dob", "mandatory", "The date of birth, as 1990-12-31 or 31/12/1990.", True, ("date_of_birth", "birth_date", "d_o_b")),
    TemplateColumn("gender", "mandatory", "F or M, or X where neither is right or it is not known.", aliases=("sex",)),
    TemplateColumn("index_date", "one of the dates", "The day the follow-up starts: release from custody, or sentence. Preferred.", True),
    TemplateColumn("conviction_date", "one of the dates",
        "The day of the conviction that led to your work with the person. Preferred.", True, ("sentence_date", "date_of_conviction")),
    TemplateColumn("intervention_start", "one of the dates",
        "The day your work with the person began.", True, ("intervention_start_date", "start_date")),
    TemplateColumn("intervention_end", "optional", "The day it ended.", True, ("intervention_end_date", "end_date")),
    TemplateColumn("pnc_id", "desired",
        "The PNC identifier, such as 07/4404096X: it makes the match much surer.", aliases=("pnc", "pncid", "pnc_number")),
    TemplateColumn("prison_number", "desired", "The prison number, such as A1234BC.", aliases=("prison_no", "prison_id", "noms_number", "noms_id")),
    TemplateColumn("postcode", "optional", "The last known postcode of the home.", aliases=("post_code",)),
)  # fmt: skip
DATES: Final = tuple(column.name for column in COLUMNS if column.need == "one of the dates")


def column_of(heading: str) -> TemplateColumn | None:
    """Return the template's column that a heading means, or nothing."""
    plain = "_".join("".join(c if c.isalnum() else " " for c in heading.casefold()).split())
    return next((column for column in COLUMNS if plain == column.name or plain in column.aliases), None)


def write_template(path: Path) -> None:
    """Write the empty template; the extension says the format. Raises `BadInput` for another, or where a file is."""
    writers: dict[str, Callable[[Path], None]] = {".xlsx": _xlsx, ".ods": _ods, ".csv": _csv}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise BadInput(f"{path.name}: the template is made as .xlsx, .ods or .csv. Choose one of these.")
    if path.exists():
        raise BadInput(f"{path.name} is there already. Choose another name, or move it away first.")
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        writer(aside)
        aside.replace(path)
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be written ({type(error).__name__}). Choose another folder."
        ) from None
    finally:
        aside.unlink(missing_ok=True)


def _csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerow([column.name for column in COLUMNS])


def _xlsx(path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "Upload"
    for number, column in enumerate(COLUMNS, 1):
        cell = sheet.cell(1, number, column.name)
        cell.font = Font(bold=True)
        cell.comment = Comment(f"{column.need}: {column.explanation}", "Justice Data Lab")
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = 20
        sheet.column_dimensions[letter].number_format = "yyyy-mm-dd" if column.is_date else "@"
    sheet.freeze_panes = "A2"
    workbook.save(path)


def _ods(path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    sheet = Table(name="Upload")
    row = TableRow()
    for column in COLUMNS:
        cell = TableCell(valuetype="string")
        cell.addElement(P(text=column.name))
        row.addElement(cell)
    sheet.addElement(row)
    document.spreadsheet.addElement(sheet)
    document.save(str(path))
