"""The exact method of secondary suppression: the cheapest pattern by integer programming (Fischetti and Salazar 2001).

The model is written out whole, with two tables for each sensitive cell, and solved by HiGHS through scipy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from tallystick.disclosure.grid import Bools, Floats, Grid, Ints

LARGEST_PROGRAM = 30_000
"""Variables up to which the integer program is tried."""


def costs(grid: Grid, hidden: Bools) -> Floats:
    """Return what hiding each cell costs: a little for each, more for larger ones and for totals."""
    values = grid.values
    cost = 1.0 + np.log1p(np.nan_to_num(np.abs(values)))
    for axis, dimension in enumerate(grid.dimensions):
        depth = dimension.depths()
        level = (depth.max() - depth).astype(float)
        wide = [1] * values.ndim
        wide[axis] = len(level)
        cost = cost * (1.0 + 2.0 * level.reshape(wide))
    return np.asarray(cost.reshape(-1), dtype=np.float64)


def fits_program(grid: Grid, sums: sparse.csr_array, asked: Ints) -> bool:
    """Return whether the integer program is small enough to be tried."""
    return bool(len(asked)) and (2 * len(asked) + 1) * grid.size <= LARGEST_PROGRAM and sums.shape[0] > 0


def program(
    grid: Grid,
    sums: sparse.csr_array,
    asked: Ints,
    need: Floats,
    hidden: Bools,
    floor: float,
    frozen: Bools | None,
    seconds: float,
) -> Bools | None:
    """Return the cheapest pattern by integer programming, or None where time ran out or none exists.

    Variables: for each cell whether it is hidden, and for each sensitive cell two tables that the attacker could not tell
    from the true one, one in which it is higher and one in which it is lower, written as differences.
    """
    values = grid.values.reshape(-1)
    cells, pairs = grid.size, len(asked)
    room = np.maximum(np.nan_to_num(values) - floor, 0.0)
    reach = 10.0 * max(1.0, float(need.max()))
    frozen = np.zeros(cells, dtype=bool) if frozen is None else frozen
    absent = np.isnan(values) | (values < floor)
    eye = sparse.eye_array(cells, format="csr")
    blocks: list[sparse.csr_array] = []
    low: list[Floats] = []
    high: list[Floats] = []
    variables = cells * (1 + 2 * pairs)

    def place(matrix: sparse.csr_array, at: int) -> sparse.csr_array:
        left, right = at * cells, variables - (at + 1) * cells
        return sparse.hstack(
            [sparse.csr_array((matrix.shape[0], left)), matrix, sparse.csr_array((matrix.shape[0], right))]
        ).tocsr()

    def add(matrix: sparse.csr_array, least: Floats, most: Floats) -> None:
        blocks.append(matrix)
        low.append(least)
        high.append(most)

    endless = np.full(cells, np.inf)
    for pair, cell in enumerate(asked):
        for side in (0, 1):
            at = 1 + 2 * pair + side
            if sums.shape[0]:
                add(place(sums, at), np.zeros(sums.shape[0]), np.zeros(sums.shape[0]))
            # −room·y ≤ difference ≤ reach·y
            drop, rise = sparse.diags_array(np.minimum(room, reach)), reach * eye
            add(place(eye, at) + place(drop.tocsr(), 0), np.zeros(cells), endless)
            add(place(eye, at) - place(rise.tocsr(), 0), -endless, np.zeros(cells))
        one = sparse.csr_array(([1.0], ([0], [int(cell)])), shape=(1, cells))
        raised, lowered = place(one, 1 + 2 * pair), place(one, 2 + 2 * pair)
        add(raised, need[pair, :1], np.array([np.inf]))
        add(lowered, np.array([-np.inf]), -need[pair, 1:2])
        add((raised - lowered).tocsr(), need[pair, 2:3], np.array([np.inf]))
    cost = np.concatenate([np.where(hidden, 0.0, costs(grid, hidden)), np.zeros(2 * pairs * cells)])
    least = np.concatenate([hidden.astype(float), np.full(2 * pairs * cells, -reach)])
    shut = (absent | frozen) & ~hidden
    most = np.concatenate([np.where(shut, 0.0, 1.0), np.full(2 * pairs * cells, reach)])
    for pair, cell in enumerate(asked):
        for side in (0, 1):
            start = (1 + 2 * pair + side) * cells
            still = frozen.copy()
            still[cell] = False
            least[start : start + cells][still] = 0.0
            most[start : start + cells][still] = 0.0
    with quiet():
        result = milp(
            cost,
            integrality=np.concatenate([np.ones(cells), np.zeros(2 * pairs * cells)]),
            bounds=Bounds(least, most),
            constraints=LinearConstraint(sparse.vstack(blocks), np.concatenate(low), np.concatenate(high)),
            options={"time_limit": seconds, "mip_rel_gap": 1e-4},
        )
    if result.x is None:
        return None
    return np.asarray(result.x[:cells] > 0.5)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the compiled solver prints of itself out of standard output, which may be a program's JSON."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
