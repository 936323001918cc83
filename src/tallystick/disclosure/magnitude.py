"""A table of sums made fit to leave: what few people make up, or one or two of them dominate, is hidden, with what gives it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tallystick.disclosure.check import Reading
from tallystick.disclosure.counts import Counts, counts_of, ties
from tallystick.disclosure.grid import Bools, Floats
from tallystick.disclosure.proof import Audit, audit
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.suppression import Method, dominated, small, suppress, width_need
from tallystick.errors import BadInput


@dataclass(frozen=True)
class Sums:
    """A table of sums with its counts, what is sensitive in it, and what is hidden; arrays have one entry a cell."""

    sums: Counts
    counts: Counts
    primary: Bools
    hidden: Bools
    method: Method
    audit: Audit


def protect_sums(reading: Reading, limits: Limits) -> Sums:
    """Return which sums are hidden, and their counts with them, so that neither can be had from the rest.

    Sensitive is a sum of few people, one that the (n, k) or the p-percent rule finds dominated, and one of under three
    contributors (Hundepool et al. 2012, section 4.2.2). A sensitive sum's interval must reach as far above the true value, and
    as far below, as its rule asks. Raises BadInput for a table without counts, or with sums below nought; Refused where
    no pattern of hidden cells protects it.
    """
    sums, counts = _column(reading, reading.about.values[0]), _column(reading, reading.about.counts)
    values = sums.full_grid().values.reshape(-1)
    if (values < 0).any():
        raise BadInput(
            f"{reading.sheet.where}: sums below nought cannot be protected by hiding. Band them, or leave them out."
        )
    largest, second = (
        _contributions(reading, reading.about.largest),
        _contributions(reading, reading.about.second),
    )
    people = counts.full_grid()
    few = small(people, limits.minimum_cell_count, limits.zeros_are_disclosive) & sums.present
    own = dominated(
        sums.full_grid(), largest, second, limits.dominance_share, limits.p_percent, people.values.reshape(-1)
    )
    primary = few | (own & sums.present)
    asked = np.flatnonzero(primary)
    need = _need(values, largest, second, limits)[asked]
    frozen, unshown = ~sums.present & ~sums.unshown, sums.unshown
    one = suppress(sums.full_grid(), primary, need, frozen=frozen, hidden=unshown)
    # What hides a sum may not hide its count: the counts are protected with the sums' pattern hidden already.
    floor = 0.0 if limits.zeros_are_disclosive else 1.0
    count_need = width_need(int(few.sum()), limits.minimum_cell_count)
    both = suppress(people, few, count_need, floor=floor, frozen=frozen, hidden=one.hidden)
    checked = audit(sums.full_grid(), both.hidden, asked, need, 0.0, frozen=frozen)
    return Sums(sums, counts, primary, both.hidden, one.method, checked)


def _column(reading: Reading, name: str) -> Counts:
    """Return one column of figures as a grid."""
    if not name:
        raise BadInput(
            f"{reading.sheet.where}: the table does not say how many people are under each sum. Add the counts, and name the "
            'column in a description (tally output describe): counts = "…".'
        )
    held = counts_of(
        reading.sheet, reading.about.model_copy(update={"statistic": "frequency", "values": (name,)})
    )
    if held.hidden.any():
        raise BadInput(f"{reading.sheet.where}: cells are hidden already. Protect the table as it was made.")
    return ties(held)


def _contributions(reading: Reading, name: str) -> Floats:
    """Return the contributions in a column, nought where it is not given."""
    if name not in reading.sheet.header:
        return np.zeros(1)
    held = counts_of(
        reading.sheet, reading.about.model_copy(update={"statistic": "frequency", "values": (name,)})
    )
    return np.nan_to_num(held.grid.values.reshape(-1))


def _need(values: Floats, largest: Floats, second: Floats, limits: Limits) -> Floats:
    """Return how far up, down and in all each sum's interval must reach; of shape (cells, 3)."""
    top = largest + second
    by_percent = limits.p_percent * largest - (values - top)
    by_share = top / limits.dominance_share - values
    up = np.maximum.reduce([by_percent, by_share, limits.p_percent * values])
    return np.stack([up, np.minimum(up, values), np.zeros(len(values))], axis=1)
