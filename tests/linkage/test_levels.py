"""Person ids at several thresholds and within each source, and the joins and fractures between them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, Linked, levels, link, refresh, resolve, state
from tallystick.linkage.resolve import Edges
from worlds import write_share


def people(count: int) -> dict[str, pa.Table]:
    """Return three sources of people with slips: one holds each person twice."""
    rng = np.random.default_rng(3)
    first = ["anna", "bertram", "clara", "douglas", "edith", "frederick", "greta", "henry", "ida", "jasper"]
    last = [
        "abbott",
        "barlow",
        "carver",
        "dorset",
        "eastman",
        "fenwick",
        "garland",
        "hutton",
        "ingram",
        "jarvis",
    ]
    person = rng.integers(0, 10, (count, 2))
    born = [
        f"{y}-{m:02}-{d:02}"
        for y, m, d in zip(
            *(rng.integers(a, b, count) for a, b in ((1950, 2000), (1, 13), (1, 29))), strict=True
        )
    ]
    postcode = [f"AB{a} {b}CD" for a, b in rng.integers(1, 10, (count, 2))]

    def source(tag: str, times: int) -> pa.Table:
        rows = []
        for n in range(count):
            for turn in range(times):
                slip = rng.random(4) < 0.45
                rows.append(
                    {
                        "record_id": f"{tag}{n}-{turn}",
                        "first_name": first[person[n, 0]][:1] if slip[0] else first[person[n, 0]],
                        "surname": last[person[n, 1]] + ("e" if slip[1] else ""),
                        "dob": born[n][:-1] + "9" if slip[2] else born[n],
                        "postcode": None if slip[3] else postcode[n],
                    }
                )
        return pa.Table.from_pylist(rows)

    return {"a": source("a", 1), "b": source("b", 2), "c": source("c", 1)}


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return people(150)


@pytest.fixture(scope="module")
def linked(tables: dict[str, pa.Table]) -> Linked:
    return link(tables, LinkageSpec(threshold=0.9, at=(0.99, 0.5, 0.9), layers=True))


def groups(ids: list[Any]) -> set[frozenset[int]]:
    """Return the partition that ids make of their places."""
    found: dict[Any, list[int]] = {}
    for place, one in enumerate(ids):
        found.setdefault(one, []).append(place)
    return {frozenset(places) for places in found.values()}


def test_ids_at_a_further_threshold_are_the_persons_of_a_linkage_at_it(
    linked: Linked, tables: dict[str, pa.Table]
) -> None:
    assert linked.persons.column_names[4:] == ["person_id_at_0_5", "person_id_at_0_99", "source_person_id"]
    alone = link(tables, LinkageSpec(threshold=0.99))
    assert groups(linked.persons["person_id_at_0_99"].to_pylist()) == groups(
        alone.persons["person_id"].to_pylist()
    )
    same = [
        a == b
        for a, b in zip(
            *(linked.persons[c].to_pylist() for c in ("person_id", "person_id_at_0_5")), strict=True
        )
    ]
    assert np.mean(same) > 0.9  # a person who is the same at both thresholds has one id


def test_ids_within_a_source_join_no_two_sources(linked: Linked) -> None:
    rows = linked.persons.select(["source", "source_person_id"]).to_pylist()
    sources: dict[str, set[str]] = {}
    for row in rows:
        sources.setdefault(row["source_person_id"], set()).add(row["source"])
    assert all(len(found) == 1 for found in sources.values())
    twice = [row["source_person_id"] for row in rows if row["source"] == "b"]
    assert len(set(twice)) < 0.75 * len(twice)


def test_joins_and_fractures_are_all_that_differs(linked: Linked) -> None:
    steps = levels.steps(linked.persons, 0.9, (0.5, 0.99))
    assert steps == [
        ("source_person_id", "person_id"), ("person_id_at_0_5", "person_id"), ("person_id", "person_id_at_0_99"),
    ]  # fmt: skip
    found = levels.breaks(linked.persons, steps).to_pylist()
    for one, other in steps:
        rows = linked.persons.to_pylist()
        within = one == "source_person_id"
        pairs: dict[tuple[Any, str, str], int] = {}
        for row in rows:
            key = (row["source"] if within else None, row[one], row[other])
            pairs[key] = pairs.get(key, 0) + 1
        slow = {}
        for (source, a, b), count in pairs.items():
            fractured = sum(s == source and x == a for s, x, _ in pairs) > 1
            joined = sum(s == source and y == b for s, _, y in pairs) > 1
            if fractured or joined:
                kind = "both" if fractured and joined else "fracture" if fractured else "join"
                slow[source, a, b] = (kind, count)
        mine = [row for row in found if (row["from_level"], row["to_level"]) == (one, other)]
        assert {(r["source"], r["from_id"], r["to_id"]): (r["kind"], r["records"]) for r in mine} == slow
    assert {row["kind"] for row in found if row["to_level"] == "person_id_at_0_99"} <= {"fracture"}
    assert found


@pytest.mark.slow
def test_the_ids_of_every_level_stay_over_a_refresh(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    spec = LinkageSpec(threshold=0.9, at=(0.99,), layers=True)
    first = {s: t.filter(pa.array(np.arange(len(t)) % 12 != 5)) for s, t in tables.items()}
    state.write(state.after(link(first, spec), first, spec), tmp_path / "kept")
    earlier = state.read(tmp_path / "kept")
    new = refresh(earlier, tables)
    for level in ("person_id", "person_id_at_0_99", "source_person_id"):
        before = {(r["source"], r["record_id"]): r[level] for r in earlier.persons.to_pylist()}
        after = {(r["source"], r["record_id"]): r[level] for r in new.persons.to_pylist()}
        told = {(r["old_id"], r["new_id"]) for r in new.lineage.to_pylist() if r["level"] == level}
        assert {(old, after[record]) for record, old in before.items() if after[record] != old} <= told
        assert sum(after[record] == old for record, old in before.items()) > 0.95 * len(before)


def test_a_high_threshold_still_links_what_is_certain() -> None:
    edges = Edges(np.array([0, 2]), np.array([1, 3]), np.array([30.0, 9.0]))
    assert resolve.persons(4, edges, float(np.log2(0.999 / 0.001))).label.tolist() == [0, 0, 2, 3]
    assert resolve.persons(4, edges, float(np.log2(0.99 / 0.01))).label.tolist() == [0, 0, 2, 2]


def test_levels_from_the_command_line(tmp_path: Path, tally: Callable[..., Any]) -> None:
    supplies = write_share(tmp_path / "s", people=80) / "supplies"
    args = ["link", "files", *map(str, sorted(supplies.glob("*.csv"))), "-o", str(tmp_path / "l.parquet")]
    persons = ["--persons", str(tmp_path / "p.parquet"), "--threshold", "0.5", "--json"]
    done = tally(
        *args, *persons, "--thresholds", "0.95,0.99", "--layers", "--fractures", str(tmp_path / "f.parquet")
    )
    assert done.code == 0, done.err
    json.load(io.StringIO(done.out))
    assert pq.read_table(tmp_path / "p.parquet").column_names[-3:] == [
        "person_id_at_0_95", "person_id_at_0_99", "source_person_id",
    ]  # fmt: skip
    assert pq.read_table(tmp_path / "f.parquet").column_names == [
        "from_level", "to_level", "source", "from_id", "to_id", "kind", "records",
    ]  # fmt: skip
    for wrong in (
        ["--thresholds", "95"],
        ["--thresholds", "high"],
        ["--fractures", str(tmp_path / "f.parquet")],
    ):
        assert tally(*args, *wrong).code == 2


def test_a_further_threshold_that_is_no_probability_is_refused(tables: dict[str, pa.Table]) -> None:
    with pytest.raises(BadInput, match="from 0 to 1"):
        link(tables, LinkageSpec(at=(1.5,)))
