"""How soon the event came: survival curves of the weighted groups, the log-rank test and the hazard ratio.

- Curves: Kaplan and Meier (1958) with everybody's weight.
- Log-rank (Mantel 1966), for weights in the form of Xie and Liu (2005), which is Mantel's where all weights are one.
- Hazard ratio: Cox (1972) with Efron's ties (1977), for weights with the robust error of Lin and Wei (1989) and Binder (1992).

Times are in any unit; whoever had no event is followed up to their time. Left out: times that begin late, hazards that change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tallystick.errors import BadInput

__all__ = ["Hazard", "Survival", "cox", "curve", "hazard", "log_rank", "survival"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
POINTS = 60  # of a curve
TURNS = 50
Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class Hazard:
    """How many times as often the treated have the event at any moment, of those who have not had it yet."""

    ratio: float
    ci_low: float
    ci_high: float
    p_value: float


@dataclass(frozen=True)
class Survival:
    """``curve`` gives (time, share of the treated, share of the comparison group) without the event so far.

    ``adjusted`` is the hazard ratio beside the covariates, everybody counting once; nothing where it cannot be had.
    """

    log_rank: float
    log_rank_p: float
    hazard: Hazard
    adjusted: Hazard | None
    curve: tuple[tuple[float, float, float], ...]


def survival(time: Floats, event: Bools, treated: Bools, weights: Floats, x: Floats) -> Survival:
    """Return what the weighted groups' times say; raises `BadInput` where times are none or a group has no event."""
    if not np.isfinite(time).all() or (time < 0).any():
        raise BadInput(
            "Every person needs a time of nought or more: that of the event, or the end of the follow-up."
        )
    used = weights > 0
    if not (event & used & treated).any() or not (event & used & ~treated).any():
        raise BadInput("No hazard ratio can be given: one of the groups has no event.")
    t, d, a, w = time[used], event[used], treated[used], weights[used]
    statistic, p = log_rank(t, d, a, w)
    log_ratio, error = cox(t, d, a[:, None].astype(float), w)
    try:
        beside = cox(time, event, np.column_stack([treated, x]), np.ones(len(time)))
    except BadInput:
        beside = None
    ends = np.unique(np.quantile(t, np.linspace(0, 1, POINTS + 1)))
    shares = [curve(t[side], d[side], w[side], ends) for side in (a, ~a)]
    return Survival(
        statistic, p, hazard(log_ratio[0], error[0]), None if beside is None else hazard(beside[0][0], beside[1][0]),
        tuple((float(at), float(s), float(c)) for at, s, c in zip(ends, *shares, strict=True)),
    )  # fmt: skip


def hazard(log_ratio: float, error: float) -> Hazard:
    """Return a hazard ratio with its interval from its logarithm and the error of that."""
    low, high = np.exp(log_ratio - Z * error), np.exp(log_ratio + Z * error)
    p = float(2 * stats.norm.sf(abs(log_ratio) / error)) if error > 0 else 1.0
    return Hazard(float(np.exp(log_ratio)), float(low), float(high), p)


def curve(time: Floats, event: Bools, weights: Floats, at: Floats) -> Floats:
    """Return the weighted share without the event at each of ``at``."""
    moments, place = np.unique(time, return_inverse=True)
    gone = np.bincount(place, weights)
    at_risk = np.cumsum(gone[::-1])[::-1]
    share = np.cumprod(1 - np.bincount(place, weights * event) / at_risk)
    return np.concatenate([[1.0], share])[np.searchsorted(moments, at, "right")]


def log_rank(time: Floats, event: Bools, treated: Bools, weights: Floats) -> tuple[float, float]:
    """Return the statistic (chi-squared, one degree of freedom) and its p-value."""
    moments, place = np.unique(time, return_inverse=True)

    def left(values: Floats) -> Floats:
        return np.asarray(np.cumsum(np.bincount(place, values, len(moments))[::-1])[::-1], np.float64)

    n, deaths = left(np.ones(len(time))), np.bincount(place, event)
    own, all_ = left(weights * treated), left(weights)
    share = own / all_
    pull = np.bincount(place, weights * event * treated) - np.bincount(place, weights * event) * share
    squares = share**2 * left(weights**2 * ~treated) + (1 - share) ** 2 * left(weights**2 * treated)
    spread = deaths * (n - deaths) / (n * np.maximum(n - 1, 1)) * squares
    if not spread.sum() > 0:
        raise BadInput("No log-rank test can be given: nobody is left to compare when the events come.")
    statistic = float(pull.sum() ** 2 / spread.sum())
    return statistic, float(stats.chi2.sf(statistic, 1))


@dataclass(frozen=True)
class Ties:
    """Deaths in the order of time: each one's moment, its place among those of the same moment (0 up to 1), the moment's mean weight."""

    moment: NDArray[np.int64]
    place: Floats
    weight: Floats


def cox(time: Floats, event: Bools, x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the log hazard ratio of each column of ``x`` and its error, robust where the weights are not all one.

    Raises `BadInput` where the likelihood has no top.
    """
    order = np.argsort(-time, kind="stable")
    x, w, d = x[order] - x.mean(0), weights[order], event[order]
    _, moment = np.unique(-time[order], return_inverse=True)
    last = np.append(np.flatnonzero(np.diff(moment)), len(moment) - 1)
    ties = tied(moment, d, w)
    beta = np.zeros(x.shape[1])
    value, score, information = likelihood(beta, x, w, d, moment, last, ties)
    for _ in range(TURNS):
        step = np.linalg.lstsq(information, score, rcond=1e-10)[0]
        size = 1.0
        while (found := likelihood(beta + size * step, x, w, d, moment, last, ties))[0] < value - 1e-9:
            size /= 2
            if size < 1e-6:
                break
        beta, (value, score, information) = beta + size * step, found
        if np.abs(step).max() < 1e-9:
            break
    inverse = np.linalg.pinv(information, rcond=1e-10, hermitian=True)
    variance = np.diag(inverse) * x.var(0)
    if (
        not np.isfinite(beta).all()
        or np.abs(beta * x.std(0)).max() > 12
        or (variance < 0).any()
        or variance.max() > 100
    ):
        raise BadInput("No hazard ratio can be given: a covariate tells apart completely who has the event.")
    if (weights != 1).any():
        pull = residuals(beta, x, w, d, moment, last, ties) @ inverse
        return beta, np.asarray(np.sqrt((pull**2).sum(0)), np.float64)
    return beta, np.asarray(np.sqrt(np.diag(inverse)), np.float64)


def tied(moment: NDArray[np.int64], event: Bools, weights: Floats) -> Ties:
    """Return the deaths with their places among those of one moment."""
    at = moment[event]
    count = np.bincount(at, minlength=moment[-1] + 1)
    first = np.cumsum(count) - count
    mean = np.bincount(at, weights[event], len(count)) / np.maximum(count, 1)
    return Ties(at, (np.arange(len(at)) - first[at]) / count[at], mean[at])


def sums(
    values: Floats, moment: NDArray[np.int64], last: NDArray[np.int64], event: Bools, ties: Ties
) -> Floats:
    """Return for each death the sum over those at risk, less its place's share of the sum over those who die with it."""
    at_risk = np.cumsum(values, axis=0)[last]
    dying = np.zeros((len(last), *values.shape[1:]))
    np.add.at(dying, moment[event], values[event])
    share = ties.place.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(at_risk[ties.moment] - share * dying[ties.moment], np.float64)


def likelihood(
    beta: Floats,
    x: Floats,
    weights: Floats,
    event: Bools,
    moment: NDArray[np.int64],
    last: NDArray[np.int64],
    ties: Ties,
) -> tuple[float, Floats, Floats]:
    """Return the log partial likelihood, its gradient and the information."""
    eta = x @ beta
    risk = weights * np.exp(np.clip(eta, -500, 500))
    none = sums(risk, moment, last, event, ties)
    one = sums(risk[:, None] * x, moment, last, event, ties)
    mean = one / none[:, None]
    width = x.shape[1]
    information = np.empty((width, width))
    for k in range(width):
        square = sums(risk[:, None] * x[:, [k]] * x, moment, last, event, ties) / none[:, None]
        information[k] = ties.weight @ (square - mean[:, [k]] * mean)
    value = float(weights[event] @ eta[event] - ties.weight @ np.log(none))
    score = weights[event] @ x[event] - ties.weight @ mean
    return value, np.asarray(score, np.float64), information


def residuals(
    beta: Floats,
    x: Floats,
    weights: Floats,
    event: Bools,
    moment: NDArray[np.int64],
    last: NDArray[np.int64],
    ties: Ties,
) -> Floats:
    """Return each person's weighted score residual, which sum to nought."""
    risk = np.exp(np.clip(x @ beta, -500, 500))
    none = sums(weights * risk, moment, last, event, ties)
    mean = sums((weights * risk)[:, None] * x, moment, last, event, ties) / none[:, None]
    size, count = len(last), np.bincount(ties.moment, minlength=len(last))

    def by_moment(values: Floats) -> Floats:
        return np.column_stack([np.bincount(ties.moment, column, size) for column in values.T])

    each = (ties.weight / none)[:, None]
    both = np.column_stack([each, each * mean])
    # moments run from the last to the first: whoever leaves at one was at risk at it and at all after it in this order
    passed = np.cumsum(by_moment(both)[::-1], axis=0)[::-1][moment]
    shared = by_moment(both * ties.place[:, None])[moment]
    average = (by_moment(mean) / np.maximum(count, 1)[:, None])[moment]
    died = event[:, None]
    found = died * (x - average) - risk[:, None] * (x * passed[:, :1] - passed[:, 1:])
    found += died * risk[:, None] * (x * shared[:, :1] - shared[:, 1:])
    return np.asarray(weights[:, None] * found, np.float64)
