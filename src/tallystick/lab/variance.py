"""Standard errors that know how the weights were made: sums of squared influences, one for each method's kind.

- Matching on the propensity (radius, nearest, kernel, full): what is left of the outcome after a smooth curve of the score
  counts, each person by the square of the weight (Abadie and Imbens 2006), and the propensity's own estimation is allowed for
  (Abadie and Imbens 2016; Hahn and Ridder 2013).
- Overlap and inverse weights: the stacked estimating equations of weights and propensity (Li, Thomas and Li 2019; Lunceford and
  Davidian 2004).
- Entropy balancing: what is left of the outcome after the balanced covariates, since the weights stand in for the regression
  on them (Zhao and Percival 2017), with HC2 leverages.
- Coarsened exact matching: a difference of means in each cell, added up (Imbens and Rubin 2015, chapter 9).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tallystick.lab.design import Design
from tallystick.lab.propensity import Fit
from tallystick.lab.weigh import Method, Weighting

__all__ = ["SOURCES", "adjusted", "standard_error"]

SOURCES: dict[Method, str] = {
    "radius": "Abadie and Imbens 2016",
    "nearest": "Abadie and Imbens 2016",
    "kernel": "Abadie and Imbens 2016",
    "full": "Abadie and Imbens 2016",
    "cem": "Imbens and Rubin 2015, chapter 9",
    "entropy": "Zhao and Percival 2017",
    "overlap": "Li, Thomas and Li 2019",
    "ipw": "Lunceford and Davidian 2004",
}

CHUNK = 16_384
ENOUGH = 60  # treated people from whom on the curve has knots

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def standard_error(data: Design, made: Weighting) -> float:
    """Return the standard error of the weighted difference of means."""
    if made.method == "cem":
        return by_cell(data, made)
    if made.fit is None:
        return adjusted(data, made.weights)[1]
    if made.method == "overlap":
        return overlap(data, made, made.fit)
    if made.method == "ipw":
        return inverse(data, made, made.fit)
    return on_the_score(data, made, made.fit)


def on_the_score(data: Design, made: Weighting, fitted: Fit) -> float:
    """Return the error of matching on an estimated propensity."""
    used = np.flatnonzero(made.weights > 0)
    w, t, y = made.weights[used], data.treated[used], data.outcome[used]
    stratum = np.unique(data.strata[used], return_inverse=True)[1]
    score = fitted.log_odds[used]
    # where a value that only one group has gives people away, the comparison group does not say how the curve goes on
    level = np.clip(score, score[~t].min(), score[~t].max())
    curve = spline(np.where(fitted.alone[used], level, score), t)
    both = np.column_stack([curve, y])
    both -= control_means(both, np.where(t, 0, w), stratum)[stratum]
    curve, y = both[:, :-1], both[:, -1]
    pull = np.where(t, 0, w)
    coefficient = np.linalg.lstsq((curve * pull[:, None]).T @ curve, curve.T @ (pull * y), rcond=1e-10)[0]
    rest = y - curve @ coefficient
    effect = float(np.average(rest[t], weights=w[t]))
    rest = np.where(t, (rest - effect) * w / w[t].sum(), -rest * w / w[~t].sum())
    # how the estimate moves with the propensity's coefficients: covariates and outcome that still go together at one score
    gap = np.zeros(data.x.shape[1] + 1)
    for part in chunks(len(used)):
        gap -= fitted.columns(rows(data, used, part)).T @ np.where(t[part], 0, rest[part])
    return with_propensity(data, fitted, used, rest, gap)


def control_means(values: Floats, pull: Floats, stratum: Integers) -> Floats:
    """Return the weighted mean of each column in each stratum."""
    total = np.bincount(stratum, pull)
    return np.column_stack([np.bincount(stratum, pull * column) / total for column in values.T])


def with_propensity(data: Design, fitted: Fit, used: Integers, pull: Floats, gap: Floats) -> float:
    """Return the root of the summed squares of ``pull`` less the part that the propensity's estimation moves by ``gap``."""
    direction = fitted.inverse @ gap
    cross = 0.0
    score = data.treated[used] - fitted.probability[used]
    for part in chunks(len(used)):
        cross += float(pull[part] @ (score[part] * (fitted.columns(rows(data, used, part)) @ direction)))
    n = len(used)
    return float(np.sqrt(max((pull**2).sum() * n / max(n - 2, 1) - 2 * cross + gap @ direction, 0.0)))


def overlap(data: Design, made: Weighting, fitted: Fit) -> float:
    """Return the error of overlap weights, whose propensity is estimated.

    They balance the covariates, so that what is left of the outcome after a regression on them has the same estimate.
    """
    used = np.flatnonzero(made.weights > 0)
    w, t = made.weights[used], data.treated[used]
    rest = remainders(data, made.weights, used)
    pull = np.where(t, w * (rest - np.average(rest[t], weights=w[t])), -w * rest) / w[t].sum()
    p = fitted.probability[used]
    moved = pull * np.where(t, p, p - 1)
    gap = np.zeros(data.x.shape[1] + 1)
    for part in chunks(len(used)):
        gap += fitted.columns(rows(data, used, part)).T @ moved[part]
    return with_propensity(data, fitted, used, pull, gap)


def inverse(data: Design, made: Weighting, fitted: Fit) -> float:
    """Return the error of inverse weights (the odds of the propensity), which is estimated."""
    used = np.flatnonzero(made.weights > 0)
    w, t, y = made.weights[used], data.treated[used], data.outcome[used]
    stratum = np.unique(data.strata[used], return_inverse=True)[1]
    rest = y - control_means(y[:, None], np.where(t, 0, w), stratum)[stratum, 0]
    pull = np.where(t, w * (rest - np.average(rest[t], weights=w[t])), -w * rest) / w[t].sum()
    gap = np.zeros(data.x.shape[1] + 1)
    for part in chunks(len(used)):
        gap -= fitted.columns(rows(data, used, part)).T @ np.where(t[part], 0, pull[part])
    return with_propensity(data, fitted, used, pull, gap)


def adjusted(data: Design, weights: Floats) -> tuple[float, float]:
    """Return the estimate after a weighted regression of the comparison group's outcome on the covariates, and its error.

    Doubly robust for the effect on the treated (Robins and Rotnitzky 1995): right when the weights or the regression are.
    """
    used = np.flatnonzero(weights > 0)
    w, t = weights[used], data.treated[used]
    rest = remainders(data, weights, used)
    effect = float(np.average(rest[t], weights=w[t]))
    pull = np.where(t, (rest - effect) * w / w[t].sum(), -rest * w / w[~t].sum())
    n = int(t.sum())
    return effect, float(np.sqrt((pull[t] ** 2).sum() * n / max(n - 1, 1) + (pull[~t] ** 2).sum()))


def remainders(data: Design, weights: Floats, used: Integers) -> Floats:
    """Return what is left of the outcome after the comparison group's weighted regression on the covariates, strata apart.

    A comparison person's is divided by the root of one less the leverage (HC2, MacKinnon and White 1985).
    """
    w, t, y = weights[used], data.treated[used], data.outcome[used]
    stratum = np.unique(data.strata[used], return_inverse=True)[1]
    pull = np.where(t, 0, w)
    total = np.asarray(np.bincount(stratum, pull), np.float64)
    scale, means = spread_and_means(data, used, stratum, pull, total)
    y = y - (np.bincount(stratum, pull * y) / total)[stratum]
    square, product = np.zeros((len(scale), len(scale))), np.zeros(len(scale))

    def columns(part: slice) -> Floats:
        centre = means[stratum[part]] if len(means) > 1 else means
        return np.asarray((rows(data, used, part) - centre) / scale)

    for part in chunks(len(used)):
        z = columns(part)
        square += (z * pull[part, None]).T @ z
        product += z.T @ (pull[part] * y[part])
    inverse = np.linalg.pinv(square, rcond=1e-10, hermitian=True)
    slope = inverse @ product
    rest = np.empty(len(used))
    for part in chunks(len(used)):
        z = columns(part)
        leverage = ((z @ inverse) * z).sum(1) * pull[part] + (pull / total[stratum])[part]
        rest[part] = (y[part] - z @ slope) / np.sqrt(np.clip(1 - leverage, 0.1, 1))
    return rest


def spread_and_means(
    data: Design, used: Integers, stratum: Integers, pull: Floats, total: Floats
) -> tuple[Floats, Floats]:
    """Return each column's standard deviation (1 for a constant) and its weighted mean in each stratum."""
    scale, means = np.empty(data.x.shape[1]), np.empty((len(total), data.x.shape[1]))
    for k in range(len(scale)):
        column = data.x[:, k] if len(used) == len(data.x) else data.x[used, k]
        scale[k] = column.std() or 1.0
        means[:, k] = (np.bincount(stratum, pull * column) if len(total) > 1 else pull @ column) / total
    return scale, means


def rows(data: Design, used: Integers, part: slice) -> Floats:
    """Return a chunk of the used people's covariates, without a copy where all are used."""
    return data.x[part] if len(used) == len(data.x) else data.x[used[part]]


def by_cell(data: Design, made: Weighting) -> float:
    """Return the error of a difference of means in each cell; a cell with one person of a side takes the side's pooled variance."""
    used = np.flatnonzero(made.weights > 0)
    assert made.classes is not None
    code = np.unique(made.classes[used], return_inverse=True)[1]
    y, t = data.outcome[used], data.treated[used]
    share = np.bincount(code, t) / t.sum()
    variances = [within(y[side], code[side], len(share)) for side in (t, ~t)]
    pooled = [pool for _, _, pool in variances]
    both = [pool for pool in pooled if np.isfinite(pool)]
    whole = float(np.mean(both)) if both else float(y.var(ddof=1))
    total = 0.0
    for count, variance, pool in variances:
        filled = np.where(count > 1, variance, pool if np.isfinite(pool) else whole)
        total += float((share**2 * filled / count).sum())
    return float(np.sqrt(total))


def within(y: Floats, code: Integers, cells: int) -> tuple[Floats, Floats, float]:
    """Return how many there are in each cell, their variance, and the pooled variance (NaN with no cell of two)."""
    count = np.bincount(code, minlength=cells).astype(np.float64)
    mean = np.bincount(code, y, cells) / count
    squares = np.bincount(code, (y - mean[code]) ** 2, cells)
    free = (count - 1).sum()
    return count, squares / np.maximum(count - 1, 1), float(squares.sum() / free) if free else float("nan")


def spline(score: Floats, treated: NDArray[np.bool_]) -> Floats:
    """Return a cubic spline's columns of the score, knots at the quartiles of the treated; a line where they are few."""
    own = score[treated]
    z = (score - own.mean()) / (own.std() or 1.0)
    if len(own) < ENOUGH:
        return np.asarray(z[:, None], np.float64)
    knots = np.quantile(z[treated], (0.25, 0.5, 0.75))
    columns = [z, z**2, z**3, *(np.clip(z - knot, 0, None) ** 3 for knot in knots)]
    return np.asarray(np.column_stack(columns), np.float64)


def chunks(n: int) -> Iterator[slice]:
    """Return slices of rows."""
    return (slice(at, min(at + CHUNK, n)) for at in range(0, n, CHUNK))
