"""A document as Word (DOCX), and the agreement back from a DOCX that was printed here.

The agreement's JSON travels inside as a custom XML part with its hash. Reading back checks both that hash and that the text which
people see is still the one that this agreement prints: whoever edits the words and not the agreement is told so.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part as PackagePart
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from lxml import etree

from tallystick.agreement.document import Document, Facts, Table, Text, document
from tallystick.agreement.io import parse, to_json
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput

NAMESPACE = "urn:tallystick:agreement:1"
LARGEST = 20_000_000
MANY = 2_000


def agreement_docx(agreement: Agreement) -> bytes:
    """Return the agreement as a DOCX that `read_docx` reads back."""
    return as_docx(document(agreement), to_json(agreement))


def as_docx(printed: Document, source: str = "") -> bytes:
    """Return a document as DOCX: real headings, tables with repeated heading rows, British English; ``source`` travels inside."""
    word = docx.Document()
    word.core_properties.title = printed.title
    word.core_properties.author = "Tallystick"
    word.core_properties.language = "en-GB"
    word.styles["Normal"].font.name = "Arial"
    word.styles["Normal"].font.size = Pt(11)
    word.add_heading(printed.title, level=0)
    word.add_paragraph(printed.subtitle)
    for number, part in enumerate(printed.parts, 1):
        word.add_heading(f"{number}. {part.title}", level=1)
        for block in part.blocks:
            add(word, block)
    word.add_paragraph(f"Printed from the agreement with the hash {printed.hash}.")
    if source:
        embed(word, source)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def add(word: Any, block: Facts | Table | Text) -> None:
    """Add one block to a Word document."""
    if isinstance(block, Text):
        word.add_paragraph(block.text)
    elif isinstance(block, Table):
        word.add_paragraph(block.caption, style="Caption")
        add_table(word, block.rows, block.header)
    elif block.rows:
        add_table(word, block.rows)


def add_table(word: Any, rows: tuple[tuple[str, ...], ...], header: tuple[str, ...] = ()) -> None:
    """Add a table; its heading row is marked as such, so that screen readers and page breaks know it."""
    width = len(header or rows[0])
    table = word.add_table(rows=0, cols=width, style="Table Grid")
    if header:
        cells = table.add_row().cells
        for cell, text in zip(cells, header, strict=True):
            cell.paragraphs[0].add_run(text).bold = True
        mark = OxmlElement("w:tblHeader")
        mark.set(qn("w:val"), "true")
        table.rows[0]._tr.get_or_add_trPr().append(mark)
    for row in rows:
        for index, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
            cell.paragraphs[0].add_run(text).bold = index == 0
    word.add_paragraph()


def embed(word: Any, source: str) -> None:
    """Put the agreement's JSON into the package as a custom XML part, with its hash."""
    root = etree.Element(f"{{{NAMESPACE}}}agreement", nsmap={"t": NAMESPACE})
    root.set("sha256", hashlib.sha256(source.encode()).hexdigest())
    root.text = source
    blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    name = PackURI("/customXml/item90.xml")
    part = PackagePart(name, "application/xml", blob, word.part.package)
    word.part.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_XML)


def read_docx(content: bytes, name: str) -> Agreement:
    """Return the agreement inside a DOCX that was printed here.

    Raises BadInput when it is none, was made elsewhere, was damaged, or when its words were edited afterwards.
    """
    root = carried(content, name)
    source = root.text or ""
    if hashlib.sha256(source.encode()).hexdigest() != root.get("sha256"):
        raise BadInput(f"{name}: the agreement inside was changed after it was printed. Print it anew.")
    agreement = parse(source, Agreement, name=f"{name} (the agreement inside)", is_json=True)
    expected, found = words(agreement_docx(agreement)), words(content)
    for number, (one, other) in enumerate(zip(expected, found, strict=False), 1):
        if one != other:
            raise BadInput(edited(name, number))
    if len(expected) != len(found):
        raise BadInput(edited(name, min(len(expected), len(found)) + 1))
    return agreement


def edited(name: str, paragraph: int) -> str:
    """Return what to say when the words were edited and the agreement inside was not."""
    return (
        f"{name}, paragraph {paragraph}: the words were edited after the document was printed. "
        "Make the change in agreement.toml (`tally agreement amend`) and print it anew."
    )


def carried(content: bytes, name: str) -> Any:
    """Return the custom XML element that holds the agreement; no entity is expanded and no bomb is unpacked."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            members = package.infolist()
            if len(members) > MANY or sum(member.file_size for member in members) > LARGEST:
                raise BadInput(f"{name} unpacks to more than a document should. It was not read.")
            for member in members:
                if member.filename.startswith("customXml/") and member.filename.endswith(".xml"):
                    root = etree.fromstring(package.read(member), parser)
                    if root.tag == f"{{{NAMESPACE}}}agreement":
                        return root
    except (zipfile.BadZipFile, etree.XMLSyntaxError, NotImplementedError, RuntimeError, EOFError):
        raise BadInput(f"{name} is not a sound DOCX. Print it anew.") from None
    raise BadInput(
        f"{name} was not printed by Tallystick, or lost what it carried. Import the JSON or the TOML."
    )


def words(content: bytes) -> list[str]:
    """Return the text of each paragraph, those in tables among them, in the order of the document; blank ones left out."""
    try:
        body = docx.Document(io.BytesIO(content)).element.body
    except Exception:
        raise BadInput("The DOCX cannot be read. Print it anew.") from None
    texts = ("".join(run.text or "" for run in p.iter(qn("w:t"))).strip() for p in body.iter(qn("w:p")))
    return [" ".join(text.split()) for text in texts if text]
