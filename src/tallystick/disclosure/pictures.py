"""Pictures: the metadata that they carry, and the data that they need beside them."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from tallystick.disclosure.document import Document, carried
from tallystick.errors import BadInput

PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
DATA = (".csv", ".xlsx", ".parquet", ".json")
MOST_POINTS = 50
"""Marks of a vector picture up to which it may be a chart of groups; more are single points."""


def data_beside(path: Path) -> Path | None:
    """Return the file with the data of a picture, by its name, or None where there is none."""
    return next((path.with_suffix(each) for each in DATA if path.with_suffix(each).is_file()), None)


def picture(path: Path) -> Document:
    """Return a picture as a document without sheets: its metadata are findings, and it needs its data beside it."""
    found = [
        carried("file.metadata", path, f"The picture carries {what}.", "Save it again without it.")
        for what in metadata(path.suffix.lower(), path.read_bytes())
    ]
    if data_beside(path) is None:
        found.append(
            carried(
                "figure.data", path, "The figure comes without its data, so it cannot be checked.",
                f"Save the data that it shows beside it, as {path.with_suffix('.csv').name}.",
            )
        )  # fmt: skip
    return Document(path, "picture", (), tuple(found))


def metadata(suffix: str, data: bytes) -> list[str]:
    """Return what a picture carries unseen. Raises BadInput where the content is not what the suffix says."""
    kinds = {".png": _in_png, ".jpg": _in_jpeg, ".jpeg": _in_jpeg, ".svg": _in_svg, ".pdf": _in_pdf}
    return sorted(set(kinds[suffix](data)))


def _in_png(data: bytes) -> list[str]:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise BadInput("The file is not a PNG picture.")
    found, at, ended = [], 8, False
    while at + 8 <= len(data) and not ended:
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind in (b"tEXt", b"iTXt", b"zTXt") and not body.startswith(b"Software\0"):
            found.append("text")
        if kind == b"eXIf":
            found.append("EXIF data")
        ended = kind == b"IEND"
        at += 12 + length
    return [*found, "data after its end"] if len(data) > at else found


def _in_jpeg(data: bytes) -> list[str]:
    """Walk the segments up to the picture itself, which ends at the last end mark."""
    if not data.startswith(b"\xff\xd8"):
        raise BadInput("The file is not a JPEG picture.")
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        kind, (length,) = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])
        body = data[at + 4 : at + 2 + length]
        if kind == 0xFE:
            found.append("a comment")
        elif kind == 0xE1:
            found.append("EXIF data" if body.startswith(b"Exif") else "XMP data")
        elif kind == 0xED:
            found.append("IPTC data")
        at += 2 + length
    end = data.find(b"\xff\xd9", at)
    return [*found, "data after its end"] if 0 <= end < len(data) - 2 else found


def _in_svg(data: bytes) -> list[str]:
    text = data.decode("utf-8", errors="replace")
    if not re.search(r"<svg\b", text, re.IGNORECASE):
        raise BadInput("The file is not an SVG picture.")
    found = []
    if re.search(r"<(script|foreignObject)\b|\son[a-z]+\s*=", text, re.IGNORECASE):
        found.append("scripts")
    if re.search(r"<dc:creator\b(?!>\s*<cc:Agent>\s*<dc:title>Matplotlib)", text):
        found.append("its author")
    if re.search(r"(?:xlink:)?href=\"data:", text):
        found.append("an embedded picture or file")
    points = len(re.findall(r"<(?:circle|use|ellipse)\b", text))
    points += len(re.findall(r"aria-roledescription=\"(?:point|circle|square)\"", text))
    if points > MOST_POINTS:
        found.append("single points, whose values can be read from it")
    return found


def _in_pdf(data: bytes) -> list[str]:
    if not data.lstrip()[:5] == b"%PDF-":
        raise BadInput("The file is not a PDF document.")
    marks = {
        rb"/Author\b": "its author", rb"/EmbeddedFile|/FileAttachment": "embedded files", rb"/JavaScript": "scripts",
        rb"/Subtype\s*/(?:Free)?Text\b": "comments",
    }  # fmt: skip
    return [what for mark, what in marks.items() if re.search(mark, data)]
