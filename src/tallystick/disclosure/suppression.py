"""Suppression: which cells are sensitive, which others must go with them, and the audit that proves it was enough.

Primary cells break a rule themselves; secondary cells are hidden so that no sum gives a primary one away. The exact
method is an integer program (``program``), the fast one a search for moves (``moves``). Whatever chose the cells, ``audit`` then
asks what an attacker can pin each sensitive one to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tallystick.disclosure.grid import Bools, Floats, Grid
from tallystick.disclosure.moves import Moved, move
from tallystick.disclosure.program import costs, fits_program, program
from tallystick.disclosure.proof import Audit, Audited, audit
from tallystick.errors import Finding, Refused

Method = Literal["exact", "moves"]


@dataclass(frozen=True)
class Suppressed:
    """Which cells are hidden and why, the method that chose them, and the audit. Arrays have one entry a cell."""

    primary: Bools
    hidden: Bools
    method: Method
    audit: Audit

    @property
    def secondary(self) -> Bools:
        """Cells hidden only to protect others."""
        return self.hidden & ~self.primary


def small(grid: Grid, minimum: int, zeros: bool = False) -> Bools:
    """Return which cells hold 1 to ``minimum`` − 1 people (with ``zeros`` also 0)."""
    values = grid.values.reshape(-1)
    with np.errstate(invalid="ignore"):
        return np.asarray((values < minimum) & ((values > 0) | (zeros & (values == 0))))


def dominated(
    grid: Grid,
    largest: Floats,
    second: Floats,
    share: float,
    percent: float,
    contributors: Floats | None = None,
) -> Bools:
    """Return which sums are dominated: two contributors hold over ``share``, or one can be estimated within ``percent``.

    ``largest`` and ``second`` are the two largest contributions to each cell. The p-percent rule: the total less the two
    largest is under ``percent`` of the largest (Hundepool et al. 2012, section 4.2.2).
    """
    values = grid.values.reshape(-1)
    with np.errstate(invalid="ignore"):
        by_share = (largest + second) > share * values
        by_percent = (values - largest - second) < percent * largest
        few = contributors < 3 if contributors is not None else np.zeros(len(values), dtype=bool)
        return (values > 0) & (by_share | by_percent | few)


def width_need(count: int, minimum: float) -> Floats:
    """Return the need of hidden counts: an interval at least ``minimum`` wide; of shape (count, 3)."""
    return np.tile(np.array([0.0, 0.0, float(minimum)]), (count, 1))


def suppress(
    grid: Grid,
    primary: Bools,
    need: Floats,
    *,
    floor: float = 0.0,
    method: Method | None = None,
    frozen: Bools | None = None,
    hidden: Bools | None = None,
    seconds: float = 20.0,
) -> Suppressed:
    """Return a pattern of hidden cells that protects every primary cell, audited.

    ``need`` has one row a primary cell: up, down, width. ``floor`` is the least value that an attacker knows any hidden
    cell to have (0; 1 where zeros are always shown). ``frozen`` cells are known to everybody (absent
    combinations) and never hidden; ``hidden`` are cells hidden already. Without ``method`` the exact one
    is used where it fits. Raises Refused, naming the cells, where no pattern protects them.
    """
    asked = np.flatnonzero(primary)
    chosen = choose(
        grid, primary, need, floor=floor, method=method, frozen=frozen, hidden=hidden, seconds=seconds
    )
    checked = audit(grid, chosen.hidden, asked, need, floor, proof=chosen.proof, frozen=frozen)
    if checked.exposed:
        raise Refused([unprotected(grid, cell) for cell in checked.exposed[:20]])
    return Suppressed(primary, chosen.hidden, chosen.method, checked)


@dataclass(frozen=True)
class Chosen:
    """Which cells to hide, the method that chose them, and for the fast one how far each sensitive cell's move goes."""

    hidden: Bools
    method: Method
    proof: Moved | None = None


def choose(
    grid: Grid,
    primary: Bools,
    need: Floats,
    *,
    floor: float = 0.0,
    method: Method | None = None,
    frozen: Bools | None = None,
    hidden: Bools | None = None,
    seconds: float = 20.0,
) -> Chosen:
    """Return which cells to hide; not audited.

    ``frozen`` cells are neither hidden nor moved (another table shows them), save a primary one itself.
    """
    asked = np.flatnonzero(primary)
    pattern = primary.copy() if hidden is None else primary | hidden
    sums = grid.sums()
    used: Method = method or ("exact" if fits_program(grid, sums, asked) else "moves")
    if not len(asked):
        return Chosen(pattern, used)
    if used == "exact":
        solved = program(grid, sums, asked, need, pattern, floor, frozen, seconds)
        if solved is not None:
            return Chosen(solved, "exact")
    order = np.argsort(grid.values.reshape(-1)[asked], kind="stable")[::-1]
    moved = move(grid, pattern, asked[order], need[order], floor, cost=costs(grid, pattern), frozen=frozen)
    back = np.argsort(order)
    return Chosen(pattern, "moves", Moved(moved.up[back], moved.down[back], moved.is_enough[back]))


def unprotected(grid: Grid, cell: Audited) -> Finding:
    """Return the refusal for a cell that no pattern of hidden cells protects."""
    return Finding(
        "protect.pinned",
        "A hidden cell can be worked out from the rest too closely, whatever else is hidden.",
        "Merge categories, or leave out a total of its line.",
        grid.label(cell.cell),
        "217",
        "Data First user guide; SDC handbook",
    )


def shown(grid: Grid, suppressed: Suppressed, mark: str = "c") -> list[list[str]]:
    """Return the table as text with hidden cells marked: a row for each cell, its codes and its value, ready to be saved."""
    values = grid.values.reshape(-1)
    rows: list[list[str]] = []
    for cell in range(grid.size):
        if np.isnan(values[cell]):
            continue
        place = np.unravel_index(cell, grid.values.shape)
        codes = [d.codes[int(at)] for d, at in zip(grid.dimensions, place, strict=True)]
        rows.append([*codes, mark if suppressed.hidden[cell] else f"{values[cell]:g}"])
    return rows
