"""What an attacker who knows the rest can pin each hidden cell to: intervals by linear programming, on connected components.

Every cell has bounds that the publication itself gives (a shown cell its value, a rounded cell its range, a hidden cell the
floor and upwards); the sums of the table tie them together. The interval of a cell is the least and the greatest value
it takes over all tables that fit (Fischetti and Salazar 2001). Components beyond ``LARGEST_EXACT`` unknown cells get bounds
by propagation instead, which are proven but may be wider than what an attacker could reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from tallystick.disclosure.grid import Bools, Floats, Ints

LARGEST_EXACT = 3000
"""Unknown cells of a component up to which its intervals are computed exactly."""
SLACK = 1e-6


@dataclass(frozen=True)
class Intervals:
    """For each asked cell its least and greatest value, and whether they are exact (else proven outer bounds)."""

    cells: Ints
    low: Floats
    high: Floats
    exact: Bools


def components(sums: sparse.csr_array, unknown: Bools) -> Ints:
    """Return for each cell the number of its component among unknown cells tied by sums; −1 for a known cell."""
    free = np.flatnonzero(unknown)
    label = np.full(len(unknown), -1, dtype=np.int64)
    if not len(free):
        return label
    part = abs(sums[:, free]).tocsr()
    part = part[np.diff(part.indptr) > 0]
    both = sparse.bmat([[None, part], [part.T, None]], format="csr") if part.shape[0] else None
    if both is None:
        label[free] = np.arange(len(free))
        return label
    _, number = connected_components(both, directed=False)
    label[free] = np.unique(number[part.shape[0] :], return_inverse=True)[1]
    return label


def intervals(
    sums: sparse.csr_array, low: Floats, high: Floats, asked: Ints, largest: int = LARGEST_EXACT
) -> Intervals:
    """Return the interval of each asked cell, given each cell's own bounds.

    ``sums`` times the true cells is 0. Where no table fits the bounds (figures that do not add up) a cell keeps the bounds
    that propagation gives and is marked inexact.
    """
    unknown = high > low
    known_part = np.where(unknown, 0.0, low)
    label = components(sums, unknown)
    found_low, found_high = propagate(sums, low, high)
    exact = np.zeros(len(low), dtype=bool)
    exact[~unknown] = True
    for number in np.unique(label[asked]):
        if number == -1:
            continue
        members = np.flatnonzero(label == number)
        if len(members) > largest:
            continue
        here = asked[label[asked] == number]
        solved = component_intervals(sums, known_part, low, high, members, here)
        if solved is not None:
            found_low[here], found_high[here] = solved
            exact[here] = True
    return Intervals(asked, found_low[asked], found_high[asked], exact[asked])


def component_intervals(
    sums: sparse.csr_array, known: Floats, low: Floats, high: Floats, members: Ints, asked: Ints
) -> tuple[Floats, Floats] | None:
    """Return the exact least and greatest value of each asked member of one component, or None if no table fits."""
    part = sums[:, members]
    used = np.diff(part.indptr) > 0
    matrix = part[used]
    right = -(sums[used] @ known)
    bounds = np.column_stack([low[members], high[members]])
    place = {int(cell): at for at, cell in enumerate(members)}
    least, most = np.empty(len(asked)), np.empty(len(asked))
    for at, cell in enumerate(asked):
        goal = np.zeros(len(members))
        goal[place[int(cell)]] = 1.0
        for sign, out in ((1.0, least), (-1.0, most)):
            result = linprog(
                sign * goal,
                A_eq=matrix if matrix.shape[0] else None,
                b_eq=right if matrix.shape[0] else None,
                bounds=bounds,
                method="highs",
            )
            if result.status == 2:
                return None
            out[at] = result.x[place[int(cell)]] if result.status == 0 else sign * -np.inf
    return least, most


def propagate(sums: sparse.csr_array, low: Floats, high: Floats, rounds: int = 20) -> tuple[Floats, Floats]:
    """Return bounds tightened by each sum in turn until nothing moves: proven, sometimes wider than the exact ones."""
    low, high = low.astype(float).copy(), high.astype(float).copy()
    if not sums.shape[0]:
        return low, high
    entries = sums.tocoo()
    row, cell, sign = entries.row, entries.col, entries.data
    for _ in range(rounds):
        least = np.where(sign > 0, low[cell], -high[cell])
        most = np.where(sign > 0, high[cell], -low[cell])
        endless_low = np.bincount(row, np.isinf(least), sums.shape[0])
        endless_high = np.bincount(row, np.isinf(most), sums.shape[0])
        finite_low = np.bincount(row, np.where(np.isinf(least), 0, least), sums.shape[0])
        finite_high = np.bincount(row, np.where(np.isinf(most), 0, most), sums.shape[0])
        own_low, own_high = np.where(np.isinf(least), 0, least), np.where(np.isinf(most), 0, most)
        others_low = np.where(endless_low[row] - np.isinf(least) > 0, -np.inf, finite_low[row] - own_low)
        others_high = np.where(endless_high[row] - np.isinf(most) > 0, np.inf, finite_high[row] - own_high)
        top = np.where(sign > 0, -others_low, others_high)
        bottom = np.where(sign > 0, -others_high, others_low)
        new_high, new_low = high.copy(), low.copy()
        np.minimum.at(new_high, cell, top)
        np.maximum.at(new_low, cell, bottom)
        if np.array_equal(new_high, high) and np.array_equal(new_low, low):
            break
        low, high = new_low, new_high
    return low, high
