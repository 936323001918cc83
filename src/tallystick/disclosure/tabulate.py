"""From records to a table of counts: every combination of the categories, with totals and subtotals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.disclosure.counts import LARGEST_GRID
from tallystick.disclosure.grid import Dimension, Floats, Grid, Ints
from tallystick.errors import BadInput

MISSING = "missing"


def categories(table: pa.Table, columns: Sequence[str]) -> tuple[list[list[str]], Ints]:
    """Return each column's categories in order, and each record's cell among all their combinations (row-major)."""
    absent = sorted(set(columns) - set(table.column_names))
    if absent:
        raise BadInput(f"The records have no column {', '.join(absent)}.")
    codes: list[list[str]] = []
    cells = np.zeros(table.num_rows, dtype=np.int64)
    for name in columns:
        encoded = pc.dictionary_encode(pc.fill_null(table[name].cast(pa.string()), MISSING)).combine_chunks()
        names = encoded.dictionary.to_pylist()
        order = np.argsort(np.array(names, dtype=str), kind="stable")
        place = np.empty(len(names), dtype=np.int64)
        place[order] = np.arange(len(names))
        codes.append([names[int(at)] for at in order])
        cells = cells * len(names) + place[np.asarray(encoded.indices)]
    return codes, cells


def tabulate(
    table: pa.Table, columns: Sequence[str], hierarchy: Mapping[str, Mapping[str, str]] | None = None
) -> Grid:
    """Return the counts of records by the columns, with a total for each and the subtotals of its hierarchy.

    ``hierarchy`` maps, for a column, each category to the one that it is part of. A missing value is a category. Raises
    BadInput for a column that is not there, or a table of over twenty million cells.
    """
    codes, cells = categories(table, columns)
    size = int(np.prod([float(len(each)) for each in codes]))
    if size > LARGEST_GRID:
        raise BadInput(f"The table would have {size:,} cells. Use fewer or coarser columns.")
    values: Floats = np.bincount(cells, minlength=size).astype(float).reshape([len(each) for each in codes])
    dimensions = []
    for axis, (name, leaves) in enumerate(zip(columns, codes, strict=True)):
        dimension, matrix = whole_dimension(name, leaves, (hierarchy or {}).get(name, {}))
        dimensions.append(dimension)
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return Grid(tuple(dimensions), values)


def whole_dimension(name: str, leaves: Sequence[str], parents: Mapping[str, str]) -> tuple[Dimension, Floats]:
    """Return a dimension with its subtotals and its total, and the matrix that adds its leaves up to all its codes."""
    wholes = list(
        dict.fromkeys(whole for whole in parents.values() if whole not in leaves and whole != "Total")
    )
    codes = [*leaves, *wholes, "Total"]
    above = {code: parents.get(code, "Total") for code in codes[:-1]}
    dimension = Dimension.of(name, codes, above)
    matrix = np.zeros((len(codes), len(leaves)))
    for at in range(len(leaves)):
        place = at
        while place != -1:
            matrix[place, at] = 1.0
            place = dimension.parents[place]
    return dimension, matrix
