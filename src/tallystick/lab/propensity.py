"""The chance of treatment given the covariates: logistic regression by Newton's method, summed in chunks of rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["Fit", "fit"]

CHUNK = 8192
ENOUGH = 100_000  # people from whom a first fit is had
PLACES = 10  # people alike in every covariate tie on every machine
ENDLESS = 10.0  # a log odds ratio that only a value of one group alone comes near

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Each row's log odds, and the inverse of the information on the columns less ``centre`` over ``scale``, intercept first.

    ``alone`` says who has a value that only their own group has: their log odds have no end.
    """

    log_odds: Floats
    inverse: Floats
    centre: Floats
    scale: Floats
    alone: NDArray[np.bool_]

    @cached_property
    def probability(self) -> Floats:
        """Each row's propensity."""
        return np.asarray(1 / (1 + np.exp(-self.log_odds)), dtype=np.float64)

    def score(self, distance: Literal["logit", "propensity"]) -> Floats:
        """Return the number on which people are matched."""
        return self.log_odds if distance == "logit" else self.probability

    def columns(self, x: Floats) -> Floats:
        """Return rows of covariates as the fit sees them."""
        return np.column_stack([np.ones(len(x)), (x - self.centre) / self.scale])


def fit(x: Floats, treated: NDArray[np.bool_], *, turns: int = 50) -> Fit:
    """Return the fitted propensity; raises `BadInput` where the covariates separate the groups.

    Columns that depend linearly on others share a coefficient (minimum norm), which leaves the fit unchanged. A large table
    begins where a part of its comparison people ends.
    """
    centre, scale = x.mean(0), x.std(0)
    beta = np.zeros(x.shape[1] + 1)
    step = len(x) // max(ENOUGH, 5 * int(treated.sum()))
    if step > 1:
        part = treated.copy()
        part[::step] = True
        some = x[part]
        found = newton(some, treated[part], centre, scale, beta, turns)
        if found is not None:
            beta = found[0]
            beta[0] -= np.log(np.count_nonzero(~treated) / np.count_nonzero(~treated[part]))
    done = newton(x, treated, centre, scale, beta, turns)
    if done is None:
        raise BadInput(
            "No estimate can be given: the covariates tell treated and comparison people apart completely (separation). "
            "Leave out the covariate that only one group has, or widen the comparison group."
        )
    beta, information = done
    eta = np.empty(len(x))
    for at in range(0, len(x), CHUNK):
        eta[at : at + CHUNK] = beta[0] + ((x[at : at + CHUNK] - centre) / scale) @ beta[1:]
    inverse = np.asarray(np.linalg.pinv(information, rcond=1e-10, hermitian=True), np.float64)
    return Fit(np.round(eta, PLACES), inverse, centre, scale, alone(x, treated, beta[1:] / scale))


def newton(
    x: Floats, treated: NDArray[np.bool_], centre: Floats, scale: Floats, beta: Floats, turns: int
) -> tuple[Floats, Floats] | None:
    """Return the coefficients of the columns less ``centre`` over ``scale`` and the information, or nothing where there is no end."""
    width, previous = len(beta), -np.inf
    for _ in range(turns):
        gradient, information, likelihood = np.zeros(width), np.zeros((width, width)), 0.0
        for at in range(0, len(x), CHUNK):
            t = treated[at : at + CHUNK]
            part = np.ones((len(t), width))
            np.subtract(x[at : at + CHUNK], centre, out=part[:, 1:])
            part[:, 1:] /= scale
            eta = part @ beta
            p = 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
            gradient += part.T @ (t - p)
            likelihood -= float(np.logaddexp(0, np.where(t, -eta, eta)).sum())
            part *= np.sqrt(p * (1 - p))[:, None]
            information += part.T @ part
        if -likelihood < 1e-6 * len(x) or np.abs(beta[1:]).max() > 50:
            return None
        beta = beta + np.linalg.lstsq(information, gradient, rcond=1e-10)[0]
        if abs(likelihood - previous) < 1e-11 * (1 + abs(likelihood)):
            return beta, information
        previous = likelihood
    return None


def alone(x: Floats, treated: NDArray[np.bool_], slope: Floats) -> NDArray[np.bool_]:
    """Return who has, in a column of two values, one that only their own group has."""
    found = np.zeros(len(x), np.bool_)
    for k in np.flatnonzero(np.abs(slope) > ENDLESS):
        values = np.unique(x[:, k])
        for value in values if len(values) == 2 else ():
            rows = x[:, k] == value
            if len(np.unique(treated[rows])) == 1:
                found |= rows
    return found
