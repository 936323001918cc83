"""The lab's world: the official measure, made from the dated offences by slow obvious code, is what the extract says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from tallystick import synth

COVERS = date(2025, 12, 31)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rows]]:
    folder = tmp_path_factory.mktemp("lab") / "share"
    synth.write("justice-data-lab", folder, people=3000, seed=7, form="parquet")
    return {path.stem: pq.read_table(path).to_pylist() for path in (folder / "supplies").iterdir()}


def by_ref(rows: Rows) -> dict[str, Rows]:
    found = defaultdict(list)
    for row in rows:
        found[row["offender_ref"]].append(row)
    return found


def after(day: date, months: int) -> date:
    """Return the day so many months later; what does not exist in February is its last day."""
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return date(day.year + years, month + 1, day.day)
    except ValueError:
        return date(day.year + years, month + 1, 28)


def test_the_outcome_is_the_official_one(tables: dict[str, Rows]) -> None:
    offences = by_ref(tables["offences"])
    left_out: defaultdict[str, int] = defaultdict(int)
    for person in tables["pnc"]:
        start = person["index_date"]
        days = []
        for offence in offences[person["offender_ref"]]:
            if not start < offence["offence_date"] <= after(start, 12):
                left_out["not in the year"] += offence["offence_date"] > start
            elif offence["is_breach"]:
                left_out["breach"] += 1
            elif offence["proof"] not in ("conviction", "caution"):
                left_out["not proven"] += 1
            elif offence["proven_date"] > after(start, 18):
                left_out["late"] += 1
            else:
                days.append(offence["offence_date"])
        assert person["reoffended"] == bool(days)
        assert person["reoffence_date"] == min(days, default=None)
        assert after(start, 18) <= COVERS
    assert all(left_out[reason] > 50 for reason in ("not in the year", "breach", "not proven", "late"))


def test_the_extract_sums_up_the_offences_before_the_index(tables: dict[str, Rows]) -> None:
    offences = by_ref(tables["offences"])
    for person in tables["pnc"]:
        mine = offences[person["offender_ref"]]
        index = [
            o
            for o in mine
            if o["proven_date"] == person["conviction_date"] and o["disposal"] == person["disposal"]
        ]
        assert index
        happened = max(o["offence_date"] for o in index)
        prior = [o for o in mine if o["offence_date"] < happened]
        assert person["prior_offences"] == len(prior)
        assert person["prior_custody"] == sum(o["is_custody"] for o in prior)
        courts = {o["proven_date"] for o in prior if o["proof"] == "conviction"}
        assert person["prior_court_appearances"] == len(courts)
        assert all(o["offence_date"] <= o["proven_date"] <= COVERS for o in mine)
        assert (person["release_date"] is not None) == (person["disposal"] == "custody")
        assert person["index_date"] == (person["release_date"] or person["conviction_date"])
        assert 10 <= person["age_at_first_offence"] <= person["age_at_index"]


def test_spells_and_assessments_agree_with_the_index_date(tables: dict[str, Rows]) -> None:
    for source, column in (("employment", "employed"), ("benefits", "on_benefits")):
        spells = by_ref(tables[source])
        for person in tables["pnc"]:
            covering = [
                s
                for s in spells[person["offender_ref"]]
                if s["spell_start"] <= person["index_date"] <= (s["spell_end"] or COVERS)
            ]
            assert person[column] == bool(covering)
        assert all(
            s["spell_end"] is None or s["spell_start"] < s["spell_end"] <= COVERS for s in tables[source]
        )
    assessed = [person for person in tables["pnc"] if person["assessment_date"] is not None]
    assert 0.1 < len(assessed) / len(tables["pnc"]) < 0.6
    for person in assessed:
        assert person["assessment_date"] <= person["index_date"]
        assert 0 <= person["reoffending_score"] <= 100
        assert all(
            0 <= person[f"{need}_need"] <= 10
            for need in ("accommodation", "employment", "lifestyle", "thinking")
        )


def test_each_offence_belongs_to_an_offender_of_the_extract(tables: dict[str, Rows]) -> None:
    refs = {person["offender_ref"] for person in tables["pnc"]}
    assert len(refs) == 3000
    for source in ("offences", "employment", "benefits"):
        assert {row["offender_ref"] for row in tables[source]} <= refs
        assert not {"first_name", "surname", "dob", "postcode"} & set(tables[source][0])
