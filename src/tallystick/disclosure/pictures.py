"""Pictures: the metadata that they carry, and the data that they need beside them."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from tallystick.disclosure.document import Document, carried
from tallystick.errors import BadInput


def picture(path: Path) -> Document:
    """Return a picture as a document without sheets: its metadata are findings, and it needs its data beside it."""
    data = path.read_bytes()
    found = [
        carried("file.metadata", path, f"The picture carries {what}.", "Save it again without metadata.")
        for what in metadata(path.suffix.lower(), data)
    ]
    beside = [s for s in (".csv", ".xlsx", ".parquet", ".json") if path.with_suffix(s).is_file()]
    if not beside:
        found.append(
            carried(
                "figure.data", path, "The figure comes without its data, so it cannot be checked.",
                f"Save the data that it shows beside it, as {path.with_suffix('.csv').name}.",
            )
        )  # fmt: skip
    return Document(path, "picture", (), tuple(found))


def metadata(suffix: str, data: bytes) -> list[str]:
    """Return what kinds of metadata a picture carries. Raises BadInput where the content is not what the suffix says."""
    found: list[str] = []
    if suffix == ".png":
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise BadInput("The file is not a PNG picture.")
        at = 8
        while at + 8 <= len(data):
            (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
            body = data[at + 8 : at + 8 + length]
            if kind in (b"tEXt", b"iTXt", b"zTXt") and not body.startswith(b"Software\0"):
                found.append("text")
            if kind == b"eXIf":
                found.append("EXIF data")
            at += 12 + length
        if len(data) > at:
            found.append("data after its end")
    elif suffix in (".jpg", ".jpeg"):
        if not data.startswith(b"\xff\xd8"):
            raise BadInput("The file is not a JPEG picture.")
        found += [
            what
            for mark, what in ((b"Exif\0", "EXIF data"), (b"http://ns.adobe.com/xap", "XMP data"))
            if mark in data
        ]
    elif suffix == ".svg":
        text = data.decode("utf-8", errors="replace")
        if re.search(r"<(script|foreignObject)\b", text, re.IGNORECASE):
            found.append("scripts")
        if re.search(r"<(dc:creator|cc:Agent)\b", text):
            found.append("its author")
        if len(re.findall(r"<(circle|use)\b", text)) > 50:
            found.append("single points, whose values can be read from it")
    elif b"/Author" in data:
        found.append("its author")
    return sorted(set(found))
