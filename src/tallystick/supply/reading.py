"""What reading a file gives, whatever its format: a table of its cells and the row that each stands in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_COLUMNS: Final = 2_000
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Ragged:
    """A row with too few or too many cells."""

    row: int
    cells: int


@dataclass(frozen=True)
class Reading:
    """The cells of one file.

    ``table`` has the columns c0, c1, … under the names of ``header`` (the header may still be wrong, so its names are not
    the table's); text is text, only Parquet keeps its types. ``rows[i]`` is the number of row i in the file, the header
    being row 1. ``ragged`` rows are not in the table. ``blank`` rows were dropped.
    """

    file: str
    format: str
    header: tuple[str, ...]
    table: pa.Table
    rows: Rows
    ragged: tuple[Ragged, ...] = ()
    encoding: str = ""
    separator: str = ""
    blank: int = 0
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of rows in the file, ragged ones included, blank ones and the header not."""
        return len(self.table) + len(self.ragged)

    def without_blank_rows(self) -> Reading:
        """The same without the rows in which every cell is empty."""
        if not len(self.table) or not self.table.num_columns:
            return self
        first, *others = self.table.columns
        empty = pc.is_null(first)
        if not pc.any(empty).as_py():
            return self
        empty = reduce(pc.and_, (pc.is_null(column) for column in others), empty)
        keep = pc.invert(empty)
        table = self.table.filter(keep)
        rows = self.rows[keep.to_numpy()]
        return dataclasses.replace(
            self, table=table, rows=rows, blank=self.blank + len(self.table) - len(table)
        )


def row_numbers(count: int, skipped: Sequence[int]) -> Rows:
    """The numbers in the file of ``count`` rows, when the rows ``skipped`` (from 1) stand between them."""
    everything = np.arange(1, count + len(skipped) + 1, dtype=np.int64)
    return everything if not skipped else np.setdiff1d(everything, np.asarray(skipped, dtype=np.int64))
