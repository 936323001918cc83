"""Weights that make the comparison group like the treated, by methods on one number: sorted arrays, n log n.

Nearest neighbour takes the treated in descending order of the score, as MatchIt's default does (Ho, Imai, King and Stuart
2011); of neighbours as near the lower score is taken, of equal scores the one next to it in order. Radius: Dehejia and
Wahba 2002. Kernel: Heckman, Ichimura and Todd 1998.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["kernel", "nearest", "nearest_with_replacement", "radius"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True)
def _root(link: Integers, i: int) -> int:
    top = i
    while link[top] != top:
        top = link[top]
    while link[i] != top:
        link[i], i = top, link[i]
    return top


@njit(cache=True)
def nearest(t: Floats, c: Floats, ratio: int, width: float) -> Integers:
    """Return for each of ``t`` (descending) the positions of its neighbours in ``c`` (ascending), -1 for none; each once.

    ``ratio`` rounds are made, so that everybody gets a first neighbour before anybody a second. Taken places are skipped
    by union-find in each direction.
    """
    n = len(c)
    right, left = np.arange(n + 1), np.arange(n + 1)
    out = np.full((len(t), ratio), -1, np.int64)
    for k in range(ratio):
        for i in range(len(t)):
            at = np.searchsorted(c, t[i])
            r, low = _root(right, at), _root(left, at)
            over = c[r] - t[i] if r < n else np.inf
            under = t[i] - c[low - 1] if low > 0 else np.inf
            j = low - 1 if under <= over else r
            if min(over, under) > width or min(over, under) == np.inf:
                continue
            out[i, k] = j
            right[j], left[j + 1] = j + 1, j
    return out


@njit(cache=True)
def nearest_with_replacement(t: Floats, c: Floats, ratio: int, width: float) -> Integers:
    """Return for each of ``t`` the positions of its ``ratio`` nearest in ``c`` (ascending), -1 for none."""
    out = np.full((len(t), ratio), -1, np.int64)
    for i in range(len(t)):
        r = np.searchsorted(c, t[i])
        low = r - 1
        for k in range(ratio):
            over = c[r] - t[i] if r < len(c) else np.inf
            under = t[i] - c[low] if low >= 0 else np.inf
            if min(over, under) > width or min(over, under) == np.inf:
                break
            if under <= over:
                out[i, k] = low
                low -= 1
            else:
                out[i, k] = r
                r += 1
    return out


def radius(t: Floats, c: Floats, width: float) -> tuple[Floats, Floats]:
    """Return weights of ``t`` and of ``c`` (ascending): each of ``t`` shares one among all of ``c`` within ``width``."""
    low, high = np.searchsorted(c, t - width, "left"), np.searchsorted(c, t + width, "right")
    found = high > low
    each = 1 / (high - low)[found]
    steps = np.bincount(low[found], each, len(c) + 1) - np.bincount(high[found], each, len(c) + 1)
    weights = np.cumsum(steps)[:-1]
    touched = np.cumsum(
        np.bincount(low[found], minlength=len(c) + 1) - np.bincount(high[found], minlength=len(c) + 1)
    )
    return found.astype(float), np.where(touched[:-1] > 0, weights, 0.0)


@njit(cache=True)
def _moments(at: Floats, weight: Floats, around: Floats, width: float) -> Floats:
    """Return for each of ``around`` (ascending) the Epanechnikov sum of ``weight`` over ``at`` (ascending) within width."""
    out = np.zeros(len(around))
    sums = np.zeros((3, len(at) + 1))
    for i in range(len(at)):
        sums[0, i + 1] = sums[0, i] + weight[i]
        sums[1, i + 1] = sums[1, i] + weight[i] * at[i]
        sums[2, i + 1] = sums[2, i] + weight[i] * at[i] * at[i]
    low, high = 0, 0
    for i in range(len(around)):
        p = around[i]
        while low < len(at) and at[low] <= p - width:
            low += 1
        while high < len(at) and at[high] < p + width:
            high += 1
        if high > low:
            s = sums[:, high] - sums[:, low]
            out[i] = max(0.0, s[0] - (p * p * s[0] - 2 * p * s[1] + s[2]) / (width * width))
    return out


def kernel(t: Floats, c: Floats, width: float) -> tuple[Floats, Floats]:
    """Return weights of ``t`` and ``c`` (both ascending) by an Epanechnikov kernel of half-width ``width``."""
    total = _moments(c, np.ones(len(c)), t, width)
    found = total > 1e-9
    each = np.where(found, 1 / np.where(found, total, 1), 0.0)
    return found.astype(float), _moments(t, each, c, width)
