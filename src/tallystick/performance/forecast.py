"""A short forecast with its error: simple exponential smoothing of what the season leaves, from the last break or step on.

Method and interval: Hyndman and Athanasopoulos, Forecasting: principles and practice (2018), sections 7.1 and 7.5. A forecast says what
comes if nothing changes; no more than three periods are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.optimize import minimize_scalar

from tallystick.performance.control import FEWEST, Chart, back, forth

Floats = np.ndarray[Any, np.dtype[np.float64]]
FURTHEST = 3


@dataclass(frozen=True)
class Forecast:
    """The expected figures of the next periods and the interval in which four of five will lie."""

    expected: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    alpha: float


def smoothed(values: Floats, alpha: float, start: float) -> tuple[float, Floats]:
    """Return the last level and the one-step errors."""
    level = start
    errors = np.empty(len(values))
    for at, value in enumerate(values):
        errors[at] = value - level
        level += alpha * errors[at]
    return level, errors


def fit(values: Floats) -> tuple[float, float, float]:
    """Return alpha (0 to 0.9), the last level and the standard deviation of the one-step errors.

    The first level is the mean of the first third, so that alpha is not chosen for the sake of one point.
    """
    start = float(values[: max(3, len(values) // 3)].mean())

    def loss(alpha: float) -> float:
        return float(np.mean(smoothed(values, alpha, start)[1] ** 2))

    found = minimize_scalar(loss, bounds=(0.0, 0.9), method="bounded")
    best = float(found.x) if loss(float(found.x)) < loss(0.0) * (1 - 2 / len(values)) else 0.0
    if best == 0.0:
        start = float(values.mean())
    level, errors = smoothed(values, best, start)
    return best, level, float(np.sqrt(errors @ errors / max(len(values) - 2, 1)))


def forecast(
    shown: Chart, *, a_year: int = 12, steps: int = FURTHEST, confidence: float = 0.8
) -> Forecast | None:
    """Return the next periods of a charted series, or None where fewer than twelve points stand since its last break or step."""
    known = np.flatnonzero(~np.isnan(shown.values))
    last: Sequence[int] = [*shown.starts, *(step.at for step in shown.steps)]
    used = known[known >= max(last, default=0)]
    if len(used) < FEWEST or known[-1] != len(shown.values) - 1:
        return None
    flat = forth(shown.values[used], shown.scale) - shown.season[used]
    alpha, level, sigma = fit(flat)
    reach = float(stats.t.ppf(0.5 + confidence / 2, max(len(used) - 2, 1)))
    expected: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for ahead in range(1, min(steps, FURTHEST) + 1):
        before = len(shown.values) - 1 + ahead - a_year
        season = shown.season[before] if before >= 0 and not np.isnan(shown.season[before]) else 0.0
        # the level itself is an estimate: its own error is added (1/n of the variance where alpha is nought)
        spread = sigma * np.sqrt(1 + (ahead - 1) * alpha**2 + 1 / len(used))
        for made, value in ((expected, level), (low, level - reach * spread), (high, level + reach * spread)):
            made.append(float(back(np.array([value + season]), shown.scale)[0]))
    return Forecast(tuple(expected), tuple(max(x, 0.0) for x in low), tuple(high), alpha)
