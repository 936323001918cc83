"""A refresh compares what is new with all, keeps what was there, and keeps the ids."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, Linked, engines, link, refresh, state
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.state import State

Sources = dict[str, pa.Table]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    from tallystick import synth

    folder = tmp_path_factory.mktemp("s") / "share"
    synth.write("moj-dfe", folder, people=1500, seed=4, form="parquet")
    return {s: pq.read_table(folder / "supplies" / f"{s}.parquet") for s in ("justice", "education")}


@pytest.fixture(scope="module")
def first(whole: Sources) -> Sources:
    return {
        source: table.filter(pa.array(np.arange(len(table)) % 20 != 7)) for source, table in whole.items()
    }


@pytest.fixture(scope="module")
def earlier(first: Sources) -> State:
    return state.after(link(first, LinkageSpec(threshold=0.9)), first, LinkageSpec(threshold=0.9))


@pytest.fixture(scope="module")
def refreshed(earlier: State, whole: Sources) -> Linked:
    return refresh(earlier, whole)


def person_of(persons: pa.Table) -> dict[tuple[str, str], str]:
    return {(r["source"], r["record_id"]): r["person_id"] for r in persons.to_pylist()}


def pairs_of(links: pa.Table) -> set[tuple[Any, ...]]:
    columns = [links[c].to_pylist() for c in ("source_l", "record_id_l", "source_r", "record_id_r")]
    return set(zip(*columns, strict=True))


def test_new_records_are_scored_as_in_a_full_run_under_the_same_model(
    earlier: State, refreshed: Linked, first: Sources
) -> None:
    model = dict(earlier.spec.model)  # type: ignore[arg-type]
    numbers = Numbers(refreshed.records, "record_id")
    every = engines.links("native", refreshed.records, model, 0.002, id_column="record_id")
    edges = numbers.edges(every)
    names = list(zip(*(part.to_pylist() for part in numbers.names()), strict=True))
    old = {(source, one) for source, table in first.items() for one in table["record_id"].to_pylist()}
    is_new = np.array([name not in old for name in names])
    touching = every.filter(pa.array(is_new[edges.a] | is_new[edges.b]))
    edges = numbers.edges(touching)
    weight = edges.log_odds + numbers.by_sources(edges, earlier.offsets or {})
    found = refreshed.pairs
    ends = numbers.edges(found)
    found = found.filter(pa.array(is_new[ends.a] | is_new[ends.b]))
    assert pairs_of(found) == pairs_of(touching)
    assert len(pairs_of(found)) == found.num_rows > 20
    assert np.allclose(np.sort(found["match_weight"].to_numpy()), np.sort(weight), atol=1e-9)


@pytest.mark.slow
def test_refresh_finds_nearly_the_persons_of_a_full_run(refreshed: Linked, whole: Sources) -> None:
    full = link(whole, LinkageSpec(threshold=0.9))
    said, other = (
        {
            frozenset(r for r, p in person_of(one.persons).items() if p == person)
            for person in set(person_of(one.persons).values())
        }
        for one in (refreshed, full)
    )
    assert len(said & other) / len(said | other) > 0.98


def test_earlier_pairs_and_ids_stand(earlier: State, refreshed: Linked) -> None:
    assert pairs_of(earlier.pairs) <= pairs_of(refreshed.pairs)
    before, after = person_of(earlier.persons), person_of(refreshed.persons)
    rows = refreshed.lineage.to_pylist()
    said = {(row["old_id"], row["new_id"]) for row in rows}
    moved = {(p, after[r]) for r, p in before.items() if after[r] != p}
    assert moved <= said
    assert len(moved) < 0.01 * len(before)
    assert {row["new_id"] for row in rows if row["kind"] == "new"} == set(after.values()) - set(
        before.values()
    ) - {row["new_id"] for row in rows if row["kind"] in {"split", "merged"}}
    assert refreshed.quality["refresh"] == {"new": len(after) - len(before), "changed": 0, "withdrawn": 0}


def test_files_that_add_are_as_the_whole_files(
    earlier: State, whole: Sources, first: Sources, refreshed: Linked
) -> None:
    only_new = {s: t.filter(pa.array(np.arange(len(t)) % 20 == 7)) for s, t in whole.items()}
    added = refresh(earlier, only_new, adds=only_new)
    assert added.persons.equals(refreshed.persons)
    assert added.quality["refresh"] == refreshed.quality["refresh"]
    after = state.after(added, only_new, earlier.spec, earlier)
    assert refresh(after, whole).quality["refresh"] == {"new": 0, "changed": 0, "withdrawn": 0}


def test_nothing_new_changes_nothing(earlier: State, first: Sources) -> None:
    again = refresh(earlier, first)
    assert again.persons.equals(earlier.persons)
    assert again.lineage.num_rows == 0
    assert again.quality["refresh"] == {"new": 0, "changed": 0, "withdrawn": 0}


def test_what_the_linkage_does_not_read_changes_no_record(earlier: State, first: Sources) -> None:
    table = first["education"]
    at = table.column_names.index("absence_rate")
    other = table.set_column(at, "absence_rate", pa.array([0.5] * table.num_rows))
    other = other.rename_columns(["Last name" if c == "surname" else c for c in other.column_names])
    again = refresh(earlier, {"education": other})
    assert again.quality["refresh"] == {"new": 0, "changed": 0, "withdrawn": 0}
    assert again.persons.equals(earlier.persons)
    cut = table.set_column(
        table.column_names.index("surname"), "surname", pc.utf8_slice_codeunits(table["surname"], 0, 3)
    )
    assert refresh(earlier, {"education": cut}).quality["refresh"]["changed"] > 0.9 * table.num_rows


def test_the_order_of_a_supply_changes_nothing(earlier: State, whole: Sources, refreshed: Linked) -> None:
    turned = {s: t.take(pa.array(np.arange(len(t))[::-1])) for s, t in whole.items()}
    assert refresh(earlier, turned).persons.equals(refreshed.persons)


def test_changed_and_withdrawn_records(earlier: State, first: Sources) -> None:
    before = person_of(earlier.persons)
    linked = earlier.pairs.filter(pc.greater(earlier.pairs["match_probability"], 0.999))
    row = next(r for r in linked.to_pylist() if {r["source_l"], r["source_r"]} == {"education", "justice"})
    education, justice = row["record_id_l"], row["record_id_r"]
    table = first["justice"]
    at = table["record_id"].to_pylist().index(justice)
    changed = pa.table(
        {
            name: [*column[:at].to_pylist(), other, *column[at + 1 :].to_pylist()]
            for name, column in zip(table.column_names, table.columns, strict=True)
            for other in [justice if name == "record_id" else None]
        },
        schema=table.schema,
    )
    alone = next(r for r, p in before.items() if r[0] == "education" and list(before.values()).count(p) == 1)
    pupils = first["education"].filter(pc.not_equal(first["education"]["record_id"], alone[1]))
    found = refresh(earlier, {"justice": changed, "education": pupils})
    after = person_of(found.persons)
    assert found.quality["refresh"] == {"new": 0, "changed": 1, "withdrawn": 1}
    assert after["education", education] != after["justice", justice]
    kinds = {(r["old_id"], r["kind"]) for r in found.lineage.to_pylist()}
    assert (before[alone], "retired") in kinds
    assert any(kind == "split" and old == before["justice", justice] for old, kind in kinds)


def test_a_new_source_is_linked_and_those_not_given_stay(
    earlier: State, first: Sources, whole: Sources
) -> None:
    new = whole["justice"].filter(
        pc.invert(pc.is_in(whole["justice"]["record_id"], first["justice"]["record_id"]))
    )
    found = refresh(earlier, {"justice_2027": new})
    assert found.quality["records"]["justice_2027"] == new.num_rows
    assert found.quality["records"]["education"] == first["education"].num_rows
    after = person_of(found.persons)
    usual = person_of(refresh(earlier, {"justice": whole["justice"]}).persons)
    same = [
        after["justice_2027", one] == usual["justice", one]
        or usual["justice", one] not in set(after.values())
        for one in new["record_id"].to_pylist()
    ]
    assert sum(same) >= 0.9 * len(same)


def test_decisions_survive_a_refresh_and_go_with_their_records(earlier: State, first: Sources) -> None:
    before = person_of(earlier.persons)
    members: dict[str, list[tuple[str, str]]] = {}
    for record, person in before.items():
        members.setdefault(person, []).append(record)
    pair = next(m for m in members.values() if len(m) == 2)
    apart = replace(earlier.spec, never=((pair[0], pair[1]),))
    one = refresh(earlier, first, apart)
    ids = person_of(one.persons)
    assert ids[pair[0]] != ids[pair[1]]
    after = state.after(one, first, apart, earlier)
    two = refresh(after, first)
    assert person_of(two.persons) == ids
    assert two.lineage.num_rows == one.lineage.num_rows
    source, record = pair[1]
    table = first[source].filter(pc.not_equal(first[source]["record_id"], record))
    three = refresh(after, {source: table})
    assert "withdrawn" in three.notes[-1]


def test_a_state_survives_the_disk(earlier: State, first: Sources, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    state.write(earlier, folder)
    found = state.read(folder)
    assert found.spec == earlier.spec
    assert found.offsets == earlier.offsets
    assert refresh(found, first).persons.equals(earlier.persons)
    state.write(found, folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept"]


def test_a_folder_that_is_no_state_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(BadInput, match="holds no linkage"):
        state.require_place(tmp_path / "mine")
    with pytest.raises(BadInput, match="holds no linkage to go on from"):
        state.read(tmp_path / "mine")


def test_a_given_model_is_refreshed_without_calibration(
    earlier: State, first: Sources, whole: Sources
) -> None:
    spec = LinkageSpec(model=earlier.spec.model, threshold=0.9)
    before = state.after(link(first, spec), first, spec)
    assert before.offsets is None
    found, full = refresh(before, whole), link(whole, spec)
    assert pairs_of(found.pairs) >= pairs_of(full.links)


def test_on_the_command_line(
    tally: Callable[..., Any], first: Sources, whole: Sources, tmp_path: Path
) -> None:
    for name, table in first.items():
        csv.write_csv(table, tmp_path / f"{name}.csv")
    files = [str(tmp_path / f"{name}.csv") for name in first]
    kept, out = str(tmp_path / "kept"), str(tmp_path / "links.parquet")
    assert tally("link", "files", *files, "-o", out, "--keep", kept).code == 0
    ran = tally("link", "refresh", kept, *files, "-o", out)
    assert ran.code == 0
    assert "nothing new" in ran.out
    csv.write_csv(whole["justice"], tmp_path / "justice.csv")
    lineage, persons = tmp_path / "lineage.parquet", tmp_path / "persons.parquet"
    ran = tally(
        "link",
        "refresh",
        kept,
        files[0],
        "-o",
        out,
        "--lineage",
        str(lineage),
        "--persons",
        str(persons),
        "--json",
    )
    assert ran.code == 0
    new = whole["justice"].num_rows - first["justice"].num_rows
    said = json.loads(ran.out)
    assert said["refresh"] == {"new": new, "changed": 0, "withdrawn": 0}
    assert said["lineage"] == pq.read_table(lineage).num_rows > 0
    assert pq.read_table(persons).num_rows == sum(said["records"].values())
    assert tally("link", "refresh", str(tmp_path), files[0], "-o", out).code == 2
    ran = tally("link", "refresh", kept, files[0], "-o", out, "--train-again")
    assert ran.code == 2
    assert "education" in ran.err
    before = person_of(pq.read_table(persons))
    ran = tally("link", "refresh", kept, *files, "-o", out, "--persons", str(persons), "--train-again")
    assert ran.code == 0
    after = person_of(pq.read_table(persons))
    assert sum(after[record] == person for record, person in before.items()) > 0.98 * len(before)
