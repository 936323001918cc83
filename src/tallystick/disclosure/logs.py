"""Tables that stand in text: Stata's and R's logs, the boxes that DuckDB and Polars draw, the lines of R's write.table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tallystick.disclosure.document import Document, carried, tables, text_of
from tallystick.disclosure.sheet import Cell, as_cell

RULE = re.compile(r"[\s\-+=|_.:]*")
NUMBERS_BEHIND = re.compile(r"(\S.*?)((?:\s+[-+]?[\d.,]+)+)")
R_COEFFICIENTS = re.compile(r"^\s*Estimate\s+Std\. Error\s+([tz]) value\s+Pr\(>")
BOXES = str.maketrans({
    **{chr(code): "-" for code in range(0x2500, 0x2580)}, **dict.fromkeys("│┃┆┊║╎¦", "|"),
})  # fmt: skip
TYPES = frozenset({
    "varchar", "int8", "int16", "int32", "int64", "hugeint", "int128", "double", "float", "bigint", "integer", "boolean", "date", "timestamp",
    "decimal", "str", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "cat", "bool", "enum", "---", "<chr>", "<int>",
    "<dbl>", "<fct>", "<lgl>", "<date>",
})  # fmt: skip
"""What DuckDB, Polars and R's tibbles write under their columns' names."""


@dataclass(frozen=True)
class Run:
    """Lines that stand under each other as a table: where they are (from 1, the last one too), and their parts."""

    first: int
    last: int
    rows: Sequence[Sequence[object]]


def log(path: Path) -> Document:
    """Return the tables that stand in a text file; the rest of its words only a person can check."""
    content = text_of(path)
    if path.suffix.lower() == ".smcl":
        content = without_markup(content)
    named = [(name_of(at), run.rows) for at, run in enumerate(runs(content))]
    note = carried(
        "text.read-by-person",
        path,
        "A log holds free text, which no rule can check.",
        "A checker must read it whole.",
        "warn",
    )
    return Document(path, "text", tables(path, named), (note,), content)


def name_of(at: int) -> str:
    """Return the name of the sheet that a run becomes."""
    return f"table {at + 1}"


def without_markup(text: str) -> str:
    """Return a Stata log without its markup: drawn lines as they look, blanks as many as asked, commands gone."""
    text = re.sub(r"\{c ([|+-])\}", r"\1", text)
    text = re.sub(r"\{hline[^{}]*\}", "----", text)
    text = re.sub(r"\{(?:space|col) (\d+)\}", lambda found: " " * min(int(found.group(1)), 80), text)
    text = re.sub(r"\{[a-z]+ \d+:([^{}]*)\}", r"\1", text)
    return re.sub(r"\{[^{}]*\}", "", text)


def runs(text: str) -> list[Run]:
    """Return the runs of two or more lines whose parts stand two or more blanks or a bar apart, or in quotation marks."""
    made: list[Run] = []
    rows: list[list[str]] = []
    first = last = 0
    for number, drawn in enumerate([*text.splitlines(), ""], start=1):
        line = drawn.translate(BOXES)
        if RULE.fullmatch(line) and line.strip():
            continue
        parts = parts_of_line(line, len(rows[0]) if rows else 0)
        if rows and parts and all(part.lower() in TYPES for part in parts):
            continue
        if len(parts) >= 2 and (not rows or abs(len(parts) - len(rows[0])) <= 1):
            first = first if rows else number
            rows.append(parts)
            last = number
            continue
        if len(rows) >= 2:
            made.append(Run(first, last, squared(rows)))
        rows = [parts] if len(parts) >= 2 else []
        first = last = number
    return made


def parts_of_line(line: str, wide: int) -> list[str]:
    """Return the parts of a line; numbers one blank apart are parted where that fits a table ``wide`` columns broad."""
    if found := R_COEFFICIENTS.search(line):
        return ["Estimate", "Std. Error", f"{found.group(1)} value", "p value"]
    if line.count('"') >= 2 and "|" not in line:
        return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|([^\s"]+)', line)]
    parts = [part.strip() for part in re.split(r"\s{2,}|\t|\s*\|\s*", line.strip()) if part.strip()]
    if parts and len(parts) < wide:
        apart = [each for part in parts for each in numbers_apart(part)]
        if len(apart) in (wide, wide + 1):
            return apart
    return parts


def numbers_apart(part: str) -> list[str]:
    """Return a label and the numbers behind it, one by one."""
    found = NUMBERS_BEHIND.fullmatch(part)
    return [found.group(1), *found.group(2).split()] if found else [part]


def squared(rows: Sequence[Sequence[str]]) -> list[list[object]]:
    """Return rows of one length: a line short of parts lacks its first, the label."""
    wide = max(map(len, rows))
    return [[None] * (wide - len(row)) + list(row) for row in rows]


def unread_counts(text: str, read: Collection[str], smallest: int) -> list[int]:
    """Return the lines, from 1, that hold two or more numbers, all whole and one of 1 to ``smallest`` less one, in no table read.

    ``read`` holds the names of the sheets that were read; one of a printed regression has more words behind its name.
    """
    seen: set[int] = set()
    for at, run in enumerate(runs(text)):
        if any(name == name_of(at) or name.startswith(name_of(at) + " ") for name in read):
            seen |= set(range(run.first, run.last + 1))
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        numbers = numbers_in(as_cell(word) for word in re.split(r"[\s|]+", line.translate(BOXES)))
        if number not in seen and len(numbers) > 1 and all(n.is_integer() for n in numbers):
            found += [number] if any(0 < n < smallest for n in numbers) else []
    return found


def numbers_in(cells: Iterable[Cell]) -> list[float]:
    """Return the numbers among cells."""
    return [cell for cell in cells if isinstance(cell, float)]
