"""The native engine: the links that Splink's ``predict`` gives on the same trained model, an order of magnitude sooner."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage.score import blocks as blocking
from tallystick.linkage.score import kernel
from tallystick.linkage.score.columns import Records, encode
from tallystick.linkage.score.model import NotKnown, Program, read
from tallystick.linkage.score.strings import scratch_for

LONGEST_TEXT = 2_000
FIRST_ROOM, MOST_ROOM = 1 << 12, 1 << 20
Progress = Callable[[float, str], None]
SAME = {
    "dedupe_only": blocking.LATER_RECORD,
    "link_and_dedupe": blocking.LATER_RECORD,
    "link_only": blocking.LATER_SOURCE,
}


@dataclass(frozen=True)
class Found:
    """Pairs by number of record, with their weights, their levels where asked for, and how many were candidates."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    levels: npt.NDArray[np.int8]
    candidates: int


def links(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    *,
    id_column: str = "record_id",
    threads: int | None = None,
    progress: Progress = lambda done, text: None,
) -> pa.Table:
    """Return the pairs whose match probability under a trained Splink model is at least ``threshold`` (0 to 1).

    Columns source_l, <id>_l, source_r, <id>_r, match_weight, match_probability, sorted by the first four; the left record of a
    pair is the one that comes first by (source, id). Raises BadInput for an untrained model, a missing or wrongly typed
    column, an id that is missing or repeats, an empty source, a block of 10^9 pairs; NotKnown for a level that only
    Splink can follow.
    """
    program = read(settings, id_column)
    sources = sorted(tables, key=lambda source: source + "-__-")
    sorted_tables = {source: _in_order_of_id(tables[source], id_column, source) for source in sources}
    records = encode(program, sorted_tables, sources)
    found = score(
        program,
        records,
        weight_of(threshold),
        same=_same(program, len(sources)),
        threads=threads,
        progress=progress,
    )
    return _as_table(found, sorted_tables, sources, id_column)


def score(
    program: Program,
    records: Records,
    threshold: float,
    *,
    same: int,
    threads: int | None = None,
    with_levels: bool = False,
    progress: Progress = lambda done, text: None,
) -> Found:
    """Return the pairs of ``records`` under the program's blocking rules whose match weight is at least ``threshold``."""
    arrays = _Arrays(program, records)
    made: list[tuple[Any, ...]] = []
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for number, rule in enumerate(program.rules):
            found = blocking.blocks(records.codes, rule, records.sizes, same)
            blocking.require_bearable(found, rule)
            run = arrays.scanner(number, found, same, threshold, with_levels)
            made += pool.map(run, [units for units, _ in blocking.tasks(found)])
            progress((number + 1) / len(program.rules), f"rule {number + 1} of {len(program.rules)}")
    width = len(program.comparisons) if with_levels else 0
    return Found(
        np.concatenate([part[0] for part in made] or [np.zeros(0, np.int64)]),
        np.concatenate([part[1] for part in made] or [np.zeros(0, np.int64)]),
        np.concatenate([part[2] for part in made] or [np.zeros(0, np.float64)]),
        np.concatenate([part[3] for part in made] or [np.zeros((0, width), np.int8)]),
        sum(part[4] for part in made),
    )


class _Arrays:
    """The program and the records as the arrays that the kernel takes."""

    def __init__(self, program: Program, records: Records) -> None:
        pools = records.pools
        self.records = records
        self.pools = (
            pools.data,
            pools.starts,
            pools.masks,
            pools.text_base,
            pools.numbers,
            pools.number_base,
            pools.list_starts,
            pools.list_entries,
            pools.list_base,
        )
        self.frequencies = (pools.frequencies, pools.frequency_base)
        self.source = np.repeat(np.arange(len(records.sizes)), records.sizes).astype(np.int16)
        self.atoms = _ints(
            [(a.kind, a.left, a.right, a.function, a.operator, a.slot) for a in program.atoms], 6
        )
        self.limits = np.array([a.limit for a in program.atoms], dtype=np.float64)
        self.literals = _ints([(x.atom, x.is_negated, x.if_true, x.if_not) for x in program.literals], 4)
        levels = [level for comparison in program.comparisons for level in comparison]
        self.levels = _ints([(x.first, x.count, x.tf_column) for x in levels], 3)
        self.weights = np.array(
            [(x.weight, x.tf_weight, x.tf_log2_u, x.tf_minimum) for x in levels], dtype=np.float64
        ).reshape(-1, 4)
        ends = np.cumsum([len(comparison) for comparison in program.comparisons])
        self.comparisons = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1).astype(np.int64)
        self.rule_keys = _ints([key for rule in program.rules for key in rule.keys], 2)
        key_ends = np.cumsum([len(rule.keys) for rule in program.rules])
        self.key_ranges = np.stack([np.concatenate([[0], key_ends[:-1]]), key_ends], axis=1).astype(np.int64)
        self.rests = _ints([(rule.first, rule.count) for rule in program.rules], 2)
        costly = {number for number, atom in enumerate(program.atoms) if atom.kind >= 4}
        self.costly = np.array(
            [any(program.literals[x.first + i].atom in costly for i in range(x.count)) for x in levels]
        )
        self.prior = math.log2(program.prior / (1 - program.prior))
        self.has_tf = np.array(
            [any(x.tf_column >= 0 for x in comparison) for comparison in program.comparisons]
        )
        self.scratch = scratch_for(max(62, longest(pools.starts)))
        self._bounds(program)

    def _bounds(self, program: Program) -> None:
        """Work out the largest weight from each level on, the order of the comparisons, and the largest of the rest."""
        pools = self.records.pools
        most = []
        for comparison in program.comparisons:
            for level in comparison:
                largest = level.weight
                if level.tf_column >= 0:
                    base = pools.frequency_base[level.tf_column]
                    column = self.records.codes[:, level.tf_column]
                    span = int(column.max(initial=-1)) + 1
                    seen = pools.frequencies[base : base + span]
                    least = float(seen[seen > 0].min(initial=1.0))
                    extremes = [level.tf_log2_u - math.log2(max(tf, level.tf_minimum)) for tf in (least, 1.0)]
                    largest += max(0.0, *(level.tf_weight * x for x in extremes))
                most.append(largest)
        self.bests = np.empty(len(most))
        for first, end in self.comparisons:
            self.bests[first:end] = np.maximum.accumulate(np.array(most[first:end])[::-1])[::-1]
        top = np.array([self.bests[first] for first, _ in self.comparisons])
        spread = np.array([top[k] - min(most[a:b]) for k, (a, b) in enumerate(self.comparisons)])
        self.turn = np.argsort(-spread, kind="stable").astype(np.int64)
        self.rest = np.concatenate([np.cumsum(top[self.turn][::-1])[::-1][1:], [0.0]])

    def scanner(
        self, rule: int, found: blocking.Blocks, same: int, threshold: float, with_levels: bool
    ) -> Callable[[Any], tuple[Any, ...]]:
        """Return a function from units to kept pairs."""
        width = len(self.comparisons) if with_levels else 0
        left_codes = self.records.codes[
            found.order_l
        ]  # rows in the order of the walk: no jumping about in memory
        right_codes = (
            left_codes if found.order_r is found.order_l else self.records.codes.take(found.order_r, axis=0)
        )

        def run(units: Any) -> tuple[Any, ...]:
            parts, state, size, is_done = [], np.zeros(5, dtype=np.int64), FIRST_ROOM, False
            state[1] = units[0, 0]
            room = self._room()
            while not is_done:
                out = (
                    np.empty(size, np.int64),
                    np.empty(size, np.int64),
                    np.empty(size, np.float64),
                    np.empty((size, width), np.int8),
                )
                is_done = kernel.scan(
                    rule,
                    units,
                    found.order_l,
                    found.order_r,
                    same,
                    self.source,
                    left_codes,
                    right_codes,
                    self.pools,
                    self.frequencies,
                    self.rule_keys,
                    self.key_ranges,
                    self.rests,
                    self.literals,
                    self.atoms,
                    self.limits,
                    self.comparisons,
                    self.levels,
                    self.weights,
                    self.bests,
                    self.costly,
                    self.turn,
                    self.rest,
                    self.has_tf,
                    self.prior,
                    threshold,
                    room,
                    out,
                    state,
                )
                parts.append(tuple(column[: state[3]].copy() for column in out))
                size = min(size * 4, MOST_ROOM)
            return (*(np.concatenate(columns) for columns in zip(*parts, strict=True)), int(state[4]))

        return run

    def _room(self) -> tuple[Any, ...]:
        """Return a thread's own room to work in, and its table of remembered values."""
        count = len(self.comparisons)
        return (
            np.zeros(count),
            np.zeros(count),
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.zeros(self.scratch, np.int64),
            np.zeros((kernel.MEMO, 2), np.uint64),
            np.zeros(kernel.MEMO),
        )


def longest(starts: npt.NDArray[np.int64]) -> int:
    """Return the length of the longest text in bytes; raise NotKnown where comparing it would take too much memory."""
    found = int(np.diff(starts).max(initial=0))
    if found > LONGEST_TEXT:
        raise NotKnown(f"a compared text of {found:,} bytes; the native scorer takes up to {LONGEST_TEXT:,}")
    return found


def weight_of(threshold: float) -> float:
    """Return the match weight (base 2) of a match probability, as Splink turns one into the other; 0 keeps every pair."""
    if threshold <= 0:
        return -math.inf
    return math.inf if threshold >= 1 else math.log2(threshold / (1 - threshold))


def _same(program: Program, sources: int) -> int:
    return (
        blocking.TWO_LISTS if program.link_type == "link_only" and sources == 2 else SAME[program.link_type]
    )


def _ints(rows: list[tuple[Any, ...]], width: int) -> npt.NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _in_order_of_id(table: pa.Table, id_column: str, source: str) -> pa.Table:
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


def _as_table(found: Found, tables: Mapping[str, pa.Table], sources: list[str], id_column: str) -> pa.Table:
    first = np.cumsum([0, *[tables[source].num_rows for source in sources]])
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
    ids = pa.chunked_array([chunk for source in sources for chunk in tables[source][id_column].chunks])
    names = pa.array(sorted(sources))
    return pa.table(
        {
            "source_l": names.take(pa.array(rank_l[order])),
            f"{id_column}_l": ids.take(pa.array(left)),
            "source_r": names.take(pa.array(rank_r[order])),
            f"{id_column}_r": ids.take(pa.array(right)),
            "match_weight": weight,
            "match_probability": _probability(weight),
        }
    )


def _probability(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return match probabilities, without overflow at either end."""
    ratio = np.exp2(-np.abs(weight))
    return np.where(weight >= 0, 1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
