"""How strong a hidden characteristic would have to be to explain a result away.

- Rosenbaum's bounds (Rosenbaum 2002, chapter 4): ``gamma`` multiplies the odds of treatment of people who match; Wilcoxon's
  signed rank for pairs, McNemar's and Mantel and Haenszel's statistic for a yes-or-no outcome in pairs and classes.
- For weights of any kind, the marginal model of Tan (2006) in the form of Zhao, Small and Bhattacharya (2019): each comparison
  person's weight may be wrong by a factor of ``lambda`` either way.
- The E-value (VanderWeele and Ding 2017): the risk ratio with both treatment and outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln

__all__ = [
    "Hidden",
    "e_value",
    "hidden",
    "mantel_haenszel_bound",
    "marginal_bound",
    "signed_rank_bound",
    "tipping",
]

MOST = 100.0  # a factor beyond which it is not looked for
Z = float(stats.norm.ppf(0.975))
SLOPE = 0.91  # the log risk ratio of one standard deviation (VanderWeele and Ding 2017, after Chinn 2000)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Hidden:
    """The strengths at which a result could be chance: 1 where it already may be, nothing where no bound exists for the method.

    ``e_value`` is of the estimate, ``e_value_ci`` of the interval's end next to no effect.
    """

    gamma: float | None
    lambda_estimate: float
    lambda_ci: float
    e_value: float | None
    e_value_ci: float | None
    words: str


def signed_rank_bound(differences: Floats, gamma: float) -> float:
    """Return the largest one-sided p-value of Wilcoxon's signed rank over pairs whose odds differ by up to ``gamma``."""
    # pairs without a difference are ranked and then left out
    rank = np.where(differences == 0, 0.0, stats.rankdata(np.abs(differences)))
    if not rank.any():
        return 1.0
    chance = gamma / (1 + gamma)
    spread = math.sqrt(chance * (1 - chance) * float((rank**2).sum()))
    return float(stats.norm.sf((float(rank[differences > 0].sum()) - chance * float(rank.sum())) / spread))


def mantel_haenszel_bound(
    events: Integers, treated: Integers, size: Integers, hit: float, gamma: float
) -> float:
    """Return the largest one-sided p-value of ``hit`` events among the treated, given each class's events, treated and size.

    Moments are exact (the extended hypergeometric law); the tail is normal without a correction for continuity.
    """
    kinds, count = np.unique(np.column_stack([events, treated, size]), axis=0, return_counts=True)
    mean = spread = 0.0
    for (d, m, n), times in zip(kinds, count, strict=True):
        k = np.arange(max(0, d + m - n), min(d, m) + 1)
        if len(k) < 2:
            mean += float(times * k[0])
            continue
        log = (
            k * math.log(gamma)
            - gammaln(k + 1)
            - gammaln(d - k + 1)
            - gammaln(m - k + 1)
            - gammaln(n - d - m + k + 1)
        )
        chance = np.exp(log - log.max())
        chance /= chance.sum()
        centre = float(chance @ k)
        mean += times * centre
        spread += times * float(chance @ (k - centre) ** 2)
    return float(stats.norm.sf((hit - mean) / math.sqrt(spread))) if spread > 0 else 1.0


def marginal_bound(y: Floats, weights: Floats, factor: float) -> tuple[float, float]:
    """Return the least and the greatest weighted mean of ``y`` when each weight may be wrong by ``factor`` either way."""
    return bounds(*collapsed(y, weights), factor)


def collapsed(y: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the different values in order and the weight of each."""
    values, place = np.unique(y, return_inverse=True)
    return values, np.bincount(place, weights).astype(np.float64)


def bounds(values: Floats, w: Floats, factor: float) -> tuple[float, float]:
    """Return `marginal_bound` of values in ascending order."""
    below, wy = np.cumsum(w), np.cumsum(w * values)
    # the weights of the upper values go up and of the lower ones down, or the reverse: the cut is tried everywhere
    up = (wy / factor + (wy[-1] - wy) * factor) / (below / factor + (below[-1] - below) * factor)
    down = (wy * factor + (wy[-1] - wy) / factor) / (below * factor + (below[-1] - below) / factor)
    return float(down.min()), float(up.max())


def e_value(ratio: float) -> float:
    """Return the E-value of a risk ratio; the ratio of 3.9 of the paper's example gives 7.26.

    >>> round(e_value(3.9), 2)
    7.26
    """
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))


def tipping(p_value: Callable[[float], float], level: float = 0.025) -> float:
    """Return the factor from which on the bound ``p_value`` (one-sided) exceeds ``level``: 1 where it does so already."""
    if p_value(1.0) > level:
        return 1.0
    if p_value(MOST) <= level:
        return MOST
    return float(brentq(lambda factor: p_value(factor) - level, 1.0, MOST, xtol=1e-6))


def hidden(
    y: Floats,
    treated: NDArray[np.bool_],
    weights: Floats,
    classes: Integers | None,
    effect: float,
    error: float,
) -> Hidden:
    """Return how strong a hidden characteristic must be to explain the effect; ``error`` is its standard error."""
    used = weights > 0
    y, t, w = y[used], treated[used], weights[used]
    sign = -1.0 if effect < 0 else 1.0
    rate = float(np.average(y[t], weights=w[t]))

    others = collapsed(sign * y[~t], w[~t])

    def reach(factor: float) -> float:
        return sign * rate - bounds(*others, factor)[1]

    at_estimate = tipping(lambda factor: 0.0 if reach(factor) > 0 else 1.0)
    at_interval = tipping(lambda factor: float(stats.norm.sf(reach(factor) / error)) if error > 0 else 1.0)
    gamma = None if classes is None else bounded(sign * y, t, classes[used])
    evalues = e_values(y, t, w, effect, error)
    return Hidden(gamma, at_estimate, at_interval, *evalues, words(at_interval, evalues[1]))


def bounded(y: Floats, treated: NDArray[np.bool_], classes: Integers) -> float | None:
    """Return Rosenbaum's gamma for an effect that raises ``y``, or nothing where classes are no pairs and ``y`` has many values."""
    code = np.unique(classes, return_inverse=True)[1]
    size, taken = np.bincount(code), np.bincount(code, treated).astype(np.int64)
    values = np.unique(y)
    if len(values) == 2:
        event = y == values[1]
        events, hit = np.bincount(code, event).astype(np.int64), float((event & treated).sum())
        return tipping(lambda gamma: mantel_haenszel_bound(events, taken, size, hit, gamma))
    if (size != 2).any() or (taken != 1).any():
        return None
    differences = np.bincount(code, np.where(treated, y, -y)).astype(np.float64)
    return tipping(lambda gamma: signed_rank_bound(differences, gamma))


def e_values(
    y: Floats, treated: NDArray[np.bool_], weights: Floats, effect: float, error: float
) -> tuple[float | None, float | None]:
    """Return the E-value of the effect and of its interval's nearer end: risks as a ratio, other outcomes by their spread."""
    nearer = math.copysign(max(abs(effect) - Z * error, 0.0), effect)
    if np.isin(y, (0, 1)).all():
        rate = float(np.average(y[treated], weights=weights[treated]))
        other = rate - effect
        if not (rate > 0 and other > 0):
            return None, None
        return e_value(rate / other), e_value((other + nearer) / other)
    spread = float(y[~treated].std(ddof=1)) if (~treated).sum() > 1 else 0.0
    if spread <= 0:
        return None, None
    return e_value(math.exp(SLOPE * effect / spread)), e_value(math.exp(SLOPE * nearer / spread))


def words(at_interval: float, nearer: float | None) -> str:
    """Return what the strengths mean, in a sentence."""
    if at_interval <= 1 + 1e-9:
        return "The result may be chance as it stands: nothing hidden is needed to explain it."
    text = (
        f"A hidden characteristic that changes the odds of taking part by a factor of {at_interval:.2f} among people who look alike, and "
        "goes with the outcome as much as can be, could explain the result."
    )
    if nearer is not None and nearer > 1:
        text += f" So could one that multiplies both the chance of taking part and that of the outcome by {nearer:.2f}."
    return text
