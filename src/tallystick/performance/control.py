"""Process control: whether a series has really changed, or only varies as it always does.

XmR charts (Wheeler 2000; NIST/SEMATECH e-Handbook 6.3.2.2): limits at the mean and 2.66 mean moving ranges. Two rules are used, chosen
so that fewer than one point in a hundred of a series without change is marked: a point beyond the limits, and the
ninth point in a row on one side (Nelson 1984, test 2). Where the series has a season, or neighbouring points go together,
limits are computed on what remains and widened (see ``Chart``). A step is sought apart from the chart: the level before
and after each month is compared, with the price of having looked at all of them and at all series (Bonferroni).
Across a break of definition nothing is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from scipy import stats

Floats = np.ndarray[Any, np.dtype[np.float64]]
Scale = Literal["plain", "root", "log"]
D2 = 1.128
"""The mean range of two normal values in standard deviations."""
FEWEST = 12
"""Points below which no limits are drawn."""
FEWEST_SEASON = 24
SHORTEST_STEP = 4
RUN = 9
SMALL_MEAN = 30
MOST_STEPS = 4
LOOKS = 2.6
"""Neighbouring months are not separate looks: m candidates count as 2.6 times the root of m, which fits the exact law of the largest
t among them within a tenth to a fifth (measured for 24 to 120 points; docs/performance-data.md)."""


@dataclass(frozen=True)
class Limits:
    """The centre and natural limits of an XmR chart, the standard deviation they rest on, and the upper limit of the ranges."""

    centre: float
    lower: float
    upper: float
    sigma: float
    range_limit: float


def xmr(values: Sequence[float] | Floats) -> Limits:
    """Return the natural process limits of single values in order of time.

    >>> limits = xmr([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])  # NIST/SEMATECH 6.3.2.2
    >>> round(limits.centre, 2), round(limits.upper, 4), round(limits.lower, 4)
    (50.81, 55.8041, 45.8159)
    """
    array = np.asarray(values, dtype=float)
    moving = float(np.mean(np.abs(np.diff(array))))
    centre, sigma = float(array.mean()), moving / D2
    return Limits(centre, centre - 3 * sigma, centre + 3 * sigma, sigma, 3.267 * moving)


@dataclass(frozen=True)
class Step:
    """A lasting change of level: the place from which it holds, the levels before and after, and the interval of the difference.

    ``p`` is the chance of as clear a step anywhere in any of the series looked at, had nothing changed.
    """

    at: int
    before: float
    after: float
    low: float
    high: float
    p: float

    @property
    def change(self) -> float:
        """The difference as a share of the level before (0.2 is a fifth more)."""
        return (self.after - self.before) / self.before if self.before else np.inf


@dataclass(frozen=True)
class Chart:
    """A series with its limits, point by point (NaN where there are none), what is marked, and the steps found.

    ``marks``: 0 usual, 1 or -1 beyond a limit, 2 or -2 the ninth or later point in a row on one side. ``season`` is what the
    time of the year adds (0 where no season was found), ``together`` how far neighbouring points go together (lag-1
    autocorrelation, 0 where not), by which the limits were widened. ``starts`` are the places after breaks.
    """

    values: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    marks: tuple[int, ...]
    steps: tuple[Step, ...]
    starts: tuple[int, ...]
    season: Floats
    together: float
    scale: Scale


def scale_of(values: Floats, kind: str) -> Scale:
    """Return the scale on which limits are computed: roots for small counts, logarithms for times, else the figures themselves."""
    known = values[~np.isnan(values)]
    if kind == "days" and len(known) and known.min() > 0:
        return "log"
    return "root" if kind == "count" and len(known) and known.mean() < SMALL_MEAN else "plain"


def forth(values: Floats, scale: Scale) -> Floats:
    """Return the values on the scale."""
    if scale == "root":
        return np.sqrt(values + 3 / 8)
    return np.log(values) if scale == "log" else values.astype(float)


def back(values: Floats, scale: Scale) -> Floats:
    """Return values of the scale as figures."""
    if scale == "root":
        return np.maximum(values, 0) ** 2 - 3 / 8
    return np.exp(values) if scale == "log" else values


def waves(places: Floats, a_year: int) -> Floats:
    """Return the yearly waves (one and two a year) at these places; of shape (n, 4), or (n, 0) where a year has too few points."""
    if a_year < 4:
        return np.zeros((len(places), 0))
    angle = 2 * np.pi * places / a_year
    turns = (1, 2) if a_year > 4 else (1,)
    return np.column_stack([f(turn * angle) for turn in turns for f in (np.sin, np.cos)])


def levels(count: int, starts: Sequence[int]) -> Floats:
    """Return one column for each stretch between starts: 1 within it."""
    edges = [0, *sorted({start for start in starts if 0 < start < count}), count]
    made = np.zeros((count, len(edges) - 1))
    for number, (first, last) in enumerate(pairwise(edges)):
        made[first:last, number] = 1.0
    return made


def residuals(design: Floats, values: Floats) -> Floats:
    """Return what least squares leave of the values."""
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def autocorrelation(left: Floats, parameters: int) -> float:
    """Return the lag-1 autocorrelation of residuals, mended for the downward bias of short series, between 0 and 0.8.

    The mean bias is about -(1 + 3 rho) / n for each mean removed (Kendall 1954); waves cost about half of one each.
    """
    count = len(left)
    whole = float(left @ left)
    if whole <= 0 or count < 8:
        return 0.0
    raw = float(left[1:] @ left[:-1]) / whole
    mended = raw + (1 + 3 * max(raw, 0.0)) * (1 + (parameters - 1) / 2) / count
    return float(np.clip(mended, 0.0, 0.8))


def find_steps(
    values: Floats, breaks: Sequence[int], a_year: int, *, series: int = 1, alpha: float = 0.05
) -> list[tuple[int, float, float, float]]:
    """Return the steps as (place, difference, half-width of its 95% interval, p), clearest first.

    ``values`` on their scale, without gaps; ``breaks`` places where the definition changes: levels there are free.
    """
    count = len(values)
    season = waves(np.arange(count, dtype=float), a_year) if count >= FEWEST_SEASON else np.zeros((count, 0))
    found: list[tuple[int, float, float, float]] = []
    while len(found) < MOST_STEPS:
        edges = sorted({0, count, *breaks, *(place for place, *_ in found)})
        candidates = [
            at
            for first, last in pairwise(edges)
            for at in range(first + SHORTEST_STEP, last - SHORTEST_STEP + 1)
        ]
        if not candidates:
            break
        base = np.column_stack([levels(count, [*breaks, *(place for place, *_ in found)]), season])
        best = clearest(values, base, candidates, edges)
        if best is None:
            break
        place, difference, error, freedom = best
        tries = max(LOOKS * np.sqrt(len(candidates)), 1.0) * series
        p = float(min(1.0, tries * 2 * stats.t.sf(abs(difference) / error, freedom)))
        if p >= alpha:
            break
        found.append((place, difference, float(stats.t.ppf(0.975, freedom)) * error, p))
    return found


def clearest(
    values: Floats, base: Floats, candidates: Sequence[int], edges: Sequence[int]
) -> tuple[int, float, float, float] | None:
    """Return the candidate step that explains most: its place, size, standard error and degrees of freedom."""
    count = len(values)
    ends = {at: min(edge for edge in edges if edge > at) for at in candidates}
    up = np.zeros((count, len(candidates)))
    for number, at in enumerate(candidates):
        up[at : ends[at], number] = 1.0
    basis = np.linalg.qr(base)[0]
    left = values - basis @ (basis.T @ values)
    part = up - basis @ (basis.T @ up)
    size = np.einsum("ij,ij->j", part, part)
    usable = size > 1e-8
    if not usable.any():
        return None
    slope = np.where(usable, part.T @ left / np.where(usable, size, 1), 0)
    number = int(np.argmax(slope**2 * size))
    rest = left - slope[number] * part[:, number]
    parameters = base.shape[1] + 1
    # one standard error above the estimate: a series that wanders must not pass for one that stepped
    rho = min(autocorrelation(rest, parameters) + 1 / np.sqrt(count), 0.9)
    shrink = (1 - rho) / (1 + rho)
    freedom = max(count * shrink - parameters, 2.0)
    variance = float(rest @ rest) / max(count - parameters, 1)
    # a step between neighbours that go together is worth as many points as are independent
    error = float(np.sqrt(variance / size[number] / shrink))
    floor = 1e-9 * max(1.0, float(np.abs(values).max()))
    return candidates[number], float(slope[number]), max(error, floor), freedom


def season_of(values: Floats, starts: Sequence[int], a_year: int) -> Floats:
    """Return what the time of the year adds at each place, or noughts where an F test (1%) finds no season."""
    count = len(values)
    flat = levels(count, starts)
    wave = waves(np.arange(count, dtype=float), a_year)
    if count < FEWEST_SEASON or wave.shape[1] == 0 or count <= flat.shape[1] + wave.shape[1] + 4:
        return np.zeros(count)
    design = np.column_stack([flat, wave])
    fit = np.linalg.lstsq(design, values, rcond=None)[0]
    after = values - design @ fit
    before = residuals(flat, values)
    freedom = count - design.shape[1]
    if float(after @ after) <= 0:
        return np.zeros(count)
    f = (float(before @ before) - float(after @ after)) / wave.shape[1] / (float(after @ after) / freedom)
    if stats.f.sf(f, wave.shape[1], freedom) >= 0.01:
        return np.zeros(count)
    added = wave @ fit[flat.shape[1] :]
    return np.asarray(added - added.mean())


def chart(
    values: Floats,
    *,
    kind: str = "count",
    breaks: Sequence[int] = (),
    a_year: int = 12,
    series: int = 1,
    alpha: float = 0.05,
    places: Floats | None = None,
) -> Chart:
    """Return the chart of a series in order of time; NaN is a gap.

    ``series`` is how many series are looked at together, for the price of the steps; ``breaks`` are places from which another
    definition holds.
    """
    known = np.flatnonzero(~np.isnan(values))
    scale = scale_of(values, kind)
    y = forth(values[known], scale)
    within = sorted({int(np.searchsorted(known, at)) for at in breaks})
    within = [at for at in within if 0 < at < len(known)]
    steps = find_steps(y, within, a_year, series=series, alpha=alpha) if len(y) >= FEWEST else []
    starts = sorted({*within, *(place for place, *_ in steps)})
    season = season_of(y, starts, a_year)
    flat = y - season
    centre, sigma, together = centres(flat, within, starts)
    full = {name: np.full(len(values), np.nan) for name in ("centre", "lower", "upper", "season")}
    full["centre"][known] = back(centre + season, scale)
    full["lower"][known] = back(centre + season - 3 * sigma, scale)
    full["upper"][known] = back(centre + season + 3 * sigma, scale)
    if kind != "plain":
        full["lower"] = np.where(np.isnan(full["lower"]), np.nan, np.maximum(full["lower"], 0))
    full["season"][known] = season
    marks = np.zeros(len(values), dtype=int)
    marks[known] = marked(flat, centre, sigma, starts, together)
    return Chart(
        values, full["centre"], full["lower"], full["upper"], tuple(int(m) for m in marks),
        tuple(as_step(each, flat, starts, scale, known) for each in sorted(steps)),
        tuple(int(known[at]) for at in within), full["season"], together, scale,
    )  # fmt: skip


def as_step(
    found: tuple[int, float, float, float], flat: Floats, starts: Sequence[int], scale: Scale, known: Any
) -> Step:
    """Return a step in the figures' own scale."""
    place, difference, half, p = found
    first = max([at for at in (0, *starts) if at < place])
    last = min([at for at in (*starts, len(flat)) if at > place])
    before, after = float(flat[first:place].mean()), float(flat[place:last].mean())
    low, level, high = (
        float(x)
        for x in back(np.array([before + difference - half, before, before + difference + half]), scale)
    )
    return Step(
        int(known[place]), level, float(back(np.array([after]), scale)[0]), low - level, high - level, p
    )


def centres(flat: Floats, breaks: Sequence[int], starts: Sequence[int]) -> tuple[Floats, Floats, float]:
    """Return at each place the centre and the standard deviation, and how far neighbours go together.

    A stretch between breaks with fewer than ``FEWEST`` points has no limits (NaN). Ranges across a start are left out.
    """
    count = len(flat)
    centre, sigma = np.full(count, np.nan), np.full(count, np.nan)
    left = np.zeros(count)
    stretches = list(pairwise([0, *starts, count]))
    for first, last in stretches:
        if last > first:
            left[first:last] = flat[first:last] - flat[first:last].mean()
    together = autocorrelation(left, len(stretches))
    together = together if together > 1.645 / np.sqrt(max(count, 1)) else 0.0
    for first, last in pairwise([0, *breaks, count]):
        if last - first < FEWEST:
            continue
        inner = [(a, b) for a, b in stretches if first <= a and b <= last]
        moving = np.concatenate([np.abs(np.diff(flat[a:b])) for a, b in inner])
        for a, b in inner:
            centre[a:b] = flat[a:b].mean()
        sigma[first:last] = moving.mean() / D2 / np.sqrt(1 - together)
    return centre, sigma, together


def marked(flat: Floats, centre: Floats, sigma: Floats, starts: Sequence[int], together: float) -> list[int]:
    """Return the mark of each point. Where neighbours go together the run is longer in proportion."""
    wanted = RUN if together == 0 else int(np.ceil(RUN * (1 + together) / (1 - together)))
    made: list[int] = []
    run, side = 0, 0
    for at, (value, middle, spread) in enumerate(zip(flat, centre, sigma, strict=True)):
        if np.isnan(middle) or at in starts:
            run, side = 0, 0
        here = 0 if np.isnan(middle) else int(np.sign(value - middle))
        run = run + 1 if here == side and here != 0 else int(here != 0)
        side = here
        if not np.isnan(spread) and abs(value - middle) > 3 * spread + 1e-12 * max(1.0, abs(middle)):
            made.append(here)
        else:
            made.append(2 * side if run >= wanted else 0)
    return made
