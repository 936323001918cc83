"""Links that can hardly be of one person, counted by what speaks against them.

Implausible scenarios are a way to find false links without a sample (Blake, Sharland-Smith and Harron 2021, on English school and
hospital records): their number is a floor under the false links, for most false links look plausible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from tallystick.linkage.compare import quoted
from tallystick.linkage.identifiers import STRENGTH

YEARS = 2
GENERATION = 15


def implausible(links: pa.Table, records: Mapping[str, pa.Table], id_column: str) -> list[dict[str, Any]]:
    """Return for each rule that the records' columns allow how many links could be judged by it, and how many break it.

    ``records`` are the sources in standard form (`Linked.records`). Only links between two records that both hold the value are judged.
    """
    columns = set.intersection(*(set(table.column_names) for table in records.values())) if records else set()
    rules = {label: (known, broken) for label, (needs, known, broken) in _rules().items() if needs <= columns}
    if not rules or not links.num_rows:
        return []
    whole = pa.concat_tables(
        [
            table.select([id_column, *sorted(_needed() & columns)]).append_column(
                "source", pa.array([source] * table.num_rows, pa.string())
            )
            for source, table in records.items()
        ],
        promote_options="permissive",
    )
    counts = ", ".join(
        f"count(*) filter (where {known}), count(*) filter (where {known} and {broken})"
        for known, broken in rules.values()
    )
    left, right, own = (quoted(f"{id_column}{side}") for side in ("_l", "_r", ""))
    with duckdb.connect() as con:
        con.register("links", links)
        con.register("records", whole)
        (row,) = con.sql(
            f"""
            select {counts}
            from links
            join records l on l.source = links.source_l and l.{own} = links.{left}
            join records r on r.source = links.source_r and r.{own} = links.{right}
            """  # noqa: S608 - the conditions are our own, names are quoted
        ).fetchall()
    return [
        {"rule": label, "judged": int(row[2 * place]), "links": int(row[2 * place + 1])}
        for place, label in enumerate(rules)
    ]


def _rules() -> dict[str, tuple[set[str], str, str]]:
    """Return each rule's columns, the condition under which it can be judged, and the one that breaks it."""
    dates = "length(l.dob) = 8 and length(r.dob) = 8"
    year = "abs(try_cast(l.dob[1:4] as integer) - try_cast(r.dob[1:4] as integer))"
    both = "l.{0} is not null and r.{0} is not null"
    found = {
        f"birth dates {YEARS} years or more apart, on another day": (
            {"dob"}, dates, f"{year} >= {YEARS} and l.dob[5:8] <> r.dob[5:8]"
        ),
        f"birth dates {GENERATION} years or more apart": ({"dob"}, dates, f"{year} >= {GENERATION}"),
        "recorded as of different sexes": (
            {"gender"}, "l.gender in ('male', 'female') and r.gender in ('male', 'female')", "l.gender <> r.gender"
        ),
        "first names with nothing in common": (
            {"first_name"}, both.format("first_name"),
            "l.first_name[1] <> r.first_name[1] and jaro_winkler_similarity(l.first_name, r.first_name) < 0.5",
        ),
    }  # fmt: skip
    for number in STRENGTH:
        found[f"two different values of {number}"] = (
            {number}, both.format(number), f"l.{number} <> r.{number}"
        )  # fmt: skip
    return found


def _needed() -> set[str]:
    return set().union(*(needs for needs, _, _ in _rules().values()))
