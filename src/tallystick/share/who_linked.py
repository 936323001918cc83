"""Who linked and who did not: the rate of linkage by each category of each attribute, small groups hidden."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from tallystick.agreement.schema import Dataset

MOST_CATEGORIES = 25


@dataclass(frozen=True)
class Rate:
    """How many records of a group there were, and what share of them linked; None where the group is small."""

    dataset: str
    field: str
    group: str
    records: int | None
    linked_share: float | None


def link_rates(linked: pa.Table, dataset: Dataset, *, smallest: int) -> list[Rate]:
    """Return the rates for the whole dataset (group ``all``) and for each category of its short attributes.

    ``linked`` holds the attributes and ``is_linked``. A field with more than 25 categories is left out, and a group
    of fewer than ``smallest`` records, linked or not, shows neither figure.
    """
    fields = [
        field.name
        for field in dataset.fields
        if field.kind == "attribute" and field.name in linked.column_names
    ]
    rates = _rates(linked, dataset.name, None, smallest)
    for field in fields:
        if 1 < len(linked[field].unique()) <= MOST_CATEGORIES:
            rates += _rates(linked, dataset.name, field, smallest)
    return rates


def _rates(linked: pa.Table, dataset: str, field: str | None, smallest: int) -> list[Rate]:
    group = pa.array(["all"] * linked.num_rows) if field is None else linked[field].cast(pa.string())
    table = pa.table({"grp": group, "is_linked": linked["is_linked"]})
    with duckdb.connect() as connection:
        connection.register("t", table)
        rows = connection.execute(
            """
            select coalesce(grp, 'not recorded') as grp, count(*) as n, count(*) filter (is_linked) as k
            from t group by 1 order by n desc, grp
            """
        ).fetchall()
    return [
        Rate(dataset, field or "", str(name), n, k / n)
        if min(k, n - k) >= smallest
        else Rate(dataset, field or "", str(name), None, None)
        for name, n, k in rows
    ]
