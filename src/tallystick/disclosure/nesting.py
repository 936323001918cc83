"""Hierarchies that a table shows only by its figures: rows that are the sum of the rows below or above them.

`England, North, Leeds, York, South, …` in one column is nested though nobody says so, and its sums are as good to an attacker as
those of a Total. What the analyst states (``hierarchy``) counts over what is found here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tallystick.disclosure.grid import Floats, is_total

MOST_CODES = 400
MOST_LOOSE = 24


def nested(codes: Sequence[str], figures: Floats) -> dict[str, str]:
    """Return for each code that is part of another in the same column the code it is part of; empty where nothing nests.

    ``figures`` has a row a code, in the table's order, and NaN for a hidden or absent cell. A single total of all other rows is
    no nesting (the table's own total does that), nor is a sum that no column shows whole.
    """
    if len(codes) > MOST_CODES or len(codes) < 4 or is_plain(codes, figures):
        return {}
    found = folded(codes, figures, first=True)
    other = folded(codes, figures, first=False)
    best = found if len(found) >= len(other) else other
    # one sum alone may be chance; several rows under one whole, of which some has parts itself, are not
    wholes = set(best.values())
    return best if len(wholes) > 1 or (wholes and not any(is_total(code) for code in codes)) else {}


def is_plain(codes: Sequence[str], figures: Floats) -> bool:
    """Return whether one row is the total of all others in each column that is shown whole."""
    totals = [at for at, code in enumerate(codes) if is_total(code)]
    if len(totals) != 1:
        return False
    rest = np.delete(figures, totals[0], axis=0).sum(axis=0)
    known = ~np.isnan(rest) & ~np.isnan(figures[totals[0]])
    return bool(known.any() and (rest[known] == figures[totals[0]][known]).all())


def folded(codes: Sequence[str], figures: Floats, *, first: bool) -> dict[str, str]:
    """Return the nesting when a whole stands before its parts (``first``) or after them, found from the inside out."""
    order = list(range(len(codes))) if first else list(range(len(codes)))[::-1]
    parents: dict[str, str] = {}
    units = order
    while block := hidden_block(units, figures) or next_block(units, figures):
        whole, parts = block
        parents.update({codes[part]: codes[whole] for part in parts})
        units = [unit for unit in units if unit not in parts]
    return parents


def parts_of_something(units: Sequence[int], figures: Floats) -> set[int]:
    """Return the units that are part of a sum which a column shows whole, at any level."""
    found: set[int] = set()
    left = list(units)
    while block := next_block(left, figures):
        found.update(block[1])
        left = [unit for unit in left if unit not in block[1]]
    return found


def next_block(units: Sequence[int], figures: Floats) -> tuple[int, list[int]] | None:
    """Return the last unit that is the sum of two or more units right after it, with those units; None if there is none."""
    for at in range(len(units) - 3, -1, -1):
        whole = figures[units[at]]
        summed = figures[units[at + 1]].copy()
        for end in range(at + 2, len(units)):
            summed = summed + figures[units[end]]
            known = ~np.isnan(summed) & ~np.isnan(whole)
            if not known.any() or (summed[known] > whole[known]).any():
                break
            if (summed[known] == whole[known]).all() and whole[known].max() > 0:
                return units[at], list(units[at + 1 : end + 1])
    return None


def hidden_block(units: Sequence[int], figures: Floats) -> tuple[int, list[int]] | None:
    """Return a unit with the run of units after it that hides a cell, where without that run the rest adds up around it.

    No column shows such a block whole, so no sum proves it; that its shown figures do not exceed the whole's, and that the whole
    is then part of a sum that does add up, does.
    """
    hides = [bool(np.isnan(figures[unit]).any()) for unit in units]
    if len(units) > MOST_LOOSE or not any(hides):
        return None
    for at in range(len(units) - 2):
        for end in range(at + 3, len(units) + 1):
            run = list(units[at + 1 : end])
            if not any(hides[at + 1 : end]):
                continue
            known = ~np.isnan(figures[units[at]])
            if (np.nansum(figures[run], axis=0)[known] > figures[units[at]][known]).any():
                break
            if units[at] in parts_of_something([unit for unit in units if unit not in run], figures):
                return units[at], run
    return None
