"""The pairs that a review is about: those that were scored, those joined only through third records, and those that blocking lost."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage import compare, engines, resolve, sample
from tallystick.linkage.compare import quoted

LOST_FLOOR = 1e-6
"""Nothing that the model holds less probable than this is shown as lost by blocking: it counts as no match."""
MOST_COMPARED = 30_000_000


def pairs(scored: pa.Table, persons: pa.Table, id_column: str) -> pa.Table:
    """Return every pair that was scored or is one person, across sources where there are several, else within the one.

    Columns source_l, <id>_l, source_r, <id>_r, match_weight and match_probability (null for two records that only third records
    join), is_linked; sorted by the first four. Pairs that people decided before (`overrides`) are left out.
    """
    is_across = len(pc.unique(persons["source"])) > 1
    own, left, right = (quoted(f"{id_column}{side}") for side in ("", "_l", "_r"))
    with duckdb.connect() as con:
        con.register("scored", scored)
        con.register("persons", persons)
        return con.sql(
            f"""
            with closed as (
                select a.source as source_l, a.{own} as id_l, b.source as source_r, b.{own} as id_r
                from persons a join persons b on a.person_id = b.person_id and (a.source, a.{own}) < (b.source, b.{own})
            ),
            met as (
                select least((source_l, {left}), (source_r, {right})) as l, greatest((source_l, {left}), (source_r, {right})) as r,
                    match_weight, match_probability
                from scored
            )
            select coalesce(source_l, l[1]) as source_l, coalesce(id_l, l[2]) as {left},
                coalesce(source_r, r[1]) as source_r, coalesce(id_r, r[2]) as {right},
                match_weight, match_probability, source_l is not null as is_linked
            from closed full join met on l = (source_l, id_l) and r = (source_r, id_r)
            where (coalesce(source_l, l[1]) <> coalesce(source_r, r[1]) or not ?)
                and coalesce(abs(match_weight) < ?, true)
            order by 1, 2, 3, 4
            """,  # noqa: S608 - the names are quoted
            params=[is_across, resolve.ALWAYS],
        ).to_arrow_table()


def lost(
    tables: Mapping[str, pa.Table],
    model: Mapping[str, Any],
    met: pa.Table,
    records: int,
    rng: np.random.Generator,
    *,
    id_column: str,
) -> tuple[pa.Table, int, int]:
    """Return the likeliest pair that blocking lost for each of ``records`` records drawn at random, how many were drawn, and out of how many.

    Each record drawn is compared with *all* records of the other source, without blocking; ``met`` are the pairs known already. The
    table has source_l, <id>_l, source_r, <id>_r, match_weight, match_probability, at most one row for a record drawn; records
    without a row have nothing above ``LOST_FLOOR``. Of two sources the larger is drawn from, for there a record more rarely has two
    partners; in a single source every pair has two ends, so half the records count. ``tables`` hold the columns that ``model`` reads.
    """
    chosen = list(_halves(tables))
    whole = drawn = 0
    found = []
    for one, other in chosen:
        mine, theirs = tables[one], tables[other]
        count = mine.num_rows if one != other else mine.num_rows // 2
        bound = max(1, MOST_COMPARED // max(theirs.num_rows, 1))
        take = min(-(-records // len(chosen)), count, bound)
        at = np.sort(rng.permutation(mine.num_rows)[:take])
        rest = theirs if one != other else theirs.take(np.setdiff1d(np.arange(theirs.num_rows), at))
        found.append(_likeliest(mine.take(at), rest, model, met, (one, other), id_column))
        whole, drawn = whole + count, drawn + take
    return pa.concat_tables(found), drawn, whole


def found_by(
    tables: Mapping[str, pa.Table], model: Mapping[str, Any], asked: pa.Table, id_column: str
) -> pa.Array:
    """Return for each pair of ``asked`` how many of the model's blocking rules find it: 0 if third records alone brought it up."""
    rules = engines.rules_as_conditions(model)
    times = " + ".join(f"coalesce(cast(({rule}) as integer), 0)" for rule in rules) or "0"
    left, right = quoted(f"{id_column}_l"), quoted(f"{id_column}_r")
    con = compare.open_records(tables, model, id_column)
    try:
        con.register("asked", asked.append_column("place", pa.array(np.arange(asked.num_rows))))
        found = con.sql(
            f"""
            select {times} as times
            from asked
            join records l on l.source_dataset = asked.source_l and l.{quoted(id_column)} = asked.{left}
            join records r on r.source_dataset = asked.source_r and r.{quoted(id_column)} = asked.{right}
            order by place
            """  # noqa: S608 - the rules are the model's own, names are quoted
        ).to_arrow_table()
    finally:
        con.close()
    return found["times"].combine_chunks().cast(pa.int32())


@dataclass(frozen=True)
class Drawn:
    """A review's sample: ``pairs`` (the columns of `pairs`, with stratum), the design, and the strata with what each was given."""

    pairs: pa.Table
    design: sample.Design


def drawn(met: pa.Table, missed: tuple[pa.Table, int, int], count: int, rng: np.random.Generator) -> Drawn:
    """Return ``count`` pairs of ``met`` drawn by stratum, and all of ``missed`` (what `lost` found) as a stratum of their own.

    Of that last stratum the units are records: those drawn without a pair to show are no match. The pairs come in an order that
    says nothing of their stratum.
    """
    weight = met["match_weight"].to_numpy(zero_copy_only=False)
    probability = met["match_probability"].to_numpy(zero_copy_only=False)
    is_linked = met["is_linked"].to_numpy(zero_copy_only=False)
    scored = np.flatnonzero(~np.isnan(weight))
    found, place = sample.strata(weight[scored], probability[scored], is_linked[scored])
    of_pair = np.full(met.num_rows, len(found), dtype=np.int64)
    of_pair[scored] = place
    joined = met.num_rows - len(scored)
    if joined:
        found = (*found, sample.Stratum(sample.THROUGH, True, None, None, joined, 0.5))
    made = sample.design(found, count)
    taken = sample.draw(of_pair, made, rng)
    table = met.take(np.concatenate(taken) if taken else np.zeros(0, dtype=np.int64))
    number = np.repeat(np.arange(len(taken)), [len(at) for at in taken])
    lost_pairs, tried, whole = missed
    if tried:
        outside = sample.Stratum(
            sample.OUTSIDE, False, None, None, whole, lost_pairs.num_rows / tried / 2, tried
        )
        made = sample.promised([*made.strata, outside])
        unlinked = lost_pairs.append_column("is_linked", pa.array([False] * lost_pairs.num_rows))
        number = np.concatenate([number, np.full(lost_pairs.num_rows, len(taken))])
        table = pa.concat_tables([table, unlinked.select(table.column_names).cast(table.schema)])
    order = rng.permutation(table.num_rows)
    return Drawn(table.append_column("stratum", pa.array(number)).take(order), made)


def _halves(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of sources, the larger first; the one source with itself."""
    if len(tables) == 1:
        (only,) = tables
        yield only, only
    for pair in combinations(sorted(tables), 2):
        one, other = sorted(pair, key=lambda source: -tables[source].num_rows)
        yield one, other


def _likeliest(
    mine: pa.Table,
    theirs: pa.Table,
    model: Mapping[str, Any],
    met: pa.Table,
    names: tuple[str, str],
    id_column: str,
) -> pa.Table:
    """Return the likeliest pair of each record of ``mine`` with one of ``theirs`` that is not in ``met``."""
    open_ = {
        **model,
        "link_type": "link_only",
        "blocking_rules_to_generate_predictions": [{"blocking_rule": 'l."all_alike" = r."all_alike"'}],
    }
    sides = {
        side: table.append_column("all_alike", pa.array(["1"] * table.num_rows))
        for side, table in (("drawn", mine), ("others", theirs))
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*all_alike")  # one block of all is what is asked for
        scored = engines.links("native", sides, open_, LOST_FLOOR, id_column=id_column)
    left, right = quoted(f"{id_column}_l"), quoted(f"{id_column}_r")
    with duckdb.connect() as con:
        con.register("scored", scored)
        con.register("met", met)
        return con.sql(
            f"""
            with fresh as (
                select least(($one, {left}), ($other, {right})) as l, greatest(($one, {left}), ($other, {right})) as r,
                    {left} as drawn, match_weight, match_probability
                from scored
            )
            select l[1] as source_l, l[2] as {left}, r[1] as source_r, r[2] as {right}, match_weight, match_probability
            from fresh anti join met on l = (met.source_l, met.{left}) and r = (met.source_r, met.{right})
            qualify row_number() over (partition by drawn order by match_weight desc, l, r) = 1
            order by 1, 2, 3, 4
            """,  # noqa: S608 - the names are quoted
            params={"one": names[0], "other": names[1]},
        ).to_arrow_table()
