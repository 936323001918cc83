"""The upload template: made, filled in, read back in each format; and what is wrong with it told by row, never by value."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.cli.main import run
from tallystick.errors import BadInput, Refused
from tallystick.supply.template import COLUMNS, write_template
from tallystick.supply.upload import Upload, check_upload

ON = date(2026, 11, 21)
HEADER = [column.name for column in COLUMNS]
MARK = "Zyzzyva"


def person(number: int) -> dict[str, str]:
    letters = "".join(chr(97 + int(digit)) for digit in str(number))
    return {
        "record_id": f"r{number}",
        "first_name": f"Ann{letters}",
        "surname": f"{MARK}{letters}",
        "dob": (date(1970, 1, 1) + timedelta(days=number % 9000)).isoformat(),
        "gender": "FM"[number % 2],
        "intervention_start": (date(2024, 1, 1) + timedelta(days=number % 300)).isoformat(),
        "pnc_id": f"07/{number:07d}X",
    }


def write(path: Path, people: list[dict[str, str]], header: list[str] | None = None) -> Path:
    rows = [header or HEADER, *[[one.get(name, "") for name in HEADER] for one in people]]
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([cell or None for cell in row])
        book.save(path)
    else:
        from odf.opendocument import OpenDocumentSpreadsheet
        from odf.table import Table, TableCell, TableRow
        from odf.text import P

        document, sheet = OpenDocumentSpreadsheet(), Table(name="Upload")
        for row in rows:
            line = TableRow()
            for cell in row:
                made = TableCell(valuetype="string")
                if cell:
                    made.addElement(P(text=cell))
                line.addElement(made)
            sheet.addElement(line)
        document.spreadsheet.addElement(sheet)
        document.save(str(path))
    return path


@pytest.mark.parametrize("kind", [".csv", ".xlsx", ".ods"])
def test_formats_read_alike(tmp_path: Path, kind: str) -> None:
    found = check_upload(write(tmp_path / f"up{kind}", [person(i) for i in range(70)]), on=ON)
    found.accept(assured_by="A. Person, data protection officer")
    assert found.rows == 70
    assert found.table["dob"][0].as_py() == date(1970, 1, 1)
    assert not found.doubts


@pytest.mark.parametrize("kind", [".csv", ".xlsx", ".ods"])
def test_the_template_reads_as_itself(tmp_path: Path, kind: str) -> None:
    write_template(tmp_path / f"t{kind}")
    with pytest.raises((BadInput, Refused)) as raised:
        check_upload(tmp_path / f"t{kind}", on=ON).accept(assured_by="x")
    assert "lab.cohort" in {finding.rule for finding in raised.value.findings}


def test_real_dates_and_headings_in_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["First name", "Surname", "Date of Birth", "Sex", "Intervention start date"])
    for i in range(60):
        one = person(i)
        book.active.append([one["first_name"], one["surname"], date(1990, 2, 28), "male", date(2024, 2, 29)])
    book.save(tmp_path / "up.xlsx")
    found = check_upload(tmp_path / "up.xlsx", on=ON)
    found.accept(assured_by="x")
    assert found.table["intervention_start"][3].as_py() == date(2024, 2, 29)


BREAKS = {
    "lab.name": {"surname": "12345"}, "lab.gender": {"gender": "Qx"}, "lab.future": {"intervention_start": "2027-01-01"},
    "lab.no-date": {"intervention_start": ""}, "lab.too-young": {"dob": "2020-05-05"},
    "lab.order": {"intervention_end": "2001-01-01"}, "supply.required": {"first_name": ""}, "supply.date": {"dob": "1990-02-30"},
}  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(0, 69), st.sampled_from(sorted(BREAKS)), max_size=8))
def test_each_fault_is_told_by_its_row(
    tmp_path_factory: pytest.TempPathFactory, broken: dict[int, str]
) -> None:
    people = [person(i) | BREAKS[broken[i]] if i in broken else person(i) for i in range(70)]
    found = check_upload(write(tmp_path_factory.mktemp("u") / "up.csv", people), on=ON)
    assert {fault.row for fault in found.faults} == {i + 2 for i in broken}
    told = {fault.row: set() for fault in found.faults}  # type: ignore[var-annotated]
    for fault in found.faults:
        told[fault.row].add(fault.rule)
    for i, rule in broken.items():
        assert rule in told[i + 2] or rule == "supply.date"
    assert MARK.lower() not in repr(found.findings).lower()
    assert "1990-02-30" not in repr(found.findings)


def refused(found: Upload, who: str = "x") -> set[str]:
    with pytest.raises((BadInput, Refused)) as raised:
        found.accept(assured_by=who)
    return {finding.rule for finding in raised.value.findings}


def test_refusals(tmp_path: Path) -> None:
    assert "lab.cohort" in refused(
        check_upload(write(tmp_path / "a.csv", [person(i) for i in range(59)]), on=ON)
    )
    whole = check_upload(write(tmp_path / "b.csv", [person(i) for i in range(60)]), on=ON)
    assert refused(whole, " ") == {"lab.assurance"}
    twice = check_upload(
        write(tmp_path / "c.csv", [person(i) | {"record_id": ""} for i in [*range(60), 0]]), on=ON
    )
    assert {doubt.rule for doubt in twice.doubts} == {"lab.person-twice", "lab.number-twice"}


@pytest.mark.parametrize(
    "header",
    [
        [name if name != "surname" else "ethnicity" for name in HEADER],
        [name if name != "intervention_start" else "notes" for name in HEADER if name],
        [name if name != "pnc_id" else "Surname" for name in HEADER],
    ],
)
def test_another_header_is_refused(tmp_path: Path, header: list[str]) -> None:
    with pytest.raises(BadInput) as raised:
        check_upload(write(tmp_path / "a.csv", [person(i) for i in range(70)], header), on=ON)
    assert raised.value.findings


def test_hostile_workbooks(tmp_path: Path) -> None:
    for number, harm in enumerate(("formula", "merged", "hidden")):
        book = openpyxl.load_workbook(write(tmp_path / f"{number}.xlsx", [person(i) for i in range(60)]))
        if harm == "formula":
            book.active["B3"] = "=1+1"
        elif harm == "merged":
            book.active.merge_cells("B3:B4")
        else:
            book.create_sheet("more").append(["secret"])
            book["more"].sheet_state = "hidden"
        book.save(tmp_path / f"{number}.xlsx")
        with pytest.raises(BadInput):
            check_upload(tmp_path / f"{number}.xlsx", on=ON)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", [person(i) | {"first_name": "Zoë"} for i in range(60)])
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    found = check_upload(path, on=ON)
    assert found.table["first_name"][0].as_py() == "Zoë"
    assert not found.faults


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "template", str(tmp_path / "t.ods"), "--json"]) == 0
    assert run(["lab", "template", str(tmp_path / "t.ods")]) == 2
    assert run(["lab", "template", str(tmp_path / "t.doc")]) == 2
    good = str(write(tmp_path / "good.csv", [person(i) for i in range(60)]))
    assert run(["lab", "check", good]) == 1
    assert run(["lab", "check", good, "--assured-by", "Me, DPO", "--json"]) == 0
    bad = str(write(tmp_path / "bad.csv", [person(i) | {"gender": "Qx"} for i in range(60)]))
    assert run(["lab", "check", bad, "--faults", str(tmp_path / "f.csv")]) == 2
    assert len((tmp_path / "f.csv").read_text().splitlines()) == 61
    said = capsys.readouterr()
    assert MARK not in said.out + said.err
