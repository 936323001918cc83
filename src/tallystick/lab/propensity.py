"""The chance of treatment given the covariates: logistic regression by Newton's method, summed in chunks of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["log_odds"]

CHUNK = 200_000


def log_odds(x: NDArray[np.float64], treated: NDArray[np.bool_], *, turns: int = 50) -> NDArray[np.float64]:
    """Return each row's fitted log odds; raises `BadInput` where the covariates separate the groups.

    Columns that depend linearly on others share a coefficient (minimum norm), which leaves the fit unchanged.
    """
    centre, scale = x.mean(0), x.std(0)
    width = x.shape[1] + 1
    beta = np.zeros(width)
    previous = -np.inf
    for _ in range(turns):
        gradient, information, likelihood = np.zeros(width), np.zeros((width, width)), 0.0
        for at in range(0, len(x), CHUNK):
            part = np.column_stack([np.ones(len(x[at : at + CHUNK])), (x[at : at + CHUNK] - centre) / scale])
            t = treated[at : at + CHUNK]
            eta = part @ beta
            p = 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
            gradient += part.T @ (t - p)
            information += part.T @ (part * (p * (1 - p))[:, None])
            likelihood -= float(np.logaddexp(0, np.where(t, -eta, eta)).sum())
        if -likelihood < 1e-6 * len(x) or np.abs(beta[1:]).max() > 50:
            break
        if abs(likelihood - previous) < 1e-11 * (1 + abs(likelihood)):
            eta = beta[0] + ((x - centre) / scale) @ beta[1:]
            return np.asarray(eta, dtype=np.float64)
        previous = likelihood
        beta = beta + np.linalg.lstsq(information, gradient, rcond=1e-10)[0]
    raise BadInput(
        "No estimate can be given: the covariates tell treated and comparison people apart completely (separation). "
        "Leave out the covariate that only one group has, or widen the comparison group."
    )
