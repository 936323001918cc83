"""Published layouts are read as they stand; what is broken is named by its cell, with a remedy, and never by its content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from performance import published
from performance.published import LAYOUTS, Fact
from tallystick.errors import BadInput
from tallystick.performance import periods
from tallystick.performance.read import Read, read
from tallystick.performance.sheets import Cell
from tallystick.performance.values import figure

PUBLISHED = date(2025, 11, 20)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_read_published_layout(layout: Callable[[Path], tuple[Path, list[Fact]]], tmp_path: Path) -> None:
    path, truth = layout(tmp_path)
    found = read(path, published.measures(), published=PUBLISHED)
    assert found.faults == ()
    facts = {
        (r["measure"], r["area"], r["period"], r["category"], r["value"], r["mark"])
        for r in found.table.to_pylist()
    }
    assert facts == set(truth)
    assert found.table.num_rows == len(truth)


HEAD = "area,period,measure,group,value,denominator"
GOOD = "Northshire,2025-08,receipts,all,120,"


def tidy(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *rows)).encode()


def book(rows: list[list[object]], change: Callable[..., None] | None = None) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        import openpyxl

        made = openpyxl.Workbook()
        sheet = made.active
        sheet.title = "Table_1"
        for row in rows:
            sheet.append(row)
        if change:
            change(made, sheet)
        made.save(path)

    return write


SHEET: list[list[object]] = [
    ["Area", "Month", "Receipts", "Disposals"],
    ["Northshire", "2025-08", 120, 118],
    ["Southmere", "2025-08", 30, 31],
]


def hide_row(made: object, sheet: object) -> None:
    sheet.row_dimensions[3].hidden = True  # type: ignore[attr-defined]


def hide_column(made: object, sheet: object) -> None:
    sheet.column_dimensions["D"].hidden = True  # type: ignore[attr-defined]


def put(cell: str, value: object) -> Callable[..., None]:
    def change(made: object, sheet: object) -> None:
        sheet[cell] = value  # type: ignore[index]

    return change


# name: what is wrong: (file name, content, where it must be named, a word of the remedy)
BROKEN: dict[str, tuple[str, bytes | Callable[[Path], None], str, str]] = {
    "empty": ("a.csv", b"  \n", "a.csv", "again"),
    "other-format": ("a.pdf", b"%PDF", "a.pdf", "CSV, ODS or XLSX"),
    "old-excel": ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "a.xlsx", "password"),
    "no-workbook": ("a.xlsx", b"hello", "a.xlsx", "save it again"),
    "no-ods": ("a.ods", b"PK\x03\x04broken", "a.ods", "save it again"),
    "workbook-as-csv": ("a.csv", b"PK\x03\x04rest", "a.csv", ".xlsx"),
    "not-utf8": ("a.csv", tidy(GOOD, "N\xf3rth,2025".encode("latin-1").decode("latin-1")).replace("ó".encode(), b"\xf3"), "row 3", "UTF-8"),
    "nul": ("a.csv", tidy(GOOD, "Nort\x00h,2025-08,receipts,all,1,"), "row 3", "again"),
    "open-quote": ("a.csv", tidy('Northshire,2025-08,"receipts,all,1,'), "a.csv", "again"),
    "no-table": ("a.csv", b"Cover sheet\nContact: statistics\n", "a.csv", "not its cover"),
    "no-figures-heading": ("a.csv", b",2025-08,2025-09\nNorthshire,1,2\nSouthmere,3,4\n", "cell A1", "what it holds"),
    "no-heading-at-all": ("a.csv", b"Northshire,x,12\nSouthmere,y,14\n", "cell A1", "heading"),
    "heading-twice": ("a.csv", tidy("Northshire,2025-08,receipts,all,1,2", head="area,period,measure,group,value,value"), "cell F1", "of its own"),
    "heading-again": ("a.csv", tidy(GOOD, HEAD, GOOD.replace("08", "09")), "cell A3", "Delete"),
    "persons": ("a.csv", tidy("Northshire,2025-08,receipts,x,1", head="area,period,measure,surname,value"), "cell D1", "no personal data"),
    "ragged": ("a.csv", tidy("Northshire,2025-08,receipts,all,1,,,9"), "cell H2", "quotation marks"),
    "no-period": ("a.csv", tidy("Northshire,,receipts,all,1,"), "cell B2", "every row"),
    "no-period-column": ("a.csv", tidy("Northshire,receipts,1", head="area,measure,value"), "cell C2", "Name it"),
    "no-measure": ("a.csv", tidy("Northshire,2025-08,1", head="area,period,value"), "cell C2", "Name it"),
    "period-unread": ("a.csv", tidy("Northshire,Augustus,receipts,all,1,"), "cell B2", "2025-03"),
    "period-month-thirteen": ("a.csv", tidy("Northshire,2025-13,receipts,all,1,"), "cell B2", "2025-03"),
    "period-two-readings": ("a.csv", tidy("Northshire,03/01/2025,receipts,all,1,"), "cell B2", "2025-03"),
    "period-year-or-month": ("a.csv", tidy("Northshire,2011-12,receipts,all,1,"), "cell B2", "2011/12"),
    "period-mid-month": ("a.csv", tidy("Northshire,2025-08-14,receipts,all,1,"), "cell B2", "2025-03"),
    "number-with-letter": ("a.csv", tidy("Northshire,2025-08,receipts,all,12O,"), "cell E2", "again"),
    "number-continental": ("a.csv", tidy('Northshire,2025-08,receipts,all,"1.234,5",'), "cell E2", "1,234.5"),
    "number-range": ("a.csv", tidy("Northshire,2025-08,receipts,all,1-4,"), "cell E2", "[c]"),
    "number-bound": ("a.csv", tidy("Northshire,2025-08,receipts,all,<5,"), "cell E2", "[c]"),
    "number-brackets": ("a.csv", tidy("Northshire,2025-08,receipts,all,(12),"), "cell E2", "without them"),
    "number-text": ("a.csv", tidy("Northshire,2025-08,receipts,all,about twelve,"), "cell E2", "number or shorthand"),
    "number-nan": ("a.csv", tidy("Northshire,2025-08,receipts,all,NaN,"), "cell E2", "[x]"),
    "number-blank": ("a.csv", tidy("Northshire,2025-08,receipts,all,,"), "cell E2", "[z]"),
    "number-dash": ("a.csv", tidy("Northshire,2025-08,receipts,all,-,"), "cell E2", "measures.toml"),
    "number-formula": ("a.csv", tidy("Northshire,2025-08,receipts,all,=1+1,"), "cell E2", "values"),
    "shorthand-unknown": ("a.csv", tidy("Northshire,2025-08,receipts,all,[q],"), "cell E2", "[c]"),
    "negative": ("a.csv", tidy("Northshire,2025-08,receipts,all,-3,"), "cell E2", "figure itself"),
    "fraction": ("a.csv", tidy("Northshire,2025-08,receipts,all,3.5,"), "cell E2", "count"),
    "twice": ("a.csv", tidy(GOOD, GOOD), "cell E3", "Keep one"),
    "twice-differs": ("a.csv", tidy(GOOD, GOOD.replace("120", "121")), "cell E3", "revision"),
    "no-denominator": ("a.csv", tidy("Northshire,2025-08,charge-rate,all,40,"), "cell E2", "both counts"),
    "part-over-whole": ("a.csv", tidy("Northshire,2025-08,charge-rate,all,40,30"), "cell E2", "which"),
    "unknown-area": ("a.csv", tidy("Nowhere,2025-08,receipts,all,1,"), "cell A2", "[[area]]"),
    "unknown-measure": ("a.csv", tidy("Northshire,2025-08,reciepts,all,1,"), "cell C2", "alias"),
    "group-of-what": ("a.csv", tidy("Northshire,2025-08,receipts,purple,1,"), "cell D2", "sex: female"),
    "future": ("a.csv", tidy("Northshire,2026-08,receipts,all,1,"), "cell E2", "[f]"),
    "weeks-and-months": ("a.csv", tidy(GOOD, "Northshire,2025-W40,receipts,all,1,"), "cell E3", "one kind"),
    "published-unread": ("a.csv", tidy("Northshire,2025-08,receipts,1,soon", head="area,period,measure,value,published"), "cell E2", "2025-10-24"),
    "validation-unread": ("a.csv", tidy("Northshire,2025-08,receipts,1,maybe", head="area,period,measure,value,validation"), "cell E2", "validated"),
    "excel-error": ("a.xlsx", book(SHEET, put("C2", "#REF!")), "Table_1, cell C2", "formula"),
    "excel-no-result": ("a.xlsx", book(SHEET, put("C2", "=SUM(D2:D3)")), "Table_1, cell C2", "calculate"),
    "excel-date": ("a.xlsx", book(SHEET, put("C3", date(2025, 2, 1))), "Table_1, cell C3", "number"),
    "excel-true": ("a.xlsx", book(SHEET, put("C3", True)), "Table_1, cell C3", "figure"),
    "excel-blank": ("a.xlsx", book(SHEET, put("D3", None)), "Table_1, cell D3", "[x]"),
    "excel-hidden-row": ("a.xlsx", book(SHEET, hide_row), "Table_1, cell A3", "Unhide"),
    "excel-hidden-column": ("a.xlsx", book(SHEET, hide_column), "Table_1, cell D1", "Unhide"),
    "unknown-heading": ("a.xlsx", book(SHEET, put("D1", "Widgets")), "Table_1, cell D1", "left_out"),
}  # fmt: skip


def answer(file: Path) -> list[str]:
    try:
        found: Read = read(file, published.measures(), published=PUBLISHED)
    except BadInput as error:
        return [error.message]
    return [f"{each.where}: {each.message} {each.remedy}" for each in found.faults]


@pytest.mark.parametrize("name", BROKEN)
def test_read_broken_file(name: str, tmp_path: Path) -> None:
    file, content, where, remedy = BROKEN[name]
    path = tmp_path / file
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    told = answer(path)
    assert any(where in line and remedy in line for line in told), told
    for line in told:
        assert not {"Nowhere", "Augustus", "reciepts", "purple", "about twelve", "Widgets"} & set(
            line.split()
        )


def test_broken_files_are_forty_and_more() -> None:
    assert len(BROKEN) >= 40


def test_read_without_definitions_takes_names_as_they_are(tmp_path: Path) -> None:
    path, truth = published.accessible(tmp_path)
    found = read(path, None, published=PUBLISHED)
    assert found.faults == ()
    assert {row["measure"] for row in found.table.to_pylist()} == {"receipts", "disposals"}
    assert found.table.num_rows == len(truth)


def test_read_says_what_a_dash_is_once_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(tidy("Northshire,2025-08,receipts,all,-,", "Northshire,2025-09,receipts,all,,"))
    said = published.measures(shorthand='[shorthand]\n"-" = "nil"\nblank = "x"')
    found = read(path, said, published=PUBLISHED)
    assert found.faults == ()
    assert [(row["value"], row["mark"]) for row in found.table.to_pylist()] == [(0.0, ""), (None, "x")]


def test_read_warns_of_a_gap_and_of_a_note_that_is_missing(tmp_path: Path) -> None:
    path = published.open_workbook(
        tmp_path / "a.ods",
        {
            "Notes": published.NOTES,
            "Table_1": [
                ["Area", "Month", "Receipts [note 9]"],
                ["Northshire", "2025-06", 40],
                ["Northshire", "2025-08", 41],
            ],
        },
    )
    found = read(path, published.measures(), published=PUBLISHED)
    assert found.faults == ()
    assert {each.rule for each in found.findings} == {"read.note", "figures.gap"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2025-03", "2025-03"), ("Mar-25", "2025-03"), ("March 2025", "2025-03"), ("2025-03-01", "2025-03"), ("01/03/2025", "2025-03"),
        ("2024-25", "2024/25"), ("2024/25", "2024/25"), ("2024/2025", "2024/25"), ("Apr 2024 to Mar 2025", "2024/25"),
        ("year ending March 2025", "2024/25"), ("Year ending June 2025", "YE 2025-06"), ("2025", "2025"), (2025, "2025"),
        ("2025 Q1", "2025-Q1"), ("Q1 2025/26", "2025-Q2"), ("Jan to Mar 2025", "2025-Q1"), ("2025 Jan - Mar", "2025-Q1"),
        ("2025-W07", "2025-W07"), (date(2025, 3, 1), "2025-03"), ("Jan 2025 to Dec 2025", "2025"),
    ],
)  # fmt: skip
def test_period_read(text: object, label: str) -> None:
    found = periods.read(text)
    assert found is not None
    assert found.label == label
    assert periods.read(label) == found


@given(st.integers(1990, 2090), st.integers(1, 12), st.sampled_from([1, 3, 12]), st.integers(-40, 40))
def test_period_label_reads_back_and_following_counts(year: int, month: int, size: int, steps: int) -> None:
    made = periods.month_range(month, year, (month + size - 2) % 12 + 1, year + (month + size - 2) // 12)
    if made is None or (made.frequency == "month" and (year + 1) % 100 == month):
        return
    assert periods.read(made.label) == made
    later = periods.following(made, steps)
    assert later.index - made.index == steps
    assert periods.following(later, -steps) == made


@given(st.text(max_size=30))
def test_figure_never_fails(text: str) -> None:
    found = figure(Cell(text))
    assert found.is_figure != bool(found.fault)
    assert found.fault == "" or found.remedy
