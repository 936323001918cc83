"""Person ids at further thresholds and within each source, and where two such levels differ: joins and fractures.

Data First publishes a person id within each dataset and one across them; which of them a study can bear depends on what it would rather
risk, two people under one id or one person under two. A level is a column of ``persons``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage import lineage
from tallystick.linkage.compare import quoted
from tallystick.linkage.lineage import Earlier
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.resolve import Ints

PERSON, WITHIN = "person_id", "source_person_id"


def column(threshold: float) -> str:
    """Return the column of the ids at a further threshold.

    >>> column(0.99)
    'person_id_at_0_99'
    """
    return f"person_id_at_{threshold:g}".replace(".", "_")


def ids(
    label: Ints, numbers: Numbers, persons: pa.Table, name: str, threshold: float, earlier: Earlier | None
) -> tuple[pa.Array, pa.Table]:
    """Return the ids of the persons ``label`` for the column ``name``, and their lineage where there are earlier ones.

    At first a person takes the ``person_id`` that it shares most records with, so that only those that differ have another one; ids
    within a source begin with S. Over a refresh they stay as ``person_id`` does.
    """
    none = lineage.SCHEMA.empty_table()
    prefix = "S" if name == WITHIN else "P"
    if earlier is not None and name in earlier.persons.column_names:
        own = earlier.lineage.filter(pc.equal(earlier.lineage["level"], name))
        made = lineage.named(label, numbers, earlier.persons, name, lineage.used(own), prefix)
        return made.ids, made.lineage(earlier.refreshes + 1, threshold, name)
    if name == WITHIN:
        return lineage.first_ids(label, numbers, prefix), none
    return lineage.named(label, numbers, persons, PERSON, pa.array([], pa.string())).ids, none


def breaks(persons: pa.Table, steps: Sequence[tuple[str, str]]) -> pa.Table:
    """Return every join and fracture between the levels (columns) of each step, in order.

    Columns ``from_level``, ``to_level``, ``source`` (null but for steps from within a source), ``from_id``, ``to_id``, ``kind`` and
    ``records`` that the two share. ``fracture``: the person of the first level is several of the second; ``join``: the person of the
    second is several of the first; ``both``.
    """
    parts = [_breaks(persons, one, other) for one, other in steps]
    return pa.concat_tables(parts) if parts else _breaks(persons, PERSON, PERSON)


def _breaks(persons: pa.Table, one: str, other: str) -> pa.Table:
    source = "source" if WITHIN in (one, other) else "cast(null as varchar)"
    with duckdb.connect() as con:
        con.register("persons", persons)
        return con.sql(
            f"""
            with shared as (
                select {source} as source, {quoted(one)} as from_id, {quoted(other)} as to_id, count(*) as records
                from persons group by all
            ),
            counted as (
                select *, count(*) over (partition by source, from_id) > 1 as is_fractured,
                    count(*) over (partition by source, to_id) > 1 as is_joined
                from shared
            )
            select $one as from_level, $other as to_level, source, from_id, to_id,
                case when is_fractured and is_joined then 'both' when is_fractured then 'fracture' else 'join' end as kind, records
            from counted where is_fractured or is_joined order by source, from_id, to_id
            """,  # noqa: S608 - the names are quoted or our own
            params={"one": one, "other": other},
        ).to_arrow_table()


def steps(persons: pa.Table, threshold: float, further: Sequence[float]) -> list[tuple[str, str]]:
    """Return the steps between the levels that ``persons`` has: within a source to across, then each threshold to the next higher one."""
    names = {one: column(one) for one in further} | {threshold: PERSON}
    order = [names[one] for one in sorted(names)]
    within = [(WITHIN, PERSON)] if WITHIN in persons.column_names else []
    return within + list(pairwise(order))
