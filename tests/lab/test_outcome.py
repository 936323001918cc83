"""Proven reoffending against slow, obvious code, and at its edges."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.lab.outcome import FollowUp, events_within, index_dates, rates, reoffending

COVERS = date(2026, 1, 1)
KINDS = {
    "person_id": pa.string(), "offence_date": pa.date32(), "proven_date": pa.date32(), "proof": pa.string(), "is_breach": pa.bool_(),
    "group": pa.string(), "severity": pa.int32(), "is_custody": pa.bool_(),
}  # fmt: skip
PEOPLE = pa.schema({"person_id": pa.string(), "index_date": pa.date32()})


def later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def slow(
    index: date, mine: list[dict[str, Any]], months: int, waiting: int
) -> tuple[bool | None, int | None, int | None]:
    if later(index, months + waiting) > COVERS:
        return None, None, None
    days = []
    for one in mine:
        inside = index < one["offence_date"] <= later(index, months)
        proven = one["offence_date"] <= one["proven_date"] <= later(index, months + waiting)
        if inside and proven and not one["is_breach"] and one["proof"] in ("conviction", "caution"):
            days.append((one["offence_date"] - index).days)
    return bool(days), len(days), min(days, default=None)


days = st.dates(date(2019, 12, 1), date(2025, 6, 1))
offence = st.fixed_dictionaries(
    {
        "person_id": st.sampled_from("abcd"),
        "offence_date": days,
        "proven_date": days,
        "proof": st.sampled_from(["conviction", "caution", "charge", None]),
        "is_breach": st.sampled_from([True, False, False, None]),
        "group": st.sampled_from(["theft", "fraud"]),
        "severity": st.integers(1, 5),
        "is_custody": st.booleans(),
    }
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), days, min_size=1),
    st.lists(offence, max_size=30),
    st.sampled_from([(12, 6), (24, 6), (12, 0)]),
)
def test_equals_the_slow_way(
    people: dict[str, date], rows: list[dict[str, Any]], span: tuple[int, int]
) -> None:
    table = pa.Table.from_pylist([{"person_id": p, "index_date": d} for p, d in people.items()], PEOPLE)
    found = reoffending(
        table, pa.Table.from_pylist(rows, pa.schema(KINDS)), FollowUp(COVERS, *span)
    ).to_pylist()
    assert [one["person_id"] for one in found] == sorted(people)
    for one in found:
        mine = [row for row in rows if row["person_id"] == one["person_id"]]
        assert (one["event"], one["events"], one["days_to_first"]) == slow(
            people[one["person_id"]], mine, *span
        )


def once(index: date, offended: date, proven: date, **changes: Any) -> bool | None:
    row = {
        "person_id": "a", "offence_date": offended, "proven_date": proven, "proof": "conviction", "is_breach": False,
        "group": "theft", "severity": 3, "is_custody": True,
    } | changes  # fmt: skip
    people = pa.Table.from_pylist([{"person_id": "a", "index_date": index}], PEOPLE)
    found = reoffending(people, pa.Table.from_pylist([row], pa.schema(KINDS)), FollowUp(COVERS))
    answer: bool | None = found["event"][0].as_py()
    return answer


def test_edges() -> None:
    start = date(2023, 3, 1)
    assert once(start, start + timedelta(days=1), start + timedelta(days=1))
    assert not once(start, start, start + timedelta(days=30))  # the index day itself
    assert once(start, date(2024, 3, 1), date(2024, 9, 1))  # the anniversary, proven on the last day
    assert not once(start, date(2024, 3, 2), date(2024, 3, 3))
    assert not once(start, date(2024, 2, 1), date(2024, 9, 2))  # proven too late
    assert not once(start, date(2023, 2, 1), date(2023, 5, 1))  # offence before, conviction after
    assert not once(start, date(2023, 5, 1), date(2023, 6, 1), is_breach=True)
    assert not once(start, date(2023, 5, 1), date(2023, 6, 1), proof="charge")
    assert once(start, date(2023, 5, 1), date(2023, 6, 1), proof="caution")
    leap = date(2024, 2, 29)
    assert once(date(2024, 1, 31), date(2025, 1, 31), date(2025, 2, 1))
    assert once(date(2022, 2, 28), date(2023, 2, 28), date(2023, 8, 28))
    assert once(leap, date(2025, 2, 28), date(2025, 8, 29))
    assert not once(leap, date(2025, 3, 1), date(2025, 8, 29))
    assert once(date(2025, 1, 1), date(2025, 2, 1), date(2025, 2, 2)) is None  # the wait is not over


def test_the_first_is_the_gravest_of_its_day() -> None:
    base = {
        "person_id": "a",
        "offence_date": date(2023, 4, 1),
        "proven_date": date(2023, 5, 1),
        "proof": "caution",
        "is_breach": False,
    }
    rows = [
        base | {"group": "theft", "severity": 4, "is_custody": False},
        base | {"group": "robbery", "severity": 1, "is_custody": True},
    ]
    people = pa.Table.from_pylist([{"person_id": "a", "index_date": date(2023, 3, 1)}], PEOPLE)
    found = reoffending(people, pa.Table.from_pylist(rows, pa.schema(KINDS)), FollowUp(COVERS))
    assert (
        found.to_pylist()[0]
        | {"events": 2, "first_group": "robbery", "first_severity": 1, "first_custody": True}
        == found.to_pylist()[0]
    )
    assert rates(found).frequency == 2
    assert rates(found.slice(0, 0)).rate is None


def test_the_clock_by_disposal() -> None:
    rows = [
        {"disposal": "custody", "conviction_date": date(2023, 1, 1), "release_date": date(2023, 7, 1)},
        {
            "disposal": "community order",
            "conviction_date": date(2023, 1, 1),
            "release_date": date(2023, 7, 1),
        },
        {"disposal": "custody", "conviction_date": date(2023, 1, 1), "release_date": None},
        {"disposal": "something else", "conviction_date": date(2023, 1, 1), "release_date": None},
    ]
    found = index_dates(pa.Table.from_pylist(rows))["index_date"].to_pylist()
    assert found == [date(2023, 7, 1), date(2023, 1, 1), None, None]


def test_other_outcomes_and_bad_tables() -> None:
    people = pa.Table.from_pylist([{"person_id": "a", "index_date": date(2023, 3, 1)}], PEOPLE)
    work = pa.table({"person_id": ["a"], "happened": pa.array([date(2023, 6, 1)])})
    assert events_within(people, work, FollowUp(COVERS, 12, 0))["days_to_first"].to_pylist() == [92]
    with pytest.raises(BadInput):
        events_within(pa.concat_tables([people, people]), work, FollowUp(COVERS))
    with pytest.raises(BadInput):
        reoffending(people, work, FollowUp(COVERS))
    with pytest.raises(BadInput):
        FollowUp(COVERS, 0)
