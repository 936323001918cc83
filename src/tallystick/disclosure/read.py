"""What analysts save, as sheets: CSV, TSV, XLSX, ODS, Parquet, JSON, LaTeX, Stata, text logs; and what a file carries unseen.

A file that cannot be read is bad input; what it hides (sheets, rows, formulas, comments, macros, pivot caches, the names of
authors, a picture's metadata) is a finding.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tallystick.disclosure.document import Document, carried, spread, tables, text_of
from tallystick.disclosure.latex import latex
from tallystick.disclosure.logs import log
from tallystick.disclosure.office import open_document, workbook
from tallystick.disclosure.pictures import picture
from tallystick.errors import BadInput, Finding

LARGEST_BYTES = 250_000_000
FORMULA = re.compile(r"[=@]|[+-](?!log(?:2|10)?\(p\))[A-Za-z]")
"""What a spreadsheet would run; survival models' column -log2(p) is none."""


def read(path: Path) -> Document:
    """Return the document. Raises BadInput for a file that is missing, empty, too large, or not what its name says."""
    if path.is_dir():
        raise BadInput(f"{path}: this is a folder. Name the files in it.")
    if not path.is_file():
        raise BadInput(f"{path.name}: there is no such file.")
    size = path.stat().st_size
    if size == 0:
        raise BadInput(f"{path.name}: the file is empty.")
    if size > LARGEST_BYTES:
        raise BadInput(
            f"{path.name}: {size / 1e6:,.0f} MB is too large for an output (limit {LARGEST_BYTES / 1e6:,.0f} MB). "
            "Outputs are aggregates; send tables, not records."
        )
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise BadInput(
            f"{path.name}: files of kind {path.suffix or 'no suffix'} cannot be checked. "
            f"Save it as one of: {', '.join(sorted(READERS))}."
        )
    try:
        document = reader(path)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        raise BadInput(
            f"{path.name}: the file cannot be read as {path.suffix} ({type(error).__name__}). Save it again."
        ) from None
    if document.kind == "table" and not document.sheets:
        raise BadInput(f"{path.name}: no table was found in it. The first row must name the columns.")
    return document


def delimited(path: Path) -> Document:
    """Return a CSV or TSV file as a document; the delimiter is the one of comma, semicolon, tab, bar that fits best."""
    content = text_of(path)
    head = content[:20_000]
    delimiter = max(",;\t|", key=lambda mark: head.count(mark))
    rows = list(csv.reader(io.StringIO(content), delimiter=delimiter))
    found = formulas_in(path, rows)
    return Document(path, "table", tables(path, [("", rows)]), found, content)


def formulas_in(path: Path, rows: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    """Return a finding if cells of a text table would run as formulas in a spreadsheet."""
    count = sum(bool(FORMULA.match(cell.strip())) for row in rows for cell in row)
    if not count:
        return ()
    return (
        carried("file.formula", path, f"{count} cell(s) begin like a formula.", "Save values, not formulas."),
    )


def parquet(path: Path) -> Document:
    """Return a Parquet file as a document; pandas' index and other metadata are not values and are left out."""
    import pyarrow.parquet as pq

    return arrow_table(path, pq.read_table(path))


def feather(path: Path) -> Document:
    """Return an Arrow (Feather) file, as Polars and R's arrow write it, as a document."""
    import pyarrow.feather as pf

    return arrow_table(path, pf.read_table(path))


def arrow_table(path: Path, table: Any) -> Document:
    """Return an Arrow table as a document. Raises BadInput for one with millions of rows."""
    if table.num_rows > 2_000_000:
        raise BadInput(
            f"{path.name}: {table.num_rows:,} rows is too many for an output. Send tables, not records."
        )
    columns = [table[name].to_pylist() for name in table.column_names]
    rows = [table.column_names, *map(list, zip(*columns, strict=True))]
    return Document(path, "table", tables(path, [("", rows)]))


def json_table(path: Path) -> Document:
    """Return a JSON table: a list of objects, an object of columns, or pandas' split, index and table layouts."""
    content = text_of(path)
    try:
        value = json.loads(content)
    except json.JSONDecodeError:  # DuckDB, Polars and jq write an object a line
        value = [json.loads(line) for line in content.splitlines() if line.strip()]
    named: list[tuple[str, Sequence[Sequence[object]]]] = []
    if isinstance(value, dict) and "data" in value and "columns" in value:
        index = value.get("index")
        head = (["index"] if index else []) + list(value["columns"])
        body = [([index[at]] if index else []) + list(row) for at, row in enumerate(value["data"])]
        named.append(("", [head, *body]))
    elif isinstance(value, dict) and isinstance(value.get("data"), list):
        named.append(("", records(value["data"])))
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        named.append(("", records(value)))
    elif isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        named.append(("", value))
    elif isinstance(value, dict) and value and all(isinstance(column, dict) for column in value.values()):
        places = list(dict.fromkeys(place for column in value.values() for place in column))
        body = [[place, *(column.get(place) for column in value.values())] for place in places]
        named.append(("", [["index", *value], *body]))
    elif isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        named.append(("", [list(value), *map(list, zip(*value.values(), strict=False))]))
    else:
        raise BadInput(f"{path.name}: the JSON is not a table. Save a list of objects with the same keys.")
    return Document(path, "table", tables(path, named))


def records(rows: Sequence[dict[str, object]]) -> list[list[object]]:
    """Return objects as a grid with a header of all their keys."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [list(names), *([row.get(name) for name in names] for row in rows)]


def web_page(path: Path) -> Document:
    """Return the tables of a web page (pandas' to_html, R's knitr) as a document; scripts and comments are findings."""
    from lxml import html

    content = text_of(path)
    tree = html.fromstring(content)
    named = []
    for at, table in enumerate(tree.iter("table")):
        cells = [
            [
                ("".join(map(str, cell.itertext())).strip(), _span(cell, "colspan"), _span(cell, "rowspan"))
                for cell in row.iter("td", "th")
            ]
            for row in table.iter("tr")
        ]
        named.append((f"table {at + 1}", spread(cells)))
    found = []
    if next(tree.iter("script"), None) is not None:
        found.append(
            carried(
                "file.script", path, "The page holds scripts, which may hold data.", "Save the table as CSV."
            )
        )
    if "<!--" in content:
        found.append(carried("file.comment", path, "The page holds comments.", "Remove them."))
    return Document(path, "table", tables(path, named), tuple(found), content)


def _span(cell: Any, name: str) -> int:
    said = str(cell.get(name) or "1").strip()
    return min(int(said), 1000) if said.isdigit() and said != "0" else 1


def stata(path: Path) -> Document:
    """Return a Stata dataset as a document."""
    import pandas as pd

    frame = pd.read_stata(path)
    return Document(path, "table", tables(path, [("", [list(frame.columns), *frame.to_numpy().tolist()])]))


READERS: dict[str, Callable[[Path], Document]] = {
    ".csv": delimited,
    ".tsv": delimited,
    ".tab": delimited,
    ".xlsx": workbook,
    ".xlsm": workbook,
    ".ods": open_document,
    ".parquet": parquet,
    ".feather": feather,
    ".arrow": feather,
    ".html": web_page,
    ".htm": web_page,
    ".json": json_table,
    ".jsonl": json_table,
    ".ndjson": json_table,
    ".tex": latex,
    ".dta": stata,
    ".txt": log,
    ".log": log,
    ".smcl": log,
    ".md": log,
    ".png": picture,
    ".jpg": picture,
    ".jpeg": picture,
    ".svg": picture,
    ".pdf": picture,
}
