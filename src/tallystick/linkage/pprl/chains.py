"""Names that chain: how far equal codes and tokens join records of one name, and what is left out so that no chain grows long.

Each code and token shows of few records that a name is the same. But a record has several, and through them groups join: a birth date
shared with one Smith, a home with another. In a large file such chains would gather all of that name, and its frequency tell which it
is. So the longest are cut: their records go without the evidence that says least, until no chain is longer than the bound. Common names
lose evidence, and common names are weak evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_NAMES = ("key_name_sector", "key_name_day", "key_name_year")
SHOWS: Mapping[str, tuple[str, ...]] = {
    "surname": (
        "key_name", *_NAMES, "key_surname_sound_dob", "code_surname_by_dob", "code_surname_by_postcode",
    ),
    "first_name": (
        "key_name", *_NAMES, "key_first_root_postcode", "code_first_name_by_postcode", "key_first_root_dob",
        "code_first_name_by_dob",
    ),
}  # fmt: skip
"""The columns that show a name to be the same, in the order in which they are given up."""


def chains(columns: Sequence[pa.Array]) -> npt.NDArray[np.int64]:
    """Return how many records chain with each record, itself included, through values that are equal in one of the columns."""
    records = len(columns[0])
    rows, nodes, first = [], [], records
    for column in columns:
        encoded = column.dictionary_encode()
        there = np.flatnonzero(encoded.indices.is_valid().to_numpy(zero_copy_only=False))
        rows.append(there)
        nodes.append(first + encoded.indices.drop_null().to_numpy(zero_copy_only=False).astype(np.int64))
        first += len(encoded.dictionary)
    row, node = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, node)), shape=(first, first))
    label = connected_components(graph, directed=False)[1][:records]
    return np.asarray(np.bincount(label)[label])


def cut(columns: Mapping[str, pa.Array], most: int) -> tuple[dict[str, pa.Array], dict[str, int]]:
    """Return the columns without what chains more than ``most`` records by a name, and for how many records each was left out."""
    kept = dict(columns)
    left_out: dict[str, int] = {}
    for shows in SHOWS.values():
        present = [name for name in shows if name in kept]
        for name in present:
            is_long = chains([kept[one] for one in present]) > most
            if not is_long.any():
                break
            before = kept[name].null_count
            null = pa.nulls(len(is_long), kept[name].type)
            kept[name] = pc.if_else(pa.array(is_long), null, kept[name])
            left_out[name] = left_out.get(name, 0) + kept[name].null_count - before
    return kept, left_out
