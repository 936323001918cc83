"""Which words of a file are measures, areas, periods or groups: the names of ``measures.toml`` and what every table uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tallystick.performance.definitions import Measure, Measures, folded
from tallystick.performance.series import ALL
from tallystick.performance.values import without_footnotes

TOTALS = frozenset({
    "total", "all", "all persons", "all people", "overall", "all ages", "all groups", "any", "grand total", "persons", "everyone",
    "all offences", "all sexes", "all ethnic groups",
})  # fmt: skip
CODE = re.compile(r"[EWSNK]\d{8}")
KNOWN_GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("female", "females", "women", "male", "males", "men"), "sex"),
    **dict.fromkeys(("asian", "black", "mixed", "white", "asian or asian british", "black or black british", "other ethnic group",
                     "chinese or other", "ethnicity not stated", "minority ethnic"), "ethnicity"),
    **dict.fromkeys(("adult", "adults", "children", "child", "young adults", "under 18", "juvenile"), "age"),
}  # fmt: skip
BAND = re.compile(
    r"(?:aged?\s*)?(?:\d+\s*(?:to|-|–)\s*\d+|\d+\s*(?:\+|and over|or over|and under)|under \d+|over \d+)(?:\s*years)?",
    re.I,
)


@dataclass(frozen=True)
class Vocabulary:
    """The names that a file may use, folded, and what each stands for. ``is_open``: any name may be a measure."""

    measures: Mapping[str, Measure] = field(default_factory=dict)
    denominators: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)
    dimensions: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)
    shorthand: Mapping[str, str] = field(default_factory=dict)
    is_open: bool = True


def vocabulary(said: Measures | None) -> Vocabulary:
    """Return the names of ``measures.toml``, or an open vocabulary without it."""
    if said is None:
        return Vocabulary()
    areas: dict[str, str] = {}
    for area in said.areas:
        for word in (area.name, *area.aliases, area.code):
            if word:
                areas[folded(word)] = area.name
    return Vocabulary(
        {folded(word): measure for measure in said.measures for word in measure.words},
        {folded(m.denominator): m.denominator for m in said.measures if m.denominator},
        areas,
        frozenset(folded(group) for measure in said.measures for group in measure.groups),
        frozenset(folded(word) for word in said.left_out),
        said.columns,
        said.shorthand,
        is_open=False,
    )


def measure_in(title: str, words: Vocabulary) -> Measure | None:
    """Return the measure that a title names: the longest name in it, or None where none or two of one length are."""
    text = f" {re.sub(r'[^a-z0-9 ]', ' ', folded(title))} "
    found = {
        name: measure
        for name, measure in words.measures.items()
        if f" {re.sub(r'[^a-z0-9 ]', ' ', name)} " in text
    }
    longest = max((len(name) for name in found), default=0)
    chosen = {measure.id: measure for name, measure in found.items() if len(name) == longest}
    return next(iter(chosen.values())) if len(chosen) == 1 else None


def category(dimension: str, text: str) -> str | None:
    """Return a group in its one form (``sex: female``), ``all`` for a total, or None where its dimension is unknown."""
    word = folded(without_footnotes(text))
    if word in TOTALS or word == ALL:
        return ALL
    if ": " in word:
        return combined([word])
    if dimension:
        return f"{folded(dimension)}: {word}"
    known = KNOWN_GROUPS.get(word) or ("age" if BAND.fullmatch(word) else "")
    return f"{known}: {word}" if known else None


def combined(parts: list[str]) -> str:
    """Return several groups as one: ``age: 18 to 24; sex: female``; totals fall away."""
    each = [part.strip() for group in parts for part in group.split(";")]
    kept = sorted({part for part in each if part and part != ALL and not part.endswith((": all", ": total"))})
    return "; ".join(kept) or ALL
