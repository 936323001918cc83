"""What a figure and a chart say, in plain words: headlines, text alternatives, the state of a figure."""

from __future__ import annotations

import numpy as np

from tallystick.performance.completeness import COMPLETE
from tallystick.performance.control import Step
from tallystick.performance.definitions import Measure
from tallystick.performance.lines import Line
from tallystick.performance.pack import Headline, Section
from tallystick.performance.values import MEANING

EVERY = {
    "month": "a month", "week": "a week", "quarter": "a quarter", "year": "a year", "financial-year": "a year",
    "year-ending": "a year",
}  # fmt: skip


def figure(value: float | None, measure: Measure) -> str:
    """Return a figure as it is printed: whole counts, percentages and days to one decimal.

    >>> from tallystick.performance.definitions import Measure
    >>> common = dict(id="a", title="A", agency="B", dataset="c", definition="d", counting_rule="e", source="f")
    >>> figure(1234.0, Measure(counts="case", **common)), figure(12.34, Measure(counts="case", kind="proportion", denominator="x", **common))
    ('1,234', '12.3%')
    """
    if value is None or np.isnan(value):
        return "–"
    if measure.kind == "proportion":
        return f"{value:.1f}%"
    if measure.kind == "rate":
        return f"{value:,.1f} per {measure.per:,}"
    if measure.kind == "days":
        return f"{value:,.0f} days"
    return f"{value:,.0f}"


def points(difference: float, measure: Measure, before: float) -> str:
    """Return how far a figure moved: by how much in a hundred, or for a share by how many percentage points."""
    if measure.kind == "proportion":
        return f"{abs(difference):.1f} percentage points"
    return f"{abs(difference) / before:.0%}" if before > 0 else figure(abs(difference), measure)


def moved(step: Step, line: Line) -> str:
    """Return what a lasting change was, as one sentence."""
    measure = line.measure
    up = step.after > step.before
    way = {"lower": ("got worse", "got better"), "higher": ("got better", "got worse")}.get(measure.better)
    judged = f" ({way[0] if up else way[1]})" if way else ""
    often = "" if measure.kind in ("proportion", "days", "rate") else f" {EVERY[line.periods[0].frequency]}"
    return (
        f"{measure.title} {'rose' if up else 'fell'} by {points(step.after - step.before, measure, step.before)}{judged} from "
        f"{line.periods[step.at].words} on: from about {figure(step.before, measure)} to about {figure(step.after, measure)}{often}, "
        "and it has stayed there."
    )


def headline(each: Headline) -> str:
    """Return a headline's sentence."""
    return moved(each.step, each.section.line)


def sure(step: Step, measure: Measure) -> str:
    """Return how sure a change is: its interval, and how often chance alone would give one as clear."""
    low, high = sorted((abs(step.low), abs(step.high)))
    if step.low * step.high < 0:
        low = 0.0
    unit = " percentage points" if measure.kind == "proportion" else " days" if measure.kind == "days" else ""
    digits = 1 if measure.kind in ("proportion", "rate") else 0
    rare = max(1000, 10 ** int(-np.log10(max(step.p, 1e-6)))) if step.p < 0.001 else round(1 / step.p)
    return (
        f"The change is between {low:,.{digits}f} and {high:,.{digits}f}{unit} (95% interval). Had nothing changed in any measure, a "
        f"change as clear as this would be found in fewer than one pack in {rare:,}."
    )


def says(section: Section) -> str:
    """Return a chart's text alternative: what it shows, not what it looks like."""
    line, chart = section.line, section.chart
    at = line.latest
    first, last = line.periods[0].words, line.periods[-1].words
    parts = [f"{line.measure.title}, {line.area}, {first} to {last}."]
    if chart.steps:
        parts += [moved(step, line) for step in chart.steps]
    elif not np.isnan(chart.centre).all():
        known = chart.centre[~np.isnan(chart.centre)]
        parts.append(
            f"No lasting change was found; the usual level is about {figure(float(known[-1]), line.measure)}."
        )
    else:
        parts.append("There are too few figures of one definition to say what is usual.")
    parts += [
        f"The definition changed in {line.periods[place].words}: the sides are not compared."
        for place in line.places
    ]
    parts.append(
        f"The last figure shown is {figure(float(line.shown[at]), line.measure)} for {line.periods[at].words}{standing(section, at)}."
    )
    if section.signals:
        parts.append(f"Outside the usual range: {', '.join(line.periods[s].words for s in section.signals)}.")
    if np.isnan(line.shown).any():
        parts.append(f"{int(np.isnan(line.shown).sum())} period(s) have no figure that may be shown.")
    return " ".join(parts)


def standing(section: Section, at: int) -> str:
    """Return where a figure stands: incomplete, outside or within its usual range."""
    grows = section.complete.get(at)
    if grows is not None and grows.share < COMPLETE:
        return f", about {grows.share:.0%} complete and still growing"
    if np.isnan(section.chart.upper[at]):
        return ""
    mark = section.chart.marks[at]
    return (
        ", within its usual range"
        if mark == 0
        else ", outside its usual range"
        if abs(mark) == 1
        else ", one of a long run on one side"
    )


def state(section: Section, at: int) -> str:
    """Return what a reader must know of one figure: its marks in words, and how complete it is."""
    said = [MEANING.get(mark, mark) for mark in section.line.marks[at].split()]
    if section.line.published[at] is None:
        said = ["not received"]
    if at in section.line.places:
        said.append("another definition from here on")
    grows = section.complete.get(at)
    if grows is not None and grows.share < COMPLETE:
        said.append(
            f"about {grows.share:.0%} complete; expected in the end {grows.expected:,.0f} ({grows.low:,.0f} to {grows.high:,.0f})"
        )
    mark = section.chart.marks[at]
    if mark:
        said.append("outside the usual range" if abs(mark) == 1 else "ninth or later in a row on one side")
    if any(step.at == at for step in section.chart.steps):
        said.append("a lasting change begins")
    return "; ".join(said)
