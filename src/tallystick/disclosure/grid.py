"""A table of figures as numbers: its dimensions with their hierarchies, its cells, and the sums that tie cells together.

A cell is a place in an array with one axis a dimension; a dimension's codes include its totals and subtotals, each
code pointing to the code it is part of. What an outsider can subtract is exactly this: for each code with parts, and each
combination of codes of the other dimensions, whole − sum of parts = 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from tallystick.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

TOTAL_NAMES = frozenset(
    {"total", "totals", "all", "overall", "sum", "grand total", "margin", "any", "both", "everyone"}
)
"""Labels that a total goes by (pandas says All, R says Sum, people say Total)."""


def is_total(label: str) -> bool:
    """Return whether a label names a total."""
    tight = " ".join(label.lower().replace("_", " ").strip(" :*").split())
    few_words = len(tight.split()) <= 3
    return tight in TOTAL_NAMES or (
        few_words and (tight.startswith(("total ", "all ")) or tight.endswith((" total", " all")))
    )


@dataclass(frozen=True)
class Dimension:
    """One axis: its codes, and for each the place of the code that it is part of (−1: of none that is shown)."""

    name: str
    codes: tuple[str, ...]
    parents: tuple[int, ...]

    @classmethod
    def of(cls, name: str, codes: Sequence[str], parents: Mapping[str, str] | None = None) -> Dimension:
        """Return a dimension; without ``parents`` a single code that names a total is the whole of all others.

        Raises BadInput for a repeated code, a parent that is no code, or a circle.
        """
        if len(set(codes)) != len(codes):
            raise BadInput(f"Dimension {name!r} names a category twice. Give each category one row.")
        place = {code: at for at, code in enumerate(codes)}
        if parents:
            wrong = sorted({whole for whole in parents.values() if whole not in place})
            if wrong:
                raise BadInput(
                    f"Dimension {name!r}: the hierarchy names {len(wrong)} whole(s) that the table lacks."
                )
            above = tuple(place[parents[code]] if code in parents else -1 for code in codes)
            tops = [code for code in codes if code not in parents and is_total(code)]
            if len(tops) == 1 and len([a for a in above if a == -1]) > 1:
                top = place[tops[0]]
                above = tuple(top if a == -1 and at != top else a for at, a in enumerate(above))
        else:
            tops = [code for code in codes if is_total(code)]
            top = place[tops[0]] if len(tops) == 1 and len(codes) > 1 else -1
            above = tuple(-1 if at == top else top for at in range(len(codes)))
        made = cls(name, tuple(codes), above)
        made.depths()
        return made

    def depths(self) -> Ints:
        """Return how many codes stand above each code. Raises BadInput for a circle."""
        depth = np.zeros(len(self.codes), dtype=np.int64)
        for at in range(len(self.codes)):
            above, steps = self.parents[at], 0
            while above != -1:
                above, steps = self.parents[above], steps + 1
                if steps > len(self.codes):
                    raise BadInput(f"Dimension {self.name!r}: its hierarchy goes in a circle.")
            depth[at] = steps
        return depth

    def parts(self) -> dict[int, list[int]]:
        """Return for each code with parts the places of its parts."""
        made: dict[int, list[int]] = {}
        for at, above in enumerate(self.parents):
            if above != -1:
                made.setdefault(above, []).append(at)
        return made

    @property
    def leaves(self) -> list[int]:
        """The places of the codes without parts."""
        whole = set(self.parents)
        return [at for at in range(len(self.codes)) if at not in whole]


@dataclass(frozen=True)
class Grid:
    """A table: dimensions, and an array of values with one axis for each. NaN marks a cell that is not in the table."""

    dimensions: tuple[Dimension, ...]
    values: Floats

    def __post_init__(self) -> None:
        assert self.values.shape == tuple(len(d.codes) for d in self.dimensions)

    @property
    def size(self) -> int:
        """The number of cells."""
        return int(self.values.size)

    def sums(self) -> sparse.csr_array:
        """Return the sums as a matrix (sums by cells): +1 at the whole, −1 at each part; each row times cells is 0.

        A sum that involves a cell which is not in the table (NaN) is left out: nobody can use it.
        """
        index = np.arange(self.size).reshape(self.values.shape)
        rows: list[Any] = []
        columns: list[Any] = []
        signs: list[Any] = []
        count = 0
        for axis, dimension in enumerate(self.dimensions):
            for whole, parts in dimension.parts().items():
                taken = np.moveaxis(np.take(index, [whole, *parts], axis=axis), axis, 0)
                lines = taken.reshape(len(parts) + 1, -1)
                known = ~np.isnan(self.values.reshape(-1)[lines]).any(axis=0)
                lines = lines[:, known]
                wide = lines.shape[1]
                rows.append(np.tile(np.arange(count, count + wide), lines.shape[0]))
                columns.append(lines.reshape(-1))
                signs.append(np.repeat([1.0] + [-1.0] * len(parts), wide))
                count += wide
        if not count:
            return sparse.csr_array((0, self.size))
        shape = (count, self.size)
        return sparse.csr_array(
            (np.concatenate(signs), (np.concatenate(rows), np.concatenate(columns))), shape=shape
        )

    def label(self, cell: int) -> str:
        """Return the cell's place in words: ``region=North, sex=All``."""
        place = np.unravel_index(cell, self.values.shape)
        return ", ".join(f"{d.name}={d.codes[int(at)]}" for d, at in zip(self.dimensions, place, strict=True))

    def key(self, cell: int) -> frozenset[tuple[str, str]]:
        """Return what the cell counts, apart from how the table is laid out: the codes that are not the whole of their axis.

        Cells of two tables with the same key over the same population hold the same figure.
        """
        place = np.unravel_index(cell, self.values.shape)
        return frozenset(
            (d.name, d.codes[int(at)])
            for d, at in zip(self.dimensions, place, strict=True)
            if not (d.parents[int(at)] == -1 and int(at) in d.parents)
        )


def with_totals(grid: Grid) -> Grid:
    """Return the table with a total for each dimension that has none, placed last and called ``Total``."""
    values, dimensions = grid.values, list(grid.dimensions)
    for axis, dimension in enumerate(dimensions):
        if any(above != -1 for above in dimension.parents):
            continue
        codes = (*dimension.codes, "Total")
        values = np.concatenate([values, np.nansum(values, axis=axis, keepdims=True)], axis=axis)
        dimensions[axis] = Dimension(dimension.name, codes, (*([len(codes) - 1] * (len(codes) - 1)), -1))
    return Grid(tuple(dimensions), values)
