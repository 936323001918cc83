"""Weights without a score: entropy balancing and coarsened exact matching; and the measures of balance."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["cells", "ecdf", "ecdfs", "effective_size", "entropy", "smd", "variance_ratio"]

CHUNK = 16_384  # rows

Floats = NDArray[np.float64]


def entropy(x: Floats, target: Floats, *, turns: int = 500) -> Floats:
    """Return weights of the rows of ``x``, summing to one, whose means are ``target`` and that differ least from equal.

    Hainmueller 2012, by damped Newton steps on the dual. The table is centred and scaled a part at a time, so that no copy of it
    is made. Raises `BadInput` when no such weights exist.
    """
    scale = _spread_of(x)
    beta = np.zeros(x.shape[1])

    def dual(b: Floats) -> tuple[float, Floats]:
        eta = x @ (b / scale) - target @ (b / scale)
        top = eta.max()
        w = np.exp(eta - top)
        return float(top + np.log(w.sum())), w / w.sum()

    value, w = dual(beta)
    for _ in range(turns):
        gradient, spread = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
        for at in _parts(len(x)):
            z = (x[at] - target) / scale
            weighted = z * w[at, None]
            gradient += weighted.sum(0)
            spread += weighted.T @ z
        if np.abs(gradient).max() < 1e-9:
            return w
        spread -= np.outer(gradient, gradient)
        step = np.linalg.lstsq(spread, -gradient, rcond=1e-12)[0]
        size, slope = 1.0, float(gradient @ step)
        # near the end the value no longer tells steps apart: there Newton's own step is taken
        while size > 1e-10 and -slope > 1e-13 and dual(beta + size * step)[0] > value + 1e-4 * size * slope:
            size /= 2
        beta = beta + size * step
        value, w = dual(beta)
        if np.abs(beta).max() > 1e4:
            break
    raise BadInput(
        "No estimate can be given: no weights make the comparison group's means those of the treated (no overlap). "
        "Use fewer covariates or another method."
    )


def _spread_of(x: Floats) -> Floats:
    """Return each column's standard deviation, 1 for a constant one."""
    mean = x.mean(0)
    total = np.sum([((x[at] - mean) ** 2).sum(0) for at in _parts(len(x))], axis=0)
    spread = np.sqrt(total / len(x))
    return np.where(spread > 0, spread, 1.0)


def _parts(n: int) -> list[slice]:
    return [slice(at, at + CHUNK) for at in range(0, n, CHUNK)]


def cells(x: Floats) -> NDArray[np.int64]:
    """Return the coarsened cell of each row: equal bins by Sturges' rule, a column of few values as it is."""
    code = np.zeros(len(x), np.int64)
    bins = int(np.ceil(np.log2(len(x)) + 1))
    for column in x.T:
        values, level = np.unique(column, return_inverse=True)
        if len(values) > bins:
            level = np.clip(((column - values[0]) / (values[-1] - values[0]) * bins).astype(int), 0, bins - 1)
        _, code = np.unique(code * (int(level.max()) + 1) + level, return_inverse=True)
    return code


def smd(x: Floats, treated: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return each column's weighted difference of means over the treated's standard deviation before weighting.

    A column of noughts and ones has the standard deviation of its share (Austin 2009).
    """
    own = x[treated]
    share = own.mean(0)
    spread = own.std(0, ddof=1) if len(own) > 1 else np.zeros(x.shape[1])
    spread = np.where(two_valued(x), np.sqrt(np.clip(share * (1 - share), 0, None)), spread)
    for k in np.flatnonzero(~(spread > 0)):
        spread[k] = x[:, k].std()
    other = np.where(treated, 0.0, weights)
    difference = weights[treated] @ own / weights[treated].sum() - other @ x / other.sum()
    return np.asarray(difference / spread, dtype=np.float64)


def two_valued(x: Floats) -> NDArray[np.bool_]:
    """Return which columns hold noughts and ones alone."""

    def has_no_other(column: Floats) -> bool:
        return bool(((column == 0) | (column == 1)).all())

    return np.array([has_no_other(column[:1000]) and has_no_other(column) for column in x.T], np.bool_)


def variance_ratio(x: Floats, treated: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return each column's weighted variance among the treated over that in the comparison group, NaN for a share."""

    def variance(side: NDArray[np.bool_]) -> Floats:
        w = np.where(side, weights, 0.0)
        w /= w.sum()
        squares = [w @ (column - w @ column) ** 2 for column in x.T]
        return np.asarray(np.array(squares) / (1 - (w**2).sum()), np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(two_valued(x), np.nan, variance(treated) / variance(~treated))


def ecdf(x: Floats, treated: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the greatest distance of the two weighted distribution functions over each column's values.

    For noughts and ones both are the difference of the shares.
    """
    ((mean, most),) = ecdfs(x, treated, [weights])
    return mean, most


def ecdfs(x: Floats, treated: NDArray[np.bool_], weights: Sequence[Floats]) -> list[tuple[Floats, Floats]]:
    """Return `ecdf` for each of several weightings, the columns sorted once and two at a time."""
    signed = [np.where(treated, w / w[treated].sum(), -w / w[~treated].sum()) for w in weights]

    def column_gaps(column: Floats, is_share: np.bool_) -> list[tuple[float, float]]:
        if is_share:
            gaps = [abs(float(pull @ column)) for pull in signed]
            return [(gap, gap) for gap in gaps]
        order = np.argsort(column)
        ends = np.append(np.flatnonzero(np.diff(column[order])), len(column) - 1)
        distances = [np.abs(np.cumsum(pull[order])[ends]) for pull in signed]
        return [(float(gaps.mean()), float(gaps.max())) for gaps in distances]

    with ThreadPoolExecutor(2) as pool:
        found = np.array(list(pool.map(column_gaps, x.T, two_valued(x))))
    return [(found[:, k, 0], found[:, k, 1]) for k in range(len(weights))]


def effective_size(weights: Floats) -> float:
    """Return Kish's effective sample size."""
    return float(weights.sum() ** 2 / (weights**2).sum())
