"""Random draws that are pure functions of the seed, the purpose, and who they are for.

A draw is the SplitMix64 finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 16) over
a key and a counter. So the same person gets the same life whatever the size of a block, the number of processes, the machine, or
the version of NumPy. Only integer operations and exactly rounded ones (+ − × ÷) are used: no logarithm whose last bit
depends on the processor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
SECOND = np.uint64(0xBF58476D1CE4E5B9)
THIRD = np.uint64(0x94D049BB133111EB)


def mixed(counters: npt.NDArray[np.uint64]) -> Ids:
    """Return the counters scattered over all 64 bits; no two counters give the same number."""
    z = counters ^ (counters >> np.uint64(30))
    z *= SECOND
    z ^= z >> np.uint64(27)
    z *= THIRD
    z ^= z >> np.uint64(31)
    return z


@dataclass(frozen=True)
class Streams:
    """The draws of one seed; ``part`` sets one dataset's or purpose's apart from another's."""

    seed: int
    part: str = ""

    def of(self, part: str) -> Streams:
        """Return the streams of a part of this one."""
        return Streams(self.seed, f"{self.part}/{part}")

    def key(self, label: str) -> np.uint64:
        """Return the 64-bit key of a purpose."""
        text = f"{self.seed}|{self.part}|{label}".encode()
        return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))

    def bits(self, label: str, ids: npt.ArrayLike) -> Ids:
        """Return 64 random bits for each id."""
        counters = np.asarray(ids).astype(np.uint64)
        return mixed((mixed(counters * GOLDEN + self.key(label)) + GOLDEN).astype(np.uint64))

    def uniform(self, label: str, ids: npt.ArrayLike) -> Floats:
        """Return a number in [0, 1) for each id."""
        return (self.bits(label, ids) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, label: str, ids: npt.ArrayLike, count: int | Ints) -> Ints:
        """Return a whole number from 0 to ``count`` - 1 for each id."""
        return np.asarray(self.uniform(label, ids) * count, dtype=np.int64)

    def chance(self, label: str, ids: npt.ArrayLike, rate: float | Floats) -> Flags:
        """Return True at ``rate`` for each id."""
        return np.asarray(self.uniform(label, ids) < rate)

    def pick(self, label: str, ids: npt.ArrayLike, weights: Sequence[float] | npt.NDArray[Any]) -> Ints:
        """Return the index of one of the weights for each id."""
        return pick(self.uniform(label, ids), weights)

    def bell(self, label: str, ids: npt.ArrayLike) -> Floats:
        """Return a number of mean 0 and variance 1 for each id: the sum of twelve uniforms of 16 bits, less their mean."""
        total = np.zeros(np.asarray(ids).shape, dtype=np.int64)
        for turn in range(3):
            bits = self.bits(f"{label}#{turn}", ids)
            for shift in (0, 16, 32, 48):
                total += ((bits >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        return np.asarray((total - 12 * 32767.5) / 65536.0, dtype=np.float64)

    def count(self, label: str, ids: npt.ArrayLike, going_on: float | Floats, most: int) -> Ints:
        """Return how often each id goes on at ``going_on`` before it stops (geometric), at most ``most``."""
        u = self.uniform(label, ids)
        found = np.zeros(u.shape, dtype=np.int64)
        tail = np.ones(u.shape)
        for _ in range(most):
            tail = tail * going_on
            found += u < tail
        return found


def pick(u: Floats, weights: Sequence[float] | npt.NDArray[Any]) -> Ints:
    """Return for each uniform draw the index of one of the weights, at their proportions."""
    ends = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(ends, u * ends[-1], side="right")
    return np.asarray(np.minimum(found, len(ends) - 1), dtype=np.int64)
