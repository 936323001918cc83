"""Every form in which an agreement is printed, and the way back from those that carry it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tallystick.agreement import html, linked_data, sheet, word
from tallystick.agreement.document import document
from tallystick.agreement.io import parse_file, to_json
from tallystick.agreement.notice import notice
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput

FORMATS = ("html", "docx", "json", "xlsx", "jsonld")


def printed(
    agreement: Agreement, forms: tuple[str, ...], *, notice_only: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file: the agreement, and for personal data the privacy notice."""
    makers = {
        "html": lambda: html.page(document(agreement)).encode(),
        "docx": lambda: word.agreement_docx(agreement),
        "json": lambda: to_json(agreement).encode(),
        "xlsx": lambda: sheet.agreement_xlsx(agreement),
        "jsonld": lambda: linked_data.agreement_jsonld(agreement).encode(),
    }
    if not notice_only:
        for form in forms:
            yield f"agreement.{form}", makers[form]()
    if agreement.is_personal or notice_only:
        if "html" in forms:
            yield "privacy-notice.html", html.page(notice(agreement)).encode()
        if "docx" in forms:
            yield "privacy-notice.docx", word.as_docx(notice(agreement))


def read_printed(path: Path) -> Agreement:
    """Return the agreement in a printed file; raise BadInput where it is none, or was edited after it was printed."""
    kind = path.suffix.lower()
    if kind in (".json", ".toml"):
        return parse_file(path, Agreement)
    if kind not in (".docx", ".xlsx"):
        raise BadInput(f"{path.name} is none of DOCX, XLSX, JSON and TOML.")
    try:
        if path.stat().st_size > word.LARGEST:
            raise BadInput(f"{path.name} is larger than an agreement should be. It was not read.")
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from None
    return word.read_docx(content, path.name) if kind == ".docx" else sheet.read_xlsx(content, path.name)
