"""Any supplied file as a `Reading`: its format told by its first bytes, and held against its extension."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tallystick.errors import BadInput
from tallystick.supply.parquet import read_parquet
from tallystick.supply.reading import Reading
from tallystick.supply.text import read_csv

FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".ods": "ods",
}
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
COMPRESSED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")


def read(path: Path, names: Sequence[str]) -> Reading:
    """The cells of the file at ``path``, all as text but for Parquet's own types.

    ``names`` are the columns that the contract expects. Raises BadInput for a file that is missing, empty, of another
    format than its extension says, or that its format's reader refuses.
    """
    if not path.is_file():
        raise BadInput(f"{path.name} is not there. Put the supply where the agreement's `path` says.")
    expected = FORMATS.get(path.suffix.lower())
    if expected is None:
        raise BadInput(
            f"{path.name}: files of this extension are not read. Supply CSV, Parquet, XLSX (without macros) or ODS."
        )
    found = detect_format(path)
    if found != expected:
        raise BadInput(
            f"{path.name} is {named(found)}, not what its extension says. Give it the right extension or save it again."
        )
    if found == "csv":
        return read_csv(path, names)
    if found == "parquet":
        return read_parquet(path)
    from tallystick.supply.sheets import read_sheet

    return read_sheet(path, found)


def detect_format(path: Path) -> str:
    """``csv``, ``parquet``, ``xlsx``, ``ods``, or what else the first bytes show. Raises BadInput when empty."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise BadInput(f"{path.name} is empty. Supply a file with a header and at least one row.")
    if start.startswith((b"PAR1", b"PARE")):
        return "parquet"
    if start == OLE:
        return "ole"
    if start.startswith(COMPRESSED):
        return "compressed"
    if start.startswith(b"%PDF"):
        return "pdf"
    if start.startswith(b"PK"):
        return _zipped(path)
    return "csv"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names: set[str] | None = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = None
    if names is None:
        raise BadInput(
            f"{path.name} is truncated or damaged. Save it again and compare its size with the original."
        )
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "content.xml" in names:
        return "ods"
    return "zip"


def named(found: str) -> str:
    """What a format that `detect_format` gave is called in a message."""
    return {
        "csv": "text",
        "parquet": "a Parquet file",
        "xlsx": "an Excel workbook",
        "ods": "an OpenDocument spreadsheet",
        "zip": "a zip archive",
        "ole": "a password-protected or old Excel file",
        "compressed": "a compressed file",
        "pdf": "a PDF",
    }[found]
