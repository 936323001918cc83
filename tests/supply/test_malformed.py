"""Malformed supplies: each is refused with a message of the right kind and place, and no personal value in it."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.supply import Column, Contract, take

ON = date(2026, 11, 20)
HEADER = "record_id,surname,dob,postcode,ethnicity,visits,held,sentenced"
GOOD = "r{i},Zzyzx{i},{day:02d}/07/1985,QX1 9Z{i},white,3,yes,2020-05-{day:02d}"
MARKERS = ("zzyzx", "qx1", "1985", "r1", "moustache")

CONTRACT = Contract(
    "justice",
    (
        Column("surname", "identifier", matches="surname", required=True, max_length=60),
        Column("dob", "identifier", "date", matches="dob"),
        Column("postcode", "identifier"),
        Column("ethnicity", allowed=("white", "black", "asian", "mixed", "other")),
        Column("visits", type="integer", minimum=0, maximum=1000),
        Column("held", type="boolean"),
        Column("sentenced", "event-date", "date", format="%Y-%m-%d"),
    ),
)


def good_rows(count: int = 8) -> list[str]:
    return [GOOD.format(i=i, day=i + 10) for i in range(count)]


def csv_of(*lines: str) -> bytes:
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def with_cell(column: str, value: str, row: int = 3) -> bytes:
    """A good file but for one cell; ``row`` counts the header as 1."""
    lines = good_rows()
    cells = lines[row - 2].split(",")
    cells[HEADER.split(",").index(column)] = value
    lines[row - 2] = ",".join(cells)
    return csv_of(*lines)


def workbook(change: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    for line in [HEADER, *good_rows()]:
        book.active.append(line.split(","))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rezip(source: bytes, **members: bytes) -> bytes:
    """The archive with members put in or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in members:
                new.writestr(name, old.read(name))
        for name, content in members.items():
            new.writestr(name, content)
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 << 20))
    return out.getvalue()


def hide_sheet(book: openpyxl.Workbook) -> None:
    sheet = book.create_sheet("moustache")
    sheet.append(["zzyzx"])
    sheet.sheet_state = "hidden"


def second_sheet(book: openpyxl.Workbook) -> None:
    book.create_sheet("moustache").append(["zzyzx"])


def set_cell(place: str, value: object) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        book.active[place] = value

    return change


def hide_row(book: openpyxl.Workbook) -> None:
    book.active.row_dimensions[4].hidden = True


def hide_column(book: openpyxl.Workbook) -> None:
    book.active.column_dimensions["C"].hidden = True


def merge(book: openpyxl.Workbook) -> None:
    book.active.merge_cells("B3:B4")


def excel_dates(book: openpyxl.Workbook) -> None:
    """What Excel of another country makes of a column of days and months: some dates, some text."""
    for row in (2, 3, 4):
        book.active[f"C{row}"] = date(2001, row, 5)


def ods(body: str, extra: dict[str, bytes] | None = None) -> bytes:
    names = {
        "office": "office", "table": "table", "text": "text", "style": "style",
    }  # fmt: skip
    spaces = " ".join(f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}:1.0"' for k, v in names.items())
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>"
        '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        for name, value in (extra or {}).items():
            archive.writestr(name, value)
    return out.getvalue()


def ods_table(rows: list[str], style: str = "ta1", cell: str = "") -> str:
    def row(line: str) -> str:
        cells = "".join(
            f'<table:table-cell office:value-type="string"{cell}><text:p>{value}</text:p></table:table-cell>'
            for value in line.split(",")
        )
        return f"<table:table-row>{cells}</table:table-row>"

    return f'<table:table table:name="a" table:style-name="{style}">{"".join(map(row, rows))}</table:table>'


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def good_table() -> pa.Table:
    rows = [line.split(",") for line in good_rows()]
    names = HEADER.split(",")
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def swapped(rows: list[str], row: int, day: str) -> list[str]:
    cells = rows[row].split(",")
    cells[2] = day
    return [*rows[:row], ",".join(cells), *rows[row + 1 :]]


@dataclass(frozen=True)
class Malformed:
    """A file, and what the refusal must say: the rule (or words of the message) and the place."""

    file: str
    content: bytes
    says: str
    where: str = ""


ODS_GOOD = [HEADER, *good_rows()]
CASES: dict[str, Malformed] = {
    # the file
    "empty": Malformed("s.csv", b"", "empty"),
    "only white space": Malformed("s.csv", b"\n \n", "empty"),
    "header alone": Malformed("s.csv", csv_of(), "no rows"),
    "header and blank lines": Malformed("s.csv", csv_of("", "", ""), "no rows"),
    "unknown extension": Malformed("s.sav", csv_of(*good_rows()), "extension"),
    "workbook named csv": Malformed("s.csv", workbook(), "an Excel workbook"),
    "csv named workbook": Malformed("s.xlsx", csv_of(*good_rows()), "text"),
    "csv named parquet": Malformed("s.parquet", csv_of(*good_rows()), "text"),
    "gzip named csv": Malformed("s.csv", b"\x1f\x8b\x08\x00zzyzx", "compressed"),
    "pdf named csv": Malformed("s.csv", b"%PDF-1.7 zzyzx", "a PDF"),
    "old or locked excel": Malformed("s.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1zzyzx", "password-protected"),
    # its bytes
    "mixed encodings": Malformed(
        "s.csv", csv_of(*good_rows()) + "r9,Zzyzxé,,,,,,\n".encode() + "r10,Zzyzxé,,,,,,\n".encode("cp1252"),
        "mixes two encodings", "line 10",
    ),
    "code page that cannot be told": Malformed(
        "s.csv", csv_of(*good_rows()) + b"r9,Zzyzx\x8e,,,,,,\n", "encoding cannot be told", "line 10"
    ),
    "utf-32": Malformed("s.csv", csv_of(*good_rows()).decode().encode("utf-32"), "UTF-32"),
    "broken utf-16": Malformed("s.csv", csv_of(*good_rows()).decode().encode("utf-16") + b"\x00\xdc\x00", "utf-16"),
    "nul byte": Malformed("s.csv", with_cell("surname", "Zzy\0zx"), "supply.control-character", "row 3"),
    "nul byte in header": Malformed("s.csv", csv_of(*good_rows()).replace(b"surname", b"sur\0name", 1), "surname"),
    "replacement character": Malformed("s.csv", with_cell("surname", "Zzyzx\ufffd"), "supply.control-character", "surname"),
    "direction override": Malformed("s.csv", with_cell("surname", "Zzyzx\u202e"), "supply.control-character", "row 3"),
    # its rows
    "ten megabytes in a cell": Malformed(
        "s.csv", with_cell("surname", "Zzyzx" * (2 << 20)), "supply.cell-length", "row 3 (letters, 10,485,760"
    ),
    "forty megabytes in a cell": Malformed("s.csv", with_cell("surname", "Zzyzx" * (8 << 20)), "16 MB"),
    "a cell too many": Malformed("s.csv", csv_of(*good_rows(), "r9,Zzyzx,,,,,,,x"), "supply.row-width", "row 10 (9 cells)"),
    "a cell too few": Malformed("s.csv", csv_of("r9,Zzyzx", *good_rows()), "supply.row-width", "row 2 (2 cells)"),
    "quotation mark never closed": Malformed(
        "s.csv", csv_of(*good_rows()[:4], 'r9,"Zzyzx,,,,,,', *good_rows()[4:]), "never closes", "row 6, column 2"
    ),
    "quotation mark closed rows later": Malformed(
        "s.csv", csv_of(*good_rows()[:2], 'r9,"Zzyzx', 'r10,Zzyzx",,,,,,'), "supply.control-character", "row 4"
    ),
    # its header
    "no header": Malformed("s.csv", "\n".join(good_rows()).encode(), "supply.header"),
    "quotation mark in header": Malformed("s.csv", csv_of(*good_rows()).replace(b"dob", b'"dob', 1), "header", "row 1"),
    "column missing": Malformed("s.csv", csv_of(*good_rows()).replace(b",dob", b",", 1), "supply.column-missing", "dob"),
    "record ids missing": Malformed("s.csv", csv_of(*good_rows()).replace(b"record_id", b"key", 1), "id_column"),
    "column near": Malformed("s.csv", csv_of(*good_rows()).replace(b"surname", b"Sur-Name", 1), "Rename it surname"),
    "column unexpected": Malformed(
        "s.csv", "\n".join(f"{line},{'moustache' if i else 'Zzyzx'}" for i, line in enumerate([HEADER, *good_rows()])).encode(),
        "Column 9 is not in the agreement",
    ),
    "column twice": Malformed(
        "s.csv", csv_of(*good_rows()).replace(b"postcode", b"surname", 1), "supply.column-twice", "surname"
    ),
    "column without a name": Malformed(
        "s.csv", "\n".join(f"{line}," for line in [HEADER, *good_rows()]).encode(), "Column 9 has no name"
    ),
    "supply key clash": Malformed(
        "s.csv", "\n".join(f"{line},{'a1' if i else 'supply_key'}" for i, line in enumerate([HEADER, *good_rows()])).encode(),
        "clashes with the supply_key", "supply_key",
    ),
    # its values
    "date that does not exist": Malformed("s.csv", with_cell("dob", "31/02/2001"), "supply.date", "column dob, row 3"),
    "date in another order": Malformed("s.csv", with_cell("dob", "02/28/1985"), "supply.date-order", "dob"),
    "date in another shape": Malformed("s.csv", with_cell("dob", "1985-02-03"), "supply.date", "row 3"),
    "birth after the supply": Malformed("s.csv", with_cell("dob", "14/07/2031"), "supply.date-range", "row 3"),
    "date for no date": Malformed("s.csv", with_cell("sentenced", "9999-12-31"), "supply.date-range", "sentenced"),
    "date against the agreed format": Malformed("s.csv", with_cell("sentenced", "13/07/1985"), "supply.date", "sentenced"),
    "no day above twelve": Malformed("s.csv", csv_of("r1,Zzyzx,03/04/1985,,,,,"), "supply.date-order", "dob"),
    "years of two digits": Malformed("s.csv", csv_of("r1,Zzyzx,13/04/85,,,,,"), "supply.date-year", "dob"),
    "no dates at all": Malformed("s.csv", csv_of("r1,Zzyzx,moustache,,,,,"), "supply.date", "dob"),
    "formula": Malformed("s.csv", with_cell("surname", "=HYPERLINK(zzyzx)"), "supply.formula", "row 3"),
    "formula after at": Malformed("s.csv", with_cell("postcode", "@SUM(zzyzx)"), "supply.formula", "postcode"),
    "formula after plus": Malformed("s.csv", with_cell("surname", "+1+cmd|zzyzx"), "supply.formula", "surname"),
    "formula after minus": Malformed("s.csv", with_cell("surname", "-2+zzyzx!A0"), "supply.formula", "surname"),
    "formula after a tab": Malformed("s.csv", with_cell("surname", "\t=zzyzx"), "supply.formula", "surname"),
    "whole number with a comma": Malformed("s.csv", with_cell("visits", '"1,985"'), "supply.integer", "visits, row 3"),
    "number out of range": Malformed("s.csv", with_cell("visits", "1985"), "supply.range", "visits"),
    "not yes or no": Malformed("s.csv", with_cell("held", "moustache"), "supply.boolean", "held"),
    "value not allowed": Malformed("s.csv", with_cell("ethnicity", "moustache"), "supply.allowed", "ethnicity, row 3"),
    "value allowed in other letters": Malformed("s.csv", with_cell("ethnicity", "White"), "capital letters", "row 3"),
    "required value empty": Malformed("s.csv", with_cell("surname", " "), "supply.required", "row 3"),
    "value longer than agreed": Malformed("s.csv", with_cell("surname", "Zzyzx" * 13), "supply.max-length", "65 characters"),
    "record id twice": Malformed("s.csv", with_cell("record_id", "r0"), "supply.record-id-twice", "row 2"),
    "record id empty": Malformed("s.csv", with_cell("record_id", ""), "supply.required", "record_id, row 3"),
    # spreadsheets
    "zip bomb": Malformed("s.xlsx", zip_bomb(), "zip bomb"),
    "truncated workbook": Malformed("s.xlsx", workbook()[:-200], "truncated"),
    "workbook of another kind": Malformed("s.xlsx", rezip(workbook(), **{"xl/worksheets/sheet1.xml": b"<a>zzyzx"}), "damaged"),
    "entities in a workbook": Malformed(
        "s.xlsx", rezip(workbook(), **{"xl/worksheets/sheet1.xml": b'<!DOCTYPE a [<!ENTITY b "zzyzx">]><a/>'}), "entities"
    ),
    "macros": Malformed("s.xlsx", rezip(workbook(), **{"xl/vbaProject.bin": b"zzyzx"}), "macros"),
    "hidden sheet": Malformed("s.xlsx", workbook(hide_sheet), "sheet 2 is hidden"),
    "several sheets": Malformed("s.xlsx", workbook(second_sheet), "several sheets"),
    "formula cell": Malformed("s.xlsx", workbook(set_cell("F5", "=1985+1")), "supply.formula-cell", "row 5"),
    "error cell": Malformed("s.xlsx", workbook(set_cell("F5", "#N/A")), "supply.error-cell", "row 5"),
    "merged cells": Malformed("s.xlsx", workbook(merge), "supply.merged-cells"),
    "hidden row": Malformed("s.xlsx", workbook(hide_row), "supply.hidden-rows"),
    "hidden column": Malformed("s.xlsx", workbook(hide_column), "supply.hidden-columns"),
    "cells beyond the header": Malformed("s.xlsx", workbook(set_cell("K6", "zzyzx")), "supply.row-width", "row 6 (11 cells)"),
    "dates that excel half took": Malformed("s.xlsx", workbook(excel_dates), "supply.date", "dob, row 2"),
    "empty workbook": Malformed("s.xlsx", workbook(lambda book: book.active.delete_rows(1, 99)), "empty"),
    "ods hidden sheet": Malformed("s.ods", ods(ods_table(ODS_GOOD) + ods_table(["zzyzx"], "ta2")), "sheet 2 is hidden"),
    "ods several sheets": Malformed("s.ods", ods(ods_table(ODS_GOOD) + ods_table(["zzyzx"])), "several sheets"),
    "ods formula": Malformed("s.ods", ods(ods_table(ODS_GOOD, cell=' table:formula="of:=1985"')), "supply.formula-cell", "row 1"),
    "ods merged": Malformed("s.ods", ods(ods_table(ODS_GOOD, cell=' table:number-columns-spanned="2"')), "supply.merged-cells"),
    "ods row repeated without end": Malformed(
        "s.ods", ods(ods_table(ODS_GOOD).replace("<table:table-row>", '<table:table-row table:number-rows-repeated="99999999">')),
        "damaged",
    ),
    "ods cell repeated without end": Malformed(
        "s.ods", ods(ods_table(ODS_GOOD, cell=' table:number-columns-repeated="99999999"')), "damaged"
    ),
    "ods macros": Malformed("s.ods", ods(ods_table(ODS_GOOD), {"Basic/Standard/a.xml": b"zzyzx"}), "macros"),
    "ods under a password": Malformed(
        "s.ods", ods(ods_table(ODS_GOOD), {"META-INF/manifest.xml": b"<manifest:encryption-data/>"}), "password"
    ),
    "workbook named ods": Malformed("s.ods", workbook(), "an Excel workbook"),
    "zip archive": Malformed("s.ods", ods("").replace(b"content.xml", b"zontent.xml"), "a zip archive"),
    # parquet
    "truncated parquet": Malformed("s.parquet", parquet(good_table())[:-40], "Parquet"),
    "damaged parquet": Malformed("s.parquet", b"PAR1" + b"zzyzx" * 50 + b"PAR1", "Parquet"),
    "nested parquet": Malformed(
        "s.parquet", parquet(good_table().append_column("x", pa.array([["zzyzx"]] * 8))), "nested", "column 9"
    ),
    "parquet of another type": Malformed(
        "s.parquet", parquet(good_table().set_column(2, "dob", pa.array([1985] * 8))), "supply.type", "dob"
    ),
    "parquet with a missing column": Malformed("s.parquet", parquet(good_table().drop(["dob"])), "supply.column-missing", "dob"),
    "parquet with a column twice": Malformed(
        "s.parquet",
        parquet(good_table().append_column("dob", good_table()["dob"])), "supply.column-twice", "dob"
    ),
    "parquet without rows": Malformed("s.parquet", parquet(good_table().slice(0, 0)), "no rows"),
}  # fmt: skip


def said(error: BaseException) -> str:
    """All that the error, and what led to it, could print."""
    parts = [str(error), repr(error)]
    if isinstance(error, BadInput):
        parts += [str(finding) for finding in error.findings]
    for other in (error.__cause__, error.__context__):
        if other is not None:
            parts.append(said(other))
    return "\n".join(parts)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_take_refuses_malformed(case: Malformed, tmp_path: Path) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.content)
    with pytest.raises(BadInput) as caught:
        take(path, CONTRACT, on=ON, entropy=secrets.token_bytes)
    text = said(caught.value)
    assert case.says in text
    assert case.where in text
    assert not [marker for marker in MARKERS if marker in text.lower()], text
    assert caught.value.exit_code == 2


def test_at_least_forty_are_tried() -> None:
    assert len(CASES) >= 40


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not there"):
        take(tmp_path / "s.csv", CONTRACT, on=ON, entropy=secrets.token_bytes)


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_of(*good_rows(), "r0,,31/02/2001,,moustache,x,perhaps,2020-05-01"))
    with pytest.raises(BadInput) as caught:
        take(path, CONTRACT, on=ON, entropy=secrets.token_bytes)
    assert {finding.rule for finding in caught.value.findings} == {
        "supply.record-id-twice", "supply.required", "supply.date", "supply.allowed", "supply.integer", "supply.boolean",
    }  # fmt: skip


def test_rows_are_set_aside_under_the_threshold(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_of(*good_rows(), "r9,Zzyzx,31/02/1985,,,,,", "r10,too,few"))
    taken = take(path, replace(CONTRACT, set_aside=0.2), on=ON, entropy=secrets.token_bytes)
    report = taken.report
    assert (report.rows, report.set_aside, report.kept) == (10, 2, 8)
    assert {(b.rule, b.count, b.places[0].row) for b in report.breaches} == {
        ("supply.date", 1, 10), ("supply.row-width", 1, 11),
    }  # fmt: skip
    with pytest.raises(BadInput, match="2 of 10 rows"):
        take(path, replace(CONTRACT, set_aside=0.19), on=ON, entropy=secrets.token_bytes)


def test_blank_rows_are_dropped_and_row_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_of("", *good_rows(4), "", "r9,Zzyzx,31/02/1985,,,,,"))
    with pytest.raises(BadInput) as caught:
        take(path, CONTRACT, on=ON, entropy=secrets.token_bytes)
    assert "row 8 (" in said(caught.value)
