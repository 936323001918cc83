"""Optimal full matching on one number: classes of one treated and some comparison people, or the reverse, in n log n.

Everybody is in a class and the sum of distances within classes is as small as can be (Rosenbaum 1991; Hansen 2004). On a line
this is a many-to-many matching of points, which a dynamic programme over runs of one group solves (Colannino et al. 2007):
no distance need pass over a whole run, so that each run is cut in two, its left part joined to the run before and its right
part to the run after; the ``p`` and ``q`` people on the two sides of a gap ``g`` cost their distances to the gap and
``max(p, q) · g``. A run of one may be joined to both sides.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["full"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def full(t: Floats, c: Floats) -> tuple[Integers, Integers]:
    """Return the class of each of ``t`` and of ``c``, in the order given; classes are numbered from nought.

    Every class holds at least one of each and has one person on one of its sides. With either side empty everybody has
    the class -1.
    """
    if not len(t) or not len(c):
        return np.full(len(t), -1), np.full(len(c), -1)
    score = np.concatenate([t, c])
    arm = np.concatenate([np.ones(len(t), np.bool_), np.zeros(len(c), np.bool_)])
    order = np.lexsort((arm, score))
    link = _links(score[order], arm[order])
    found = np.empty(len(score), np.int64)
    found[order] = link
    return found[: len(t)], found[len(t) :]


@njit(cache=True)
def _links(x: Floats, arm: NDArray[np.bool_]) -> Integers:
    """Return each point's class; ``x`` ascends."""
    n = len(x)
    start = np.empty(n + 1, np.int64)
    runs = 0
    for i in range(n):
        if i == 0 or arm[i] != arm[i - 1]:
            start[runs] = i
            runs += 1
    start[runs] = n
    left, right = _cuts(x, start[: runs + 1])
    return _classes(n, start[: runs + 1], left, right)


@njit(cache=True)
def _cuts(x: Floats, start: Integers) -> tuple[Integers, Integers]:
    """Return how many of each run are joined to the run before and to the run after."""
    runs, n = len(start) - 1, start[-1]
    # cost[start[r] + r + s]: the least for all up to run r, when s of it are joined to the left
    cost = np.full(n + runs, np.inf)
    came = np.zeros(n + runs, np.int64)  # how many of the run before are joined to the right
    cost[0] = 0.0
    for r in range(1, runs):
        a, b, end = start[r - 1], start[r], start[r + 1]
        size, other = b - a, end - b
        gap = x[b] - x[b - 1]
        before, here = a + r - 1, b + r
        # open[p]: the least with p of the run before joined to the right, and the distances from them to its last
        least = np.empty(size + 1)
        far = 0.0
        for p in range(size + 1):
            if p:
                far += x[b - 1] - x[b - p]
            least[p] = cost[before + size - p] + far
            if size == 1 and p == 1:
                least[p] = min(least[p], cost[before + 1])
        wide, wide_at = np.inf, 0  # min over p > q of least[p] + p·gap, from the top down
        over, over_at = np.empty(size + 2), np.empty(size + 2, np.int64)
        over[size + 1], over_at[size + 1] = np.inf, 0
        for p in range(size, 0, -1):
            if least[p] + p * gap < wide:
                wide, wide_at = least[p] + p * gap, p
            over[p], over_at[p] = wide, wide_at
        cost[here], came[here] = least[0], 0
        narrow, narrow_at = np.inf, 0  # min over 1 <= p <= q of least[p]
        near = 0.0
        for q in range(1, other + 1):
            near += x[b + q - 1] - x[b]
            if q <= size and least[q] < narrow:
                narrow, narrow_at = least[q], q
            value, at = narrow + q * gap, narrow_at
            if q < size and over[q + 1] < value:
                value, at = over[q + 1], over_at[q + 1]
            cost[here + q], came[here + q] = value + near, at
    return _trace(start, cost, came)


@njit(cache=True)
def _trace(start: Integers, cost: Floats, came: Integers) -> tuple[Integers, Integers]:
    """Walk back from the last run, all of which is joined to the left."""
    runs = len(start) - 1
    left, right = np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    s = start[runs] - start[runs - 1]
    for r in range(runs - 1, 0, -1):
        left[r] = s
        p = came[start[r] + r + s]
        right[r - 1] = p
        size, base = start[r] - start[r - 1], start[r - 1] + r - 1
        s = size - p
        if size == 1 and p == 1 and cost[base + 1] < cost[base]:
            s = 1
    for r in range(1, runs - 2):
        # two runs of one that others hold already need not hold each other (they tie at the same place)
        ones = start[r + 2] - start[r + 1] == 1 and start[r + 1] - start[r] == 1
        if ones and right[r] == 1 and left[r + 1] == 1 and left[r] > 0 and right[r + 1] > 0:
            right[r], left[r + 1] = 0, 0
    return left, right


@njit(cache=True)
def _classes(n: int, start: Integers, left: Integers, right: Integers) -> Integers:
    """Number the classes: across each gap the outermost of the larger part share the nearest of the smaller one."""
    found = np.full(n, -1, np.int64)
    made = 0
    for r in range(len(start) - 2):
        p, q = right[r], left[r + 1]
        if p == 0 or q == 0:
            continue
        a, b = start[r + 1] - p, start[r + 1]
        for k in range(max(p, q)):
            # in order of place: the spare ones of the larger part share the nearest of the smaller
            i, j = a + min(k, p - 1), b + max(k - max(p - q, 0), 0)
            held = max(found[i], found[j])
            if held < 0:
                held = made
                made += 1
            found[i], found[j] = held, held
    return found
