"""Which outcome each comparison of a Splink model has for given pairs, found by the model's own SQL in DuckDB.

The scorer never makes this table for all pairs; training does for a sample, and the quality report for the pairs it shows.
Frequencies are Splink's: the count of a value over the count of values, in all sources together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Settings = Mapping[str, Any]
NULL_LEVEL = -1


def quoted(name: str) -> str:
    """Return a column's name as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'


def levels(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the levels of a comparison that are not null levels, in order: outcome 0 is the first."""
    return [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]


def name_of(comparison: Mapping[str, Any]) -> str:
    """Return the name of a comparison."""
    return str(comparison["output_column_name"])


def open_records(
    tables: Mapping[str, pa.Table], settings: Settings, id_column: str
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that holds ``records``: every record of every source with ``i`` from 0 in order of source and id.

    For each column that a level weighs by frequency, a column ``tf_<column>`` stands beside it.
    """
    con = duckdb.connect()
    con.execute("set preserve_insertion_order = true")
    whole = stacked(tables, id_column)
    con.register("stacked", whole)
    weighed = sorted(
        {
            level["tf_adjustment_column"]
            for c in settings["comparisons"]
            for level in levels(c)
            if level.get("tf_adjustment_column")
        }
    )
    frequencies = ", ".join(
        f"case when {quoted(c)} is not null then count(*) over (partition by {quoted(c)}) / count({quoted(c)}) over () end "
        f"as {quoted('tf_' + c)}"
        for c in weighed
    )  # names pass through quoted()
    con.execute(
        f"create table records as select *{', ' + frequencies if frequencies else ''} from stacked order by i"  # noqa: S608
    )
    con.unregister("stacked")
    return con


def stacked(tables: Mapping[str, pa.Table], id_column: str) -> pa.Table:
    """Return all records in one table with ``source_dataset`` and ``i``, in order of source and id whatever the input's order."""
    parts = []
    for source in sorted(tables):
        table = tables[source].sort_by(id_column)
        parts.append(table.append_column("source_dataset", pa.array([source] * table.num_rows, pa.string())))
    whole = pa.concat_tables(parts, promote_options="default")
    return whole.append_column("i", pa.array(np.arange(whole.num_rows, dtype=np.int64)))


def outcomes(con: duckdb.DuckDBPyConnection, settings: Settings, pairs: str) -> dict[str, npt.NDArray[Any]]:
    """Return the outcomes of the pairs (a, b) in the table ``pairs``: ``a``, ``b``, ``g_<comparison>``, ``tf_<comparison>``.

    ``g_`` is -1 for null and otherwise the position among the levels that are not null; ``tf_`` is the frequency that weighs it,
    NaN where the level is not weighed.
    """
    chosen, adjusted = [], []
    for comparison in settings["comparisons"]:
        name, position, cases, weights = name_of(comparison), 0, [], []
        for level in comparison["comparison_levels"]:
            number = NULL_LEVEL if level.get("is_null_level") else position
            position += not level.get("is_null_level")
            cases.append(
                f"else {number}"
                if level["sql_condition"].strip().upper() == "ELSE"
                else f"when {level['sql_condition']} then {number}"
            )
            if column := level.get("tf_adjustment_column"):
                weights.append(
                    f"when {number} then greatest({quoted(f'tf_{column}_l')}, {quoted(f'tf_{column}_r')})"
                )
        chosen.append(f"cast(case {' '.join(cases)} end as tinyint) as {quoted('g_' + name)}")
        if weights:
            adjusted.append(f"case {quoted('g_' + name)} {' '.join(weights)} end as {quoted('tf_' + name)}")
    columns = [column[0] for column in con.execute("select * from records limit 0").description]
    sides = ", ".join(
        f"l.{quoted(c)} as {quoted(c + '_l')}, r.{quoted(c)} as {quoted(c + '_r')}" for c in columns
    )
    found = con.execute(
        f"""
        with sides as (
            select p.a, p.b, {sides} from {quoted(pairs)} p join records l on l.i = p.a join records r on r.i = p.b
        )
        select a, b, {", ".join(chosen + adjusted)} from sides order by a, b
        """  # noqa: S608 - the conditions are the model's own, names are quoted
    ).fetchnumpy()
    return {
        key: np.ma.filled(values, np.nan if values.dtype.kind == "f" else NULL_LEVEL)
        for key, values in found.items()
    }
