"""The flow of records into persons as a still picture, as RECORD asks (item 6.3); the table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, GAP, MARGIN = 300, 62, 34, 20
LETTERS = 40
STEPS = ("supplied", "taken", "people", "linked")


def flow_chart(populations: Sequence[dict[str, Any]]) -> str:
    """Return the picture as SVG: a column for each dataset, from the rows supplied to the people who linked; what falls out is named below.

    ``populations`` are those of `quality.figures`: counts, null where they are hidden.
    """
    width = MARGIN * 2 + len(populations) * (WIDTH + GAP) - GAP
    height = MARGIN * 2 + len(STEPS) * (HEIGHT + GAP) - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'aria-hidden="true" focusable="false" font-family="sans-serif" font-size="13">'
    ]
    for column, one in enumerate(populations):
        left = MARGIN + column * (WIDTH + GAP)
        for row, (title, below) in enumerate(_boxes(one)):
            top = MARGIN + row * (HEIGHT + GAP)
            parts += _box(left, top, title, below)
            if row:
                parts.append(_arrow(left + WIDTH // 2, top - GAP, top))
    return "".join(parts) + "</svg>"


def _boxes(one: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"{one['dataset']}: {_number(one['rows'])} rows", f"supplied by {one['supplier']}"),
        (
            f"{_number(one['taken'])} records taken",
            f"{_number(one['not_eligible'])} not eligible, {_number(one['set_aside'])} set aside",
        ),
        (f"{_number(one['people'])} people", "records of one person joined"),
        (f"{_number(one['linked'])} people linked", f"{_number(one['unlinked'])} did not"),
    ]


def _box(left: int, top: int, title: str, below: str) -> list[str]:
    return [
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="#f3f2f1" stroke="#0b0c0c"/>',
        f'<text x="{left + 10}" y="{top + 25}" font-weight="600">{escape(_short(title))}</text>',
        f'<text x="{left + 10}" y="{top + 46}">{escape(_short(below))}</text>',
    ]


def _arrow(middle: int, start: int, end: int) -> str:
    return (
        f'<path d="M{middle} {start} V{end - 6} M{middle - 5} {end - 10} L{middle} {end - 1} L{middle + 5} {end - 10}" '
        'stroke="#0b0c0c" fill="none"/>'
    )


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _number(value: int | None) -> str:
    return "few" if value is None else f"{value:,}"
