"""The checks of tables of counts: one function each, from a table and the limits to findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from tallystick.disclosure.attacker import SLACK, intervals
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.rules import Limits, finding, labelled
from tallystick.errors import Finding


def small_counts(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the cells from 1 to the minimum less one; rounded figures count as their base says."""
    values = counts.grid.values.reshape(-1)
    with np.errstate(invalid="ignore"):
        cells = np.flatnonzero((values > 0) & (values < limits.minimum_cell_count))
    if counts.rounded_to and counts.rounded_to >= limits.minimum_cell_count:
        return
    if len(cells):
        message = f"{len(cells)} cell(s) count fewer than {limits.minimum_cell_count}."
        yield finding("count.small", counts.where, message, places=labelled(counts, cells))


def zeros(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the cells of nought: refused where the agreement holds them disclosive, else a warning."""
    cells = np.flatnonzero(counts.grid.values.reshape(-1) == 0)
    if len(cells):
        severity: Literal["refuse", "warn"] = "refuse" if limits.zeros_are_disclosive else "warn"
        yield finding(
            "count.zero", counts.where, f"{len(cells)} cell(s) are nought.", severity, labelled(counts, cells)
        )


def full_cells(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the lines (two or more categories, no total among them) of which one cell holds everybody."""
    full: list[int] = []
    index = np.arange(counts.grid.size).reshape(counts.grid.values.shape)
    present = counts.present.reshape(index.shape)
    values = counts.full_grid().values
    hidden = counts.hidden.reshape(index.shape)
    for axis, dimension in enumerate(counts.grid.dimensions):
        families = list(dimension.parts().values()) or [list(range(len(dimension.codes)))]
        for parts in families:
            if len(parts) < 2:
                continue
            lines, here = np.take(values, parts, axis=axis), np.take(index, parts, axis=axis)
            known = np.take(present & ~hidden, parts, axis=axis).all(axis=axis)
            whole = ((lines > 0).sum(axis=axis) == 1) & known
            place = np.expand_dims(lines.argmax(axis=axis), axis)
            full += np.take_along_axis(here, place, axis=axis).squeeze(axis)[whole].reshape(-1).tolist()
    if full:
        cells = np.unique(np.array(full, dtype=np.int64))
        message = f"{len(cells)} cell(s) hold everybody of their line."
        yield finding("count.full", counts.where, message, places=labelled(counts, cells))


def remainders(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the totals that exceed the sum of their shown parts by a small number: the rest is a group."""
    grid = counts.full_grid()
    base = counts.rounded_to or 1
    if base > 1:
        return
    sums = grid.sums()
    if not sums.shape[0]:
        return
    filled = np.nan_to_num(grid.values.reshape(-1))
    through_hidden = (abs(sums) @ (counts.hidden | counts.unshown).astype(float)) > 0
    rest = sums @ filled
    lines = np.flatnonzero((rest > 0.5) & (rest < limits.minimum_cell_count) & ~through_hidden)
    if len(lines):
        wholes = sums[lines].tocoo()
        cells = np.unique(wholes.col[wholes.data > 0])
        message = (
            f"{len(lines)} total(s) exceed the sum of their parts by fewer than {limits.minimum_cell_count}."
        )
        yield finding("count.remainder", counts.where, message, places=labelled(counts, cells))


def pinned(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the hidden cells that the rest of the table pins to a small count."""
    cells = np.flatnonzero(counts.hidden)
    if not len(cells):
        return
    found = intervals(counts.full_grid().sums(), counts.low, counts.high, cells)
    exposed = exposed_cells(found.low, found.high, counts.low[cells], counts.high[cells], limits)
    if exposed.any():
        message = f"{int(exposed.sum())} hidden cell(s) can be worked out from the table."
        yield finding("hidden.pinned", counts.where, message, places=labelled(counts, cells[exposed]))


def exposed_cells(
    low: np.ndarray, high: np.ndarray, said_low: np.ndarray, said_high: np.ndarray, limits: Limits
) -> np.ndarray:
    """Return which hidden cells are pinned too closely: to within less than the minimum, and perhaps to a small count.

    A mark such as ``<10`` says a range itself; there the interval must keep at least half of it.
    """
    width = high - low
    minimum = limits.minimum_cell_count
    said = said_high - said_low
    need = np.where(np.isfinite(said), np.minimum(minimum, said) / 2, minimum)
    somebody = (high > SLACK) | limits.zeros_are_disclosive
    fits = width > -SLACK
    return np.asarray(fits & (width < need - SLACK) & (low < minimum - SLACK) & somebody)


def rounding_undone(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the rounded small cells whose true count the totals give away, to the very number or nearly."""
    if not counts.rounded_to or counts.rounded_to < 2:
        return
    shown = counts.present & ~counts.hidden
    small = np.flatnonzero(shown & (counts.grid.values.reshape(-1) <= limits.minimum_cell_count))
    if not len(small):
        return
    found = intervals(counts.full_grid().sums(), counts.low, counts.high, small)
    low, high = np.ceil(found.low - SLACK), np.floor(found.high + SLACK)
    undone = (
        (high >= low)
        & (high - low < 1)
        & (high > 0)
        & (low < limits.minimum_cell_count)
        & (counts.high[small] > counts.low[small])
    )
    if undone.any():
        message = f"{int(undone.sum())} rounded cell(s) can be worked out exactly."
        yield finding("rounding.undone", counts.where, message, places=labelled(counts, small[undone]))


def uneven_rounding(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield tables whose parts are all multiples of 5 or 10 and whose totals are not: the totals are unrounded.

    Only when the description says nothing of rounding; then the interval of each small cell is worked out for that base.
    """
    if counts.rounded_to:
        return
    values = counts.grid.values.reshape(-1)
    shown = ~np.isnan(values)
    inner = np.ones(counts.grid.values.shape, dtype=bool)
    for axis, dimension in enumerate(counts.grid.dimensions):
        leaf = np.isin(np.arange(len(dimension.codes)), dimension.leaves)
        inner &= leaf.reshape([-1 if a == axis else 1 for a in range(inner.ndim)])
    inside, outside = shown & inner.reshape(-1), shown & ~inner.reshape(-1)
    for base in (10, 5, 3):
        if (
            inside.sum() >= 4
            and outside.any()
            and (values[inside] % base == 0).all()
            and (values[outside] % base != 0).any()
        ):
            low, high = counts.low.copy(), counts.high.copy()
            low[inside] = np.maximum(0, values[inside] - base / 2)
            high[inside] = values[inside] + base / 2
            small = np.flatnonzero(inside & (values < limits.minimum_cell_count + base))
            if len(small):
                found = intervals(counts.full_grid().sums(), low, high, small)
                a, b = np.ceil(found.low - SLACK), np.floor(found.high + SLACK)
                undone = (b >= a) & (b - a < min(base, 5) / 2) & (a < limits.minimum_cell_count) & (b > 0)
                if undone.any():
                    message = f"Rounded to {base} with totals that are not: {int(undone.sum())} small cell(s) follow."
                    yield finding(
                        "rounding.undone", counts.where, message, places=labelled(counts, small[undone])
                    )
            return


COUNT_CHECKS = (small_counts, zeros, full_cells, remainders, pinned, rounding_undone, uneven_rounding)


def count_findings(counts: Counts, limits: Limits) -> list[Finding]:
    """Return what the checks of counts find."""
    return [found for check in COUNT_CHECKS for found in check(counts, limits)]
