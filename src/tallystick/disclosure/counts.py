"""A table of counts as published: a grid of values, what stands for hidden cells, and what a reader knows of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tallystick.disclosure.about import TableAbout
from tallystick.disclosure.grid import Bools, Dimension, Floats, Grid, is_total
from tallystick.disclosure.guess import as_number, is_hidden
from tallystick.disclosure.nesting import nested
from tallystick.disclosure.sheet import BELOW, RANGE, Sheet, label
from tallystick.errors import BadInput

LARGEST_GRID = 20_000_000


@dataclass(frozen=True)
class Counts:
    """The table: ``grid`` holds the published values (NaN where absent or hidden), ``hidden`` the hidden cells.

    ``low`` and ``high`` are what a reader knows of each cell's true value; all have one entry a cell.
    """

    where: str
    grid: Grid
    hidden: Bools
    low: Floats
    high: Floats
    population: str = ""
    rounded_to: int | None = None

    @property
    def present(self) -> Bools:
        """Which cells the table has, shown or hidden."""
        return self.hidden | ~np.isnan(self.grid.values.reshape(-1))

    @property
    def inner(self) -> Bools:
        """Which cells are no total in any dimension."""
        made = np.ones(self.grid.values.shape, dtype=bool)
        for axis, dimension in enumerate(self.grid.dimensions):
            leaf = np.isin(np.arange(len(dimension.codes)), dimension.leaves)
            made &= leaf.reshape([-1 if a == axis else 1 for a in range(made.ndim)])
        return made.reshape(-1)

    @property
    def unshown(self) -> Bools:
        """Which totals the table leaves out: nobody reads them, yet larger totals are sums of them."""
        return ~self.present & ~self.inner

    def full_grid(self) -> Grid:
        """Return the grid without gaps: 0 for hidden cells, and what is absent filled in.

        A combination that a table leaves out (Bath in the North) is nought to whoever subtracts; a total that it leaves out is
        the sum of its parts, so that sums through it are kept.
        """
        values = self.grid.values.copy()
        values.reshape(-1)[self.hidden | (self.inner & np.isnan(values.reshape(-1)))] = 0.0
        for axis, dimension in enumerate(self.grid.dimensions):
            depth = dimension.depths()
            for whole, parts in sorted(dimension.parts().items(), key=lambda item: -depth[item[0]]):
                line: list[Any] = [slice(None)] * values.ndim
                line[axis] = whole
                summed = np.take(values, parts, axis=axis).sum(axis=axis)
                here = values[tuple(line)]
                values[tuple(line)] = np.where(np.isnan(here), summed, here)
        return Grid(self.grid.dimensions, np.nan_to_num(values))


def counts_of(sheet: Sheet, about: TableAbout) -> Counts:
    """Return a sheet of counts as a grid. Raises BadInput for a column that is not there, or a cell that comes twice."""
    missing = sorted({*about.labels, *about.values} - set(sheet.header))
    if missing:
        raise BadInput(
            f"{sheet.where}: the description names {', '.join(missing)}, which is no column of the table."
        )
    if not about.values:
        raise BadInput(
            f"{sheet.where}: no column of counts is named. State values = [...] in the description."
        )
    columns = labels_of(sheet, about.labels)
    names = list(about.labels)
    if not columns:
        columns, names = [["all"] * len(sheet.rows)], ["rows"]
    crossed = len(about.values) > 1
    codes = [list(dict.fromkeys(column)) for column in columns]
    if crossed:
        names.append(about.columns or "columns")
        codes.append(list(about.values))
    shape = tuple(len(each) for each in codes)
    size = int(np.prod([float(n) for n in shape]))
    if size > LARGEST_GRID:
        raise BadInput(
            f"{sheet.where}: read as a table it would have {size:,} cells. Check the label columns."
        )
    values = np.full(size, np.nan)
    hidden = np.zeros(size, dtype=bool)
    low, high = np.zeros(size), np.zeros(size)
    places = np.zeros(len(sheet.rows), dtype=np.int64)
    for axis, column in enumerate(columns):
        number = {code: at for at, code in enumerate(codes[axis])}
        places = places * shape[axis] + np.array([number[value] for value in column], dtype=np.int64)
    seen = np.bincount(places, minlength=1)
    if len(seen) and seen.max() > 1:
        raise BadInput(
            f"{sheet.where}: two rows have the same labels. Name all label columns in the description."
        )
    for at, name in enumerate(about.values):
        cells = places * len(about.values) + at if crossed else places
        for cell, given in zip(cells, sheet.column(name), strict=True):
            value = as_number(given)
            if isinstance(value, float):
                values[cell] = low[cell] = high[cell] = value
            elif value is None or is_hidden(value):
                hidden[cell] = True
                low[cell], high[cell] = known_range(value)
            else:
                raise BadInput(
                    f"{sheet.where}: column {name} holds a text that is neither a count nor a hidden one."
                )
    stated = {name: dict(parts) for name, parts in about.hierarchy.items()}
    if len(columns) == 1 and names[0] not in stated:
        stated[names[0]] = nested(codes[0], values.reshape(len(codes[0]), -1))
    dimensions = tuple(
        Dimension.of(name, each, stated.get(name)) for name, each in zip(names, codes, strict=True)
    )
    base = about.rounded_to or apparent_base(values)
    grid = Grid(dimensions, values.reshape(shape))
    made = Counts(sheet.where, grid, hidden, low, high, about.population, base)
    high[made.unshown] = np.inf
    return with_rounding(made)


def apparent_base(values: Floats) -> int | None:
    """Return 10 or 5 where eight or more figures are all its multiples: nobody's counts fall so by chance."""
    shown = values[np.nan_to_num(values) > 0]
    if len(shown) < 8:
        return None
    return next((base for base in (10, 5) if (shown % base == 0).all()), None)


def known_range(mark: object) -> tuple[float, float]:
    """Return what a mark tells of the count that it hides: ``<10`` says 0 to 9, ``1-4`` says 1 to 4, ``c`` nothing."""
    if isinstance(mark, str):
        if below := BELOW.match(mark.strip()):
            return 0.0, float(below.group(1)) - 1
        if between := RANGE.match(mark.strip()):
            return float(between.group(1)), float(between.group(2))
    return 0.0, np.inf


def with_rounding(counts: Counts) -> Counts:
    """Return the table with each shown cell's true range where the description says that it was rounded."""
    if counts.rounded_to is None or counts.rounded_to < 2:
        return counts
    shown = counts.present & ~counts.hidden
    base = counts.rounded_to
    values = counts.grid.values.reshape(-1)
    low = np.where(shown, np.maximum(0, values - (base - 1)), counts.low)
    high = np.where(shown, values + (base - 1), counts.high)
    return replace(counts, low=low, high=high)


def labels_of(sheet: Sheet, names: Sequence[str]) -> list[list[str]]:
    """Return the label columns as text.

    A blank takes the label above it (as a spreadsheet's groups are written), or in a row of totals is a total too (as pandas
    writes them); the totals of nested groups (``North total``, ``South total``) share one name.
    """
    columns = [[label(cell) for cell in sheet.column(name)] for name in names]
    for at, column in enumerate(columns):
        for row, text in enumerate(column):
            if text:
                continue
            if any(is_total(other[row]) for other in columns[:at]):
                column[row] = "Total"
            elif row:
                column[row] = column[row - 1]
    if len(columns) < 2:
        return columns
    return [
        ["Total" if is_total(code) else code for code in column]
        if len({code for code in column if is_total(code)}) > 1
        else column
        for column in columns
    ]


def ties(counts: Counts) -> Counts:
    """Return the table without those totals that are plainly not the sum of their parts, axis by axis.

    A total whose shown parts exceed it, or fall short of it by more than a fifth, on most lines is the total of
    something else (several answers a person, a mean); what nearly adds up is kept, for the rest is what leaks.
    """
    dimensions = list(counts.grid.dimensions)
    filled_values = counts.full_grid().values
    for axis, dimension in enumerate(dimensions):
        wrong: set[int] = set()
        for whole, parts in dimension.parts().items():
            total = np.take(counts.grid.values, whole, axis=axis).reshape(-1)
            summed = np.nansum(np.take(filled_values, parts, axis=axis), axis=axis).reshape(-1)
            hid = (
                np.take(counts.hidden.reshape(filled_values.shape), parts, axis=axis)
                .any(axis=axis)
                .reshape(-1)
            )
            # parts rounded one by one may exceed an exact total by half a base each
            slack = 5.0 * (len(parts) + 1)
            known = ~np.isnan(total)
            over = known & (summed > total + slack)
            short = known & ~hid & (summed < 0.8 * total - slack)
            if known.any() and (over | short).sum() > known.sum() / 2:
                wrong.add(whole)
        if wrong:
            above = tuple(-1 if parent in wrong else parent for parent in dimension.parents)
            dimensions[axis] = Dimension(dimension.name, dimension.codes, above)
    return replace(counts, grid=Grid(tuple(dimensions), counts.grid.values))


def is_margin(grid: Grid, cell: int) -> bool:
    """Return whether a cell is a total in some dimension."""
    place = np.unravel_index(cell, grid.values.shape)
    return any(is_total(d.codes[int(at)]) for d, at in zip(grid.dimensions, place, strict=True))
