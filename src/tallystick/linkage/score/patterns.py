"""Comparison patterns counted, not kept: how many pairs of a block, or of pairs drawn at random, agree in each way."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tallystick.linkage.score import blocks as blocking
from tallystick.linkage.score.arrays import Arrays
from tallystick.linkage.score.blocks import Blocks
from tallystick.linkage.score.columns import Records
from tallystick.linkage.score.program import Program, Rule


@dataclass(frozen=True)
class Patterns:
    """Rows of levels, a number for each comparison as they stand in the model (nulls among them), and the pairs of each row."""

    levels: npt.NDArray[np.int8]
    counts: npt.NDArray[np.int64]

    @property
    def pairs(self) -> int:
        """How many pairs were compared."""
        return int(self.counts.sum())


def of_rule(program: Program, records: Records, rule: Rule, same: int, most: int, seed: int) -> Patterns:
    """Return the patterns of a blocking rule's pairs; of about ``most`` drawn at random where it holds more."""
    found = blocking.blocks(records.codes, rule, records.sizes, same)
    return _counted(replace(program, rules=[rule]), records, thinned(found, same, most, seed), same)


def of_random(program: Program, records: Records, same: int, count: int, seed: int) -> Patterns:
    """Return the patterns of ``count`` pairs drawn at random from all that the link type allows; of all if they are fewer."""
    anything = Rule((), len(program.literals), 0, "any pair")
    return _counted(
        replace(program, rules=[anything]), records, random_pairs(records.sizes, same, count, seed), same
    )


def _counted(program: Program, records: Records, found: Blocks, same: int) -> Patterns:
    """Walk the blocks in units of two million pairs, and add up what each found: no pair outlives its unit."""
    arrays = Arrays(program, records.pools, records.sizes, records.codes, records.codes)
    scan = arrays.scanner(0, found, same, -math.inf, True)
    sizes = [len(comparison) for comparison in program.comparisons]

    def count(units: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        key = np.zeros(0, np.int64)
        levels = scan(units)[3]
        key = np.ravel_multi_index(tuple(levels.T.astype(np.int64)), sizes) if len(levels) else key
        return np.unique(key, return_counts=True)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        made = list(pool.map(count, [units for units, _ in blocking.tasks(found)]))
    keys, place = np.unique(
        np.concatenate([part[0] for part in made] or [np.zeros(0, np.int64)]), return_inverse=True
    )
    counts = np.zeros(len(keys), np.int64)
    np.add.at(counts, place, np.concatenate([part[1] for part in made] or [np.zeros(0, np.int64)]))
    levels = np.stack(np.unravel_index(keys, sizes), axis=1) if len(keys) else np.zeros((0, len(sizes)))
    return Patterns(levels.astype(np.int8), counts)


def thinned(found: Blocks, same: int, most: int, seed: int) -> Blocks:
    """Return the blocks with so few of their left records, drawn at random, that about ``most`` pairs are left.

    A drawn record keeps all its pairs. Where a side is blocked with itself a pair belongs to its earlier record.
    """
    if found.total <= most:
        return found
    low, high, other_low, other_high = found.ranges.T
    lengths = high - low
    kept = np.random.default_rng(seed).random(int(lengths.sum())) < most / found.total
    block = np.repeat(np.arange(len(lengths)), lengths)[kept]
    place = (np.arange(len(kept)) - np.repeat(np.cumsum(lengths) - lengths, lengths))[kept] + low[block]
    is_later = found.order_l is found.order_r and same == blocking.LATER_RECORD
    first = place + 1 if is_later else other_low[block]
    ranges = np.stack([place, place + 1, first, other_high[block]], axis=1)
    is_busy = ranges[:, 2] < ranges[:, 3]
    return replace(found, ranges=ranges[is_busy], pairs=(ranges[:, 3] - ranges[:, 2])[is_busy])


def random_pairs(sizes: tuple[int, ...], same: int, count: int, seed: int) -> Blocks:
    """Return ``count`` pairs drawn at random, each a block of its own, or one block of all pairs if they are no more."""
    records = sum(sizes)
    every = np.arange(records, dtype=np.int32)
    if possible_pairs(sizes, same) <= count:
        sides = np.array(
            [0, sizes[0], sizes[0], records] if same == blocking.TWO_LISTS else [0, records, 0, records]
        )
        return Blocks(every, every, sides[None].astype(np.int64), np.array([possible_pairs(sizes, same)]))
    draw = np.random.default_rng(seed)
    source = np.repeat(np.arange(len(sizes)), sizes)
    left, right = np.zeros(0, np.int64), np.zeros(0, np.int64)
    while len(left) < count:
        one, other = draw.integers(0, records, (2, 2 * count))
        is_pair = one != other if same == blocking.LATER_RECORD else source[one] != source[other]
        one, other = one[is_pair], other[is_pair]
        left = np.concatenate([left, np.minimum(one, other)])[:count]
        right = np.concatenate([right, np.maximum(one, other)])[:count]
    turn = np.lexsort([right, left])  # in the order of memory
    left, right = left[turn], right[turn]
    return Blocks(
        every, every, np.stack([left, left + 1, right, right + 1], axis=1), np.ones(count, np.int64)
    )


def possible_pairs(sizes: tuple[int, ...], same: int) -> int:
    """Return how many pairs the link type allows among all records."""
    records = sum(sizes)
    within = 0 if same == blocking.LATER_RECORD else sum(size * (size - 1) // 2 for size in sizes)
    return records * (records - 1) // 2 - within
