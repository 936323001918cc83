"""How complete a figure is likely to be, from how earlier figures grew after they were first made known.

Chain ladder on the triangle of revisions with Mack's standard error (Mack 1993, ASTIN Bulletin 23, 213-225): each period's figure at
each age is a row, and what figures of one age grew to at the next age is pooled over the periods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy import stats

Floats = np.ndarray[Any, np.dtype[np.float64]]
FEWEST_PERIODS = 6
COMPLETE = 0.995
"""A figure this complete is called complete."""


@dataclass(frozen=True)
class Growth:
    """The chain ladder of one series: from each age (months since the period's end) to the next."""

    ages: tuple[int, ...]
    factors: Floats
    variances: Floats
    exposures: Floats


@dataclass(frozen=True)
class Complete:
    """How complete a figure is: its share of what it will grow to (0 to 1 or more), and the figure expected in the end with its interval."""

    age: int
    share: float
    expected: float
    low: float
    high: float

    @property
    def is_complete(self) -> bool:
        """Whether it is as good as final."""
        return self.share >= COMPLETE


def triangle(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, ...], Floats]:
    """Return the ages and, a row for each period, its value as known at each age (NaN where that is not known yet).

    ``rows`` have ends, published and value: every publication of one series. Age is counted in whole months from the end of
    the period. A figure that was not published anew at an age stands as it was, up to the last day on which anything was
    published.
    """
    known: dict[date, dict[int, float]] = defaultdict(dict)
    latest = max((row["published"] for row in rows), default=None)
    for row in sorted(rows, key=lambda row: row["published"]):
        if row["value"] is not None:
            known[row["ends"]][age_of(row["ends"], row["published"])] = float(row["value"])
    if latest is None or not known:
        return (), np.zeros((0, 0))
    oldest = max(max(each) for each in known.values())
    ages = tuple(range(oldest + 1))
    made = np.full((len(known), len(ages)), np.nan)
    for number, ends in enumerate(sorted(known)):
        value = np.nan
        for age in ages[: age_of(ends, latest) + 1]:
            value = known[ends].get(age, value)
            made[number, age] = value
    return ages, made


def age_of(ends: date, published: date) -> int:
    """Return the whole months from a period's end to a publication, not less than 0."""
    months = (published.year - ends.year) * 12 + published.month - ends.month
    return max(0, months)


def growth(values: Floats, *, until: int | None = None) -> Growth:
    """Return the factors of growth from each column of a triangle to the next, with Mack's variances.

    ``values`` one row a period, one column an age, NaN below the diagonal.
    """
    columns = values.shape[1] if until is None else min(until + 1, values.shape[1])
    factors, variances, exposures = np.ones(columns - 1), np.zeros(columns - 1), np.zeros(columns - 1)
    for at in range(columns - 1):
        both = ~np.isnan(values[:, at]) & ~np.isnan(values[:, at + 1]) & (values[:, at] > 0)
        if not both.any():
            continue
        here, then = values[both, at], values[both, at + 1]
        factors[at] = then.sum() / here.sum()
        exposures[at] = here.sum()
        if both.sum() > 1:
            variances[at] = float((here * (then / here - factors[at]) ** 2).sum() / (both.sum() - 1))
        elif at >= 2 and variances[at - 2] > 0:
            # Mack's extrapolation for the last column, of which one row is known
            variances[at] = min(
                variances[at - 1] ** 2 / variances[at - 2], min(variances[at - 1], variances[at - 2])
            )
    return Growth(tuple(range(columns)), factors, variances, exposures)


def standard_error(values: float, ages: int, found: Growth) -> tuple[float, float]:
    """Return what a figure of this age will grow to, and Mack's standard error of it."""
    ultimate = values
    part = 0.0
    current = values
    for at in range(ages, len(found.factors)):
        factor, variance = found.factors[at], found.variances[at]
        if current > 0 and found.exposures[at] > 0 and factor > 0:
            part += variance / factor**2 * (1 / current + 1 / found.exposures[at])
        current *= factor
    ultimate = current
    return ultimate, float(ultimate * np.sqrt(part))


def completeness(rows: Sequence[Mapping[str, Any]], *, confidence: float = 0.9) -> dict[date, Complete]:
    """Return for each period's end how complete its latest figure is; nothing where the history is too short to say.

    ``rows`` as for ``triangle``. At least ``FEWEST_PERIODS`` periods must have been published more than once.
    """
    ages, values = triangle(rows)
    if len(ages) < 2 or (np.isfinite(values).sum(axis=1) > 1).sum() < FEWEST_PERIODS:
        return {}
    enough = [
        at
        for at in range(len(ages) - 1)
        if (np.isfinite(values[:, at]) & np.isfinite(values[:, at + 1])).sum() >= FEWEST_PERIODS
    ]
    if not enough:
        return {}
    found = growth(values, until=max(enough) + 1)
    reach = float(stats.norm.ppf(0.5 + confidence / 2))
    made = {}
    for ends, line in zip(
        sorted({row["ends"] for row in rows if row["value"] is not None}), values, strict=True
    ):
        known = np.flatnonzero(np.isfinite(line))
        if not len(known):
            continue
        age, value = int(known[-1]), float(line[known[-1]])
        expected, error = standard_error(value, min(age, len(found.factors)), found)
        share = value / expected if expected > 0 else 1.0
        # counts are whole people: a spread of the log is never below nought
        spread = np.sqrt(np.log1p((error / expected) ** 2)) if expected > 0 else 0.0
        low, high = expected * np.exp(-reach * spread), expected * np.exp(reach * spread)
        made[ends] = Complete(age, share, expected, float(low), float(high))
    return made
