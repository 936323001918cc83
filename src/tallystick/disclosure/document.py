"""A file's sheets and what was found in it beside them, before any rule looks at a figure."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.disclosure.models import models_of
from tallystick.disclosure.sheet import Sheet, as_sheet
from tallystick.errors import BadInput, Finding

LARGEST_UNPACKED = 600_000_000


MOST_UNPACKING = 200


@dataclass(frozen=True)
class Document:
    """A file's sheets, and what was found in it beside them. ``kind`` is table, text or picture."""

    path: Path
    kind: str
    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...] = ()
    text: str = ""


def carried(rule: str, path: Path, message: str, remedy: str, severity: Any = "refuse") -> Finding:
    """Return a finding about something that a file carries unseen."""
    return Finding(rule, message, remedy, path.name, "216", "SDC handbook", severity)


def text_of(path: Path) -> str:
    """Return a text file's content: UTF-8, or by its byte-order mark UTF-16, or Windows-1252."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if b"\0" in data:
        raise BadInput(f"{path.name}: the file holds NUL bytes; it is not a text file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def tables(path: Path, named: Sequence[tuple[str, Sequence[Sequence[object]]]]) -> tuple[Sheet, ...]:
    """Return the sheets that hold a table; one for each model where it is a printed table of regressions."""
    parts = (part for name, rows in named for part in models_of(name, rows) or [(name, rows)])
    made = (as_sheet(path.name, name, rows) for name, rows in parts)
    return tuple(sheet for sheet in made if sheet is not None)


def unpacked(path: Path) -> zipfile.ZipFile:
    """Return an office file's archive; raise BadInput for one that is broken or unpacks to far too much."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise BadInput(
            f"{path.name}: the workbook is broken or has a password. Save it again, without one."
        ) from None
    total = sum(item.file_size for item in archive.infolist())
    if total > LARGEST_UNPACKED or total > MOST_UNPACKING * max(path.stat().st_size, 50_000):
        raise BadInput(f"{path.name}: the workbook unpacks to {total / 1e6:,.0f} MB. Send a smaller table.")
    return archive
