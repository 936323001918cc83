"""Values as keyed Bloom filters under a salt: alike values of one salt have filters alike, and all else looks like chance.

The q-grams of a value set bits drawn by HMAC-SHA-256 (Schnell, Bachteler and Reiher 2009; drawn independently, because double hashing
is broken: Niedermeyer, Steinmetzer, Kroll and Schnell 2014). The salt, another field of the record, enters every hash, so that filters
compare only between records that agree on it, and the frequencies of bits say nothing (Chen, Schnell, Armknecht and Heng 2022, *Salting
as a countermeasure against attacks on privacy preserving record linkage techniques*).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]

LENGTH = 512  # bits of a filter
HASHES = 7  # bits of a q-gram
CHUNK = 1 << 14  # filters made at once


def filters(
    values: Sequence[str], salts: Sequence[str], grams: Callable[[str], Sequence[str]], subkey: bytes
) -> pa.Array:
    """Return the filter of each value under the salt beside it: ``LENGTH / 8`` bytes each."""
    made = []
    for start in range(0, len(values), CHUNK):
        part = range(start, min(start + CHUNK, len(values)))
        table = np.zeros((len(part), LENGTH), dtype=np.uint8)
        for row, at in enumerate(part):
            salted = hmac.digest(subkey, salts[at].encode(), sha256)
            drawn = b"".join(
                hmac.digest(salted, gram.encode(), sha256)[: 2 * HASHES] for gram in grams(values[at])
            )
            table[row, np.frombuffer(drawn, ">u2") % LENGTH] = 1
        packed = np.packbits(table, axis=1)
        made += [row.tobytes() for row in packed]
    return pa.array(made, pa.binary())


def letters(text: str) -> list[str]:
    """Return the bigrams of a value with its ends marked.

    >>> letters("ann")
    ['_a', 'an', 'nn', 'n_']
    """
    padded = f"_{text}_"
    return [padded[at : at + 2] for at in range(len(padded) - 1)]


def places(text: str) -> list[str]:
    """Return a value's characters with their places, for dates and codes of fixed form.

    >>> places("07")
    ['0:0', '1:7']
    """
    return [f"{at}:{character}" for at, character in enumerate(text)]


def dice(a: Bytes, b: Bytes) -> npt.NDArray[np.float64]:
    """Return the Dice coefficient of packed filters, row by row: twice the common bits over all (0 where there are none)."""
    both = np.bitwise_count(a & b).sum(axis=1, dtype=np.int64)
    ones = np.bitwise_count(a).sum(axis=1, dtype=np.int64) + np.bitwise_count(b).sum(axis=1, dtype=np.int64)
    return np.asarray(2.0 * both / np.maximum(ones, 1))
