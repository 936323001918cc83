"""Tables that share cells: what one hides another must not show, and sums of both together must not give it away.

Cells are the same when they count the same thing over the same population (``Grid.key``). The audit is joint: one system
of all the tables' sums over their distinct cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from tallystick.disclosure.attacker import intervals
from tallystick.disclosure.grid import Bools, Floats, Grid, Ints
from tallystick.disclosure.proof import Audit, judged
from tallystick.disclosure.suppression import choose
from tallystick.errors import Finding, Refused


@dataclass(frozen=True)
class System:
    """The distinct cells of several tables: their sums, their values, and each table's cells' places among them."""

    sums: sparse.csr_array
    values: Floats
    places: tuple[Ints, ...]


@dataclass(frozen=True)
class LinkedSuppressed:
    """Which cells each table hides, and the joint audit (its cells are places in the system)."""

    primary: tuple[Bools, ...]
    hidden: tuple[Bools, ...]
    audit: Audit


def system(grids: Sequence[Grid]) -> System:
    """Return the tables as one system of distinct cells."""
    place: dict[frozenset[tuple[str, str]], int] = {}
    places = tuple(
        np.array([place.setdefault(grid.key(cell), len(place)) for cell in range(grid.size)], dtype=np.int64)
        for grid in grids
    )
    values = np.full(len(place), np.nan)
    parts = []
    for grid, at in zip(grids, places, strict=True):
        flat = grid.values.reshape(-1)
        known = ~np.isnan(flat)
        values[at[known]] = flat[known]
        move = sparse.csr_array(
            (np.ones(grid.size), (np.arange(grid.size), at)), shape=(grid.size, len(place))
        )
        parts.append(grid.sums() @ move)
    return System(sparse.vstack(parts).tocsr(), values, places)


def suppress_linked(
    grids: Sequence[Grid],
    primaries: Sequence[Bools],
    needs: Sequence[Floats],
    *,
    floor: float = 0.0,
    absent: Sequence[Bools] | None = None,
    unshown: Sequence[Bools] | None = None,
    rounds: int = 6,
) -> LinkedSuppressed:
    """Return patterns that hide the same cells in all tables and stand up to their sums taken together.

    ``needs`` has for each table one row a primary cell (up, down, width). The first round holds shared cells still;
    later ones let them be hidden too, in all tables at once.
    ``absent`` cells of each table are known to everybody and never hidden; ``unshown`` totals are in no cell of it.

    Raises Refused where that does not come to rest.
    """
    whole = system(grids)
    need = np.zeros((len(whole.values), 3))
    sensitive = np.zeros(len(whole.values), dtype=bool)
    for primary, wanted, at in zip(primaries, needs, whole.places, strict=True):
        cells = at[np.flatnonzero(primary)]
        sensitive[cells] = True
        np.maximum.at(need, cells, wanted)
    times = np.bincount(np.concatenate(whole.places), minlength=len(whole.values))
    hidden = sensitive | nowhere_shown(whole, unshown)
    target = sensitive.copy()
    audited = Audit(())
    for turn in range(rounds):
        for number, (grid, at) in enumerate(zip(grids, whole.places, strict=True)):
            here = target[at]
            rows = need[at[np.flatnonzero(here)]]
            known = absent[number] if absent is not None else np.zeros(grid.size, dtype=bool)
            frozen = known | (times[at] > 1) if turn == 0 else known
            made = choose(grid, here, rows, floor=floor, frozen=frozen, hidden=hidden[at], method="moves")
            hidden[at[made.hidden]] = True
        audited = joint_audit(whole, hidden, np.flatnonzero(sensitive), need, floor)
        if not audited.exposed:
            return LinkedSuppressed(
                tuple(sensitive[at] for at in whole.places), tuple(hidden[at] for at in whole.places), audited
            )
        # what is hidden in one table and shown as part of another must hold there too
        spread = hidden & (times > 1)
        target = target | spread
        need[spread] = np.maximum(need[spread], need[sensitive].max(axis=0))
    raise Refused([pinned(len(audited.exposed))])


def nowhere_shown(whole: System, unshown: Sequence[Bools] | None) -> Bools:
    """Return which of the system's cells no table shows: totals that each table with such a cell leaves out."""
    shown = np.zeros(len(whole.values), dtype=bool)
    for number, at in enumerate(whole.places):
        shown[at if unshown is None else at[~unshown[number]]] = True
    return ~shown


def joint_audit(whole: System, hidden: Bools, asked: Ints, need: Floats, floor: float) -> Audit:
    """Return the intervals of the asked cells under the sums of all tables together."""
    values = np.nan_to_num(whole.values)
    low, high = np.where(hidden, floor, values), np.where(hidden, np.inf, values)
    found = intervals(whole.sums, low, high, asked)
    # an inexact interval is only an outer bound: it proves nothing, so the cell does not count as safe
    least = np.where(found.exact, found.low, values[asked])
    most = np.where(found.exact, found.high, values[asked])
    return judged(asked, values[asked], least, most, found.exact, need[asked])


def pinned(count: int) -> Finding:
    """Return the refusal for linked tables that cannot be protected together."""
    return Finding(
        "protect.linked",
        f"{count} hidden cell(s) can be worked out from the tables taken together, whatever else is hidden.",
        "Merge categories, or leave out one of the tables.",
        "linked tables",
        "217",
        "Data First user guide; SDC handbook",
    )
