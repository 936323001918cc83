"""The native engine on what is new: each new record against every other, and no pair of records that were there before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.linkage.numbers import Numbers
from tallystick.linkage.score import blocks
from tallystick.linkage.score.columns import Records, encode
from tallystick.linkage.score.links import score
from tallystick.linkage.score.model import read


def links(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    numbers: Numbers,
    is_new: npt.NDArray[np.bool_],
) -> pa.Table:
    """Return the pairs with a record of ``is_new`` (by number) whose match probability is at least ``threshold``.

    Columns as the engine's. Frequencies are those of all records together, so a pair's weight is what a full run under the
    same model gives it, where the model treats the two sides alike.
    """
    program = read(settings, numbers.id_column)
    records = encode(program, tables, numbers.order)
    row = np.concatenate([numbers.start[source] + numbers.rows[source] for source in numbers.order])
    least = -math.inf if threshold <= 0 else math.log2(threshold / (1 - threshold))
    new, old = np.flatnonzero(is_new), np.flatnonzero(~is_new)
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    if len(new) and len(old):
        order = np.concatenate([old, new])
        both = Records(records.codes[row[order]], records.pools, (len(old), len(new)))
        found = score(program, both, least, same=blocks.TWO_LISTS)
        parts.append((order[found.left], order[found.right], found.weight))
    if len(new) > 1:
        among = Records(records.codes[row[new]], records.pools, (len(new),))
        found = score(program, among, least, same=blocks.LATER_RECORD)
        parts.append((new[found.left], new[found.right], found.weight))
    a, b, bits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if program.link_type == "link_only":
        side = [np.searchsorted(list(numbers.start.values()), end, side="right") for end in (a, b)]
        a, b, bits = (column[side[0] != side[1]] for column in (a, b, bits))
    return as_links(numbers, np.minimum(a, b), np.maximum(a, b), bits)


def as_links(
    numbers: Numbers, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], bits: npt.NDArray[np.float64]
) -> pa.Table:
    """Return pairs of record numbers in the columns of an engine's links, sorted."""
    order = np.lexsort([b, a])
    a, b, bits = a[order], b[order], bits[order]
    return numbers.pairs(a, b, bits, 1 / (1 + np.exp2(-np.clip(bits, -1000, 1000))))
