"""Who was in two prisons at once, or did something after death, was two people."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.linkage import LinkageSpec, events, link
from tallystick.linkage.numbers import Numbers

NAMES = (
    "anna",
    "bertram",
    "clara",
    "dorothea",
    "edmund",
    "florence",
    "gilbert",
    "harriet",
    "isaac",
    "josephine",
)
LASTS = (
    "ashdown",
    "birtwistle",
    "carmichael",
    "drinkwater",
    "entwistle",
    "fothergill",
    "gathercole",
    "hollingsworth",
)


def world(**extra: tuple[dict[str, str], dict[str, str]]) -> dict[str, pa.Table]:
    """Return 80 people, each in two files; ``extra`` gives a person (by number, "p12") further columns in the first and second file."""
    draw = np.random.default_rng(1)
    people = [(first, last, f"19{draw.integers(50, 99)}-{draw.integers(1, 13):02d}-{draw.integers(1, 29):02d}",
               f"LS{draw.integers(1, 30)} {draw.integers(1, 9)}A{'BDEF'[draw.integers(4)]}") for first in NAMES for last in LASTS]  # fmt: skip
    tables = {}
    for side, source in enumerate(("prison", "probation")):
        columns = sorted({name for both in extra.values() for name in both[side]})
        rows = []
        for number, (first, last, dob, postcode) in enumerate(people):
            row = {
                "record_id": f"{source[:2]}{number}",
                "first_name": first,
                "surname": last,
                "dob": dob,
                "postcode": postcode,
            }
            more = extra[f"p{number}"][side] if f"p{number}" in extra else {}
            rows.append(row | {name: more.get(name) for name in columns})
        tables[source] = pa.Table.from_pylist(rows)
    return tables


def is_one(tables: dict[str, pa.Table], number: int, spec: LinkageSpec | None = None) -> bool:
    persons = {
        (r["source"], r["record_id"]): r["person_id"]
        for r in link(tables, spec or LinkageSpec()).persons.to_pylist()
    }
    return bool(persons["prison", f"pr{number}"] == persons["probation", f"pr{number}"])


def spell(start: str, end: str | None, prison: str, **more: str) -> dict[str, Any]:
    return {"custody_from": start, "custody_to": end, "prison": prison, **more}


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        (spell("2020-01-01", "2020-06-30", "Leeds"), spell("2020-03-01", "2020-04-30", "Hull"), False),
        (spell("2020-01-01", "2020-06-30", "Leeds"), spell("2020-03-01", "2020-04-30", "leeds"), True),  # entered twice
        (spell("2020-01-01", "2020-06-30", "Leeds"), spell("2020-06-30", "2020-12-30", "Hull"), True),  # moved
        (spell("2020-01-01", "2020-06-30", "Leeds"), spell("2020-06-25", "2020-12-30", "Hull"), True),  # a date wrong by days
        (spell("2020-01-01", "2020-06-30", "Leeds"), spell("2020-03-01", None, "Hull"), True),  # the end is not known
        ({"died_on": "2019-05-01"}, {"custody_from": "2020-03-01"}, False),
        ({"died_on": "2019-05-01"}, {"seen_on": "2019-05-04"}, True),
        ({"died_on": "2019-05-01"}, {"seen_on": "2021-01-01"}, False),
        ({"died_on": "2019-00-00"}, {"seen_on": "2021-01-01"}, True),  # no day that can be read
        ({"seen_on": "2019-05-01"}, {"died_on": "2018-05-01"}, False),
    ],
)  # fmt: skip
def test_link_keeps_apart_what_cannot_be_one(
    first: dict[str, Any], second: dict[str, Any], one: bool
) -> None:
    assert is_one(world(p3=(first, second)), 3) is one


def test_a_shared_number_outweighs_a_date_and_is_pointed_out() -> None:
    number = {"pnc_id": "2008/0056560Z"}
    tables = world(p3=({"died_on": "2019-05-01", **number}, {"custody_from": "2020-03-01", **number}))
    linked = link(tables, LinkageSpec())
    assert is_one(tables, 3)
    assert linked.quality["events_in_doubt"] == 1
    assert any("looked at" in note for note in linked.notes)


def test_a_decision_stands_over_events() -> None:
    tables = world(p3=({"died_on": "2019-05-01"}, {"custody_from": "2020-03-01"}))
    decided = LinkageSpec(always=((("prison", "pr3"), ("probation", "pr3")),))
    assert not is_one(tables, 3)
    assert is_one(tables, 3, decided)


def test_third_records_do_not_join_what_events_part() -> None:
    tables = world(p3=({"died_on": "2019-05-01"}, {"custody_from": "2020-03-01"}))
    tables["courts"] = tables["prison"].select(["record_id", "first_name", "surname", "dob", "postcode"])
    linked = link(tables, LinkageSpec())
    persons = {(r["source"], r["record_id"]): r["person_id"] for r in linked.persons.to_pylist()}
    assert persons["prison", "pr3"] != persons["probation", "pr3"]
    assert persons["prison", "pr4"] == persons["probation", "pr4"] == persons["courts", "pr4"]
    assert linked.quality["apart_by_events"] >= 1


def test_files_without_events_are_linked_as_before() -> None:
    linked = link(world(), LinkageSpec())
    assert "apart_by_events" not in linked.quality


def test_command_says_how_many_were_kept_apart(tmp_path: Path, tally: Callable[..., Any]) -> None:
    tables = world(p3=({"died_on": "2019-05-01"}, {"custody_from": "2020-03-01"}))
    for source, table in tables.items():
        pc.write_csv(table, tmp_path / f"{source}.csv")
    ran = tally(
        "link",
        "files",
        tmp_path / "prison.csv",
        tmp_path / "probation.csv",
        "-o",
        tmp_path / "l.parquet",
        "--json",
    )
    assert ran.code == 0, ran.err
    assert any("kept apart" in note for note in json.loads(ran.out)["notes"])


day = (
    st.none()
    | st.integers(1, 28).map(lambda d: f"202001{d:02d}")
    | st.integers(1, 28).map(lambda d: f"202003{d:02d}")
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(day, day, st.none() | st.sampled_from("xy"), day, day, st.integers(0, 2)),
        min_size=2,
        max_size=9,
    )
)
def test_pairs_of_a_person_that_contradict_are_those_that_slow_code_finds(
    rows: list[tuple[Any, ...]],
) -> None:
    table = pa.table({"record_id": [f"{n:02d}" for n in range(len(rows))], **{
        name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(events.COLUMNS)}})  # fmt: skip
    held = events.evidence({"s": table}, Numbers({"s": table}, "record_id"))
    assert held is not None
    label = np.array([row[5] for row in rows])
    a, b = events.within(held, label)

    def days(digits: str | None) -> int | None:
        return (
            None
            if digits is None
            else int(np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}").astype(int))
        )

    def contradict(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        start, end = ([days(r[0]) for r in (one, other)], [days(r[1] or r[0]) for r in (one, other)])
        if (
            None not in start
            and one[2]
            and other[2]
            and one[2] != other[2]
            and min(end) - max(start) > events.GRACE
        ):  # type: ignore[type-var,operator]
            return True
        for dead, alive in ((one, other), (other, one)):
            seen = [days(d) for d in (alive[0], alive[4]) if d is not None]
            if dead[3] is not None and seen and max(seen) > days(dead[3]) + events.GRACE:  # type: ignore[type-var,operator]
                return True
        return False

    slow = {
        (i, j)
        for i, j in combinations(range(len(rows)), 2)
        if label[i] == label[j] and contradict(rows[i], rows[j])
    }
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == slow
    assert not events.share_a_number(held, a, b).any()
