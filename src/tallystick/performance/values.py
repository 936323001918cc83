"""What stands in a cell where a figure is expected: a number, shorthand for the lack of one, or a fault.

Shorthand after the Government Analysis Function's "Symbols in tables: definitions and help" ([c], [x], [z], [low], [u], [e], [f],
[p], [r], [b], [w]) and the older signs that its users still meet (.., *, ~). A dash means nil in one publication and
"not available" in another, so it is refused until ``measures.toml`` says which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tallystick.performance.sheets import Cell

MEANING: dict[str, str] = {
    "c": "confidential: hidden, because it could identify somebody",
    "x": "not available",
    "z": "not applicable",
    "w": "none recorded",
    "low": "below half of the last digit shown, not nil",
    "u": "of low reliability",
    "e": "estimated",
    "f": "forecast",
    "p": "provisional",
    "r": "revised",
    "b": "break in the series",
}
"""Shorthand and what it says; [c] is never a figure, nor are [x] and [z]."""
STANDS_FOR = frozenset({"c", "x", "z"})
OLD_SIGNS = {"..": "x", "…": "x", ":": "x", "*": "c", "~": "c", "n/a": "z", "not available": "x"}
DASHES = frozenset({"-", "–", "—", "−"})
FOOTNOTE = re.compile(
    r"(?:\s*(?:\[(?:note\s*)?\d+(?:\s*,\s*(?:note\s*)?\d+)*\]|\((?:note\s*)?\d+(?:\s*,\s*\d+)*\)|[¹²³⁴⁵⁶⁷⁸⁹⁰]+|\*+|†+|‡+))+$",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-−]?(?:\d{1,3}(?:[, \u00a0\u202f]\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?")
MARKED = re.compile(r"(.*?)\s*((?:\[[a-z]+\]\s*)+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Figure:
    """A cell read: the number (None where shorthand stands for it), its marks, and the note of a fault if there is one."""

    number: float | None = None
    marks: tuple[str, ...] = ()
    fault: str = ""
    remedy: str = ""

    @property
    def is_figure(self) -> bool:
        """Whether it is a number, or shorthand in place of one."""
        return not self.fault


def without_footnotes(text: str) -> str:
    """Return a heading without the markers of its footnotes.

    >>> without_footnotes("Receipts [note 3]"), without_footnotes("Disposals(1,2)"), without_footnotes("Open cases²")
    ('Receipts', 'Disposals', 'Open cases')
    """
    return FOOTNOTE.sub("", " ".join(text.split())).strip()


def notes_of(text: str) -> list[str]:
    """Return the numbers of the notes that a cell points to."""
    found = FOOTNOTE.search(text)
    return re.findall(r"\d+", found.group(0)) if found else []


def figure(cell: Cell, shorthand: Mapping[str, str] | None = None) -> Figure:
    """Return what a cell says where a figure is expected; ``shorthand`` maps a sign to a mark, a number or ``nil``."""
    own = shorthand or {}
    if cell.is_error:
        return Figure(
            fault="the spreadsheet shows an error", remedy="Mend the formula in the workbook, and save it."
        )
    if cell.is_formula:
        return Figure(
            fault="it is a formula whose result was not saved",
            remedy="Open the workbook, let it calculate, save it.",
        )
    if cell.is_blank:
        return said(own["blank"]) if "blank" in own else Figure(
            fault="it is blank: nobody can tell nil from not available",
            remedy='Write 0, [x] or [z]; or say once in measures.toml: [shorthand] blank = "x".',
        )  # fmt: skip
    value = cell.value
    if isinstance(value, bool):
        return Figure(fault="it holds true or false, not a figure", remedy="Give the figure.")
    if isinstance(value, int | float):
        number = float(value) * (100 if cell.is_percent else 1)
        return Figure(round(number, 10)) if math.isfinite(number) else _not_finite()
    if not isinstance(value, str):
        return Figure(
            fault="it holds a date where a figure is expected: the spreadsheet may have turned 1-2 into one",
            remedy="Format the column as number and enter the figure again.",
        )
    return _text(" ".join(value.split()), own)


def said(stands_for: str) -> Figure:
    """Return what ``measures.toml`` says that a sign stands for."""
    if stands_for.lower() in ("nil", "0"):
        return Figure(0.0)
    mark = stands_for.strip("[]").lower()
    return Figure(None, (mark,)) if mark in MEANING else Figure(
        fault="measures.toml gives its sign a meaning that is unknown", remedy=f"Use nil, or one of {', '.join(MEANING)}."
    )  # fmt: skip


def _text(text: str, own: Mapping[str, str]) -> Figure:
    if text in own:
        return said(own[text])
    if text in DASHES:
        return Figure(
            fault="a dash stands where a figure is expected: it means nil in some publications and not available in others",
            remedy='Say which in measures.toml: [shorthand] "-" = "nil" (or "x").',
        )
    if text.lower() in OLD_SIGNS:
        return Figure(None, (OLD_SIGNS[text.lower()],))
    if text.lower() in ("nan", "inf", "-inf", "null", "none", "na", "#n/a"):
        return _not_finite()
    if text.startswith("="):
        return Figure(
            fault="it is a formula, not its result", remedy="Save the file with values instead of formulas."
        )
    marks: tuple[str, ...] = ()
    marked = MARKED.fullmatch(text)
    if marked:
        text = marked[1]
        marks = tuple(re.findall(r"[a-z]+", marked[2].lower()))
        unknown = [mark for mark in marks if mark not in MEANING]
        if unknown:
            return Figure(
                fault=f"it has shorthand of {len(unknown[0])} letter(s) that is not in the standard list",
                remedy=f"Use one of {', '.join(f'[{m}]' for m in MEANING)}.",
            )
        if not text:
            return Figure(0.0 if marks in (("w",), ("low",)) else None, marks)
    return _number(text, marks)


def _number(text: str, marks: tuple[str, ...]) -> Figure:
    if re.fullmatch(r"\(\s*[\d,.]+\s*\)", text):
        return Figure(
            fault="it stands in brackets: a footnote, or a negative number",
            remedy="Write the figure without them.",
        )
    bare = without_footnotes(text).removesuffix("%").strip()
    if NUMBER.fullmatch(bare):
        number = float(re.sub(r"[, \u00a0\u202f]", "", bare).replace("−", "-"))
        return Figure(number, marks) if math.isfinite(number) else _not_finite()
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})*,\d+|\d{1,3}(?:\.\d{3}){2,}", bare):
        return Figure(
            fault="the number has its point and comma the other way round",
            remedy="Write 1,234.5 for a thousand and more.",
        )
    if re.fullmatch(r"[\dOolI|.,]+", bare):
        return Figure(
            fault="a letter stands among the digits (an O for a nought, an l for a one)",
            remedy="Enter the number again.",
        )
    if re.fullmatch(r"[<>≤≥]\s*\d+", bare):
        return Figure(
            fault="it gives a bound, not a figure",
            remedy="Write [c] where a small number is hidden, else the figure.",
        )
    if re.fullmatch(r"\d+\s*(?:-|to|–)\s*\d+", bare):
        return Figure(
            fault="it gives a range, not a figure", remedy="Write the figure, or [c] where it is hidden."
        )
    return Figure(
        fault=f"a text of {len(text)} characters stands where a figure is expected",
        remedy="Give the number or shorthand.",
    )


def _not_finite() -> Figure:
    return Figure(
        fault="it is not a number that can be counted with", remedy="Write [x] where there is no figure."
    )
