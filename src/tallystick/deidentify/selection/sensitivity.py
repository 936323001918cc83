"""What hangs on the threshold: the rates of groups, and an analysis that somebody chose, at each threshold.

Means come with 95 % intervals (normal); what rests on few people is hidden; counts are rounded, so that two thresholds do not single out
those who link at one of them only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

Z = 1.959964


@dataclass(frozen=True)
class Question:
    """An analysis: the mean of ``outcome`` (or, with ``value``, the share of people for whom it is that), by the groups of ``by`` if given.

    Fields are (dataset, field).
    """

    outcome: tuple[str, str]
    value: str = ""
    by: tuple[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """The answer for one group at one threshold; null figures where few people stand behind it. ``weighted`` uses linkage weights."""

    threshold: float
    group: str
    people: int | None
    mean: float | None
    low: float | None
    high: float | None
    weighted: float | None = None


@dataclass(frozen=True)
class RateAt:
    """The share of a group's people who linked at a threshold, from a rounded count."""

    dataset: str
    field: str
    group: str
    threshold: float
    linked_share: float


def linked_at(labels: pa.Table, thresholds: Mapping[float, str]) -> pa.Table:
    """Return source, supply_key and, under the name of each threshold, whether the person that the record would be of is in another source.

    ``labels`` has source, supply_key and a column of persons for each threshold (``thresholds`` maps it to the column's name).
    """
    source = labels["source"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    count = int(source.max(initial=0)) + 1
    columns = {"source": labels["source"], "supply_key": labels["supply_key"]}
    for name in thresholds.values():
        label = labels[name].to_numpy().astype(np.int64)
        pair = np.sort(label * count + source)  # sorted: NumPy's unique takes a hash of each, and far longer
        person = pair[np.concatenate([[True], pair[1:] != pair[:-1]])] // count
        columns[name] = pa.array(np.bincount(person, minlength=int(label.max(initial=0)) + 1)[label] > 1)
    return pa.table(columns)


def rates_at(
    is_linked: Mapping[float, np.ndarray[tuple[int], np.dtype[np.bool_]]],
    person: pa.Array,
    fields: Mapping[str, pa.Array],
    shown: set[tuple[str, str]],
    dataset: str,
    base: int,
) -> list[RateAt]:
    """Return the rates of the groups in ``shown`` (field, group) at each threshold; counts of linked people rounded to ``base``."""
    found = []
    for field, group in fields.items():
        for threshold, linked in is_linked.items():
            table = pa.table({"grp": group, "person": person, "linked": pa.array(linked.astype(np.int8))})
            people = table.group_by(["grp", "person"]).aggregate([("linked", "max")])
            sums = people.group_by("grp").aggregate([("linked_max", "count"), ("linked_max", "sum")])
            for row in sums.sort_by("grp").to_pylist():
                if (field, row["grp"]) in shown:
                    linked_people = min(base * round(row["linked_max_sum"] / base), row["linked_max_count"])
                    share = linked_people / row["linked_max_count"]
                    found.append(RateAt(dataset, field, row["grp"], threshold, share))
    return found


def answers(
    question: Question,
    tables: Mapping[str, pa.Table],
    labels: pa.Table,
    thresholds: Mapping[float, str],
    smallest: int,
    base: int,
    weights: pa.Table | None = None,
    weighted_at: float | None = None,
) -> list[Answer]:
    """Return the question's answers among people who link, at each threshold.

    ``tables``: for each dataset supply_key, ``outcome`` (a number; with a value 0 or 1) where it is the outcome's, ``grp`` where it is
    the groups'. A person's outcome is the mean of their records, their group the commonest. ``weights`` (supply_key, linkage_weight) of the
    outcome's dataset weigh the answer at ``weighted_at``.
    """
    linked = linked_at(labels, thresholds)
    found: list[Answer] = []
    with duckdb.connect() as con:
        con.register("outcomes", tables[question.outcome[0]])
        con.register("groups", tables[question.by[0]] if question.by else _nobody("grp", pa.string()))
        con.register("weights", weights if weights is not None else _nobody("linkage_weight", pa.float64()))
        for threshold, name in thresholds.items():
            con.register(
                "persons",
                pa.table(
                    {
                        "source": labels["source"],
                        "supply_key": labels["supply_key"],
                        "person": labels[name],
                        "is_linked": linked[name],
                    }
                ),
            )
            rows = con.execute(
                """
                with theirs as (
                    select p.person, avg(o.outcome) as outcome, avg(w.linkage_weight) as weight
                    from persons p join outcomes o using (supply_key) left join weights w using (supply_key)
                    where p.is_linked and p.source = $outcome and o.outcome is not null
                    group by p.person
                ),
                counted as (
                    select p.person, g.grp, count(*) as times
                    from persons p join groups g using (supply_key)
                    where p.source = $by
                    group by all
                ),
                grouped as (
                    select person, grp from counted
                    qualify row_number() over (partition by person order by times desc, grp) = 1
                )
                select coalesce(grp, if($by = '', 'all', 'not recorded')) as grp, count(*) as people,
                    avg(outcome), coalesce(stddev_samp(outcome), 0), sum(outcome),
                    sum(outcome * weight) / sum(weight)
                from theirs left join grouped using (person)
                group by 1 order by 1
                """,
                {"outcome": question.outcome[0], "by": question.by[0] if question.by else ""},
            ).fetchall()
            weigh = weights is not None and threshold == weighted_at
            found += [
                _answer(threshold, row, bool(question.value), smallest, base, weigh=weigh) for row in rows
            ]
    return found


def _answer(
    threshold: float, row: Sequence[object], is_share: bool, smallest: int, base: int, *, weigh: bool
) -> Answer:
    group, people, mean, spread, total, weighted = row
    assert isinstance(people, int)
    assert isinstance(mean, float)
    assert isinstance(spread, float)
    assert isinstance(total, float)
    few = min(total, people - total) if is_share else people
    if people < smallest or few < smallest:
        return Answer(threshold, str(group), None, None, None, None)
    half = Z * spread / float(np.sqrt(people))
    return Answer(
        threshold, str(group), base * round(people / base), _digits(mean), _digits(mean - half), _digits(mean + half),
        _digits(weighted) if weigh and isinstance(weighted, float) else None,
    )  # fmt: skip


def _digits(value: float) -> float:
    """Return a figure of three digits: more would tell two thresholds apart by one person."""
    return float(f"{value:.3g}")


def _nobody(column: str, kind: pa.DataType) -> pa.Table:
    return pa.table({"supply_key": pa.array([], pa.string()), column: pa.array([], kind)})
