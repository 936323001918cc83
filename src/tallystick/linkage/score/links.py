"""The native engine: the links that Splink's ``predict`` gives on the same trained model, an order of magnitude sooner."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.linkage.score import blocks as blocking
from tallystick.linkage.score.arrays import Arrays
from tallystick.linkage.score.columns import Records, encode
from tallystick.linkage.score.model import read
from tallystick.linkage.score.program import Program, Rule
from tallystick.linkage.score.result import Found, as_table, in_order_of_id, weight_of

AHEAD = 2
"""How many rules' blocks are got ready while an earlier rule's are walked: more would hold more memory, and gain nothing."""
Progress = Callable[[float, str], None]
SAME = {
    "dedupe_only": blocking.LATER_RECORD,
    "link_and_dedupe": blocking.LATER_RECORD,
    "link_only": blocking.LATER_SOURCE,
}


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
    sorted_tables = {source: in_order_of_id(tables[source], id_column, source) for source in sources}
    records = encode(program, sorted_tables, sources)
    found = score(
        program,
        records,
        weight_of(threshold),
        same=same_of(program, len(sources)),
        threads=threads,
        progress=progress,
    )
    ids = {source: table[id_column] for source, table in sorted_tables.items()}
    return as_table(found, ids, sources, id_column)


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
    return walk(
        program,
        Arrays(program, records.pools, records.sizes, records.codes, records.codes),
        lambda rule: blocking.blocks(records.codes, rule, records.sizes, same, records.pools),
        threshold,
        same=same,
        records=sum(records.sizes),
        threads=threads,
        with_levels=with_levels,
        progress=progress,
    )


def walk(
    program: Program,
    arrays: Arrays,
    blocks: Callable[[Rule], blocking.Blocks],
    threshold: float,
    *,
    same: int,
    records: int,
    threads: int | None = None,
    with_levels: bool = False,
    progress: Progress = lambda done, text: None,
) -> Found:
    """Return the pairs in the blocks of every rule that reach the threshold; the next rules' blocks are made meanwhile."""
    made: list[tuple[Any, ...]] = []

    def prepare(number: int) -> tuple[Callable[[Any], tuple[Any, ...]], list[Any], str | None]:
        rule = program.rules[number]
        found = blocks(rule)
        blocking.require_bearable(found, rule)
        run = arrays.scanner(number, found, same, threshold, with_levels)
        return run, [units for units, _ in blocking.tasks(found)], blocking.skewed(found, rule, records)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        numbers = iter(range(len(program.rules)))
        ahead = deque(pool.submit(prepare, number) for number in islice(numbers, AHEAD))
        for done in range(len(program.rules)):
            run, units, skew = ahead.popleft().result()
            if skew:
                warnings.warn(skew, stacklevel=2)
            ahead.extend(pool.submit(prepare, number) for number in islice(numbers, 1))
            made += pool.map(run, units)
            progress((done + 1) / len(program.rules), f"rule {done + 1} of {len(program.rules)}")
    width = len(program.comparisons) if with_levels else 0
    found = Found(
        np.concatenate([part[0] for part in made] or [np.zeros(0, np.int64)]),
        np.concatenate([part[1] for part in made] or [np.zeros(0, np.int64)]),
        np.concatenate([part[2] for part in made] or [np.zeros(0, np.float64)]),
        np.concatenate([part[3] for part in made] or [np.zeros((0, width), np.int8)]),
        sum(part[4] for part in made),
    )
    return found.once() if any(rule.lists for rule in program.rules) else found


def same_of(program: Program, sources: int) -> int:
    """Return how the two sides of a pair are told apart, by the model's link type and the number of sources."""
    return (
        blocking.TWO_LISTS if program.link_type == "link_only" and sources == 2 else SAME[program.link_type]
    )
