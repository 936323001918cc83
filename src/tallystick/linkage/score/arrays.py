"""The program and the records as the arrays that the kernel takes, and a walk over blocks with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tallystick.linkage.score import kernel
from tallystick.linkage.score.blocks import Blocks
from tallystick.linkage.score.columns import Pools
from tallystick.linkage.score.program import EQUAL, NULL, TAKEN, Level, NotKnown, Program, Rule
from tallystick.linkage.score.strings import scratch_for

LONGEST_TEXT = 2_000
AT_MOST, BELOW = 2, 3
FIRST_ROOM, MOST_ROOM = 1 << 12, 1 << 20
Codes = npt.NDArray[np.int32]


class Arrays:
    """The program and the records as the arrays that the kernel takes."""

    def __init__(
        self, program: Program, pools: Pools, sizes: tuple[int, ...], left: Codes, right: Codes
    ) -> None:
        """``left`` and ``right``: the codes from which each side's rows are taken (one array for both, or two)."""
        self.left, self.right = left, right
        self.rules = program.rules
        self.pool = kernel.Pool(
            pools.data, pools.starts, pools.masks, pools.text_base, pools.numbers, pools.number_base, pools.list_starts,
            pools.list_entries, pools.list_base,
        )  # fmt: skip
        self.frequencies = kernel.Frequencies(_log2(pools.frequencies), pools.frequency_base)
        self.source = np.repeat(np.arange(len(sizes)), sizes).astype(np.int16)
        self.conditions = kernel.Conditions(
            _ints([(x.atom, x.is_negated, x.if_true, x.if_not) for x in program.literals], 4),
            _ints([(a.kind, a.left, a.right, a.function, a.operator, a.slot) for a in program.atoms], 6),
            np.array([a.limit for a in program.atoms], dtype=np.float64),
            _most_edits(program),
        )
        self.rules_read = kernel.Rules(
            _ints([key for rule in program.rules for key in rule.keys], 2),
            _ranges([len(rule.keys) for rule in program.rules]),
            _ints([(rule.first, rule.count) for rule in program.rules], 2),
        )
        self.prior = math.log2(program.prior / (1 - program.prior))
        self.scratch = scratch_for(max(62, longest(pools.starts)))
        self.levels = _levels(program)
        self._bounds(program, pools)
        self.plan = plan(program, self.levels.is_costly)

    def _bounds(self, program: Program, pools: Pools) -> None:
        """Work out the largest weight from each level on, and of each comparison how far its weight can fall."""
        most = []
        for comparison in program.comparisons:
            for level in comparison:
                largest = level.weight
                if level.tf_column >= 0:
                    seen = pools.frequencies_of(level.tf_column)
                    least = float(seen[seen > 0].min(initial=1.0))
                    extremes = [level.tf_log2_u - math.log2(max(tf, level.tf_minimum)) for tf in (least, 1.0)]
                    largest += max(0.0, *(level.tf_weight * x for x in extremes))
                most.append(largest)
        ranges, bests = self.levels.ranges, self.levels.bests
        for first, end in ranges:
            bests[first:end] = np.maximum.accumulate(np.array(most[first:end])[::-1])[::-1]
        self.top = np.array([bests[first] for first, _ in ranges])
        self.spread = np.array([self.top[k] - min(most[a:b]) for k, (a, b) in enumerate(ranges)])

    def _order(self, rule: Rule) -> tuple[npt.NDArray[np.int64], int, npt.NDArray[np.float64]]:
        """Return the order of the comparisons under a rule, how many its key settles, and the best of all after each."""
        one_column, found, _ = self.plan
        equal = {a for a, b in rule.keys if a == b}
        is_sure = np.array(
            [column in equal and found[k, 1] >= 0 for k, column in enumerate(one_column)], dtype=bool
        )
        turn = np.lexsort([-self.spread, ~is_sure]).astype(np.int64)
        rest = np.concatenate([np.cumsum(self.top[turn][::-1])[::-1][1:], [0.0]])
        return turn, int(is_sure.sum()), rest

    def scanner(
        self, rule: int, found: Blocks, same: int, threshold: float, with_levels: bool
    ) -> Callable[[Any], tuple[Any, ...]]:
        """Return a function from units to kept pairs."""
        width = len(self.levels.ranges) if with_levels else 0
        turn, sure, rest = self._order(self.rules[rule])
        left_codes = self.left.take(
            found.order_l, axis=0
        )  # in the order of the walk: no jumping about in memory
        is_one = found.order_r is found.order_l
        codes = kernel.Codes(left_codes, left_codes if is_one else self.right.take(found.order_r, axis=0))
        walk = kernel.Walk(found.order_l, found.order_r, same, self.source, turn, sure, rest)

        def run(units: Any) -> tuple[Any, ...]:
            parts, state, size, is_done = [], np.zeros(5, dtype=np.int64), FIRST_ROOM, False
            state[1] = units[0, 0]
            memory, verdict = self._room()
            while not is_done:
                out = (
                    np.empty(size, np.int64),
                    np.empty(size, np.int64),
                    np.empty(size, np.float64),
                    np.empty((size, width), np.int8),
                )
                is_done = kernel.scan(
                    rule, units, walk, codes, self.pool, self.frequencies, self.rules_read, self.conditions, self.levels, self.plan,
                    self.prior, threshold, memory, verdict, out, state,
                )  # fmt: skip
                parts.append(tuple(column[: state[3]].copy() for column in out))
                size = min(size * 4, MOST_ROOM)
            return (*(np.concatenate(columns) for columns in zip(*parts, strict=True)), int(state[4]))

        return run

    def _room(self) -> tuple[kernel.Memory, kernel.Verdict]:
        """Return a thread's own room to work in, and its table of remembered values."""
        count = len(self.levels.ranges)
        return (
            kernel.Memory(
                np.zeros((kernel.MEMO, 2), np.uint64), np.zeros(kernel.MEMO), np.zeros(self.scratch, np.int64)
            ),
            kernel.Verdict(
                np.zeros(count, np.int64), np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
            ),
        )


def _levels(program: Program) -> kernel.Levels:
    """Return the program's levels, their best weights still to be worked out."""
    levels = [level for comparison in program.comparisons for level in comparison]
    weights = np.array(
        [(x.weight, x.tf_weight, x.tf_log2_u, x.tf_minimum) for x in levels], dtype=np.float64
    ).reshape(-1, 4)
    weights[:, 3] = _log2(weights[:, 3])
    costly = {number for number, atom in enumerate(program.atoms) if atom.kind >= 4}
    return kernel.Levels(
        _ranges([len(comparison) for comparison in program.comparisons]),
        np.array([any(x.tf_column >= 0 for x in comparison) for comparison in program.comparisons]),
        _ints([(x.first, x.count, x.tf_column) for x in levels], 3),
        weights,
        np.empty(len(levels)),
        np.array([any(program.literals[x.first + i].atom in costly for i in range(x.count)) for x in levels]),
    )


def plan(program: Program, costly: npt.NDArray[np.bool_]) -> kernel.Plan:
    """Return, for each comparison, the one column that its levels before the first costly one read (-1 where they read more,
    or ask more of it than equality and presence), and by state of that column the level found and the level to stop at."""
    column = np.full(len(program.comparisons), -1, dtype=np.int64)
    found, stop = (np.full((len(program.comparisons), kernel.STATES), -1, dtype=np.int64) for _ in range(2))
    first = 0
    for number, comparison in enumerate(program.comparisons):
        waits = next((k for k in range(len(comparison)) if costly[first + k]), len(comparison))
        columns = {_only_column(program, level) for level in comparison[:waits]} - {None}
        if len(columns) == 1 and -1 not in columns:
            column[number] = max(x for x in columns if x is not None)
            for state in range(kernel.STATES):
                level = next((k for k in range(waits) if _is_true(program, comparison[k], state)), None)
                if level is not None:
                    found[number, state] = first + level
                elif waits < len(comparison):
                    stop[number, state] = first + waits
        first += len(comparison)
    return kernel.Plan(column, found, stop)


def _most_edits(program: Program) -> npt.NDArray[np.int64]:
    """Return for each slot the most edits that its atoms tell from more: the largest limit, where all ask for so many or fewer."""
    most = np.full(len(program.slots), LONGEST_TEXT * 2, dtype=np.int64)
    for slot in range(len(most)):
        atoms = [atom for atom in program.atoms if atom.slot == slot]
        if all(atom.operator in (AT_MOST, BELOW) and atom.limit >= 0 for atom in atoms):
            most[slot] = math.ceil(max(atom.limit for atom in atoms))
    return most


def _only_column(program: Program, level: Level) -> int | None:
    """Return the one column whose equality or absence a level asks for; None for ELSE, -1 where it asks anything else."""
    atoms = [program.atoms[x.atom] for x in program.literals[level.first : level.first + level.count]]
    if any(x.kind not in (EQUAL, NULL) or (x.kind == EQUAL and x.left != x.right) for x in atoms):
        return -1
    columns = {max(x.left, x.right) for x in atoms}
    return None if not columns else columns.pop() if len(columns) == 1 else -1


def _is_true(program: Program, level: Level, state: int) -> bool:
    """Return whether a level over one column is true in a state (``kernel.STATES``)."""
    at = level.first if level.count else TAKEN
    while at >= 0:
        literal = program.literals[at]
        atom = program.atoms[literal.atom]
        missing = {2, 4} if atom.left >= 0 else {3, 4}
        truth = {0: 0, 1: 1}.get(state, -1) if atom.kind == EQUAL else int(state in missing)
        at = literal.if_true if truth == (0 if literal.is_negated else 1) else literal.if_not
    return at == TAKEN


def _log2(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return logarithms; minus infinity for nought, without a warning."""
    return np.log2(values, out=np.full_like(values, -np.inf), where=values > 0)


def longest(starts: npt.NDArray[np.int64]) -> int:
    """Return the length of the longest text in bytes; raise NotKnown where comparing it would take too much memory."""
    found = int(np.diff(starts).max(initial=0))
    if found > LONGEST_TEXT:
        raise NotKnown(f"a compared text of {found:,} bytes; the native scorer takes up to {LONGEST_TEXT:,}")
    return found


def _ints(rows: list[tuple[Any, ...]], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _ranges(counts: list[int]) -> npt.NDArray[np.int64]:
    """Return where each run of so many begins and ends."""
    ends = np.cumsum(counts, dtype=np.int64)
    return np.stack([ends - np.array(counts, dtype=np.int64), ends], axis=1)
