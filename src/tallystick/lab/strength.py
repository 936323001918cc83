"""What each match to the police records rests on, in the order of strength of requirement 198, from answers and never from names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

__all__ = ["NAME_ALONE", "ORDER", "Strength", "counted", "named", "strengths"]

ORDER: Final = (
    "PNC ID or prison number",
    "date of sentence or release, and the name or the date of birth",
    "name, date of birth and gender",
    "name and date of birth",
    "date of birth, and something less than the name",
    "name alone, or less",
)
"""Strongest first. Who matched on the last alone waits for a second person (requirement 199)."""
NAME_ALONE: Final = len(ORDER) - 1


@dataclass(frozen=True)
class Strength:
    """How many people were matched on this, and the mean probability of their matches (0 to 1)."""

    rests_on: str
    people: int
    probability: float | None


def strengths(placed: pa.Table, kinds: pa.Table | None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return for each row of ``placed`` (supply_key, date_agrees) the place in `ORDER` of its strongest link, -1 where not known.

    ``kinds`` has left_key, right_key and the four answers; the cohort may stand on either side.
    """
    if kinds is None:
        return np.full(placed.num_rows, -1)
    with duckdb.connect() as connection:
        connection.register("placed", placed)
        connection.register("kinds", kinds)
        found = connection.sql(
            """
            with rests as (
                select left_key as key, * from kinds
                union all
                select right_key as key, * from kinds
            ),
            ranked as (
                select
                    p.supply_key,
                    case
                        when k.key is null then -1
                        when k.number_agrees then 0
                        when p.date_agrees and (k.name_agrees or k.dob_agrees) then 1
                        when k.name_agrees and k.dob_agrees and k.gender_agrees then 2
                        when k.name_agrees and k.dob_agrees then 3
                        when k.dob_agrees then 4
                        else 5
                    end as level
                from placed p
                left join rests k on k.key = p.supply_key
            )
            select supply_key, min(level) as level from ranked group by supply_key
            """
        ).to_arrow_table()
    of = dict(zip(found["supply_key"].to_pylist(), found["level"].to_pylist(), strict=True))
    return np.array([of[key] for key in placed["supply_key"].to_pylist()], dtype=np.int64)


def named(level: int) -> str:
    """Return what a match of this place in `ORDER` rests on; -1 is one that goes by way of another record."""
    return ORDER[level] if level >= 0 else "another record of the same person"


def counted(
    levels: np.ndarray[Any, np.dtype[np.int64]], probabilities: Sequence[float | None]
) -> tuple[Strength, ...]:
    """Return how many matches rest on what, strongest first; what is not known comes last."""
    known = np.array([np.nan if p is None else p for p in probabilities], dtype=float)
    rows = []
    for level in (*range(len(ORDER)), -1):
        here = levels == level
        if here.any():
            rows.append(
                Strength(
                    named(level),
                    int(here.sum()),
                    float(np.nanmean(known[here])) if (~np.isnan(known[here])).any() else None,
                )
            )
    return tuple(rows)
