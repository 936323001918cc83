"""Files as programs save them, each with a group of three people in it that the check must find, and nothing that it misreads."""

import re
from pathlib import Path

import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from PIL import Image

from tallystick.disclosure import Limits, check_files

DUCKDB = """
┌─────────┬─────────┬───────┐
│ region  │   sex   │   n   │
│ varchar │ varchar │ int64 │
├─────────┼─────────┼───────┤
│ North   │ F       │   741 │
│ North   │ M       │     3 │
│ South   │ F       │   680 │
└─────────┴─────────┴───────┘
"""
POLARS = """
shape: (3, 3)
┌────────┬─────┬─────┐
│ region ┆ sex ┆ n   │
│ ---    ┆ --- ┆ --- │
│ str    ┆ str ┆ i64 │
╞════════╪═════╪═════╡
│ North  ┆ F   ┆ 741 │
│ North  ┆ M   ┆ 3   │
│ South  ┆ F   ┆ 680 │
└────────┴─────┴─────┘
"""
R_TABLE = """
      F   M
  E  12   3
  N 599 618
  S 373 388
"""
R_FTABLE = """
       0   1

E F   11  21
  M    3  35
N F  405 194
  M  448 170
"""
WRITE_TABLE = '"F" "M"\n"E" 12 3\n"N" 599 618\n"S" 373 388\n'
PANDAS_HTML = """<table><thead>
<tr><th>year</th><th colspan="2">2021</th><th colspan="2">2022</th></tr>
<tr><th>sex</th><th>F</th><th>M</th><th>F</th><th>M</th></tr>
<tr><th>region</th><th></th><th></th><th></th><th></th></tr></thead>
<tbody><tr><th>North</th><td>70</td><td>80</td><td>90</td><td>3</td></tr>
<tr><th>South</th><td>50</td><td>60</td><td>40</td><td>30</td></tr></tbody></table>"""
PANDAS_TWO_LEVELS = ",,wage,wage\n,,mean,count\nregion,sex,,\nN,F,10.5,400\nN,M,11.5,3\nS,F,12.5,300\n"


def refused(path: Path, *, minimum: int = 10) -> dict[str, str]:
    """The rules that refuse a file, and where."""
    return {found.rule: found.where for found in check_files([path], Limits(minimum)).refusals}


@pytest.mark.parametrize(
    ("name", "text", "rule", "place"),
    [
        ("duckdb.txt", DUCKDB, "count.small", "region=North, sex=M"),
        ("polars.txt", POLARS, "count.small", "region=North, sex=M"),
        ("duckdb.json", '{"region":"N","n":100}\n{"region":"S","n":3}\n', "count.small", "region=S"),
        ("table.txt", R_TABLE, "count.small", "columns=M"),
        ("ftable.txt", R_FTABLE, "text.small-counts", "ftable.txt"),
        ("note.txt", "The sites took 3 and 40 people.\n", "text.small-counts", "note.txt"),
        ("write-table.txt", WRITE_TABLE, "count.small", "columns=M"),
        ("pandas.html", PANDAS_HTML, "count.small", "region=North, columns=2022 M"),
        ("pandas.csv", PANDAS_TWO_LEVELS, "count.few", "region=N, sex=M"),
        ("no-names.csv", "N,3\nS,100\n", "table.header", "no-names.csv"),
        ("sections.csv", "region,n\nN,100\n\nS,3\nE,50\n", "count.small", "region=S"),
        ("two.csv", "region,n\nN,100\nS,200\n\nTable 2\narea,n\nX,3\nY,50\n", "count.small", "area=X"),
    ],
)
def test_a_small_group_is_found_as_saved(tmp_path: Path, name: str, text: str, rule: str, place: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    found = refused(path)
    assert place in found.get(rule, ""), found
    if rule == "count.small":
        larger = re.sub(r"\b3\b( ?)", "33", text.replace("(3, 3)", ""))
        path.write_text(larger, encoding="utf-8")
        assert not refused(path), "the same file without a small group passes"


@pytest.mark.parametrize(
    "columns",
    ["region,2021,2022", "region,0,1", "region,sex,0", "region,25%,75%", "region,0.25,0.5"],
)
def test_codes_may_head_columns(tmp_path: Path, columns: str) -> None:
    (tmp_path / "t.csv").write_text(f"{columns}\nN,100,200\nS,300,400\n")
    assert "table.header" not in refused(tmp_path / "t.csv")


def test_figures_of_a_model_are_read_wherever_they_stand(tmp_path: Path) -> None:
    glm = (
        "            Estimate Std. Error z value Pr(>|z|)\n(Intercept)  -0.8321     0.0600  -13.87   <2e-16\n"
        "wage          0.0003     0.0010    0.30    0.764\n\n"
        "    Null deviance: 2436.6  on {} degrees of freedom\nResidual deviance: 2436.5  on {}  degrees of freedom\n"
    )
    path = tmp_path / "glm.txt"
    path.write_text(glm.format(1999, 1998))
    assert not refused(path)
    path.write_text(glm.format(10, 9))
    assert "regression.df" in refused(path), "the residual deviance's, not the null model's"


def test_a_picture_is_as_safe_as_the_data_beside_it(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "bars.png")
    (tmp_path / "bars.csv").write_text("region,n\nN,100\nS,200\n")
    assert not refused(tmp_path / "bars.png")
    (tmp_path / "bars.csv").write_text("region,n\nN,100\nS,3\n")
    assert "count.small" in refused(tmp_path / "bars.png")


def test_a_jpeg_tells_what_it_carries(tmp_path: Path) -> None:
    path = tmp_path / "p.jpg"
    (tmp_path / "p.csv").write_text("region,n\nN,100\nS,200\n")
    picture = Image.new("RGB", (8, 8))
    picture.save(path)
    assert not refused(path)
    plain = path.read_bytes()
    picture.save(path, comment=b"a word")
    assert "file.metadata" in refused(path)
    path.write_bytes(plain + b"region,n\nN,1\n")
    assert "file.metadata" in refused(path)


def test_a_chart_in_a_workbook_is_found(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["region", "n"], ["N", 100], ["S", 200]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    assert not refused(tmp_path / "t.xlsx")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3))
    sheet.add_chart(chart, "E2")
    book.save(tmp_path / "t.xlsx")
    assert "file.chart" in refused(tmp_path / "t.xlsx")


def test_what_stands_under_a_merged_cell_of_ods_keeps_its_column(tmp_path: Path) -> None:
    book = OpenDocumentSpreadsheet()
    table = Table(name="t")
    for row in (["region", "sex", "n"], ["N", "F", 90], [None, "M", 3], ["S", "F", 80]):
        line = TableRow()
        for at, value in enumerate(row):
            kind = (
                {"valuetype": "float", "value": value} if isinstance(value, int) else {"valuetype": "string"}
            )
            if row[0] == "N" and at == 0:
                kind["numberrowsspanned"] = 2
            cell = CoveredTableCell() if value is None else TableCell(**kind)
            if isinstance(value, str):
                cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    book.save(str(tmp_path / "t.ods"))
    assert "region=N, sex=M" in refused(tmp_path / "t.ods")["count.small"]
