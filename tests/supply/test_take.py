"""The same supply in every format and encoding gives the same halves."""

from __future__ import annotations

import io
import secrets
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from tallystick.agreement.dataset import Dataset
from tallystick.errors import BadInput
from tallystick.supply import Column, Contract, page, take

ON = date(2026, 11, 20)
NAMES = ["record_id", "surname", "dob", "visits", "score", "held", "sentenced", "note"]
ROWS: list[list[Any]] = [
    ["r1", "O’Neill", date(1985, 8, 31), 3, 1.5, True, datetime(2020, 5, 1, 9, 30), "£5, or “six”"],  # noqa: DTZ001
    ["r2", "Núñez-Šo", date(1990, 1, 13), None, None, False, None, None],
    ["r3", "Mac Donald", None, 0, -2.25, None, datetime(2021, 12, 31, 0, 0), "naïve"],  # noqa: DTZ001
]
CONTRACT = Contract(
    "justice",
    (
        Column("surname", "identifier", matches="surname", required=True),
        Column("dob", "identifier", "date", matches="dob"),
        Column("visits", type="integer"),
        Column("score", type="number"),
        Column("held", type="boolean"),
        Column("sentenced", "event-date", "datetime"),
        Column("note"),
    ),
)


def written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return str(value)


def csv_text(separator: str = ",", end: str = "\n", drop: str = "") -> str:
    def quoted(cell: str) -> str:
        cell = cell.replace(drop, "") if drop else cell
        return f'"{cell}"' if separator in cell or "," in cell else cell

    lines = [NAMES, *[[written(cell) for cell in row] for row in ROWS]]
    return end.join(separator.join(map(quoted, line)) for line in lines) + end


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("spare")
    for line in [NAMES, *ROWS]:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods() -> bytes:
    document = OpenDocumentSpreadsheet()
    table = Table(name="a")
    for line in [NAMES, *ROWS]:
        row = TableRow()
        for value in line:
            row.addElement(ods_cell(value))
        table.addElement(row)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def ods_cell(value: Any) -> TableCell:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=str(value).lower())
    if isinstance(value, int | float):
        return TableCell(valuetype="float", value=str(value))
    if isinstance(value, date):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    cell = TableCell(valuetype="string")
    cell.addElement(P(text=str(value)))
    return cell


def parquet() -> bytes:
    columns = {name: [row[i] for row in ROWS] for i, name in enumerate(NAMES)}
    table = pa.table(columns)
    out = io.BytesIO()
    pq.write_table(table.set_column(1, "surname", table["surname"].dictionary_encode()), out)
    return out.getvalue()


FILES: dict[str, tuple[str, bytes]] = {
    "utf-8": ("s.csv", csv_text().encode()),
    "utf-8 with mark": ("s.csv", csv_text().encode("utf-8-sig")),
    "utf-16": ("s.csv", csv_text().encode("utf-16")),
    "windows line ends": ("s.csv", csv_text(end="\r\n").encode()),
    "old mac line ends": ("s.csv", csv_text(end="\r").encode()),
    "semicolons": ("s.csv", csv_text(";").encode()),
    "tabs": ("s.tsv", csv_text("\t").encode()),
    "bars": ("s.txt", csv_text("|").encode()),
    "xlsx": ("s.xlsx", xlsx()),
    "ods": ("s.ods", ods()),
    "parquet": ("s.parquet", parquet()),
}


@pytest.mark.parametrize(("name", "content"), FILES.values(), ids=FILES.keys())
def test_take_gives_the_supply_back(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    taken = take(path, CONTRACT, on=ON, entropy=secrets.token_bytes)
    assert back(taken.split) == [
        [cell.isoformat() if i == 2 and cell else cell for i, cell in enumerate(row)] for row in ROWS
    ]
    types = taken.split.attributes.schema
    assert [str(types.field(n).type) for n in NAMES[3:]] == [
        "int64", "double", "bool", "timestamp[us]", "string",
    ]  # fmt: skip
    assert taken.split.attributes.column_names == ["supply_key", *NAMES[3:]]
    assert taken.split.identifiers.column_names == ["supply_key", "surname", "dob"]


def back(split: Any) -> list[list[Any]]:
    """The supply, joined again by a slow and obvious way."""
    identifiers = {row["supply_key"]: row for row in split.identifiers.to_pylist()}
    attributes = {row["supply_key"]: row for row in split.attributes.to_pylist()}
    joined = [
        {**identifiers[row["supply_key"]], **attributes[row["supply_key"]], **row}
        for row in split.keys.to_pylist()
    ]
    return [[row[name] for name in NAMES] for row in joined]


def test_windows_1252_is_told_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_text(drop="Š").encode("cp1252"))
    taken = take(path, CONTRACT, on=ON, entropy=secrets.token_bytes)
    assert taken.report.encoding == "cp1252"
    assert taken.split.identifiers["surname"].to_pylist().count("O’Neill") == 1


def test_report_says_how_the_file_was_read(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_text(";").encode("utf-16"))
    report = take(path, CONTRACT, on=ON, entropy=secrets.token_bytes).report
    assert (report.format, report.encoding, report.separator) == ("csv", "utf-16", ";")
    assert dict(report.date_formats) == {"dob": "%d/%m/%Y", "sentenced": "%d/%m/%Y"}
    assert (report.rows, report.set_aside, report.ineligible, report.kept) == (3, 0, 0, 3)


def test_eligible_drops_and_counts_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(csv_text().encode())
    contract = replace(CONTRACT, eligible="dob >= DATE '1985-01-01' and visits > 1")
    taken = take(path, contract, on=ON, entropy=secrets.token_bytes)
    assert taken.split.keys["record_id"].to_pylist() == ["r1"]
    assert [(r.dropped, r.unknown) for r in taken.report.reasons] == [(1, 1), (2, 1)]
    with pytest.raises(BadInput, match="none of 3 records is eligible"):
        take(path, replace(contract, eligible="visits > 99"), on=ON, entropy=secrets.token_bytes)


def test_contract_comes_from_the_agreement() -> None:
    dataset = Dataset.model_validate(
        {
            "name": "justice", "supplier": "MoJ", "id_column": "urn", "set_aside": 0.01,
            "field": [
                {"name": "dob", "kind": "identifier", "matches": "dob", "format": "DD/MM/YYYY"},
                {"name": "born", "kind": "identifier", "matches": "dob", "type": "string"},
                {"name": "sentenced", "kind": "event-date"},
                {"name": "custody", "kind": "linkage-evidence", "type": "date"},
            ],
        }
    )  # fmt: skip
    contract = Contract.from_dataset(dataset, set_aside=0.5)
    assert contract.expected == ("urn", "dob", "born", "sentenced", "custody")
    assert [(c.type, c.format, c.half) for c in contract.columns] == [
        ("date", "%d/%m/%Y", "identifiers"),
        ("string", "", "identifiers"),
        ("date", "", "attributes"),
        ("date", "", "identifiers"),
    ]
    assert contract.set_aside == 0.01


def test_contract_refuses_a_field_named_as_the_supply_key() -> None:
    with pytest.raises(BadInput, match="clashes with the random key"):
        Contract("justice", (Column("supply_key"),))


def test_a_column_of_another_id_becomes_record_id(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("urn,surname\nu1,Zzyzx\nu2,Zzyzx\n")
    contract = Contract("justice", (Column("surname", "identifier"),), id_column="urn")
    taken = take(path, contract, on=ON, entropy=secrets.token_bytes)
    assert taken.split.keys.column_names == ["record_id", "supply_key"]
    assert taken.split.attributes.column_names == ["supply_key"]


def test_only_the_private_page_names_values(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = [f"r{i},{'<Zzyzx>' if i < 40 else f'Rare{i}'},1985-01-01" for i in range(60)]
    path.write_text("\n".join(["record_id,surname,dob", *rows]))
    contract = Contract(
        "justice", (Column("surname", "identifier"), Column("dob", "identifier", "date", matches="dob"))
    )
    taken = take(path, contract, on=ON, entropy=secrets.token_bytes)
    private = page(taken.report, taken.profile, private=True)
    public = page(taken.report, taken.profile, private=False)
    assert "&lt;Zzyzx&gt;" in private
    assert "<Zzyzx>" not in private
    for text in (public, str(taken.profile.summary()), str(taken.report.as_dict())):
        assert not {"Zzyzx", "1985"} & {word for word in ("Zzyzx", "1985") if word in text}
    assert "Rare" not in private + public + str(taken.profile.as_dict())
    assert "1 January" in public
    assert next(f for f in taken.profile.fields if f.name == "dob").doubts[0].count == 60


def test_historical_supplies_are_taken(shared_data: Path) -> None:
    names = ("first_name", "surname", "gender", "postcode", "birth_place")
    columns = (
        *(Column(name, "identifier", matches=name) for name in names),
        Column("dob", "identifier", "string", matches="dob"),
        Column("occupation"),
    )
    for source, count in (("justice", 2812), ("education", 1786)):
        path = shared_data / "historical" / f"{source}.csv"
        taken = take(path, Contract(source, columns), on=ON, entropy=secrets.token_bytes)
        assert taken.report.kept == count
        assert len(set(taken.split.keys["supply_key"].to_pylist())) == count
