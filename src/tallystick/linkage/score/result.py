"""What a walk found, and the table of links that comes of it; sources in the order of their ids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput


@dataclass(frozen=True)
class Found:
    """Pairs by number of record, with their weights, their levels where asked for, and how many were candidates."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    levels: npt.NDArray[np.int8]
    candidates: int

    def once(self) -> Found:
        """Return each pair once: two records may share several entries of the lists that a rule opens."""
        turn = np.lexsort([self.right, self.left])
        left, right = self.left[turn], self.right[turn]
        is_first = np.ones(len(turn), dtype=bool)
        is_first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
        at = turn[is_first]
        return replace(
            self, left=self.left[at], right=self.right[at], weight=self.weight[at], levels=self.levels[at]
        )


def weight_of(threshold: float) -> float:
    """Return the match weight (base 2) of a match probability, as Splink turns one into the other; 0 keeps every pair."""
    if threshold <= 0:
        return -math.inf
    return math.inf if threshold >= 1 else math.log2(threshold / (1 - threshold))


def in_order_of_id(table: pa.Table, id_column: str, source: str) -> pa.Table:
    """Return the table sorted by id; raise BadInput where it is empty, or an id is missing or repeats."""
    if id_column not in table.column_names:
        raise BadInput(f"{source} has no column {id_column}. Name the column of ids with --id.")
    if not table.num_rows:
        raise BadInput(f"{source} holds no records. Give a file that does.")
    ids = table[id_column].combine_chunks()
    if ids.null_count:
        row = pc.index(pc.is_null(ids), True).as_py()
        raise BadInput(f"{source}, row {row + 1}: the id ({id_column}) is missing. Give every record one.")
    if not pc.all(pc.less(ids[:-1], ids[1:])).as_py() and len(ids) > 1:
        order = pc.sort_indices(ids)
        ids, table = ids.take(order), table.take(order)
        is_twice = pc.equal(ids[:-1], ids[1:])
        if pc.any(is_twice).as_py():
            row = order[pc.index(is_twice, True).as_py() + 1].as_py()
            raise BadInput(
                f"{source}, row {row + 1}: the id ({id_column}) stands in an earlier row too; "
                f"{pc.sum(is_twice).as_py():,} ids repeat. Give each record an id of its own."
            )
    return table


def as_table(
    found: Found, ids: Mapping[str, pa.ChunkedArray], sources: list[str], id_column: str
) -> pa.Table:
    """Return the pairs found as a table of links; ``ids``: each source's, in the order of its records."""
    first = np.cumsum([0, *[len(ids[source]) for source in sources]])
    place = np.argsort(
        np.argsort(sources, kind="stable"), kind="stable"
    )  # where a source stands by its plain name
    source_l, source_r = (
        np.searchsorted(first, side, side="right") - 1 for side in (found.left, found.right)
    )
    rank_l, rank_r = place[source_l], place[source_r]
    swap = (rank_l > rank_r) | ((rank_l == rank_r) & (found.left > found.right))
    left, right = np.where(swap, found.right, found.left), np.where(swap, found.left, found.right)
    rank_l, rank_r = np.where(swap, rank_r, rank_l), np.where(swap, rank_l, rank_r)
    order = np.lexsort([right, rank_r, left, rank_l])
    left, right, weight = left[order], right[order], found.weight[order]
    every = pa.chunked_array([chunk for source in sources for chunk in ids[source].chunks])
    names = pa.array(sorted(sources))
    return pa.table(
        {
            "source_l": names.take(pa.array(rank_l[order])),
            f"{id_column}_l": every.take(pa.array(left)),
            "source_r": names.take(pa.array(rank_r[order])),
            f"{id_column}_r": every.take(pa.array(right)),
            "match_weight": weight,
            "match_probability": _probability(weight),
        }
    )


def _probability(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return match probabilities, without overflow at either end."""
    ratio = np.exp2(-np.abs(weight))
    return np.where(weight >= 0, 1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
