"""The Word report as its reader opens it: no word broken, header rows that repeat, figures with words, the sentences of the view."""

from __future__ import annotations

import io

import pytest
from docx import Document
from docx.shared import Cm

from tallystick.lab.charts import dots
from tallystick.lab.view import Statistic, Table, View
from tallystick.lab.word import SIZES, WIDE, least, widths, word

NINE = (
    "outcome",
    "took part",
    "comparison",
    "difference",
    "from (95% interval)",
    "to (95% interval)",
    "p (Holm)",
    "p (Benjamini-Hochberg)",
    "people with it",
)
ROWS = (("days to the first reoffence, among those who had one", "206.8", "181.3", "25.6", "-34.4", "85.5", "0.747", "0.392", "15"),)  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rows"), [(NINE, ROWS), (("run", "note"), (("national", ""), ("assessed", "taken")))]
)
def test_columns_fill_the_page_and_hold_their_longest_word(
    header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    size = SIZES[header == NINE]
    found = widths(header, rows, size)
    assert sum(found) == pytest.approx(WIDE)
    assert all(wide >= need - 1e-9 for wide, need in zip(found, least(header, rows, size), strict=True))


def test_the_document_says_what_the_view_says() -> None:
    chart = dots(
        [{"name": "sex=M", "at": 0.3, "when": "before"}, {"name": "sex=M", "at": 0.1, "when": "after"}]
    )
    table = Table(
        "How alike",
        NINE,
        ROWS * 80,
        Statistic("mean", ("difference",)),
        chart,
        "The largest difference is 0.10.",
    )
    view = View(
        "Title",
        "the course",
        "2026-11-28",
        "Head",
        ("One.",),
        "Can.",
        "Cannot.",
        (("p-value", "0.7"),),
        (table,),
        ("How.",),
        ("But.",),
    )
    made = Document(io.BytesIO(word(view)))
    said = [paragraph.text for paragraph in made.paragraphs]
    for text in (
        "Title",
        "Head",
        "One.",
        "Can.",
        "Cannot.",
        "How alike",
        "The largest difference is 0.10.",
        "How.",
        "But.",
    ):
        assert text in said
    figures, wide = made.tables
    assert [[cell.text for cell in row.cells] for row in figures.rows] == [
        ["figure", "value"],
        ["p-value", "0.7"],
    ]
    assert "tblHeader" in wide.rows[0]._tr.xml
    assert "tblHeader" not in wide.rows[1]._tr.xml
    assert len(wide.rows) == 81
    (picture,) = made.inline_shapes
    assert picture._inline.docPr.get("descr") == "The largest difference is 0.10."
    assert picture.height <= Cm(17)
