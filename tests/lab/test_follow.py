"""Outcomes made from offences, as columns of the police data and on a share; the index event; what is missing is told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tallystick.errors import BadInput
from tallystick.lab.follow import followed, offences_of, with_index
from tallystick.lab.request import Request

REQUEST = Request(id="r", title="t", programme="p")
COVERS = date(2026, 1, 1)
START = date(2023, 3, 1)


def offence(number: str, when: date, proven: date, **changes: Any) -> dict[str, Any]:
    """Return one offence as a research copy has it."""
    return {
        "offender_id": number, "offence_date": when, "conviction_date": proven, "is_breach": False,
        "offence_group": "theft", "severity": 3, "disposal": "custody" if proven.day % 3 == 0 else "fine",
    } | changes  # fmt: skip


def pool(*starts: date | None, number: str = "N1") -> pa.Table:
    return pa.table({
        "supply_key": [f"k{i}" for i in range(len(starts))], "offender_id": [number] * len(starts),
        "index_date": pa.array(starts, pa.date32()),
    })  # fmt: skip


def test_each_index_event_has_its_own_follow_up() -> None:
    when = START + timedelta(days=400)
    events = pa.Table.from_pylist(
        [
            offence("N1", when, when + timedelta(days=9)),
            offence("N2", START + timedelta(days=5), START + timedelta(days=9)),
        ]
    )
    found = followed(
        pool(START, START + timedelta(days=100), None), events, REQUEST, key="offender_id", covers_to=COVERS
    )
    assert found["reoffended"].to_pylist() == [False, True, None]
    assert found["reoffence_date"].to_pylist() == [None, when, None]
    assert found["days_to_first"].to_pylist() == [None, 300, None]
    two = REQUEST.model_copy(update={"follow_up_months": 24})
    assert followed(pool(START), events, two, key="offender_id", covers_to=COVERS)[
        "reoffended"
    ].to_pylist() == [True]


def test_other_events_by_the_same_interface() -> None:
    work = REQUEST.model_copy(update={
        "events": "employment", "events_are": "events", "event_date": "started", "outcome": "employed_later", "waiting_months": 0,
    })  # fmt: skip
    events = pa.table({"offender_id": ["N1"], "started": pa.array([START + timedelta(days=30)])})
    found = followed(pool(START), events, work, key="offender_id", covers_to=COVERS)
    assert found["employed_later"].to_pylist() == [True]
    with pytest.raises(BadInput, match="event_date"):
        followed(
            pool(START),
            events.rename_columns(["offender_id", "x"]),
            work,
            key="offender_id",
            covers_to=COVERS,
        )


def test_cautions_and_convictions_in_columns_of_their_own() -> None:
    table = pa.table({
        "n": ["a", "b", "c"], "offence_date": pa.array([START] * 3),
        "conviction_date": pa.array([START, None, None], pa.date32()), "caution_date": pa.array([None, START, None], pa.date32()),
        "breach": [False, False, None], "disposal": ["custody", "fine", None],
    })  # fmt: skip
    found = offences_of(table, "n").to_pylist()
    assert [one["proof"] for one in found] == ["conviction", "caution", None]
    assert [one["proven_date"] for one in found] == [START, START, None]
    assert [one["is_custody"] for one in found] == [True, False, None]
    for name in ("offence_date", "breach"):
        with pytest.raises(BadInput, match="not defined"):
            offences_of(table.drop_columns([name]), "n")
    with pytest.raises(BadInput, match="in common"):
        followed(pool(START), table, REQUEST, key="offender_id", covers_to=COVERS)


def test_the_clock_of_custody_starts_at_release() -> None:
    table = pa.table({
        "disposal": ["custody", "custody", "fine"], "conviction_date": pa.array([START] * 3),
        "release_date": pa.array([START + timedelta(days=50), None, None], pa.date32()),
    })  # fmt: skip
    assert with_index(table)["index_date"].to_pylist() == [START + timedelta(days=50), None, START]
    assert with_index(table.drop_columns(["release_date"]))["index_date"].to_pylist() == [START] * 3
