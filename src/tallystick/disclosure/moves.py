"""Moves: changes to hidden cells that keep every sum, so that an attacker cannot tell the table from the changed one.

In each dimension a move takes some from one code's branch and gives it to a sibling's (or lifts the whole line, where its
total is hidden too); the move of a cell is the product over the dimensions, a hypercube with alternating signs (the
hypercube method of Repsilber 1994, in any number of dimensions and with hierarchies). How far it can go before a cell
falls below the floor proves how far the hidden cell is from being pinned; no linear program is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from tallystick.disclosure.grid import Bools, Floats, Grid, Ints

MOST_DIMENSIONS = 10
LONGEST = 24
"""Codes that a move may touch in one dimension: two branches of a hierarchy at most twelve deep."""
CANDIDATES = {1: (64, 1024), 2: (12, 120), 3: (6, 40), 4: (4, 12, 40)}
FEW_CANDIDATES = (3, 6, 12)
"""Siblings tried in each dimension: at first, and again and again for the cells that a try leaves open."""


@dataclass(frozen=True)
class Shape:
    """The hierarchies of a grid as flat arrays, in the form that the compiled search reads."""

    strides: Ints
    offsets: Ints
    parents: Ints
    first: Ints
    parts: Ints


def shape_of(grid: Grid) -> Shape:
    """Return the grid's hierarchies as flat arrays: parents, and each code's parts in one list with its starts."""
    parents: list[int] = []
    offsets = [0]
    first = [0]
    parts: list[int] = []
    for dimension in grid.dimensions:
        below = dimension.parts()
        parents += dimension.parents
        offsets.append(offsets[-1] + len(dimension.codes))
        for at in range(len(dimension.codes)):
            parts += below.get(at, [])
            first.append(len(parts))
    sizes = [len(d.codes) for d in grid.dimensions]
    strides = [int(np.prod(sizes[axis + 1 :])) for axis in range(len(sizes))]
    made = (np.array(x, dtype=np.int64) for x in (strides, offsets, parents, first, parts))
    return Shape(*made)


@dataclass(frozen=True)
class Moved:
    """For each asked cell how far it can go up and down within its best move; ``is_enough`` where the need is met."""

    up: Floats
    down: Floats
    is_enough: Bools


def move(
    grid: Grid,
    hidden: Bools,
    asked: Ints,
    need: Floats,
    floor: float,
    *,
    cost: Floats | None = None,
    frozen: Bools | None = None,
) -> Moved:
    """Return the moves of the asked cells; with ``cost``, hide further cells (in place) where that is what it takes.

    ``hidden`` has one entry a cell, in the grid's flat order; ``need`` is of shape (asked, 3): up, down, and both
    together; ``frozen`` cells must not change (another table shows them), the asked one excepted.
    """
    shape = shape_of(grid)
    values = np.ascontiguousarray(grid.values.reshape(-1))
    still = np.zeros(len(values), dtype=np.bool_) if frozen is None else frozen
    price = np.zeros(len(values)) if cost is None else cost
    up, down = np.zeros(len(asked)), np.zeros(len(asked))
    enough = np.zeros(len(asked), dtype=np.bool_)
    for many in CANDIDATES.get(len(grid.dimensions), FEW_CANDIDATES):
        left = np.flatnonzero(~enough)
        if not len(left):
            break
        found = (np.zeros(len(left)), np.zeros(len(left)), np.zeros(len(left), dtype=np.bool_))
        cells = np.ascontiguousarray(asked[left], dtype=np.int64)
        wanted = np.ascontiguousarray(need[left], dtype=np.float64)
        hierarchy = (shape.strides, shape.offsets, shape.parents, shape.first, shape.parts)
        search(
            values,
            hidden,
            still,
            price,
            cost is not None,
            cells,
            wanted,
            float(floor),
            *hierarchy,
            many,
            *found,
        )
        up[left], down[left], enough[left] = found
    return Moved(up, down, enough)


@njit(cache=True)
def down_chain(
    values: Any, hidden: Any, frozen: Any, base: int, stride: int, code: int, start: int, first: Any, parts: Any,
    out: Any, length: int,
) -> int:  # fmt: skip
    """Write the codes from ``code`` down to a leaf, at each step the part that is hidden already, else the largest."""
    here = code
    while length < len(out):
        out[length] = here
        length += 1
        a, b = first[start + here], first[start + here + 1]
        if a == b:
            return length
        best, best_score = -1, -np.inf
        for k in range(a, b):
            part = parts[k]
            cell = base + part * stride
            value = values[cell]
            if np.isnan(value) or frozen[cell]:
                continue
            score = value + (1e15 if hidden[cell] else 0.0)
            if score > best_score:
                best_score, best = score, part
        if best == -1:
            return -1
        here = best
    return -1


@njit(cache=True)
def search(
    values: Any, hidden: Any, frozen: Any, cost: Any, may_hide: bool, asked: Any, need: Any, floor: float,
    strides: Any, offsets: Any, parents: Any, first: Any, parts: Any, many: int, up: Any, down: Any, enough: Any,
) -> None:  # fmt: skip
    """Find for each asked cell the cheapest move that meets its need, and hide the cells that it takes."""
    wide = len(strides)
    most = many + 2 * 13
    codes = np.zeros((wide, most, 24), dtype=np.int64)
    signs = np.zeros((wide, most, 24), dtype=np.int64)
    lengths = np.zeros((wide, most), dtype=np.int64)
    counts = np.zeros(wide, dtype=np.int64)
    chain = np.zeros(24, dtype=np.int64)
    best_code = np.zeros(most, dtype=np.int64)
    best_score = np.zeros(most)
    pick = np.zeros(wide, dtype=np.int64)
    inner = np.zeros(wide, dtype=np.int64)
    winner = np.zeros(wide, dtype=np.int64)
    for a in range(len(asked)):
        cell = asked[a]
        want = max(need[a, 0], need[a, 2] - (values[cell] - floor))
        possible = True
        for d in range(wide):
            start = offsets[d]
            code = (cell // strides[d]) % (offsets[d + 1] - start)
            base = cell - code * strides[d]
            counts[d] = 0
            # the cell's own branch: the code and a path of its parts down to a leaf
            own = down_chain(values, hidden, frozen, base, strides[d], code, start, first, parts, chain, 0)
            if own < 0:
                possible = False
                break
            lifted = 0
            above = code
            ancestors = np.zeros(12, dtype=np.int64)
            while lifted < 12:
                parent = parents[start + above]
                if parent == -1:
                    # nothing shows the sum of this line: the whole line moves alone
                    n = counts[d]
                    length = 0
                    for k in range(own):
                        codes[d, n, length], signs[d, n, length] = chain[k], 1
                        length += 1
                    for k in range(lifted):
                        codes[d, n, length], signs[d, n, length] = ancestors[k], 1
                        length += 1
                    lengths[d, n] = length
                    counts[d] += 1
                    break
                found = 0
                room = many if lifted == 0 else 2
                for k in range(first[start + parent], first[start + parent + 1]):
                    sibling = parts[k]
                    if sibling == above:
                        continue
                    other = base + sibling * strides[d]
                    value = values[other]
                    if np.isnan(value) or frozen[other] or (not may_hide and not hidden[other]):
                        continue
                    # capacity counts most; among those with enough, what is hidden already or cheap
                    score = 0.0 if hidden[other] else cost[other]
                    if value - floor < want:
                        score += 1e9 * (1.0 + want - (value - floor))
                    if found < room:
                        at = found
                        found += 1
                    elif score < best_score[found - 1]:
                        at = found - 1
                    else:
                        continue
                    while at > 0 and best_score[at - 1] > score:
                        best_score[at] = best_score[at - 1]
                        best_code[at] = best_code[at - 1]
                        at -= 1
                    best_score[at] = score
                    best_code[at] = sibling
                for s in range(found):
                    n = counts[d]
                    length = 0
                    for k in range(own):
                        codes[d, n, length], signs[d, n, length] = chain[k], 1
                        length += 1
                    for k in range(lifted):
                        codes[d, n, length], signs[d, n, length] = ancestors[k], 1
                        length += 1
                    after = down_chain(
                        values,
                        hidden,
                        frozen,
                        base,
                        strides[d],
                        best_code[s],
                        start,
                        first,
                        parts,
                        codes[d, n],
                        length,
                    )
                    if after < 0:
                        continue
                    for k in range(length, after):
                        signs[d, n, k] = -1
                    lengths[d, n] = after
                    counts[d] += 1
                ancestors[lifted] = parent
                lifted += 1
                above = parent
                lifted_cell = base + parent * strides[d]
                if (
                    frozen[lifted_cell]
                    or np.isnan(values[lifted_cell])
                    or (not may_hide and not hidden[lifted_cell])
                ):
                    break
            if counts[d] == 0:
                possible = False
                break
        if not possible:
            continue
        least_cost, widest = np.inf, -1.0
        for d in range(wide):
            pick[d] = 0
        done = False
        while not done:
            price, rise, fall, fits = weigh(
                values, hidden, frozen, cost, may_hide, cell, floor, strides, offsets, codes, signs, lengths, pick, inner,
                least_cost,
            )  # fmt: skip
            if fits:
                meets = rise >= need[a, 0] and fall >= need[a, 1] and rise + fall >= need[a, 2]
                if meets and price < least_cost:
                    least_cost = price
                    up[a], down[a] = rise, fall
                    enough[a] = True
                    winner[:] = pick
                    if price == 0.0:
                        break
                elif not enough[a] and rise + fall > widest:
                    widest = rise + fall
                    up[a], down[a] = rise, fall
            done = True
            for d in range(wide):
                pick[d] += 1
                if pick[d] < counts[d]:
                    done = False
                    break
                pick[d] = 0
        if enough[a] and may_hide and least_cost > 0.0:
            hide(hidden, cell, strides, offsets, codes, lengths, winner, inner)


@njit(cache=True)
def weigh(
    values: Any, hidden: Any, frozen: Any, cost: Any, may_hide: bool, cell: int, floor: float, strides: Any,
    offsets: Any, codes: Any, signs: Any, lengths: Any, pick: Any, inner: Any, limit: float,
) -> tuple[float, float, float, bool]:  # fmt: skip
    """Return what a move costs, how far it goes up and down, and whether it is allowed."""
    wide = len(strides)
    base = cell
    for d in range(wide):
        base -= ((cell // strides[d]) % (offsets[d + 1] - offsets[d])) * strides[d]
        inner[d] = 0
    price, rise, fall = 0.0, np.inf, np.inf
    while True:
        here, sign = base, 1
        for d in range(wide):
            here += codes[d, pick[d], inner[d]] * strides[d]
            sign *= signs[d, pick[d], inner[d]]
        if here != cell and frozen[here]:
            return 0.0, 0.0, 0.0, False
        room = values[here] - floor
        if np.isnan(room) or room < 0:
            return 0.0, 0.0, 0.0, False
        if not hidden[here]:
            if not may_hide:
                return 0.0, 0.0, 0.0, False
            price += cost[here]
            if price >= limit:
                return 0.0, 0.0, 0.0, False
        if sign > 0:
            fall = min(fall, room)
        else:
            rise = min(rise, room)
        d = 0
        while d < wide:
            inner[d] += 1
            if inner[d] < lengths[d, pick[d]]:
                break
            inner[d] = 0
            d += 1
        if d == wide:
            return price, rise, fall, True


@njit(cache=True)
def hide(
    hidden: Any, cell: int, strides: Any, offsets: Any, codes: Any, lengths: Any, pick: Any, inner: Any
) -> None:
    """Mark every cell of a move as hidden."""
    wide = len(strides)
    base = cell
    for d in range(wide):
        base -= ((cell // strides[d]) % (offsets[d + 1] - offsets[d])) * strides[d]
        inner[d] = 0
    while True:
        here = base
        for d in range(wide):
            here += codes[d, pick[d], inner[d]] * strides[d]
        hidden[here] = True
        d = 0
        while d < wide:
            inner[d] += 1
            if inner[d] < lengths[d, pick[d]]:
                break
            inner[d] = 0
            d += 1
        if d == wide:
            return
