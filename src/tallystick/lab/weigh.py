"""Everybody's weight by one of eight methods, so that the comparison group is like the treated.

Nearest neighbour, radius, kernel and full work on the log odds of the propensity or, where told, on the propensity itself.
The calliper is 0.1 standard deviations unless told: at Austin's 0.2 (2011) strong confounding leaves nearest neighbour a bias above a tenth
of its error, and radius and kernel, which take all within reach, one that grows with the square of the reach.
Exact strata are worked one by one; the propensity is fitted once, on everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tallystick.lab import balance, match
from tallystick.lab.design import Design
from tallystick.lab.full import full
from tallystick.lab.propensity import Fit, fit

__all__ = ["METHODS", "Distance", "Method", "Settings", "Weighting", "weighting"]

Method = Literal["radius", "nearest", "kernel", "full", "cem", "entropy", "overlap", "ipw"]
METHODS: tuple[Method, ...] = get_args(Method)
Distance = Literal["logit", "propensity"]
CALLIPER = 0.1  # standard deviations of the distance

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """``calliper`` is in standard deviations of the distance, infinite for none; for kernel it is the half-width."""

    calliper: float | None = None
    ratio: int = 1
    replace: bool = False
    distance: Distance = "logit"


@dataclass(frozen=True)
class Weighting:
    """``weights`` (nought: left out) and, where people are matched in classes, each one's class; the propensity's fit."""

    method: Method
    weights: Floats
    classes: Integers | None
    fit: Fit | None


def weighting(data: Design, method: Method, settings: Settings, fitted: Fit | None = None) -> Weighting:
    """Return everybody's weight; raises `BadInput` where the propensity or the balancing weights do not exist.

    ``fitted`` is the propensity of ``data`` where it was fitted before.
    """
    if method == "cem":
        cells = np.column_stack([balance.cells(data.x), data.strata])
        _, cell = np.unique(cells, axis=0, return_inverse=True)
        return Weighting(method, *classed(data.treated, cell.ravel()), None)
    if method == "entropy":
        fitted = None
    elif fitted is None:
        fitted = fit(data.x, data.treated)
    weights, classes = np.zeros(len(data.treated)), np.full(len(data.treated), -1, np.int64)
    for code in np.unique(data.strata[data.treated]):
        rows = np.flatnonzero(data.strata == code)
        ti, ci = rows[data.treated[rows]], rows[~data.treated[rows]]
        if not len(ci):
            continue
        if fitted is None:
            weights[ti], weights[ci] = 1, balance.entropy(data.x[ci], data.x[ti].mean(0)) * len(ti)
        elif method == "overlap":
            p = fitted.probability
            weights[ti] = 1 - p[ti]
            weights[ci] = p[ci] * (weights[ti].sum() / p[ci].sum())
        elif method == "ipw":
            odds = np.exp(fitted.log_odds[ci] - fitted.log_odds[ci].max())
            weights[ti], weights[ci] = 1, odds * (len(ti) / odds.sum())
        else:
            ON_A_LINE[method](fitted, settings, ti, ci, weights, classes)
    if method == "full":
        return Weighting(method, *classed(data.treated, classes), fitted)
    has_classes = method == "nearest" and not settings.replace
    return Weighting(method, weights, classes if has_classes else None, fitted)


def width(fitted: Fit, settings: Settings) -> float:
    """Return the calliper in units of the score, by the spread among those whom no covariate gives away altogether."""
    calliper = CALLIPER if settings.calliper is None else settings.calliper
    score = fitted.score(settings.distance)
    open_ = score[~fitted.alone] if fitted.alone.any() else score
    return calliper * float(open_.std(ddof=1) if len(open_) > 1 else 0)


def by_score(score: Floats, ti: Integers, ci: Integers) -> tuple[Integers, Integers]:
    """Return both sides in ascending order of the score; those who tie stay in the table's order."""
    return ti[np.argsort(score[ti], kind="stable")], ci[np.argsort(score[ci], kind="stable")]


def by_radius(
    fitted: Fit, settings: Settings, ti: Integers, ci: Integers, weights: Floats, _: Integers
) -> None:
    """Fill in the weights of one stratum by radius matching."""
    score = fitted.score(settings.distance)
    ti, ci = by_score(score, ti, ci)
    weights[ti], weights[ci] = match.radius(score[ti], score[ci], width(fitted, settings))


def by_kernel(
    fitted: Fit, settings: Settings, ti: Integers, ci: Integers, weights: Floats, _: Integers
) -> None:
    """Fill in the weights of one stratum by an Epanechnikov kernel."""
    score = fitted.score(settings.distance)
    ti, ci = by_score(score, ti, ci)
    weights[ti], weights[ci] = match.kernel(score[ti], score[ci], width(fitted, settings))


def by_full(
    fitted: Fit, settings: Settings, ti: Integers, ci: Integers, _: Floats, classes: Integers
) -> None:
    """Fill in the classes of one stratum by optimal full matching."""
    score = fitted.score(settings.distance)
    of_t, of_c = full(score[ti], score[ci])
    first = int(classes.max()) + 1
    classes[ti], classes[ci] = of_t + first, of_c + first


def by_nearest(
    fitted: Fit, settings: Settings, ti: Integers, ci: Integers, weights: Floats, classes: Integers
) -> None:
    """Fill in the weights and classes of one stratum by nearest neighbours, the highest score first."""
    score = fitted.score(settings.distance)
    _, ci = by_score(score, ti, ci)
    ti = ti[np.argsort(-score[ti], kind="stable")]
    search = match.nearest_with_replacement if settings.replace else match.nearest
    found = search(score[ti], score[ci], min(settings.ratio, len(ci)), width(fitted, settings))
    count = (found >= 0).sum(1)
    weights[ti] = count > 0
    who, slot = np.nonzero(found >= 0)
    chosen = ci[found[who, slot]]
    np.add.at(weights, chosen, 1 / count[who])
    classes[ti[count > 0]] = ti[count > 0]
    classes[chosen] = ti[who]


ON_A_LINE: dict[Method, Callable[[Fit, Settings, Integers, Integers, Floats, Integers], None]] = {
    "radius": by_radius,
    "kernel": by_kernel,
    "full": by_full,
    "nearest": by_nearest,
}


def classed(treated: NDArray[np.bool_], cell: Integers) -> tuple[Floats, Integers]:
    """Return the weights that give each class's comparison people the share of its treated."""
    _, code = np.unique(cell, return_inverse=True)
    nt, nc = np.bincount(code, treated), np.bincount(code, ~treated)
    placed = (nt > 0) & (nc > 0) & (np.bincount(code, cell < 0) == 0)
    share = np.where(placed, nt / np.maximum(nc, 1), 0.0)
    return np.where(treated, placed[code].astype(float), share[code]), cell
