"""One measure of one area and group in order of time: what a chart, a table and a comparison are made of.

Figures that are hidden or not there are gaps (NaN), also in what is computed from them: nothing is worked out from a hidden figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.errors import Finding, Refused
from tallystick.performance import periods
from tallystick.performance.definitions import Break, Measure, Measures
from tallystick.performance.periods import PER_YEAR, Period
from tallystick.performance.series import ALL

Floats = np.ndarray[Any, np.dtype[np.float64]]
SHOWN_FOR: dict[str, str] = {"proportion": "per cent", "rate": "rate", "days": "days", "count": "number"}


@dataclass(frozen=True)
class Line:
    """A measure's figures for one area and group, without a gap in its periods.

    ``shown`` is what is drawn: the count; the percentage; the rate; or the days. ``counts`` and ``beneath`` are the count and what
    it is of (NaN where there is none). ``breaks`` are places from which another definition holds, each with what changed.
    """

    measure: Measure
    area: str
    category: str
    periods: tuple[Period, ...]
    shown: Floats
    counts: Floats
    beneath: Floats
    marks: tuple[str, ...]
    published: tuple[date | None, ...]
    breaks: tuple[tuple[int, Break], ...]

    @property
    def a_year(self) -> int:
        """How many of its periods make a year."""
        return PER_YEAR[self.periods[0].frequency]

    @property
    def places(self) -> tuple[int, ...]:
        """The places of its breaks."""
        return tuple(at for at, _ in self.breaks)

    @property
    def latest(self) -> int:
        """The place of the last figure that is shown; -1 where none is."""
        known = np.flatnonzero(~np.isnan(self.shown))
        return int(known[-1]) if len(known) else -1


def lines(table: pa.Table, said: Measures) -> dict[tuple[str, str, str], Line]:
    """Return the lines of a table of one row a figure (``series.as_known``), by measure, area and group."""
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        rows.setdefault((row["measure"], row["area"], row["category"]), []).append(row)
    known = {measure.id: measure for measure in said.measures}
    return {key: line(known[key[0]], *key[1:], found) for key, found in rows.items() if key[0] in known}


def line(measure: Measure, area: str, category: str, rows: Iterable[dict[str, Any]]) -> Line:
    """Return the line of these rows; where a file has periods of two kinds, the finer ones."""
    listed = list(rows)
    finest = max((row["frequency"] for row in listed), key=lambda name: PER_YEAR[name])
    held: dict[int, dict[str, Any]] = {}
    spans: dict[int, Period] = {}
    for row in listed:
        if row["frequency"] == finest:
            span = Period(row["starts"], row["ends"], finest)
            held[span.index], spans[span.index] = row, span
    first, last = min(held), max(held)
    whole = tuple(
        spans.get(at) or periods.following(spans[first], at - first) for at in range(first, last + 1)
    )
    counts, beneath = np.full(len(whole), np.nan), np.full(len(whole), np.nan)
    for at, row in held.items():
        for array, name in ((counts, "value"), (beneath, "denominator")):
            if row[name] is not None:
                array[at - first] = row[name]
    marks = tuple(held[at]["mark"] if at in held else "x" for at in range(first, last + 1))
    published = tuple(held[at]["published"] if at in held else None for at in range(first, last + 1))
    return Line(
        measure, area, category, whole, as_shown(measure, counts, beneath), counts, beneath, marks, published,
        tuple(break_places(measure, whole)),
    )  # fmt: skip


def as_shown(measure: Measure, counts: Floats, beneath: Floats) -> Floats:
    """Return the figures as they are drawn: percentages of a proportion, rates per so many, else as they are."""
    if measure.kind not in ("proportion", "rate"):
        return counts.copy()
    per = 100.0 if measure.kind == "proportion" else float(measure.per)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(beneath > 0, counts / beneath * per, np.nan)


def break_places(measure: Measure, whole: Sequence[Period]) -> list[tuple[int, Break]]:
    """Return where each break of definition falls among these periods: the first that ends on or after its day."""
    found = []
    for one in sorted(measure.breaks, key=lambda each: each.start):
        after = [at for at, period in enumerate(whole) if period.end >= one.start]
        if after and after[0] > 0:
            found.append((after[0], one))
    return found


def joined(made: Line, first: int, last: int) -> range:
    """Return the places from one to another, to be summed, averaged or compared. Raises Refused across a break of definition."""
    crossed = [(at, one) for at, one in made.breaks if first < at <= last]
    if crossed:
        at, one = crossed[0]
        raise Refused(
            [
                Finding(
                    "definitions.break",
                    f"The definition changed in {made.periods[at].words}: {one.what}",
                    "Compare months on one side of it, or ask the agency for figures recounted under one rule.",
                    f"{made.measure.title}, {made.periods[first].label} to {made.periods[last].label}",
                    "291",
                    "guidance §6",
                )
            ],
            "These figures are not joined.",
        )
    return range(first, last + 1)


def of_board(found: dict[tuple[str, str, str], Line], measure: Measure, said: Measures) -> Line | None:
    """Return a measure's line for the board's own area and everybody, or None where nobody sent it."""
    return found.get((measure.id, said.board.area, ALL))
