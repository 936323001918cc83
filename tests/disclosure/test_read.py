"""What analysts save is read; what a file hides is found; what cannot be read is bad input with a clear answer."""

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from tallystick.disclosure import read as reading
from tallystick.disclosure.check import check_files
from tallystick.disclosure.guess import guess
from tallystick.disclosure.read import read
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.sheet import as_cell, as_sheet
from tallystick.errors import BadInput

ROWS: list[list[Any]] = [["region", "M", "F"], ["N", 40, 30], ["S", 50, 5]]


def rules(*paths: Path) -> set[str]:
    return {found.rule for found in check_files(paths, Limits()).findings}


def test_every_format_gives_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("region,M,F\nN,40,30\nS,50,5\n")
    (tmp_path / "semi.csv").write_text("﻿region;M;F\nN;40;30\nS;50;5\n", encoding="utf-8")
    (tmp_path / "t.tsv").write_text("region\tM\tF\nN\t40\t30\nS\t50\t5\n")
    (tmp_path / "wide.csv").write_bytes("region,M,F\nN,40,30\nS,50,5\n".encode("utf-16"))
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    table = pa.table({"region": ["N", "S"], "M": [40, 50], "F": [30, 5]})
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "rows.json").write_text(json.dumps(table.to_pylist()))
    (tmp_path / "columns.json").write_text(json.dumps(table.to_pydict()))
    (tmp_path / "split.json").write_text(
        json.dumps({"columns": ["M", "F"], "index": ["N", "S"], "data": [[40, 30], [50, 5]]})
    )
    (tmp_path / "frame.json").write_text(json.dumps({"M": {"N": 40, "S": 50}, "F": {"N": 30, "S": 5}}))
    (tmp_path / "t.log").write_text(
        "region  |   M    F\n--------+--------\nN       |  40   30\nS       |  50    5\n"
    )
    write_ods(tmp_path / "t.ods")
    feather.write_feather(table, tmp_path / "t.feather")
    (tmp_path / "t.html").write_text(table.to_pandas().to_html(index=False))
    (tmp_path / "t.smcl").write_text(
        "{txt}region  {c |}   M    F\n{hline 8}{c +}{hline 8}\nN       {c |}  {res}40   30\nS       {c |}  50    5\n"
    )
    table.to_pandas().to_stata(tmp_path / "t.dta", write_index=False)
    (tmp_path / "t.tex").write_text(
        "\\begin{tabular}{lrr}\n\\toprule\nregion & M & F \\\\\n\\midrule\nN & 40 & 30 \\\\\nS & \\textbf{50} & $5$ \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
    )
    for path in sorted(tmp_path.iterdir()):
        sheet = read(path).sheets[0]
        assert [row[1:] for row in sheet.rows] == [(40.0, 30.0), (50.0, 5.0)], path.name
        assert guess(sheet).statistic == "frequency", path.name
        assert "count.small" in rules(path), path.name


def write_ods(path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    table = Table(name="one")
    for row in ROWS:
        line = TableRow()
        for value in row:
            if isinstance(value, int):
                cell = TableCell(valuetype="float", value=value)
            else:
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    book.save(str(path))


def test_a_workbook_tells_what_it_hides(tmp_path: Path) -> None:
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active["E1"] = "=SUM(B2:C2)"
    book.active["B2"].comment = Comment("look at this one", "a person")
    book.active.merge_cells("A6:C6")
    book.active.row_dimensions[3].hidden = True
    book.properties.creator = "A Person"
    other = book.create_sheet("raw")
    other.append(["person_id", "age"])
    for at in range(20):
        other.append([f"p{at}", 20 + at])
    other.sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    found = rules(tmp_path / "t.xlsx")
    assert found >= {
        "file.hidden-sheet", "file.hidden-cells", "file.formula", "file.comment", "file.merged", "file.metadata",
        "aggregate.records",
    }  # fmt: skip
    messages = " ".join(f.message for f in check_files([tmp_path / "t.xlsx"], Limits()).findings)
    assert "A Person" not in messages
    assert "look at this one" not in messages


def test_a_workbook_with_a_macro_or_a_pivot_cache_is_found(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    path = tmp_path / "t.xlsm"
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
        archive.writestr("xl/pivotCache/pivotCacheRecords1.xml", b"<x/>")
    assert rules(path) >= {"file.macro", "file.pivot-cache"}


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    made = b"\x89PNG\r\n\x1a\n"
    for kind, body in (*chunks, (b"IEND", b"")):
        made += struct.pack(">I", len(body)) + kind + body + b"\0\0\0\0"
    return made


def test_a_picture_needs_its_data_and_carries_no_metadata(tmp_path: Path) -> None:
    path = tmp_path / "f.png"
    path.write_bytes(png((b"tEXt", b"Author\0A Person")))
    assert rules(path) == {"file.metadata", "figure.data"}
    (tmp_path / "f.csv").write_text("lower,upper,count\n0,10,40\n10,20,30\n")
    path.write_bytes(png((b"tEXt", b"Software\0plotting")))
    assert rules(path, tmp_path / "f.csv") == set()
    path.write_bytes(png() + b"more")
    assert rules(path) == {"file.metadata"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", b"a,b\n"),
        ("nul.csv", b"a,b\n\0\0,1\n"),
        ("broken.xlsx", b"PK\x03\x04 not a zip"),
        ("broken.ods", b"PK\x03\x04 not a zip"),
        ("broken.parquet", b"PAR1 no"),
        ("broken.json", b"{"),
        ("number.json", b"3"),
        ("broken.dta", b"<stata"),
        ("not.png", b"GIF89a"),
        ("not.jpg", b"GIF89a"),
        ("frame.pkl", b"\x80\x04"),
        ("model.rds", b"x"),
        ("nosuffix", b"x"),
        ("twice.csv", b"region,sex,count\nN,M,20\nN,M,30\nS,M,40\n"),
    ],
)
def test_what_cannot_be_read_is_bad_input_or_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as raised:
        rules(path)
    assert name in raised.value.message or "not a" in raised.value.message


def test_a_file_too_large_is_said_so_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(BadInput, match="1,000 MB is too large"):
        read(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    with pytest.raises(BadInput, match="unpacks to"):
        read(path)


def test_a_page_with_a_script_is_found(tmp_path: Path) -> None:
    path = tmp_path / "t.html"
    path.write_text(
        "<script>let rows = []</script><!-- raw --><table><tr><th>a<th>n</tr><tr><td>x<td>40</tr></table>"
    )
    assert rules(path) == {"file.script", "file.comment"}


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234.0), ("£12", 12.0), ("45%", 45.0), ("-3.5", -3.5), ("1e3", 1000.0), ("E01000001", "E01000001"),
     ("", None), ("c", "c"), ("12 345", 12345.0), ("<10", "<10"), (float("nan"), None), (True, "True")],
)  # fmt: skip
def test_as_cell(text: object, value: object) -> None:
    assert as_cell(text) == value


def test_as_sheet_leaves_titles_notes_and_row_numbers_out() -> None:
    sheet = as_sheet(
        "t",
        "",
        [["A title", "", ""], ["", "region", "n"], ["1", "N", "40"], ["2", "S", "50"], ["Note", "", ""]],
    )
    assert sheet is not None
    assert sheet.header == ("region", "n")
    assert sheet.rows == (("N", 40.0), ("S", 50.0))


def test_as_sheet_joins_pandas_levels_of_columns() -> None:
    sheet = as_sheet(
        "t",
        "",
        [["sex", "F", "F", "M"], ["year", 2019, 2020, 2019], ["region", "", "", ""], ["N", 40, 30, 20]],
    )
    assert sheet is not None
    assert sheet.header == ("region", "F 2019", "F 2020", "M 2019")
    assert len(sheet.rows) == 1


def test_no_reader_is_left_untried() -> None:
    assert set(reading.READERS) >= {
        ".csv",
        ".xlsx",
        ".ods",
        ".parquet",
        ".json",
        ".dta",
        ".log",
        ".png",
        ".svg",
    }


STARGAZER = r"""
\begin{table}[!htbp] \centering
\begin{tabular}{@{\extracolsep{5pt}}lc}
\\[-1.8ex]\hline
 & \multicolumn{1}{c}{\textit{Dependent variable:}} \\
\cline{2-2}
\\[-1.8ex] & wage \\
\hline \\[-1.8ex]
 age & 0.412$^{***}$ \\
  & (0.051) \\
 Constant & 3.021 \\
  & (1.900) \\
\hline \\[-1.8ex]
Observations & 14 \\
Residual Std. Error & 2.1 (df = 12) \\
\end{tabular}
\end{table}
"""
ESTTAB = r"""
{
\def\sym#1{\ifmmode^{#1}\else\(^{#1}\)\fi}
\begin{tabular}{l*{1}{c}}
\hline\hline
            &\multicolumn{1}{c}{(1)}\\
\hline
age         &       0.412\sym{***}\\
            &     (8.07)         \\
\hline
\(N\)       &          14         \\
\hline\hline
\end{tabular}
}
"""


CSV = '"","(1)","(2)"\n"age","0.412***","0.390**"\n"","(8.07)","(7.90)"\n"man","","1.2"\n"","","(0.31)"\n"N","14","1,400"\n'


@pytest.mark.parametrize(("suffix", "text"), [("tex", STARGAZER), ("tex", ESTTAB), ("csv", CSV)])
def test_a_printed_regression_is_read_and_its_few_people_found(
    suffix: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{suffix}"
    path.write_text(text.replace("14", "10"))
    sheet = read(path).sheets[0]
    assert sheet.rows[0][:2] == ("age", 0.412)
    few = check_files([path], Limits(minimum_degrees_of_freedom=10)).findings
    assert {(found.rule, "model 1" in found.where or suffix == "tex") for found in few} == {
        ("regression.df", True)
    }
    path.write_text(text.replace("14", "1400"))
    assert not check_files([path], Limits(minimum_degrees_of_freedom=10)).findings


def test_latex_carries_nothing_unseen(tmp_path: Path) -> None:
    table = "\\begin{tabular}{lr}\nregion & n \\\\\nN & 40 \\\\\nS & 50 \\\\\n\\end{tabular}\n"
    (tmp_path / "plain.tex").write_text(table)
    (tmp_path / "comment.tex").write_text(table + "% N is mostly one family\n")
    (tmp_path / "reads.tex").write_text(table + "\\input{records}\n")
    assert "file.comment" not in rules(tmp_path / "plain.tex")
    assert "file.comment" in rules(tmp_path / "comment.tex")
    with pytest.raises(BadInput, match="reads other files"):
        read(tmp_path / "reads.tex")
