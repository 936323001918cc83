"""Candidate pairs, without making them: records sorted by a blocking rule's key, and the ranges that share one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from tallystick.errors import BadInput
from tallystick.linkage.score.columns import Pools
from tallystick.linkage.score.program import Rule

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
PAIRS_A_TASK = 1 << 21
MOST_PAIRS = 10**9
SKEWED_SHARE, LEAST_SKEWED = 0.1, 10_000
TWO_LISTS, LATER_RECORD, LATER_SOURCE = 0, 1, 2
LEFT, RIGHT = 0, 1
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Knuth's multiplicative hashing


@dataclass(frozen=True)
class Blocks:
    """One rule's blocks: the two orders of records, and rows of (first, end) on the left and (first, end) on the right."""

    order_l: npt.NDArray[np.int32]
    order_r: npt.NDArray[np.int32]
    ranges: Ints
    pairs: Ints

    @property
    def total(self) -> int:
        """How many pairs the blocks hold, those of earlier rules among them."""
        return int(self.pairs.sum())


@dataclass(frozen=True)
class Side:
    """Records in the order of a rule's key; each different key, and where its run begins and ends in that order."""

    order: npt.NDArray[np.int32]
    values: Ints
    first: Ints
    end: Ints


def blocks(codes: Codes, rule: Rule, sizes: tuple[int, ...], same: int, pools: Pools | None = None) -> Blocks:
    """Return the blocks of one rule. ``sizes``: records of each source; ``same``: how the two sides are told apart; ``pools``: where the
    entries of lists lie, for a rule that opens lists."""
    is_alike = all(a == b for a, b in (*rule.keys, *rule.lists))
    is_parted = same == TWO_LISTS
    mine, other = (codes[: sizes[0]], codes[sizes[0] :]) if is_parted else (codes, codes)
    first = keyed(mine, rule, LEFT, pools)
    second = first if is_alike and not is_parted else keyed(other, rule, RIGHT, pools)
    bounds = [
        int(max(a.max(initial=0), b.max(initial=0))) + 1
        for a, b in zip(first.columns, second.columns, strict=True)
    ]
    if not is_parted:
        one = side(first, bounds)
        return matched(
            one, one if is_alike else side(second, bounds), is_later=is_alike and same == LATER_RECORD
        )
    if len(mine) > len(other):
        few = side(second, bounds, sizes[0])
        return matched(side(first, bounds, among=few.values), few)
    few = side(first, bounds)
    return matched(few, side(second, bounds, sizes[0], among=few.values))


@dataclass(frozen=True)
class Keyed:
    """The columns of a rule's key on one side, as codes (-1 for none): a row for each record; where the rule opens lists, for each
    choice of an entry from every list, with the ``record`` that it is of."""

    columns: list[Codes]
    record: Ints | None = None


def keyed(codes: Codes, rule: Rule, side: int, pools: Pools | None = None) -> Keyed:
    """Return one side's keys under a rule. ``pools``: as for ``blocks``."""
    plain = [key[side] for key in rule.keys]
    if not rule.lists:
        return Keyed([codes[:, column] for column in plain])
    assert pools is not None
    record, taken = np.arange(len(codes)), list[Codes]()
    for pair in rule.lists:
        row, entry = _opened(codes[record, pair[side]], pair[side], pools)
        record, taken = record[row], [column[row] for column in taken] + [entry]
    return Keyed([codes[record, column] for column in plain] + taken, record)


def _opened(numbers: Codes, column: int, pools: Pools) -> tuple[Ints, Codes]:
    """Return each row's entries in a column of lists, each once: the row's place, and the entry's code."""
    row = np.flatnonzero(numbers >= 0)
    at = pools.list_base[column] + numbers[row]
    first, lengths = pools.list_starts[at], pools.list_starts[at + 1] - pools.list_starts[at]
    ends = np.cumsum(lengths)
    entry = pools.list_entries[np.arange(int(lengths.sum())) + np.repeat(first - (ends - lengths), lengths)]
    size = int(entry.max(initial=0)) + 1
    once = np.unique(np.repeat(row, lengths) * size + entry)
    return once // size, (once % size).astype(np.int32)


def side(keys: Keyed, bounds: list[int], start: int = 0, among: Ints | None = None) -> Side:
    """Return the records with a whole key, in the order of key and then of record; each column's codes are below its bound.

    ``start``: the number of the first record. Where the other side's keys are known (``among``), most records of others are left out.
    """
    order, values = _sorted(combined(keys.columns, bounds), keys.record, among)
    return Side((order + start).astype(np.int32), *_runs(values))


def matched(left: Side, right: Side, *, is_later: bool = False) -> Blocks:
    """Return the blocks of keys that stand on both sides; ``is_later``: only the later records of the same side pair up."""
    at_l, at_r = (np.arange(len(left.values)),) * 2 if left is right else _in_both(left.values, right.values)
    ranges = np.stack([left.first[at_l], left.end[at_l], right.first[at_r], right.end[at_r]], axis=1)
    n, m = ranges[:, 1] - ranges[:, 0], ranges[:, 3] - ranges[:, 2]
    pairs = n * (n - 1) // 2 if is_later else n * m
    is_busy = pairs > 0
    ranges, pairs = ranges[is_busy], pairs[is_busy]
    order_l, ranges[:, :2] = _only(left.order, ranges[:, :2])
    if left is right:
        ranges[:, 2:] = ranges[:, :2]
        return Blocks(order_l, order_l, ranges, pairs)
    order_r, ranges[:, 2:] = _only(right.order, ranges[:, 2:])
    return Blocks(order_l, order_r, ranges, pairs)


def _in_both(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Return where the values that two sorted arrays share stand in each: the shorter is looked up in the longer."""
    few, many = (left, right) if len(left) <= len(right) else (right, left)
    at = np.searchsorted(many, few)
    is_in = at < len(many)
    is_in[is_in] = many[at[is_in]] == few[is_in]
    few_at, many_at = np.flatnonzero(is_in), at[is_in]
    return (few_at, many_at) if few is left else (many_at, few_at)


def _only(order: npt.NDArray[np.int32], ranges: Ints) -> tuple[npt.NDArray[np.int32], Ints]:
    """Return the members of these ranges alone, and where the ranges lie now: what is in no pair need not be gathered."""
    first, lengths = ranges[:, 0], ranges[:, 1] - ranges[:, 0]
    ends = np.cumsum(lengths)
    starts = ends - lengths
    if not len(ends):
        return np.zeros(0, np.int32), ranges
    if ends[-1] == len(order):
        return order if order.flags.writeable else order.copy(), ranges  # the kernel is compiled for one kind
    return order[np.arange(ends[-1]) + np.repeat(first - starts, lengths)], np.stack([starts, ends], axis=1)


def require_bearable(found: Blocks, rule: Rule, most: int = MOST_PAIRS) -> None:
    """Raise BadInput where one value of a rule's key holds so many records that its pairs alone would take hours."""
    if len(found.pairs) and int(found.pairs.max()) >= most:
        worst = int(found.pairs.argmax())
        n, m = (int(found.ranges[worst, side + 1] - found.ranges[worst, side]) for side in (0, 2))
        raise BadInput(
            f"The blocking rule {rule.sql} puts {n:,} by {m:,} records into one block ({int(found.pairs.max()):,} pairs). "
            "One value is far too common (a default or a blank?): blank it in the files, or make the rule narrower "
            "by a second equality."
        )


def skewed(found: Blocks, rule: Rule, records: int) -> str | None:
    """Return a sentence on a rule one of whose values holds a tenth of the records or more; None where none does."""
    if not len(found.pairs):
        return None
    worst = int(found.pairs.argmax())
    n, m = (int(found.ranges[worst, at + 1] - found.ranges[worst, at]) for at in (0, 2))
    held = max(n, m) if found.order_l is found.order_r else n + m
    if held < max(LEAST_SKEWED, records * SKEWED_SHARE):
        return None
    share = found.pairs[worst] / max(1, found.total)
    return (
        f"The blocking rule {rule.sql} puts {held:,} of {records:,} records into one block, with {share:.0%} of the rule's "
        f"{found.total:,} pairs. It is shared out over the cores, but costs time: if that value is a default or a blank, "
        "blank it in the files; else add a second equality to the rule."
    )


def tasks(found: Blocks) -> Iterator[tuple[Ints, int]]:
    """Yield units of about two million pairs (rows of ranges, how many pairs); a block that is larger is shared out."""
    is_large = found.pairs > PAIRS_A_TASK
    small = np.flatnonzero(~is_large)
    for start, end in _portions(found.pairs[small]):
        yield found.ranges[small[start:end]], int(found.pairs[small[start:end]].sum())
    for place in np.flatnonzero(is_large):
        first, end, other_first, other_end = (int(x) for x in found.ranges[place])
        steps = int(-(-found.pairs[place] // PAIRS_A_TASK))
        lefts = _cut(first, end, steps)
        rights = _cut(other_first, other_end, -(-steps // (len(lefts) - 1)))
        for (low, high), (other_low, other_high) in product(pairwise(lefts), pairwise(rights)):
            yield np.array([[low, high, other_low, other_high]]), int(found.pairs[place]) // steps


def _cut(first: int, end: int, steps: int) -> list[int]:
    """Return the bounds of at most ``steps`` parts of about one size."""
    return np.linspace(first, end, min(steps, end - first) + 1).astype(np.int64).tolist()  # type: ignore[no-any-return]


def _portions(pairs: Ints) -> Iterator[tuple[int, int]]:
    """Yield ranges of blocks of about a task's pairs together."""
    if not len(pairs):
        return
    task = (np.cumsum(pairs) - 1) // PAIRS_A_TASK
    cuts = np.flatnonzero(np.diff(task)) + 1
    bounds = [0, *cuts.tolist(), len(pairs)]
    yield from pairwise(bounds)


def combined(columns: list[Codes], sizes: list[int]) -> Ints:
    """Return one integer for the codes of all columns (each below its size); -1 where one is missing (below 0)."""
    key = columns[0].astype(np.int64)
    is_null = key < 0
    room = sizes[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        if room > (1 << 62) // max(1, size):
            raise BadInput(
                "A blocking rule joins more columns than fit into one key. Use fewer equalities in one rule."
            )
        is_null |= column < 0
        key = key * size + column
        room *= size
    key[is_null] = -1
    return key


def _sorted(key: Ints, record: Ints | None, among: Ints | None) -> tuple[Ints, Ints]:
    """Return the records with a key, in order of key and then of record, and their keys; ``record`` says of each key whose it is."""
    at = np.flatnonzero(key >= 0 if among is None else (key >= 0) & _may_be_among(key, among))
    values, records = key[at], at if record is None else record[at]
    bits = max(1, int(records.max(initial=0)).bit_length())
    if len(values) and int(values.max()) < 1 << (62 - bits):
        packed = (
            values << bits
        ) | records  # one sort of plain integers is several times faster than an argsort
        packed.sort()
        return packed & ((1 << bits) - 1), packed >> bits
    turn = np.argsort(values, kind="stable")
    return records[turn], values[turn]


def _may_be_among(keys: Ints, few: Ints) -> npt.NDArray[np.bool_]:
    """Return which keys may be among a few: all that are, and by chance an eighth of the others at most (a table of bits by hash)."""
    bits = max(4, (8 * len(few)).bit_length())

    def place(of: Ints) -> npt.NDArray[np.uint64]:
        return np.asarray((of.astype(np.uint64) * GOLDEN) >> np.uint64(64 - bits))

    is_there = np.zeros(1 << bits, dtype=bool)
    is_there[place(few)] = True
    return np.asarray(is_there[place(keys)])


def _runs(values: Ints) -> tuple[Ints, Ints, Ints]:
    """Return each different value of a sorted array, and where its run begins and ends."""
    first = (
        np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        if len(values)
        else np.zeros(0, np.int64)
    )
    return values[first], first, np.append(first[1:], len(values)) if len(values) else first
