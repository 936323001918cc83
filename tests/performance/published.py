"""Five layouts of official statistics, written for the tests in the usual form, and the same figures told plainly.

Every layout holds the figures of ``truth``: measure, area, period, group, value (or a mark).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tallystick.performance.definitions import Measures, parse

MEASURES = """
[board]
title = "Northshire Criminal Justice Board"
area = "Northshire"
country = "England and Wales"

[[area]]
name = "England and Wales"
code = "K04000001"
[[area]]
name = "Northshire"
code = "E23000099"
aliases = ["Northshire Police", "CPS Northshire"]
part_of = "England and Wales"
[[area]]
name = "Southmere"
code = "E23000098"
part_of = "England and Wales"

[[measure]]
id = "recorded-crimes"
title = "Recorded crimes"
aliases = ["Number of crimes", "Police recorded crime"]
agency = "Northshire Police"
dataset = "police"
counts = "crime"
definition = "Crimes recorded by the police in the period."
counting_rule = "Home Office Counting Rules"
source = "Police recorded crime tables"

[[measure]]
id = "receipts"
title = "Crown Court receipts"
aliases = ["Receipts"]
agency = "HMCTS"
dataset = "courts"
counts = "case"
definition = "Cases received by the Crown Court."
counting_rule = "HMCTS: one case a set of proceedings"
source = "Criminal court statistics"
groups = ["sex"]

[[measure]]
id = "disposals"
title = "Crown Court disposals"
aliases = ["Disposals"]
agency = "HMCTS"
dataset = "courts"
counts = "case"
definition = "Cases disposed of by the Crown Court."
counting_rule = "HMCTS: one case a set of proceedings"
source = "Criminal court statistics"

[[measure]]
id = "charge-rate"
title = "Charged"
aliases = ["Defendants charged"]
agency = "Crown Prosecution Service"
dataset = "charging"
counts = "suspect"
kind = "proportion"
denominator = "Suspects with a decision"
definition = "Suspects charged, of those with a decision."
counting_rule = "CPS: one for each suspect in a case"
source = "CPS quarterly data"
"""

Fact = tuple[str, str, str, str, float | None, str]


def measures(**replaced: str) -> Measures:
    """Return the definitions of the tests; ``replaced`` texts are put at the top."""
    return parse("\n".join(replaced.values()) + MEASURES)


def workbook(
    path: Path, sheets: dict[str, list[list[Any]]], merge: dict[str, list[str]] | None = None
) -> Path:
    """Write an XLSX workbook with these rows and merged ranges."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for span in (merge or {}).get(name, []):
            sheet.merge_cells(span)
    book.save(path)
    return path


def open_workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    """Write an ODS workbook with these rows; a pair (value, n) is a cell that spans n columns."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import CoveredTableCell, Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for value in row:
                span = {}
                if isinstance(value, tuple):
                    value, wide = value
                    span = {"numbercolumnsspanned": wide, "numberrowsspanned": 1}
                if isinstance(value, int | float):
                    cell = TableCell(valuetype="float", value=value, **span)
                else:
                    cell = TableCell(valuetype="string", **span) if value is not None else TableCell()
                if value is not None:
                    cell.addElement(P(text=str(value)))
                line.addElement(cell)
                for _ in range(span.get("numbercolumnsspanned", 1) - 1):
                    line.addElement(CoveredTableCell())
            table.addElement(line)
        document.spreadsheet.addElement(table)
    document.save(path)
    return path


COVER = [
    ["Criminal court statistics: receipts and disposals"],
    ["Published 24 October 2025"],
    ["Contact: statistics@example.org"],
]
NOTES = [
    ["Notes"], ["This worksheet contains one table."], ["Note number", "Note text"],
    ["[note 1]", "Cases are counted once, whatever the number of defendants."],
    ["[note 2]", "Figures of the latest quarter are provisional."],
]  # fmt: skip


def accessible(folder: Path) -> tuple[Path, list[Fact]]:
    """An accessible ODS after the Analysis Function's guidance: cover, contents, notes, one tidy table with shorthand and notes."""
    table = [
        ["Table 1: Crown Court receipts and disposals by quarter and area [note 1]"],
        ["This worksheet contains one table. Some cells refer to notes, which are on the notes worksheet."],
        ["Some cells hold shorthand: [x] not available, [c] confidential, [p] provisional."],
        ["Source: HMCTS"],
        ["Area code", "Area name", "Quarter", "Receipts [note 1]", "Disposals [note 1][note 2]"],
        ["E23000099", "Northshire", "Jan to Mar 2025", 1204, 1187],
        ["E23000099", "Northshire", "Apr to Jun 2025", "1,310 [r]", "[x]"],
        ["E23000098", "Southmere", "Jan to Mar 2025", "[c]", 88],
        ["E23000098", "Southmere", "Apr to Jun 2025", 97, "91 [p]"],
    ]
    sheets = {
        "Cover": COVER, "Table_of_contents": [["Table of contents"], ["Worksheet", "Title"], ["Table_1", "Receipts"]],
        "Notes": NOTES, "Table_1": table,
    }  # fmt: skip
    return open_workbook(folder / "accessible.ods", sheets), [
        ("receipts", "Northshire", "2025-Q1", "all", 1204, ""),
        ("disposals", "Northshire", "2025-Q1", "all", 1187, ""),
        ("receipts", "Northshire", "2025-Q2", "all", 1310, "r"),
        ("disposals", "Northshire", "2025-Q2", "all", None, "x"),
        ("receipts", "Southmere", "2025-Q1", "all", None, "c"),
        ("disposals", "Southmere", "2025-Q1", "all", 88, ""),
        ("receipts", "Southmere", "2025-Q2", "all", 97, ""),
        ("disposals", "Southmere", "2025-Q2", "all", 91, "p"),
    ]


def merged_headings(folder: Path) -> tuple[Path, list[Fact]]:
    """An older XLSX: a title merged over all, years merged over quarters, areas in rows, a total row, footnotes beneath."""
    rows: list[list[Any]] = [
        ["Table 3.1: Crown Court receipts(1), by area and quarter, 2024 and 2025", *[None] * 4],
        [],
        ["Area", 2024, None, 2025, None],
        [None, "Q3", "Q4", "Q1", "Q2(2)"],
        ["England and Wales", 27010, 26544, 28120, 29003],
        ["Northshire", 1150, 1098, 1204, "1,310(2)"],
        ["Southmere", 90, "..", "*", 97],
        [],
        ["(1) Cases are counted once, whatever the number of defendants."],
        ["(2) Provisional."],
        ["'..' not available. '*' hidden."],
    ]
    path = workbook(
        folder / "merged.xlsx", {"Cover": COVER, "3.1": rows}, {"3.1": ["A1:E1", "B3:C3", "D3:E3", "A3:A4"]}
    )
    quarters = ("2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2")
    lines = {
        "England and Wales": (27010, 26544, 28120, 29003), "Northshire": (1150, 1098, 1204, 1310), "Southmere": (90, None, None, 97),
    }  # fmt: skip
    marks = {("Southmere", "2024-Q4"): "x", ("Southmere", "2025-Q1"): "c"}
    return path, [
        ("receipts", area, quarter, "all", value, marks.get((area, quarter), ""))
        for area, values in lines.items()
        for quarter, value in zip(quarters, values, strict=True)
    ]


def periods_across(folder: Path) -> tuple[Path, list[Fact]]:
    """A CSV in the manner of the recorded-crime tables: a code and an area in each row, a column for each rolling year."""
    text = """Police recorded crime by police force area
Year ending periods; figures are as at 16 October 2025,,,,

Area Code,Area Name,Apr 2022 to Mar 2023,Apr 2023 to Mar 2024,Apr 2024 to Mar 2025 [note 4]
K04000001,England and Wales,"6,744,331","6,657,019","6,600,000"
E23000099,Northshire,"61,204","60,877","59,001"
E23000098,Southmere,"9,910",:,"9,700 [u]"

[note 4] The force changed its system in 2024.
"""
    path = folder / "prc-pfa-mar2025-tables.csv"
    path.write_text(text, encoding="utf-8")
    lines = {
        "England and Wales": (6744331, 6657019, 6600000), "Northshire": (61204, 60877, 59001), "Southmere": (9910, None, 9700),
    }  # fmt: skip
    marks = {("Southmere", "2023/24"): "x", ("Southmere", "2024/25"): "u"}
    return path, [
        ("recorded-crimes", area, year, "all", value, marks.get((area, year), ""))
        for area, values in lines.items()
        for year, value in zip(("2022/23", "2023/24", "2024/25"), values, strict=True)
    ]


def years_down(folder: Path) -> tuple[Path, list[Fact]]:
    """An XLSX with years merged down and quarters beside them, sections for areas, and groups merged over measures."""
    rows: list[list[Any]] = [
        ["Table 2: Receipts by sex of the defendant, and disposals"],
        ["Numbers"],
        [],
        ["Year", "Quarter", "Receipts", None, None, None, "Disposals"],
        [None, None, "Female", "Male", None, "Total", "Total"],
        ["Northshire"],
        [2025, "Jan to Mar", 181, 1023, None, 1204, 1187],
        [None, "Apr to Jun", 190, 1120, None, 1310, "[x]"],
        ["Southmere"],
        [2025, "Jan to Mar", "[c]", "[c]", None, 92, 88],
        [None, "Apr to Jun [p]", 21, 76, None, 97, 91],
        [],
        ["Source: HMCTS data, as at September 2025"],
    ]
    path = workbook(
        folder / "years-down.xlsx",
        {"Notes": NOTES, "Table 2": rows},
        {"Table 2": ["C4:F4", "A7:A8", "A10:A11"]},
    )
    lines = {
        ("Northshire", "2025-Q1"): (181, 1023, 1204, 1187), ("Northshire", "2025-Q2"): (190, 1120, 1310, None),
        ("Southmere", "2025-Q1"): (None, None, 92, 88), ("Southmere", "2025-Q2"): (21, 76, 97, 91),
    }  # fmt: skip
    facts: list[Fact] = []
    for (area, quarter), (female, male, total, done) in lines.items():
        hidden = "c" if female is None else ""
        facts += [
            ("receipts", area, quarter, "sex: female", female, hidden),
            ("receipts", area, quarter, "sex: male", male, hidden),
            ("receipts", area, quarter, "all", total, ""),
            ("disposals", area, quarter, "all", done, "" if done is not None else "x"),
        ]
    return path, facts


def tables_in_one_sheet(folder: Path) -> tuple[Path, list[Fact]]:
    """A CSV of a prosecutor's dashboard: two tables one under the other, months across, the count beneath a share in its own row."""
    text = """CPS Northshire: monthly return;;;
"Produced 14 November 2025; OFFICIAL";;;

Defendants charged;;;
Month;Defendants charged;Suspects with a decision;
Aug-25;412;590;
Sep-25;398 [p];575;
Oct-25;[x];[x];

Recorded crimes;;;
Area;Aug 2025;Sep 2025;Oct 2025
Northshire;5012;4977;5103 [p]
Southmere;801;~;799
"""
    path = folder / "dashboard.csv"
    path.write_text(text, encoding="utf-8")
    return path, [
        ("charge-rate", "Northshire", "2025-08", "all", 412, ""),
        ("charge-rate", "Northshire", "2025-09", "all", 398, "p"),
        ("charge-rate", "Northshire", "2025-10", "all", None, "x"),
        ("recorded-crimes", "Northshire", "2025-08", "all", 5012, ""),
        ("recorded-crimes", "Northshire", "2025-09", "all", 4977, ""),
        ("recorded-crimes", "Northshire", "2025-10", "all", 5103, "p"),
        ("recorded-crimes", "Southmere", "2025-08", "all", 801, ""),
        ("recorded-crimes", "Southmere", "2025-09", "all", None, "c"),
        ("recorded-crimes", "Southmere", "2025-10", "all", 799, ""),
    ]


LAYOUTS = (accessible, merged_headings, periods_across, years_down, tables_in_one_sheet)
