"""A short forecast with its error: the level since the last break or step, the season, and what the last months still carry.

Best linear unbiased prediction with errors that go together as their distance in months allows (Goldberger 1962, JASA 57, 369-375):
generalised least squares of levels and season, the rest correlated by rho to the power of the distance. Rho is not known; the
forecast is averaged over its restricted likelihood (Harville 1974, Biometrika 61, 383-385), so that the interval holds the error of the level,
of the season and of rho itself. A forecast says what comes if nothing changes; no more than three periods are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from tallystick.performance.control import FEWEST, Chart, back, forth, levels, waves

Floats = np.ndarray[Any, np.dtype[np.float64]]
FURTHEST = 3
RHOS = tuple(at / 10 for at in range(10))


@dataclass(frozen=True)
class Forecast:
    """The expected figures of the next periods and the interval in which four of five will lie.

    ``together`` is how far neighbouring points go together (0 to 0.9), averaged as the forecast is.
    """

    expected: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    together: float


def predicted(
    values: Floats, design: Floats, places: Floats, ahead: Floats, ahead_design: Floats
) -> tuple[Floats, Floats, float]:
    """Return the mean and variance of the values at the places ahead, and the mean of rho.

    ``design`` has a row for each value, ``ahead_design`` one for each place ahead.
    """
    weights, means, variances = [], [], []
    freedom = len(values) - design.shape[1]
    apart = np.abs(places[:, None] - places[None, :])
    to_come = np.abs(ahead[:, None] - places[None, :])
    for rho in RHOS:
        law = np.linalg.inv(rho**apart)
        inside = design.T @ law @ design
        fit = np.linalg.solve(inside, design.T @ law @ values)
        left = values - design @ fit
        whole = max(float(left @ law @ left), 1e-12)
        weights.append(
            0.5 * (np.linalg.slogdet(law)[1] - np.linalg.slogdet(inside)[1] - freedom * np.log(whole))
        )
        near = rho**to_come
        means.append(ahead_design @ fit + near @ law @ left)
        row = ahead_design - near @ law @ design
        own = 1 - np.einsum("ij,jk,ik->i", near, law, near)
        level = np.einsum("ij,ji->i", row, np.linalg.solve(inside, row.T))
        variances.append(whole / freedom * np.maximum(own + level, 0))
    weight = np.exp(np.array(weights) - max(weights))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    between = weight @ (np.array(means) - mean) ** 2
    return mean, weight @ np.array(variances) + between, float(weight @ np.array(RHOS))


def forecast(
    shown: Chart, *, a_year: int = 12, steps: int = FURTHEST, confidence: float = 0.8
) -> Forecast | None:
    """Return the next periods of a charted series, or None where fewer than twelve points stand since its last break or step."""
    known = np.flatnonzero(~np.isnan(shown.values))
    starts: Sequence[int] = sorted({*shown.starts, *(step.at for step in shown.steps)})
    if (known >= max(starts, default=0)).sum() < FEWEST or known[-1] != len(shown.values) - 1:
        return None
    places = known.astype(float)
    ahead: Floats = known[-1] + np.arange(1.0, min(steps, FURTHEST) + 1)
    flat = levels(len(known), [int(np.searchsorted(known, at)) for at in starts])
    flat_ahead = np.repeat(flat[-1:], len(ahead), axis=0)
    if np.any(shown.season[known]):
        flat = np.column_stack([flat, waves(places, a_year)])
        flat_ahead = np.column_stack([flat_ahead, waves(ahead, a_year)])
    mean, variance, together = predicted(
        forth(shown.values[known], shown.scale), flat, places, ahead, flat_ahead
    )
    reach = float(stats.t.ppf(0.5 + confidence / 2, len(known) - flat.shape[1]))
    low, middle, high = (back(mean + side * reach * np.sqrt(variance), shown.scale) for side in (-1, 0, 1))
    return Forecast(
        tuple(float(x) for x in middle), tuple(float(max(x, 0.0)) for x in low), tuple(float(x) for x in high), together
    )  # fmt: skip
