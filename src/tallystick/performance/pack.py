"""What a board's pack says: real changes first, then each measure with its limits, what is missing, and what the words mean.

Made from figures that are already fit to be shown (``share.pack`` hides small ones first), so that nothing here can be worked back
to a hidden figure: charts, steps, funnels, forecasts and totals are computed from what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.errors import Finding, Refused
from tallystick.performance.completeness import COMPLETE, Complete, completeness
from tallystick.performance.control import Chart, Step, chart
from tallystick.performance.definitions import Measure, Measures, differing, same_word
from tallystick.performance.forecast import Forecast, forecast
from tallystick.performance.intervals import Funnel, Ratio, disparity, funnel, wilson
from tallystick.performance.lines import Floats, Line, joined, lines, of_board
from tallystick.performance.owed import Owed, owed
from tallystick.performance.series import ALL, as_known

RECENT = 12
FEWEST_AREAS = 5
FEWEST_FOR_COMPARISON = 3


@dataclass(frozen=True)
class Section:
    """One measure as the pack shows it.

    ``complete`` has for a place how complete its figure is likely to be; ``signals`` the places of single figures outside the usual
    range; ``by_area`` and ``by_group`` what the last twelve complete periods of one definition show.
    """

    line: Line
    chart: Chart
    complete: Mapping[int, Complete]
    forecast: Forecast | None
    signals: tuple[int, ...]
    compared: Compared | None
    by_group: tuple[Groups, ...]
    hidden: int

    @property
    def measure(self) -> Measure:
        """The measure."""
        return self.line.measure


@dataclass(frozen=True)
class Compared:
    """Areas of one kind beside each other over the same periods: a funnel, never a table in order of merit."""

    kind: str
    span: str
    funnel: Funnel
    country: tuple[str, float] | None


@dataclass(frozen=True)
class Groups:
    """Each group's share beside everybody else's over the same periods, with intervals."""

    dimension: str
    span: str
    ratios: tuple[Ratio, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Headline:
    """One lasting change."""

    section: Section
    step: Step


@dataclass(frozen=True)
class Year:
    """A measure on the path over the last twelve periods and the twelve before, or why these are not put side by side."""

    measure: Measure
    span: str
    now: float | None
    before: float | None
    low: float | None
    high: float | None
    why_not: str


@dataclass(frozen=True)
class Pack:
    """The whole pack, as of a day."""

    said: Measures
    on: date
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    path: tuple[Year, ...]
    owed: tuple[Owed, ...]
    warnings: tuple[Finding, ...]
    withheld: tuple[tuple[str, date], ...]


def pack(figures: pa.Table, said: Measures, on: date, *, withheld: pa.Table | None = None) -> Pack:
    """Return the pack of these figures (every publication, ``series.SCHEMA``, small ones hidden already) as known on a day.

    ``withheld`` are figures under embargo: what is named of them is their measure and the day on which it ends.
    """
    found = lines(as_known(figures, on), said)
    own = [line for measure in said.measures if (line := of_board(found, measure, said)) is not None]
    shown = [line for line in own if line.latest >= 0]
    history = publications(figures, said, on)
    sections = tuple(section(line, found, said, history, series=len(shown)) for line in shown)
    headlines = [Headline(each, step) for each in sections for step in each.chart.steps]
    headlines.sort(key=lambda each: each.section.line.periods[each.step.at].start, reverse=True)
    return Pack(
        said, on, tuple(headlines), sections,
        tuple(year(each) for each in sorted(sections, key=lambda each: each.measure.stage) if each.measure.stage),
        owed(said, found, on), (*same_word(said.measures), *path_warnings(said)), embargoed(withheld),
    )  # fmt: skip


def path_warnings(said: Measures) -> tuple[Finding, ...]:
    """Return warnings that the stages of the path do not count the same thing."""
    on_path = [measure for measure in said.measures if measure.stage]
    return differing(on_path) if len(on_path) > 1 else ()


def embargoed(withheld: pa.Table | None) -> tuple[tuple[str, date], ...]:
    """Return each measure of which figures are withheld, and the last day on which one is."""
    ends: dict[str, date] = {}
    for row in withheld.to_pylist() if withheld is not None else ():
        ends[row["measure"]] = max(ends.get(row["measure"], row["embargo"]), row["embargo"])
    return tuple(sorted(ends.items()))


def publications(figures: pa.Table, said: Measures, on: date) -> dict[str, list[dict[str, Any]]]:
    """Return every publication of the board's own figures, by measure."""
    made: dict[str, list[dict[str, Any]]] = {}
    for row in figures.to_pylist():
        if row["area"] == said.board.area and row["category"] == ALL and row["published"] <= on:
            made.setdefault(row["measure"], []).append(row)
    return made


def section(
    line: Line,
    found: Mapping[tuple[str, str, str], Line],
    said: Measures,
    history: Mapping[str, list[dict[str, Any]]],
    *,
    series: int,
) -> Section:
    """Return one measure's section. Figures that are likely to grow are not tested for change."""
    complete = completeness_of(line, history.get(line.measure.id, []))
    settled = line.shown.copy()
    for at, each in complete.items():
        if each.share < COMPLETE:
            settled[at] = np.nan
    made = chart(
        settled, kind=line.measure.kind, breaks=line.places, a_year=line.a_year, series=max(series, 1)
    )
    here = Section(line, made, complete, None, (), None, (), hidden(found, line.measure.id))
    known = np.flatnonzero(~np.isnan(settled))
    trimmed = made
    if len(known) and known[-1] < len(settled) - 1:
        last = int(known[-1]) + 1
        trimmed = chart(
            settled[:last], kind=line.measure.kind, breaks=line.places, a_year=line.a_year, series=max(series, 1)
        )  # fmt: skip
    return Section(
        here.line, made, complete, forecast(trimmed, a_year=line.a_year) if len(known) else None,
        tuple(at for at, mark in enumerate(made.marks) if mark), by_area(here, found, said), by_group(here, found, said),
        here.hidden,
    )  # fmt: skip


def hidden(found: Mapping[tuple[str, str, str], Line], measure: str) -> int:
    """Return how many of a measure's figures are hidden because they are small, or would give a small one away."""
    return sum("c" in mark.split() for key, line in found.items() if key[0] == measure for mark in line.marks)


def completeness_of(line: Line, rows: list[dict[str, Any]]) -> dict[int, Complete]:
    """Return how complete each place's count is, where the history of its revisions says."""
    if line.measure.kind != "count":
        return {}
    ends = {period.end: at for at, period in enumerate(line.periods)}
    return {ends[day]: each for day, each in completeness(rows).items() if day in ends}


def recent(line: Line, complete: Mapping[int, Complete]) -> range | None:
    """Return the last twelve (four, one) complete places of one definition, or None where there are not so many."""
    known = [
        at
        for at in range(len(line.shown))
        if not np.isnan(line.shown[at]) and (at not in complete or complete[at].is_complete)
    ]
    size = max(line.a_year, 1) if line.a_year < 12 else RECENT
    if not known or known[-1] - size + 1 < 0:
        return None
    try:
        return joined(line, known[-1] - size + 1, known[-1])
    except Refused:
        return None


def summed(line: Line, at: range) -> tuple[float, float]:
    """Return the counts and what they are of over these places; NaN where one of them is hidden or missing."""
    return float(line.counts[at.start : at.stop].sum()), float(line.beneath[at.start : at.stop].sum())


def in_words(line: Line, at: range) -> str:
    """Return a span of places in words."""
    first, last = line.periods[at.start], line.periods[at.stop - 1]
    return first.words if first == last else f"{first.words} to {last.words}"


def by_area(here: Section, found: Mapping[tuple[str, str, str], Line], said: Measures) -> Compared | None:
    """Return the board beside areas of its own kind, else its districts beside each other; None for what has no proportion."""
    measure, line = here.measure, here.line
    at = recent(line, here.complete)
    if measure.kind != "proportion" or at is None:
        return None
    kinds = {area.name: area.kind for area in said.areas}
    for kind, fewest in ((kinds.get(said.board.area, ""), FEWEST_AREAS), ("district", FEWEST_FOR_COMPARISON)):
        names, counts, totals = [], [], []
        for name, of_kind in kinds.items():
            other = found.get((measure.id, name, ALL))
            if of_kind and of_kind == kind and other is not None:
                count, total = over(other, line, at)
                if count == count and total > 0:
                    names.append(name)
                    counts.append(count)
                    totals.append(total)
        if len(names) >= fewest:
            country = found.get((measure.id, said.board.country, ALL))
            whole = over(country, line, at) if country else (np.nan, np.nan)
            return Compared(
                kind, in_words(line, at), funnel(tuple(names), np.array(counts), np.array(totals)),
                (said.board.country, whole[0] / whole[1]) if whole[1] > 0 and whole[0] == whole[0] else None,
            )  # fmt: skip
    return None


def over(other: Line, line: Line, at: range) -> tuple[float, float]:
    """Return another line's sums over the same periods, NaN where it does not have them all."""
    wanted = {line.periods[place] for place in at}
    places = [place for place, period in enumerate(other.periods) if period in wanted]
    if len(places) != len(wanted):
        return np.nan, np.nan
    return summed(other, range(places[0], places[-1] + 1))


def by_group(here: Section, found: Mapping[tuple[str, str, str], Line], said: Measures) -> tuple[Groups, ...]:
    """Return the disparity between the groups of each dimension, where all of a group's figures may be shown."""
    measure, line = here.measure, here.line
    at = recent(line, here.complete)
    if measure.kind != "proportion" or at is None:
        return ()
    dimensions: dict[str, dict[str, tuple[Floats, Floats]]] = {}
    for (of, area, category), other in found.items():
        if of == measure.id and area == said.board.area and category != ALL and ";" not in category:
            dimension, group = category.split(": ", 1)
            dimensions.setdefault(dimension, {})[group] = values_over(other, line, at)
    made = []
    for dimension, groups in dimensions.items():
        whole = ~np.isnan(np.array(list(groups.values()))).any(axis=(0, 1))
        enough = len(groups) > 1 and whole.sum() >= max(1, len(at) // 4)
        sums = {
            name: (float(count[whole].sum()), float(of[whole].sum())) for name, (count, of) in groups.items()
        }
        ratios = disparity(sums) if enough else ()
        span = in_words(line, at) + (
            f" ({whole.sum()} of {len(at)} periods, in which every group may be shown)"
            if not whole.all()
            else ""
        )
        left = tuple(name for name in groups if name not in {each.group for each in ratios})
        made.append(Groups(dimension, span, ratios, left))
    return tuple(made)


def values_over(other: Line, line: Line, at: range) -> tuple[Floats, Floats]:
    """Return another line's counts, and what they are of, at these places of a line; NaN where it has none."""
    place = {period: number for number, period in enumerate(other.periods)}
    wanted = [place.get(line.periods[number], -1) for number in at]
    none = np.array([number < 0 for number in wanted])
    return np.where(none, np.nan, other.counts[wanted]), np.where(none, np.nan, other.beneath[wanted])


def year(here: Section) -> Year:
    """Return a measure's last twelve periods beside the twelve before. Never across a break of definition."""
    line, measure = here.line, here.measure
    at = recent(line, here.complete)
    if at is None:
        why = "a definition changed within the last year" if line.breaks else "too few complete months"
        return Year(measure, "", None, None, None, None, f"No figure for a year: {why}.")
    now, low, high = total(line, at)
    size = at.stop - at.start
    if at.start - size < 0:
        return Year(
            measure, in_words(line, at), now, None, low, high, "There is no year before to compare with."
        )
    try:
        joined(line, at.start - size, at.stop - 1)
    except Refused as refused:
        return Year(
            measure,
            in_words(line, at),
            now,
            None,
            low,
            high,
            f"Not compared with the year before. {refused.findings[0].message}",
        )
    before, _, _ = total(line, range(at.start - size, at.start))
    return Year(measure, in_words(line, at), now, before, low, high, "" if before is not None else "The year before is incomplete.")  # fmt: skip


def total(line: Line, at: range) -> tuple[float | None, float | None, float | None]:
    """Return a span's figure: the sum of counts; the share of sums with its interval; or the mean of days, weighted by cases."""
    count, beneath = summed(line, at)
    kind = line.measure.kind
    if kind == "count":
        return (count if count == count else None), None, None
    if kind == "days":
        values, weights = line.counts[at.start : at.stop], line.beneath[at.start : at.stop]
        if np.isnan(values).any():
            return None, None, None
        usable = not np.isnan(weights).any() and weights.sum() > 0
        return float(np.average(values, weights=weights if usable else None)), None, None
    if count != count or not beneath > 0:
        return None, None, None
    if kind == "rate":
        return count / beneath * line.measure.per, None, None
    low, high = wilson(count, beneath)
    return 100 * count / beneath, 100 * low, 100 * high


def shown_of(values: Floats) -> Floats:
    """Return the values that are there."""
    return values[~np.isnan(values)]
