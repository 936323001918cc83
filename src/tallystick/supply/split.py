"""The split: identifiers one way, attributes the other, joined only by a random key used once.

The key is 128 random bits, so it says nothing about the record; each half is put in a random order of its own, so that the order
does not join them either. The supplier alone keeps which record got which key (DESIGN section 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.supply.contract import RECORD_ID, SUPPLY_KEY, Contract

Entropy = Callable[[int], bytes]
"""Gives so many random bytes; at the edge it is `secrets.token_bytes`."""

KEY_BYTES: Final = 16
CHUNK: Final = 1 << 24  # keys in one Arrow array: its text offsets have 32 bits


@dataclass(frozen=True)
class Split:
    """The two halves and the supplier's own list.

    ``identifiers`` and ``attributes`` begin with ``supply_key`` and are each in a random order of their own; ``keys`` has
    ``record_id, supply_key`` in the order of the supply.
    """

    identifiers: pa.Table
    attributes: pa.Table
    keys: pa.Table


def split(table: pa.Table, contract: Contract, entropy: Entropy, known: pa.Table | None = None) -> Split:
    """The two halves of ``table``, which has the contract's columns and its record ids (as text).

    ``known`` are the keys of an earlier supply: a record id among them keeps its key, so that the person keeps theirs.

    Joining the halves on ``supply_key``, and the keys to them, gives back the table. Raises BadInput when two keys clash.
    """
    keys = supply_keys(len(table), entropy)
    if known is not None:
        place = pc.index_in(table.column(contract.id_column), value_set=known[RECORD_ID].combine_chunks())
        keys = pc.coalesce(known[SUPPLY_KEY].take(place), keys)
    keyed = table.append_column(SUPPLY_KEY, keys)

    def half(names: list[str]) -> pa.Table:
        return keyed.select([SUPPLY_KEY, *names]).take(_random_order(len(table), entropy))

    return Split(
        identifiers=half([column.name for column in contract.of("identifiers")]),
        attributes=half([column.name for column in contract.of("attributes")]),
        keys=pa.table({RECORD_ID: table.column(contract.id_column), SUPPLY_KEY: keys}),
    )


def supply_keys(count: int, entropy: Entropy) -> Any:
    """``count`` different keys of 128 random bits, as 32 hexadecimal digits each (a chunked array of text)."""
    chunks = []
    halves = []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        random = entropy(KEY_BYTES * size)
        if len(random) != KEY_BYTES * size:
            raise BadInput("The source of randomness gave too few bytes. Nothing was split; try again.")
        halves.append(np.frombuffer(random, dtype=np.uint64).reshape(size, 2))
        offsets = np.arange(0, 2 * KEY_BYTES * (size + 1), 2 * KEY_BYTES, dtype=np.int32)
        digits = random.hex().encode("ascii")
        chunks.append(pa.StringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(digits)))
    if count and _has_repeat(np.concatenate(halves)):
        raise BadInput(
            "Two supply keys clash, so the source of randomness cannot be trusted. Nothing was split; try again, and if it "
            "happens twice use another machine."
        )
    return pa.chunked_array(chunks, pa.string())


def _has_repeat(keys: np.ndarray[Any, np.dtype[np.uint64]]) -> bool:
    first = np.sort(keys[:, 0])
    if not (first[1:] == first[:-1]).any():
        return False
    ordered = keys[np.lexsort((keys[:, 1], keys[:, 0]))]
    return bool((ordered[1:] == ordered[:-1]).all(axis=1).any())


def _random_order(count: int, entropy: Entropy) -> Any:
    """A random permutation, from fresh random words and not from a small seed."""
    return pa.array(np.argsort(np.frombuffer(entropy(8 * count), dtype=np.uint64), kind="stable"))
