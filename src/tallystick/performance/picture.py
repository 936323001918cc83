"""Charts as SVG text: no script, no font from elsewhere, nothing told by colour alone, a title and a description in words.

Drawn by hand rather than by a charting library: a pack has a dozen charts, must be made in seconds, and must print in black and white.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from tallystick.performance.completeness import COMPLETE
from tallystick.performance.intervals import Funnel
from tallystick.performance.lines import Floats, Line
from tallystick.performance.pack import Section

WIDE, HIGH = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 14, 34
INK, SOFT, BLUE, RED, BAND = "#0b0c0c", "#505a5f", "#1d70b8", "#942514", "#d2e2f1"


def ticks(low: float, high: float) -> list[float]:
    """Return four to seven round numbers from below ``low`` to above ``high``."""
    span = max(high - low, 1e-9)
    step = 10 ** np.floor(np.log10(span / 4))
    for times in (1, 2, 5, 10):
        if span / (step * times) <= 6:
            step *= times
            break
    first = np.floor(low / step) * step
    return [float(first + step * at) for at in range(int(np.ceil((high - first) / step)) + 1)]


class Axes:
    """Where a place and a value lie on the paper."""

    def __init__(self, count: int, values: Floats, *, zero: bool) -> None:
        known = values[~np.isnan(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        # a scale that starts at nought unless that would flatten all there is to see
        low = 0.0 if zero and low < 0.7 * high else low
        self.marks = ticks(low, high if high > low else low + 1)
        self.low, self.high, self.count = self.marks[0], self.marks[-1], max(count - 1, 1)

    def x(self, place: float) -> float:
        """Return the place's distance from the left."""
        return round(LEFT + (WIDE - LEFT - RIGHT) * place / self.count, 1)

    def y(self, value: float) -> float:
        """Return the value's distance from the top."""
        return round(HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * (value - self.low) / (self.high - self.low), 1)


def picture(section: Section, words: str, *, name: str) -> str:
    """Return a measure's chart: figures, usual level and range, breaks, changes, and what is expected next.

    ``words`` is its text alternative; ``name`` makes its ids unique on the page.
    """
    line, chart = section.line, section.chart
    ahead = section.forecast
    settled = int(max(np.flatnonzero(~np.isnan(chart.values)), default=-1))
    spare = max(0, settled + len(ahead.expected) - len(line.shown) + 1) if ahead else 0
    every = [line.shown, chart.upper, chart.lower]
    if ahead:
        every.append(np.array([*ahead.low, *ahead.high]))
    axes = Axes(len(line.shown) + spare, np.concatenate(every), zero=True)
    inside = [grid(axes), *stretches(section, axes)]
    for place in line.places:
        x = axes.x(place - 0.5)
        inside.append(
            f'<path d="M{x} {TOP}V{HIGH - BOTTOM}" stroke="{INK}" stroke-dasharray="2 3" fill="none"/>'
        )
        inside.append(text(x + 4, TOP + 10, "definition changed", SOFT))
    inside.append(trace(line, axes))
    inside += [dot(section, axes, at) for at in range(len(line.shown)) if not np.isnan(line.shown[at])]
    if ahead:
        inside.append(expected(section, axes, settled))
    inside += below(line, axes)
    return svg(inside, f"{line.measure.title}: {line.area}", words, name)


def svg(inside: Sequence[str], title: str, words: str, name: str) -> str:
    """Return the whole picture with its title and description."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" aria-labelledby="{name}-t {name}-d" '
        f'font-family="sans-serif" font-size="11"><title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(words)}</desc>'
        + "".join(inside)
        + "</svg>"
    )


def text(x: float, y: float, words: str, colour: str = INK, anchor: str = "start") -> str:
    """Return one piece of text."""
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def grid(axes: Axes) -> str:
    """Return the lines of the scale with their numbers."""
    digits = 0 if all(float(mark).is_integer() for mark in axes.marks) else 2 if axes.high < 0.1 else 1
    made = []
    for mark in axes.marks:
        y = axes.y(mark)
        made.append(f'<path d="M{LEFT} {y}H{WIDE - RIGHT}" stroke="#e3e5e6" fill="none"/>')
        made.append(text(LEFT - 6, y + 4, f"{mark:,.{digits}f}", SOFT, "end"))
    return "".join(made)


def runs(section: Section) -> list[tuple[int, int]]:
    """Return the stretches (first, last) over which the level is one and limits are drawn."""
    starts = {*section.line.places, *(step.at for step in section.chart.steps)}
    made: list[tuple[int, int]] = []
    for at, value in enumerate(section.chart.centre):
        if np.isnan(value):
            continue
        if made and at not in starts and not any(made[-1][1] < start <= at for start in starts):
            made[-1] = (made[-1][0], at)
        else:
            made.append((at, at))
    return made


def stretches(section: Section, axes: Axes) -> list[str]:
    """Return the usual range as a band and the usual level as a dashed line, apart on either side of a change or break."""
    made = []
    chart = section.chart
    for first, last in runs(section):
        places = [at for at in range(first, last + 1) if not np.isnan(chart.centre[at])]
        if len(places) < 2:
            continue
        up = " ".join(f"{axes.x(at)},{axes.y(min(chart.upper[at], axes.high))}" for at in places)
        down = " ".join(f"{axes.x(at)},{axes.y(max(chart.lower[at], axes.low))}" for at in reversed(places))
        level = " ".join(f"{axes.x(at)},{axes.y(chart.centre[at])}" for at in places)
        made.append(f'<polygon points="{up} {down}" fill="{BAND}"/>')
        made.append(f'<polyline points="{level}" fill="none" stroke="{SOFT}" stroke-dasharray="6 4"/>')
    return made


def trace(line: Line, axes: Axes) -> str:
    """Return the figures joined up, apart where one is missing and at a break of definition."""
    made = []
    for at in range(1, len(line.shown)):
        if at not in line.places and not np.isnan(line.shown[at - 1 : at + 1]).any():
            made.append(
                f"M{axes.x(at - 1)} {axes.y(line.shown[at - 1])}L{axes.x(at)} {axes.y(line.shown[at])}"
            )
    return f'<path d="{"".join(made)}" stroke="{BLUE}" stroke-width="2" fill="none"/>'


def dot(section: Section, axes: Axes, at: int) -> str:
    """Return a figure's mark: full; open where it is still growing; a large diamond where it is outside the usual range."""
    x, y = axes.x(at), axes.y(section.line.shown[at])
    grows = section.complete.get(at)
    if section.chart.marks[at]:
        return f'<path d="M{x} {y - 6}l6 6l-6 6l-6 -6z" fill="{RED}"/>'
    if grows is not None and grows.share < COMPLETE:
        return f'<circle cx="{x}" cy="{y}" r="4" fill="#fff" stroke="{BLUE}" stroke-width="2"/>'
    return f'<circle cx="{x}" cy="{y}" r="2.6" fill="{BLUE}"/>'


def expected(section: Section, axes: Axes, settled: int) -> str:
    """Return what is expected after the last settled figure as bars from low to high."""
    assert section.forecast is not None
    made = []
    made_of = section.forecast
    for number, (low, middle, high) in enumerate(
        zip(made_of.low, made_of.expected, made_of.high, strict=True), 1
    ):
        x = axes.x(settled + number)
        made.append(f'<path d="M{x} {axes.y(low)}V{axes.y(high)}" stroke="{SOFT}" stroke-width="3"/>')
        made.append(f'<path d="M{x - 4} {axes.y(middle)}h8" stroke="{INK}" stroke-width="2"/>')
    return "".join(made)


def below(line: Line, axes: Axes) -> list[str]:
    """Return the names of the periods beneath, as many as have room."""
    count = len(line.periods)
    step = max(1, -(-count // 7))
    return [
        text(axes.x(at), HIGH - BOTTOM + 16, label(line, at), SOFT, "middle") for at in range(0, count, step)
    ]


def label(line: Line, at: int) -> str:
    """Return a period's short name."""
    period = line.periods[at]
    return f"{period.start:%b %Y}" if period.frequency == "month" else period.label


def funnel_picture(found: Funnel, words: str, *, own: str, name: str) -> str:
    """Return a funnel: each area's share by its size, with the limits within which chance alone would leave it."""
    order = np.argsort(found.totals)
    values = 100 * np.concatenate([found.proportions, found.outer[0], found.outer[1]])
    axes = Axes(2, values, zero=False)
    low, high = float(found.totals.min()), float(found.totals.max())
    reach = (high - low) or max(high, 1.0)

    def x(total: float) -> float:
        return round(LEFT + 24 + (WIDE - LEFT - RIGHT - 110) * (total - low) / reach, 1)

    inside = [grid(axes)]
    for limits, dash in ((found.inner, "2 3"), (found.outer, "6 4")):
        for side in limits:
            points = " ".join(f"{x(found.totals[at])},{axes.y(100 * side[at])}" for at in order)
            inside.append(
                f'<polyline points="{points}" fill="none" stroke="{SOFT}" stroke-dasharray="{dash}"/>'
            )
    y = axes.y(100 * found.target)
    inside.append(f'<path d="M{LEFT} {y}H{WIDE - RIGHT}" stroke="{INK}" fill="none"/>')
    for at, area in enumerate(found.names):
        here, down = x(found.totals[at]), axes.y(100 * found.proportions[at])
        shape = f'<path d="M{here} {down - 6}l6 6l-6 6l-6 -6z" fill="{RED}"/>' if abs(found.place[at]) == 2 else (
            f'<circle cx="{here}" cy="{down}" r="{6 if area == own else 4}" fill="{BLUE}"/>')  # fmt: skip
        inside.append(shape)
        inside.append(text(here + 8, down + 4, area))
    inside.append(text(LEFT + 24, HIGH - BOTTOM + 16, f"{low:,.0f} people or cases counted", SOFT, "start"))
    inside.append(text(WIDE - RIGHT - 86, HIGH - BOTTOM + 16, f"{high:,.0f}", SOFT, "middle"))
    return svg(inside, "Areas beside each other", words, name)
