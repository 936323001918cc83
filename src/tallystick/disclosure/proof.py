"""The audit of a suppressed table: what an attacker who knows all shown cells can pin each sensitive one to.

Exact by linear programming where components are small enough, else the interval that a move proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tallystick.disclosure.attacker import LARGEST_EXACT, SLACK, components, intervals
from tallystick.disclosure.grid import Bools, Floats, Grid, Ints
from tallystick.disclosure.moves import Moved, move

EXACT_WORK = 150_000
"""Sensitive cells times hidden cells of their component up to which an audit solves programs for cells that are proven safe
already, only to state their intervals exactly."""


@dataclass(frozen=True)
class Audited:
    """What an attacker can pin one sensitive cell to.

    ``how`` is ``exact`` (linear programming) or ``proven`` (the interval holds at least this much, by a move).
    """

    cell: int
    low: float
    high: float
    how: Literal["exact", "proven"]
    is_safe: bool


@dataclass(frozen=True)
class Audit:
    """Every sensitive cell's interval, and how many were computed exactly."""

    cells: tuple[Audited, ...]

    @property
    def exposed(self) -> tuple[Audited, ...]:
        """The cells that can be pinned too closely."""
        return tuple(cell for cell in self.cells if not cell.is_safe)

    @property
    def exact(self) -> int:
        """How many intervals are exact; the rest are proven bounds."""
        return sum(cell.how == "exact" for cell in self.cells)


def audit(
    grid: Grid,
    hidden: Bools,
    asked: Ints,
    need: Floats,
    floor: float = 0.0,
    *,
    largest: int = LARGEST_EXACT,
    exact_work: int = EXACT_WORK,
    proof: Moved | None = None,
    frozen: Bools | None = None,
) -> Audit:
    """Return what an attacker who knows all shown cells can pin each asked cell to.

    Exact where the component of hidden cells has at most ``largest`` cells and the work keeps within ``exact_work``
    (a cell that no move protects is always computed); for the rest, the interval that a move proves: one found here, or
    the protector's own (``proof``), which stays true however many more cells are hidden after it.
    """
    sums = grid.sums()
    values = np.nan_to_num(grid.values.reshape(-1))
    moved = move(grid, hidden.copy(), asked, need, floor, frozen=frozen)
    if proof is not None:
        better = proof.is_enough & ~moved.is_enough
        moved = Moved(
            *(np.where(better, a, b) for a, b in zip(vars(proof).values(), vars(moved).values(), strict=True))
        )
    label = components(sums, hidden)
    size = np.bincount(label[label >= 0]) if (label >= 0).any() else np.zeros(1, dtype=np.int64)
    small_enough = size[np.maximum(label[asked], 0)] <= largest
    # where no move protects a cell only a program can tell whether several moves together do
    open_cells = np.flatnonzero(small_enough & ~moved.is_enough)
    rest = np.flatnonzero(small_enough & moved.is_enough)
    work = np.cumsum(size[np.maximum(label[asked[rest]], 0)])
    wanted = np.concatenate([open_cells, rest[work <= exact_work]])
    low, high = values[asked] - moved.down, values[asked] + moved.up
    exact = np.zeros(len(asked), dtype=bool)
    if len(wanted):
        least, most = np.where(hidden, floor, values), np.where(hidden, np.inf, values)
        found = intervals(sums, least, most, asked[wanted], largest)
        low[wanted] = np.where(found.exact, found.low, low[wanted])
        high[wanted] = np.where(found.exact, found.high, high[wanted])
        exact[wanted] = found.exact
    return judged(asked, values[asked], low, high, exact, need)


def judged(asked: Ints, value: Floats, low: Floats, high: Floats, exact: Bools, need: Floats) -> Audit:
    """Return the audit of cells whose intervals are known."""
    safe = (
        (high - value >= need[:, 0] - SLACK)
        & (value - low >= need[:, 1] - SLACK)
        & (high - low >= need[:, 2] - SLACK)
    )
    return Audit(
        tuple(
            Audited(int(cell), float(a), float(b), "exact" if e else "proven", bool(s))
            for cell, a, b, e, s in zip(asked, low, high, exact, safe, strict=True)
        )
    )
