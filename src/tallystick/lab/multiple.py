"""Several results at once: p-values adjusted for their number, and whether groups differ in their effect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

__all__ = ["benjamini_hochberg", "holm", "interaction"]


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down (1979), in the order given: the chance of any false alarm is kept.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(values, float)
    order = np.argsort(p, kind="stable")
    found = np.empty(len(p))
    found[order] = np.minimum(np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order]), 1.0)
    return [float(value) for value in found]


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Benjamini and Hochberg's step-up (1995), in the order given: the share of false alarms is kept.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(values, float)
    order = np.argsort(-p, kind="stable")
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(len(p) / np.arange(len(p), 0, -1) * p[order]), 1.0)
    return [float(value) for value in found]


def interaction(effects: Sequence[float], errors: Sequence[float]) -> float | None:
    """Return the p-value that groups have one effect (Cochran's Q 1954); nothing with fewer than two or an error of nought."""
    effect, error = np.asarray(effects, float), np.asarray(errors, float)
    if len(effect) < 2 or not (error > 0).all():
        return None
    weight = 1 / error**2
    mean = (weight @ effect) / weight.sum()
    return float(stats.chi2.sf(weight @ (effect - mean) ** 2, len(effect) - 1))
