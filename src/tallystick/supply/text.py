"""CSV files: the encoding found out from every byte, the separator from the header, all cells as text.

An encoding is taken only where the bytes admit no other reading that matters: UTF-8 and UTF-16 are proved by their own form; in
Windows-1252 a byte from 0x80 to 0x9F that stands for a letter could as well be another letter of an older code page,
so such a file is refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pa_csv

from tallystick.errors import BadInput
from tallystick.supply.reading import MAX_COLUMNS, Ragged, Reading, row_numbers

CHUNK: Final = 1 << 24
LONGEST_ROW: Final = 1 << 24
SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Punctuation that Windows-1252 keeps in 0x80–0x9F and that no name would hold as a letter of another code page.
PUNCTUATION_1252: Final = frozenset(b"\x80\x85\x91\x92\x93\x94\x96\x97")
SAVE_AS_UTF8: Final = "Save the file again as CSV UTF-8 and supply that."


def read_csv(path: Path, names: Sequence[str]) -> Reading:
    """The rows of a CSV file as text, with its encoding and separator.

    ``names`` are the columns that the contract expects; they only decide which separator fits. Raises BadInput for an
    encoding that cannot be told, a header that repeats a name or is not there, quotation marks that do not close.
    """
    encoding, has_odd_quotes = detect_encoding(path)
    header_line = first_line(path, encoding)
    separator = detect_separator(header_line, names)
    header = next(csv.reader([header_line], delimiter=separator), [])
    if len(header) > MAX_COLUMNS:
        raise BadInput(f"{path.name}, row 1: {len(header):,} columns. A supply has at most {MAX_COLUMNS:,}.")
    table, ragged, swallowing = _parse(path, len(header), encoding, separator)
    rows = row_numbers(len(table), [place.row for place in ragged])
    reading = Reading(
        path.name, "csv", tuple(header), table.slice(1), rows[1:], tuple(ragged), encoding, separator
    ).without_blank_rows()
    if has_odd_quotes:
        _refuse_open_quote(reading, swallowing)
    return reading


def detect_encoding(path: Path) -> tuple[str, bool]:
    """The encoding of the file (a Python codec's name), and whether its quotation marks are odd in number.

    Every byte is read. Raises BadInput when the bytes are of two encodings, of none, or could be of several.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        if not start.strip():
            raise BadInput(f"{path.name} is empty. Supply a file with a header and at least one row.")
        encoding = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), "")
        if encoding == "utf-32":
            raise BadInput(f"{path.name} is in UTF-32, which is not read. {SAVE_AS_UTF8}")
        encoding = encoding or _utf16_without_mark(start) or "utf-8"
        file.seek(0)
        quotes, bad = _decode(file, encoding)
    if bad is None:
        return encoding, quotes % 2 == 1
    if encoding != "utf-8":
        raise BadInput(f"{path.name} begins as {encoding} but does not go on so. {SAVE_AS_UTF8}")
    _require_windows_1252(path)
    return "cp1252", quotes % 2 == 1


def _decode(file: BinaryIO, encoding: str) -> tuple[int, int | None]:
    """The number of quotation marks, and about where decoding failed (None: it did not)."""
    decoder = codecs.getincrementaldecoder(encoding)()
    quotes = 0
    bad = None
    position = 0
    while chunk := file.read(CHUNK):
        quotes += chunk.count(b'"')
        if bad is None:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                bad = position + error.start
        position += len(chunk)
    if bad is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            bad = position
    return quotes, bad


def _utf16_without_mark(start: bytes) -> str:
    """``utf-16-le`` or ``utf-16-be`` when every other byte of the start is NUL, else an empty text."""
    even, odd = start[0::2], start[1::2]
    if len(start) >= 4 and odd.count(0) > 0.8 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(start) >= 4 and even.count(0) > 0.8 * len(even) and not odd.count(0):
        return "utf-16-be"
    return ""


def _require_windows_1252(path: Path) -> None:
    """Raise BadInput unless every line that is not ASCII can only sensibly be Windows-1252."""
    utf8_line = 0
    other_line = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            if _is_utf8(line):
                utf8_line = utf8_line or number
            else:
                other_line = other_line or number
                _require_no_doubtful_byte(path.name, number, line)
            if utf8_line and other_line:
                raise BadInput(
                    f"{path.name} mixes two encodings: line {utf8_line:,} is UTF-8, line {other_line:,} is not. "
                    + SAVE_AS_UTF8
                )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:  # it holds the line: nothing may be raised while it is being handled
        return False
    return True


def _require_no_doubtful_byte(name: str, number: int, line: bytes) -> None:
    if any(0x80 <= byte <= 0x9F and byte not in PUNCTUATION_1252 for byte in line):
        raise BadInput(
            f"{name}, line {number:,}: the encoding cannot be told: it is not UTF-8, and a byte stands for one "
            f"letter in Windows-1252 and for another in other code pages. {SAVE_AS_UTF8}"
        )


def first_line(path: Path, encoding: str) -> str:
    """The header as text. Raises BadInput where a quotation mark in it does not close."""
    with io.TextIOWrapper(path.open("rb"), encoding=encoding, newline=None) as text:
        line = text.readline(LONGEST_ROW)
    if line.count('"') % 2:
        raise BadInput(f"{path.name}, row 1: a quotation mark in the header is not closed. Close it.")
    return line.rstrip("\n")


def detect_separator(header: str, names: Sequence[str]) -> str:
    """The separator that cuts the header into the most expected ``names``; a comma when none does."""

    def matched(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=separator), [])
        return len({cell.strip().casefold() for cell in cells} & {n.casefold() for n in names}), len(cells)

    best = max(SEPARATORS, key=matched)
    return best if matched(best)[1] > 1 else ","


@dataclass
class _Rejects:
    """Collects the rows whose number of cells is wrong, never their text.

    ``swallowing`` is the last of them that has a line break in it.
    """

    found: list[Ragged]
    swallowing: Ragged | None = None

    def __call__(self, row: Any) -> str:
        self.found.append(Ragged(row.number or 0, row.actual_columns))
        if re.search(r"[\r\n]", row.text.rstrip("\r\n")):
            self.swallowing = self.found[-1]
        return "skip"


def _parse(
    path: Path, columns: int, encoding: str, separator: str
) -> tuple[pa.Table, list[Ragged], Ragged | None]:
    """All records as text, header included, and the ragged ones. Threads lose their numbers: then once more without."""
    table, rejects = _parse_once(path, columns, encoding, separator, threads=True)
    if rejects.found:
        table, rejects = _parse_once(path, columns, encoding, separator, threads=False)
    return table, rejects.found, rejects.swallowing


def _parse_once(
    path: Path, columns: int, encoding: str, separator: str, *, threads: bool
) -> tuple[pa.Table, _Rejects]:
    names = [f"c{i}" for i in range(columns)]
    rejects = _Rejects([])
    problem = ""
    table = None
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(
                use_threads=threads,
                block_size=LONGEST_ROW,
                column_names=names,
                encoding="utf-8" if encoding == "utf-8-sig" else encoding,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=rejects,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:  # its text may quote the row: only its kind is kept
        problem = "straddling" if "straddl" in str(error) else "other"
    if problem == "straddling":
        raise BadInput(
            f"{path.name} has a row of more than {LONGEST_ROW >> 20} MB. Look for a quotation mark that is not "
            "closed, or for a cell that holds a whole document; shorten it."
        )
    if table is None:
        raise BadInput(f"{path.name} cannot be read as CSV. Save it again as CSV UTF-8 with a header row.")
    return table, rejects


def _refuse_open_quote(reading: Reading, swallowing: Ragged | None) -> None:
    """Raise BadInput when the last record swallowed the rows after a quotation mark that never closes."""
    last = int(reading.rows[-1]) if len(reading.rows) else 0
    place = None
    if swallowing is not None and swallowing.row > last:
        place = swallowing.row, swallowing.cells
    elif last:
        cells = reading.table.slice(len(reading.table) - 1).to_pylist()[0].values()
        broken = [i for i, cell in enumerate(cells, start=1) if cell and re.search(r"[\r\n]", cell)]
        place = (last, broken[-1]) if broken else None
    if place:
        raise BadInput(
            f"{reading.file}, row {place[0]:,}, column {place[1]}: a quotation mark opens and never closes, so the "
            "rest of the file stands in one cell. Close it, or double it."
        )
