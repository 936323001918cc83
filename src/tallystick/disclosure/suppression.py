"""Suppression: which cells are sensitive, which others must go with them, and the audit that proves it was enough.

Primary cells break a rule themselves; secondary cells are hidden so that no sum gives a primary one away. The exact
method is an integer program (Fischetti and Salazar 2001, written out whole, solved by HiGHS); the fast one is a search for
moves (``moves``). Whatever chose the cells, ``audit`` then asks what an attacker can pin each sensitive one to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from tallystick.disclosure.attacker import LARGEST_EXACT, SLACK, components, intervals
from tallystick.disclosure.grid import Bools, Floats, Grid, Ints
from tallystick.disclosure.moves import Moved, move
from tallystick.errors import Finding, Refused

Method = Literal["exact", "moves"]
LARGEST_PROGRAM = 30_000
"""Variables up to which the integer program is tried."""
EXACT_WORK = 150_000
"""Sensitive cells times hidden cells of their component up to which an audit solves programs for cells that are proven safe
already, only to state their intervals exactly."""


@dataclass(frozen=True)
class Need:
    """How far an attacker's interval must reach above a sensitive cell, below it, and in all."""

    up: float
    down: float
    width: float


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
