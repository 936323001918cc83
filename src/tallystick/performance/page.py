"""The pack as one HTML page: headings in order, each chart with its words, table, definition and caveats, fit for A4.

It needs no script, no font and no file from elsewhere, so that it can be sent as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from tallystick.performance import wording
from tallystick.performance.completeness import COMPLETE
from tallystick.performance.definitions import UNITS, Measure
from tallystick.performance.lines import Line
from tallystick.performance.pack import Compared, Groups, Pack, Section
from tallystick.performance.periods import following
from tallystick.performance.picture import funnel_picture, picture
from tallystick.performance.series import ALL

LAST = 12
LEGEND = (
    "Line: the figures. Band: the usual range. Dashed: the usual level. Diamond: outside the usual range. Open circle: still growing. "
    "Bars at the end: what is expected if nothing changes (four of five will lie within)."
)
PLACES = {
    0: "within what chance gives", 1: "above what chance usually gives", -1: "below what chance usually gives",
    2: "above what chance gives once in 500", -2: "below what chance gives once in 500",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What the agreement says of the pack: it goes on every copy."""

    caveat: str = "Management information, not fully validated: it may differ from published statistics."
    classification: str = "OFFICIAL"
    minimum: int = 10
    early: str = ""
    not_asked: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    footer: str = ""


def page(made: Pack, told: Told, parts: dict[tuple[str, str, str], Line]) -> str:
    """Return the pack as HTML. ``parts`` are all its lines, of which districts and groups are shown in tables."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("tallystick.performance").joinpath("templates/pack.html").read_text(encoding="utf-8")
    )
    latest = max((each.line.periods[each.line.latest] for each in made.sections), default=None)
    titles = {measure.id: measure.title for measure in made.said.measures}
    return template.render(
        board=made.said.board, on=made.on, day=in_full(made.on), n_measures=len(made.sections), latest=latest.words if latest else "",
        status=status(made), caveat=told.caveat, classification=told.classification, early=told.early, minimum=told.minimum,
        headlines=[
            {"words": wording.headline(each), "sure": wording.sure(each.step, each.section.measure), "id": each.section.measure.id,
             "title": each.section.measure.title} for each in made.headlines
        ],
        singles=singles(made), missing=missing(made), path=path(made),
        path_warnings=[each.message for each in made.warnings if each.rule in ("definitions.unit", "definitions.rule")],
        same_words=[f"{each.where}: {each.message} {each.remedy}" for each in made.warnings if each.rule == "definitions.word"],
        withheld=[{"title": titles.get(measure, measure), "until": in_full(until)} for measure, until in made.withheld],
        sections=[section_view(each, parts) for each in made.sections],
        hidden=sum(each.hidden for each in made.sections), stopped=told.stopped,
        units=[(unit, UNITS[unit]) for unit in sorted({measure.counts for measure in made.said.measures})],
        not_asked=told.not_asked, footer=told.footer,
    )  # fmt: skip


def in_full(day: date) -> str:
    """Return a day as a reader writes it."""
    return f"{day.day} {day:%B %Y}"


def status(made: Pack) -> str:
    """Return how far the figures are checked."""
    states = {measure.validation for measure in made.said.measures}
    if states == {"validated"}:
        return "Validated figures."
    return (
        "Management information."
        if states == {"management information"}
        else "Partly management information, partly validated."
    )


def singles(made: Pack) -> list[str]:
    """Return the single figures outside their usual range in the last twelve periods."""
    found = []
    for each in made.sections:
        line = each.line
        for at in each.signals:
            if at >= len(line.periods) - LAST:
                found.append(
                    f"{each.measure.title}, {line.periods[at].words}: {wording.figure(float(line.shown[at]), each.measure)} "
                    f"({usual(each, at)} is usual)"
                    if abs(each.chart.marks[at]) == 1
                    else f"{each.measure.title}, {line.periods[at].words}: the ninth or later figure in a row on one side of the usual level"
                )
    return found


def usual(each: Section, at: int) -> str:
    """Return the usual range at a place."""
    low, high = float(each.chart.lower[at]), float(each.chart.upper[at])
    if np.isnan(low):
        return "–"
    digits = 1 if each.measure.kind in ("proportion", "rate") else 0
    return f"{low:,.{digits}f} to {high:,.{digits}f}"


def missing(made: Pack) -> list[dict[str, str]]:
    """Return the rows of the table of what is missing."""
    return [
        {"agency": each.agency, "measure": each.measure, "what": each.what, "why": each.why,
         "due": in_full(each.due) if each.due else "–"}
        for each in made.owed
    ]  # fmt: skip


def path(made: Pack) -> list[dict[str, str]]:
    """Return the rows of the path."""
    rows = []
    for each in made.path:
        interval = (
            f"95% interval {each.low:.1f}% to {each.high:.1f}%."
            if each.low is not None and each.high is not None
            else ""
        )
        rows.append({
            "title": each.measure.title, "unit": each.measure.counts, "span": each.span,
            "now": wording.figure(each.now, each.measure), "before": wording.figure(each.before, each.measure),
            "note": " ".join(part for part in (interval, each.why_not) if part),
        })  # fmt: skip
    return rows


def section_view(each: Section, parts: dict[tuple[str, str, str], Line]) -> dict[str, Any]:
    """Return what the template prints of a measure."""
    line, measure = each.line, each.measure
    words = wording.says(each)
    return {
        "id": measure.id, "title": measure.title, "measure": measure, "words": words,
        "chart": picture(each, words, name=measure.id), "legend": LEGEND, "unit": f"Each {measure.counts}: {UNITS[measure.counts]}",
        "of": of_what(measure), "validation": measure.validation.capitalize(), "caveats": measure.caveats,
        "breaks": [f"{line.periods[at].words}: {one.what}" for at, one in line.breaks],
        "growing": growing(each), "ahead": ahead(each), "has_of": measure.kind in ("proportion", "rate"),
        "rows": rows(each), "compared": compared_view(each) if each.compared else None,
        "groups": [group_view(group) for group in each.by_group], "parts": part_tables(each, parts),
    }  # fmt: skip


def of_what(measure: Measure) -> str:
    """Return of what a figure is a share or rate."""
    if measure.kind == "rate":
        return f"per {measure.per:,} {measure.denominator}"
    return (
        f"as a percentage of {measure.denominator}"
        if measure.kind == "proportion"
        else f"with {measure.denominator} beneath it"
    )


def rows(each: Section) -> list[dict[str, str]]:
    """Return the rows of a measure's table, the latest first."""
    line = each.line
    return [
        {
            "period": line.periods[at].words, "shown": shown(line, at), "count": number(line.counts[at]), "of": number(line.beneath[at]),
            "usual": usual(each, at), "state": wording.state(each, at),
        }
        for at in range(len(line.periods) - 1, -1, -1)
    ]  # fmt: skip


def shown(line: Line, at: int) -> str:
    """Return a figure as printed, or the shorthand that stands for it."""
    if np.isnan(line.shown[at]):
        held = [mark for mark in line.marks[at].split() if mark in ("c", "x", "z")]
        return f"[{held[0]}]" if held else "–"
    return wording.figure(float(line.shown[at]), line.measure)


def number(value: float) -> str:
    """Return a count as printed."""
    return "–" if np.isnan(value) else f"{value:,.0f}"


def growing(each: Section) -> str:
    """Return which figures are likely to grow, and to what."""
    said = [
        f"{each.line.periods[at].words} about {grown.share:.0%} complete (expected in the end {grown.expected:,.0f}; nine of ten times "
        f"{grown.low:,.0f} to {grown.high:,.0f})"
        for at, grown in sorted(each.complete.items())
        if grown.share < COMPLETE
    ]
    return "; ".join(said) + ". Swift figures: for early warning, not for comparison." if said else ""


def ahead(each: Section) -> str:
    """Return what is expected next."""
    if each.forecast is None:
        return ""
    last = max(np.flatnonzero(~np.isnan(each.chart.values)), default=-1)
    said = []
    for number_of, (low, middle, high) in enumerate(
        zip(each.forecast.low, each.forecast.expected, each.forecast.high, strict=True), 1
    ):
        period = following(each.line.periods[int(last)], number_of)
        said.append(
            f"{period.words} {wording.figure(middle, each.measure)} ({wording.figure(low, each.measure)} to {wording.figure(high, each.measure)})"
        )
    return "; ".join(said) + ". Four of five such figures lie within their interval."


def compared_view(each: Section) -> dict[str, Any]:
    """Return what the template prints of areas beside each other."""
    found = each.compared
    assert found is not None
    words = compared_words(each, found)
    order = sorted(range(len(found.funnel.names)), key=lambda at: found.funnel.names[at])
    return {
        "heading": "Beside similar areas" if found.kind != "district" else "The districts beside each other",
        "words": words, "span": found.span,
        "chart": funnel_picture(found.funnel, words, own=each.line.area, name=f"{each.measure.id}-areas"),
        "legend": "Each dot is an area, the larger areas to the right. Line: all of them together. Within the dotted lines 95 in 100 areas "
        "would lie by chance alone, within the dashed ones 998 in 1,000.",
        "rows": [
            {"area": found.funnel.names[at], "of": f"{found.funnel.totals[at]:,.0f}", "share": f"{100 * found.funnel.proportions[at]:.1f}%",
             "place": PLACES[found.funnel.place[at]]}
            for at in order
        ],
    }  # fmt: skip


def compared_words(each: Section, found: Compared) -> str:
    """Return what the funnel says."""
    beyond = [
        name for name, place in zip(found.funnel.names, found.funnel.place, strict=True) if abs(place) == 2
    ]
    told = (
        f"Over {found.span}, all {len(found.funnel.names)} areas together: {100 * found.funnel.target:.1f}%."
    )
    if found.country:
        told += f" {found.country[0]}: {100 * found.country[1]:.1f}%."
    if found.funnel.spread > 1:
        told += " The areas differ by more than chance, and the limits are widened for it."
    return told + (
        f" Beyond what chance gives: {', '.join(beyond)}."
        if beyond
        else " No area lies beyond what chance gives."
    )


def group_view(group: Groups) -> dict[str, Any]:
    """Return what the template prints of a disparity."""
    return {
        "dimension": group.dimension, "span": group.span, "left_out": group.left_out,
        "rows": [
            {"group": each.group, "share": f"{100 * each.rate:.1f}%", "ratio": f"{each.ratio:.2f}", "interval": f"{each.low:.2f} to {each.high:.2f}",
             "says": "differs by more than chance" if each.differs else "no difference beyond chance"}
            for each in group.ratios
        ],
    }  # fmt: skip


def part_tables(each: Section, parts: dict[tuple[str, str, str], Line]) -> list[dict[str, Any]]:
    """Return the tables of a measure's districts and of its groups over the last twelve periods."""
    line = each.line
    of = {key: part for key, part in parts.items() if key[0] == each.measure.id}
    areas = [part for (_, area, category), part in of.items() if category == ALL and area != line.area]
    groups = [part for (_, area, category), part in of.items() if category != ALL and area == line.area]
    both = [part for (_, area, category), part in of.items() if category != ALL and area != line.area]
    made = []
    for name, listed in (("by area", areas), ("by group", groups), ("by area and group", both)):
        if listed:
            made.append(part_table(line, name, listed))
    return made


def part_table(line: Line, name: str, listed: Sequence[Line]) -> dict[str, Any]:
    """Return one table of several lines over the last twelve periods of the board's own."""
    wanted = line.periods[-LAST:]
    body = []
    for part in sorted(listed, key=lambda one: (one.area, one.category)):
        place = {period: at for at, period in enumerate(part.periods)}
        words = {"by area": part.area, "by group": part.category}.get(name, f"{part.area}, {part.category}")
        cells = [shown(part, place[period]) if period in place else "–" for period in wanted]
        body.append({"name": words, "cells": cells})
    return {
        "name": name,
        "heads": [
            f"{period.start:%b %y}" if period.frequency == "month" else period.label for period in wanted
        ],
        "rows": body,
    }
