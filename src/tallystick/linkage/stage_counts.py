"""Links by the stage that made them: a match key, the model, people, or third records alone."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from tallystick.linkage import resolve
from tallystick.linkage.compare import quoted


def by_stage(links: pa.Table, persons: pa.Table, id_column: str) -> list[dict[str, Any]]:
    """Return how many links each stage made, and the mean match probability of them; links are pairs across sources where there are several.

    Pairs of records of one person that no stage linked by themselves are of the stage ``through third records``.
    """
    own, left, right = (quoted(f"{id_column}{side}") for side in ("", "_l", "_r"))
    stage = "coalesce(stage, 'model')" if "stage" in links.column_names else "'model'"
    with duckdb.connect() as con:
        con.register("links", links)
        con.register("persons", persons)
        rows = con.sql(
            f"""
            with asked as (select count(distinct source) > 1 as across from persons),
            closed as (
                select a.source as source_l, a.{own} as id_l, b.source as source_r, b.{own} as id_r
                from persons a
                join persons b on a.person_id = b.person_id and (a.source, a.{own}) < (b.source, b.{own})
                cross join asked
                where not across or a.source <> b.source
            ),
            made as (
                select least((source_l, {left}), (source_r, {right})) as l, greatest((source_l, {left}), (source_r, {right})) as r,
                    if(abs(match_weight) >= ?, 'decided', {stage}) as stage, match_probability
                from links
            )
            select coalesce(stage, 'through third records'), count(*), avg(match_probability)
            from closed left join made on l = (source_l, id_l) and r = (source_r, id_r)
            group by 1 order by 2 desc, 1
            """,  # noqa: S608 - the names are quoted
            params=[resolve.ALWAYS],
        ).fetchall()
    return [{"stage": name, "links": links, "mean_probability": mean} for name, links, mean in rows]
