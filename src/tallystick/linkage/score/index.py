"""One large source made ready once, so that a few records are scored against it without reading it again.

What is kept is what `encode` and `blocks` give of the source alone: its codes, what they stand for, how many records have each,
and for every blocking rule the records in the order of its key. A cohort is then coded by the same dictionary; a value that
the source does not have shares no block, and frequencies count both, so the links are those of a linkage of the two files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage.score import blocks as blocking
from tallystick.linkage.score.arrays import Arrays
from tallystick.linkage.score.blocks import LEFT, RIGHT
from tallystick.linkage.score.columns import Known, Records, encode
from tallystick.linkage.score.links import Progress, walk
from tallystick.linkage.score.model import read
from tallystick.linkage.score.program import Program, Rule
from tallystick.linkage.score.result import as_table, in_order_of_id, weight_of


@dataclass(frozen=True)
class Index:
    """A source as codes under one trained model; ``sides[rule, LEFT or RIGHT]`` are its records in the order of a rule's key."""

    source: str
    settings: Mapping[str, Any]
    id_column: str
    ids: pa.ChunkedArray
    codes: npt.NDArray[np.int32]
    known: Known
    sides: Mapping[tuple[int, int], blocking.Side]
    is_cleaned: bool = False


def build(
    table: pa.Table,
    settings: Mapping[str, Any],
    *,
    source: str,
    id_column: str = "record_id",
    is_cleaned: bool = False,
) -> Index:
    """Return the index of ``table`` under a trained Splink model; ``is_cleaned`` says how a cohort is to be made ready.

    Raises as ``links`` does for a single source.
    """
    program = read(settings, id_column)
    ordered = in_order_of_id(table, id_column, source)
    records = encode(program, {source: ordered}, [source])
    sides: dict[tuple[int, int], blocking.Side] = {}
    for number, rule in enumerate(program.rules):
        for side in (LEFT, RIGHT):
            is_same = side == RIGHT and all(a == b for a, b in (*rule.keys, *rule.lists))
            sides[number, side] = (
                sides[number, LEFT]
                if is_same
                else _side(rule, side, records, _sizes(program, rule, records.known))
            )
    return Index(
        source, settings, id_column, ordered[id_column], records.codes, records.known, sides, is_cleaned
    )


def links_with(
    index: Index,
    table: pa.Table,
    threshold: float,
    *,
    source: str,
    threads: int | None = None,
    progress: Progress = lambda done, text: None,
) -> pa.Table:
    """Return the pairs between ``table`` and the indexed source of at least ``threshold`` (0 to 1), as ``links`` does.

    The model's link type counts as link_only: pairs inside either source are not made. Raises as ``links`` does, and
    BadInput where the two sources have one name.
    """
    if source == index.source:
        raise BadInput(
            f"The index is of a source called {source!r} too. Rename the file that is linked with it."
        )
    program = read(index.settings, index.id_column)
    ordered = in_order_of_id(table, index.id_column, source)
    records = encode(program, {source: ordered}, [source], index.known)
    sources = sorted((source, index.source), key=lambda name: name + "-__-")
    mine = sources.index(source)
    codes = (records.codes, index.codes) if mine == LEFT else (index.codes, records.codes)

    def blocks(rule: Rule) -> blocking.Blocks:
        number = program.rules.index(rule)
        side = _side(rule, mine, records, _sizes(program, rule, index.known))
        other = index.sides[number, 1 - mine]
        return blocking.matched(side, other) if mine == LEFT else blocking.matched(other, side)

    sizes = (len(codes[0]), len(codes[1]))
    found = walk(
        program,
        Arrays(program, records.pools, sizes, *codes),
        blocks,
        weight_of(threshold),
        same=blocking.TWO_LISTS,
        records=sum(sizes),
        threads=threads,
        progress=progress,
    )
    found.right[:] += sizes[0]
    ids = {source: ordered[index.id_column], index.source: index.ids}
    return as_table(found, ids, sources, index.id_column)


def _sizes(program: Program, rule: Rule, known: Known) -> list[int]:
    """Return how many codes the index has in each column of a rule's key."""
    return [max(1, len(known.distinct[program.group(left)])) for left, _ in (*rule.keys, *rule.lists)]


def _side(rule: Rule, side: int, records: Records, sizes: list[int]) -> blocking.Side:
    """Return records in the order of a rule's key; a code that the index does not have can be in no block."""
    keys = blocking.keyed(records.codes, rule, side, records.pools)
    known = [np.where(column < size, column, -1) for column, size in zip(keys.columns, sizes, strict=True)]
    return blocking.side(replace(keys, columns=known), sizes)
