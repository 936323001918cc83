"""Intervals of proportions, counts, rates and ratios, and the limits of funnel plots.

Wilson 1927 for proportions (as Newcombe 1998 recommends), Byar's approximation for counts (Breslow and Day 1987, p. 69), Katz 1978 for
ratios of proportions, and Spiegelhalter 2005 (Statistics in Medicine 24, 1185-1202) for funnels, with over-dispersion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

Floats = np.ndarray[Any, np.dtype[np.float64]]


def z_of(confidence: float) -> float:
    """Return how many standard errors a two-sided interval of this confidence reaches."""
    return float(stats.norm.ppf(0.5 + confidence / 2))


def wilson(count: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion (0 to 1); of nothing at all it is the whole range.

    >>> [round(x, 4) for x in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if total <= 0:
        return 0.0, 1.0
    z = z_of(confidence)
    p = count / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def byar(count: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a count that follows Poisson's law.

    >>> [round(x, 2) for x in byar(10)]
    [4.79, 18.39]
    """
    z = z_of(confidence)
    low = count * (1 - 1 / (9 * count) - z / (3 * np.sqrt(count))) ** 3 if count > 0 else 0.0
    up = count + 1
    return float(max(low, 0.0)), float(up * (1 - 1 / (9 * up) + z / (3 * np.sqrt(up))) ** 3)


@dataclass(frozen=True)
class Ratio:
    """A group's rate over the comparison's, its interval, and whether it differs from 1 by more than chance."""

    group: str
    rate: float
    ratio: float
    low: float
    high: float

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out 1."""
        return self.low > 1 or self.high < 1


def rate_ratio(
    group: str, count: float, total: float, other: float, other_total: float, confidence: float = 0.95
) -> Ratio | None:
    """Return the ratio of two proportions with Katz's interval, or None where either has no event or nobody.

    The ministry's "relative rate index" is this ratio with the comparison group below.
    """
    if min(count, total, other, other_total) <= 0:
        return None
    rate, base = count / total, other / other_total
    error = np.sqrt(max(1 / count - 1 / total, 0) + max(1 / other - 1 / other_total, 0))
    reach = np.exp(z_of(confidence) * error)
    ratio = rate / base
    return Ratio(group, rate, ratio, float(ratio / reach), float(ratio * reach))


def disparity(
    counts: dict[str, tuple[float, float]], *, against: str = "", confidence: float = 0.95
) -> tuple[Ratio, ...]:
    """Return each group's rate beside that of one group, or of everybody else where none is named.

    ``counts`` has for each group the events and the people. Intervals are Bonferroni's over the groups, so that of
    all of them together one in twenty is wrong, not of each.
    """
    others = [group for group in counts if group != against]
    wide = 1 - (1 - confidence) / max(len(others), 1)
    found = []
    for group in others:
        count, total = counts[group]
        rest = [counts[against]] if against else [each for name, each in counts.items() if name != group]
        made = rate_ratio(group, count, total, sum(c for c, _ in rest), sum(t for _, t in rest), wide)
        if made is not None:
            found.append(made)
    return tuple(found)


def funnel_proportion(target: float, totals: Floats, tail: float) -> tuple[Floats, Floats]:
    """Return the lower and upper limits of proportions around a target, each with this much in its tail.

    Exact binomial limits, interpolated between whole counts (Spiegelhalter 2005, appendix A.1.1). ``tail`` is 0.025 for the inner,
    0.001 for the outer limits.
    """
    return _limits(stats.binom(totals.astype(int), target), totals, tail)


def funnel_rate(target: float, exposure: Floats, tail: float) -> tuple[Floats, Floats]:
    """Return the lower and upper limits of rates around a target: exact Poisson limits, interpolated (appendix A.1.2)."""
    return _limits(stats.poisson(target * exposure), exposure, tail)


def _limits(law: Any, size: Floats, tail: float) -> tuple[Floats, Floats]:
    made = []
    for quantile in (tail, 1 - tail):
        count = np.maximum(law.ppf(quantile), 0)
        at, below = law.cdf(count), law.cdf(count - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(at > below, (at - quantile) / (at - below), 0.0)
        made.append(np.clip(count - part, 0, None) / size)
    return made[0], made[1]


@dataclass(frozen=True)
class Funnel:
    """Areas against what is usual for their size: each one's proportion, its inner and outer limits, and where it lies.

    ``spread`` is the over-dispersion factor (1: no more than chance); limits are widened by it, as Spiegelhalter 2005 section 4 has it.
    ``place`` is 0 within the inner limits, 1 or -1 beyond them, 2 or -2 beyond the outer ones.
    """

    names: tuple[str, ...]
    totals: Floats
    proportions: Floats
    target: float
    inner: tuple[Floats, Floats]
    outer: tuple[Floats, Floats]
    spread: float
    place: tuple[int, ...]


def funnel(names: tuple[str, ...], counts: Floats, totals: Floats, *, winsor: float = 0.1) -> Funnel:
    """Return the areas in a funnel around their joint proportion. No order of merit is made of it."""
    target = float(counts.sum() / totals.sum())
    proportions = counts / totals
    error = np.sqrt(target * (1 - target) / totals)
    scores = (proportions - target) / np.where(error > 0, error, 1)
    low, high = np.quantile(scores, [winsor, 1 - winsor])
    raw = float(np.mean(np.clip(scores, low, high) ** 2))
    count = len(names)
    # no wider than chance unless the spread is beyond what chance alone gives (Spiegelhalter 2005, section 4.1)
    spread = raw if count >= 5 and raw > 1 + 2 * np.sqrt(2 / count) else 1.0
    inner, outer = (funnel_proportion(target, totals, tail) for tail in (0.025, 0.001))
    if spread > 1:
        wide = np.sqrt(spread)
        inner, outer = (
            (np.clip(target - (target - low_) * wide, 0, 1), np.clip(target + (high_ - target) * wide, 0, 1))
            for low_, high_ in (inner, outer)
        )
    place = tuple(
        int(np.sign(p - target)) * (2 if p < ol or p > oh else 1 if p < il or p > ih else 0)
        for p, il, ih, ol, oh in zip(proportions, *inner, *outer, strict=True)
    )
    return Funnel(names, totals, proportions, target, inner, outer, spread, place)
