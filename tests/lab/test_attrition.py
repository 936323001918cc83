"""Who is lost where, against slow obvious code; and what happens when everybody is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.lab.attrition import assemble
from tallystick.lab.request import Request, parse

REQUEST = Request(id="r", title="t", programme="p")
START = date(2024, 6, 1)
COHORT = pa.schema({"supply_key": pa.string(), "intervention_start": pa.date32()})
POOL = pa.schema(
    {
        "supply_key": pa.string(),
        "conviction_date": pa.date32(),
        "disposal": pa.string(),
        "prior_offences": pa.int64(),
        "reoffended": pa.bool_(),
    }
)
PERSONS = pa.schema(
    {
        "source": pa.string(),
        "supply_key": pa.string(),
        "person_id": pa.string(),
        "match_probability": pa.float64(),
    }
)

fate = st.fixed_dictionaries(
    {
        "person": st.integers(0, 30),
        "linked": st.booleans(),
        "probability": st.sampled_from([0.5, 0.89, 0.9, 1.0]),
        "gaps": st.lists(st.sampled_from([-5, 0, 30, 365, 366, 900]), min_size=1, max_size=3, unique=True),
        "outcome": st.sampled_from([True, False, None]),
        "decision": st.sampled_from(["", "same", "different"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(fate, min_size=1, max_size=25))
def test_stages_equal_the_slow_way(fates: list[dict[str, Any]]) -> None:
    cohort, pool, persons, seen = [], [], [], {}
    left = [0] * 6
    confirmed, rejected, keys = set(), set(), set()
    for i, one in enumerate(fates):
        key, person = f"c{i:03}", f"P{one['person']}"
        first = person not in seen
        mine = seen.setdefault(person, one)
        cohort.append({"supply_key": key, "intervention_start": START})
        persons.append(
            {
                "source": "cohort",
                "supply_key": key,
                "person_id": person,
                "match_probability": one["probability"],
            }
        )
        confirmed |= {key} if one["decision"] == "same" else set()
        rejected |= {key} if one["decision"] == "different" else set()
        if first and mine["linked"]:
            for gap in mine["gaps"]:
                keys.add(f"p{i:03}{gap}")
                row = {
                    "conviction_date": START - timedelta(days=gap),
                    "disposal": "fine",
                    "prior_offences": i,
                }
                pool.append(row | {"supply_key": f"p{i:03}{gap}", "reoffended": mine["outcome"]})
                persons.append(
                    {
                        "source": "pnc",
                        "supply_key": f"p{i:03}{gap}",
                        "person_id": person,
                        "match_probability": 1.0,
                    }
                )
        steps = [
            True, first, one["linked"] and one["decision"] != "different",
            one["probability"] >= 0.9 or one["decision"] == "same",
            any(0 <= gap <= 365 for gap in one["gaps"]), one["outcome"] is not None,
        ]  # fmt: skip
        for number in range(6):
            left[number] += all(steps[: number + 1])
    tables = (
        pa.Table.from_pylist(cohort, COHORT),
        pa.Table.from_pylist(pool, POOL),
        pa.Table.from_pylist(persons, PERSONS),
    )
    sides = {"confirmed": frozenset(confirmed), "rejected": frozenset(rejected)}
    if not left[-1]:
        with pytest.raises(BadInput, match="nobody is left"):
            assemble(*tables, REQUEST, **sides)
        return
    found = assemble(*tables, REQUEST, **sides)
    assert [stage.left for stage in found.stages] == left
    assert sum(stage.lost for stage in found.stages) == len(fates) - left[-1]
    assert found.table["treated"].to_pylist().count(True) == left[-1]


def test_the_preferred_date_chooses_the_sentence() -> None:
    cohort = pa.table(
        {"supply_key": ["c"], "intervention_start": [START], "conviction_date": [START - timedelta(days=200)]}
    )
    rows = [
        {
            "supply_key": f"p{gap}",
            "conviction_date": START - timedelta(days=gap),
            "disposal": "fine",
            "prior_offences": 0,
            "reoffended": True,
        }
        for gap in (10, 200)
    ]
    persons = pa.table(
        {
            "source": ["cohort", "pnc", "pnc"],
            "supply_key": ["c", "p10", "p200"],
            "person_id": ["P"] * 3,
            "match_probability": [1.0] * 3,
        }
    )
    found = assemble(
        cohort,
        pa.Table.from_pylist(rows, POOL),
        persons,
        REQUEST,
        confirmed=frozenset(),
        rejected=frozenset(),
    )
    assert found.table["supply_key"].to_pylist() == ["p200"]


@pytest.mark.parametrize(
    "said",
    [{}, {"id": "A b"}, {"id": "a", "title": "t", "programme": "p", "colour": 1}, {"id": "a", "title": "t", "programme": "p", "methods": []},
     {"id": "a", "title": "t", "programme": "p", "outcome": 'x" or 1=1'}, {"id": "a", "title": "t", "programme": "p", "methods": ["guess"]}],
)  # fmt: skip
def test_a_request_that_cannot_be_followed(said: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse(said, "request.toml")


def test_dates_in_the_future_are_told() -> None:
    pool = pa.Table.from_pylist(
        [{"supply_key": "i", "conviction_date": START, "disposal": "fine", "prior_offences": 1, "reoffended": True}], POOL
    )  # fmt: skip
    cohort = pa.Table.from_pylist(
        [{"supply_key": "c", "intervention_start": START + timedelta(days=4000)}], COHORT
    )
    persons = pa.Table.from_pylist(
        [
            {"source": name, "supply_key": key, "person_id": "P", "match_probability": 1.0}
            for name, key in (("cohort", "c"), ("pnc", "i"))
        ],
        PERSONS,
    )
    with pytest.raises(BadInput, match="1 have dates long after") as refusal:
        assemble(cohort, pool, persons, REQUEST, confirmed=frozenset(), rejected=frozenset())
    assert "sentence found" in str(refusal.value)
