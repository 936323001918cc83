"""Rounding: to the nearest multiple of a base, at random without bias, or controlled so that totals still add up.

Sources: Hundepool et al. (2012) section 5.4; controlled rounding after Cox (1987), as an integer program.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from tallystick.disclosure.grid import Floats, Grid
from tallystick.disclosure.program import quiet
from tallystick.errors import Finding, Refused


def nearest(values: Floats, base: int) -> Floats:
    """Return each value rounded to the nearest multiple of the base; a half goes up, whatever its sign."""
    return np.asarray(np.floor(values / base + 0.5) * base)


def at_random(values: Floats, base: int, random: np.random.Generator) -> Floats:
    """Return each value rounded to one of its two neighbouring multiples, with chances that leave its mean unchanged."""
    below = np.floor(values / base) * base
    up = random.random(values.shape) < (values - below) / base
    return np.asarray(below + base * up)


def controlled(grid: Grid, base: int, seconds: float = 20.0) -> Grid:
    """Return the table with every cell a neighbouring multiple of the base (a multiple itself stays) and all sums exact.

    The sum of distances from the true values is least. Raises Refused where no such table exists or time runs out: in
    three and more dimensions there may be none.
    """
    values = grid.values.reshape(-1)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    low = np.floor(filled / base)
    high = np.ceil(filled / base)
    sums = grid.sums()
    # the rounded cell is base × (low + y): its cost is the distance from the true value
    cost = np.abs(base * high - filled) - np.abs(base * low - filled)
    constraints = []
    if sums.shape[0]:
        right = -(sums @ low)
        constraints = [LinearConstraint(sparse.csr_array(sums), right, right)]
    with quiet():
        result = milp(
            cost,
            integrality=np.ones(grid.size),
            bounds=Bounds(np.zeros(grid.size), high - low),
            constraints=constraints,
            options={"time_limit": seconds, "mip_rel_gap": 1e-3},
        )
    if result.x is None:
        raise Refused(
            [
                Finding(
                    "protect.rounding",
                    "No table of rounded figures keeps every total.",
                    "Round at random or to the nearest (totals then need not add up), or use a smaller base.",
                    "table",
                    "217",
                    "SDC handbook",
                )
            ]
        )
    made = base * (low + np.round(result.x))
    return Grid(grid.dimensions, np.where(known, made, np.nan).reshape(grid.values.shape))
