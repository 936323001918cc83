"""The tidy table of figures: one row for each area, period, measure and group, and for each day on which it was made known.

Revisions are kept, never written over: a figure has as many rows as it had publications, and ``as_known`` gives what was known
on a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("measure", pa.string(), nullable=False),
        pa.field("area", pa.string(), nullable=False),
        pa.field("period", pa.string(), nullable=False),  # Period.label
        pa.field("starts", pa.date32(), nullable=False),
        pa.field("ends", pa.date32(), nullable=False),
        pa.field("frequency", pa.string(), nullable=False),
        pa.field(
            "category", pa.string(), nullable=False
        ),  # "all", "sex: female", "age: 18 to 24; sex: female"
        pa.field("value", pa.float64()),  # null where a mark stands for it
        pa.field("denominator", pa.float64()),
        pa.field("mark", pa.string(), nullable=False),  # shorthand: c, x, z, low, u, p, r, …
        pa.field("validation", pa.string(), nullable=False),
        pa.field("published", pa.date32(), nullable=False),  # the day on which this figure was made known
        pa.field("embargo", pa.date32()),  # nothing before this day
        pa.field("place", pa.string(), nullable=False),  # file, sheet and cell
    ]
)
ALL = "all"
KEY = ("measure", "area", "period", "category")


@dataclass(frozen=True)
class Point:
    """One figure as a chart needs it."""

    period: str
    starts: date
    value: float | None
    denominator: float | None
    mark: str


def empty() -> pa.Table:
    """Return a table without a figure."""
    return SCHEMA.empty_table()


def of_rows(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return the table of these rows, each with all columns of the schema."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def asked(query: str, parameters: Sequence[object] = (), **tables: pa.Table) -> pa.Table:
    """Return the figures that a query gives over these tables."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(query, params=list(parameters)).to_arrow_table()


def as_known(table: pa.Table, on: date) -> pa.Table:
    """Return one row a figure: the latest made known on or before a day, embargoed or not, in order of the key."""
    query = """
        select * from figures
        where published <= ?
        qualify row_number() over (partition by measure, area, period, category order by published desc) = 1
        order by measure, area, starts, ends, category
        """
    return asked(query, [on], figures=table).cast(SCHEMA)


def added(kept: pa.Table, new: pa.Table) -> pa.Table:
    """Return the kept figures with the new ones; one of a publication that is held already is not kept twice.

    A figure that was published again unchanged stays: the lag of returns is read off how often it was confirmed.
    """
    query = """
        select * from kept
        union all
        select n.* from new n
        anti join kept k using (measure, area, period, category, published)
        order by measure, area, starts, ends, category, published
        """
    return asked(query, kept=kept, new=new).cast(SCHEMA)


def revised_silently(kept: pa.Table, new: pa.Table) -> list[tuple[str, str]]:
    """Return (place now, place before) of figures that differ from what was handed in under the same publication date."""
    query = """
        select n.place as now, k.place as before from new n
        join kept k using (measure, area, period, category, published)
        where n.value is distinct from k.value or n.denominator is distinct from k.denominator or n.mark <> k.mark
        order by n.place
        """
    found = asked(query, kept=kept, new=new)
    return [(row["now"], row["before"]) for row in found.to_pylist()]


def under_embargo(table: pa.Table, on: date) -> pa.Table:
    """Return the figures that may not be shown on a day."""
    query = "select * from figures where embargo > ? order by embargo, measure, place"
    return asked(query, [on], figures=table).cast(SCHEMA)
