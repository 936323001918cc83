"""A report's view as an accessible Word document: headings, tables whose header rows repeat, figures with their words."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from tallystick.lab.view import HIDDEN, View

__all__ = ["widths", "word"]

WIDE = 17.0  # centimetres between the margins
SIZES = (
    9.0,
    7.0,
)  # points: the smaller one where the longest words of all columns find no room beside each other
LETTER = 0.021  # centimetres that a letter takes for each point
PADDING = 0.5
BREAK = re.compile(r"[ -]")
LONGEST = 60  # letters beyond which a text is better broken than given more room


def word(shown: View) -> bytes:
    """Return the report as a Word document."""
    from docx import Document

    document = Document()
    laid_out(document)
    document.core_properties.title = shown.title
    document.core_properties.language = "en-GB"
    document.add_heading(shown.title, 0)
    document.add_paragraph(f"Justice Data Lab analysis of {shown.programme}. Made on {shown.made}.")
    document.add_heading("Key finding", 1)
    document.add_paragraph().add_run(shown.headline).bold = True
    for sentence in shown.sentences:
        document.add_paragraph(sentence, style="List Bullet")
    for title, text in (("What you can say", shown.can_say), ("What you cannot say", shown.cannot_say)):
        document.add_heading(title, 2)
        document.add_paragraph(text)
    add_table(document, "The figures", ("figure", "value"), shown.numbers)
    for table in shown.tables:
        add_table(document, table.title, table.header, table.rows)
        if table.chart:
            add_picture(document, table.chart, table.alt or table.title)
        if table.alt:
            document.add_paragraph(table.alt)
    if any(HIDDEN in row for table in shown.tables for row in table.rows):
        document.add_paragraph(f"{HIDDEN}: hidden, so that nobody can be told from it.")
    for title, texts in (("Method", shown.method), ("Limits", shown.limits)):
        document.add_heading(title, 1)
        for text in texts:
            document.add_paragraph(text, style="List Bullet")
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


def laid_out(document: Any) -> None:
    """Set an A4 page with margins of two centimetres, and a plain face of 11 points."""
    from docx.shared import Cm, Pt, RGBColor

    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(2)
    document.styles["Normal"].font.name, document.styles["Normal"].font.size = "Arial", Pt(11)
    for name in ("Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.name, style.font.color.rgb = "Arial", RGBColor(0x0B, 0x0C, 0x0C)
        # the theme's face would stand before the style's own
        for theme in ("asciiTheme", "hAnsiTheme"):
            style.element.rPr.rFonts.attrib.pop(f"{{{style.element.nsmap['w']}}}{theme}", None)


def add_picture(document: Any, svg: str, alt: str) -> None:
    """Add a figure, no taller than two thirds of a page, with its words for who cannot see it."""
    import vl_convert
    from docx.shared import Cm

    picture = document.add_picture(io.BytesIO(vl_convert.svg_to_png(svg, scale=2)), width=Cm(15))
    if picture.height > Cm(17):
        picture.width, picture.height = round(picture.width * Cm(17) / picture.height), Cm(17)
    picture._inline.docPr.set("descr", alt)  # python-docx has no other way to it


def add_table(document: Any, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add a table under its title, its header row repeated on every page and no row cut by the end of one."""
    from docx.oxml import OxmlElement
    from docx.shared import Cm, Pt

    document.add_heading(title, 1)
    made = document.add_table(rows=0, cols=len(header), style="Table Grid")
    made.autofit = False
    size = next((size for size in SIZES if sum(least(header, rows, size)) <= WIDE), SIZES[-1])
    wide = widths(header, rows, size)
    for texts in (header, *rows):
        line = made.add_row()
        line._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text, width in zip(line.cells, texts, wide, strict=True):
            cell.width, paragraph = Cm(width), cell.paragraphs[0]
            run = paragraph.add_run(text)
            run.font.size, run.bold = Pt(size), texts is header
    made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for column, width in zip(made.columns, wide, strict=True):
        column.width = Cm(width)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def widths(header: Sequence[str], rows: Sequence[Sequence[str]], size: float) -> list[float]:
    """Return the centimetres of each column: room for its longest word, and of the rest a share by its longest text.

    >>> [round(one, 1) for one in widths(("method", "note"), [("radius", "taken for the best balance")], 9)]
    [4.2, 12.8]
    """
    room = least(header, rows, size)
    more = [min(max(map(len, column)), LONGEST) for column in zip(header, *rows, strict=True)]
    spare = max(WIDE - sum(room), 0.0)
    wide = [one + spare * extra / sum(more) for one, extra in zip(room, more, strict=True)]
    return [one * WIDE / sum(wide) for one in wide]


def least(header: Sequence[str], rows: Sequence[Sequence[str]], size: float) -> list[float]:
    """Return the centimetres that the longest word of each column takes at so many points."""
    return [
        PADDING + LETTER * size * max(len(part) for text in column for part in BREAK.split(text))
        for column in zip(header, *rows, strict=True)
    ]
