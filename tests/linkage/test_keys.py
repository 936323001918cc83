"""Match keys join what agrees, in order, both layers, unless ambiguous; a slow reading of the rule is the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick import synth
from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, Linked, MatchKey, keys, link, refresh, stages, state
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.outcome import resolved_again
from tallystick.linkage.resolve import Edges
from tallystick.linkage.stages import Staged

EXACT = MatchKey(("first_name", "surname", "dob", "gender", "postcode"), "all five")
MOVED = MatchKey(("first_root", "surname", "dob_any_order", "gender"), "moved")
LOOSE = MatchKey(("surname", "postcode"), "home")

worlds = st.integers(1, 3).flatmap(
    lambda sources: st.lists(
        st.tuples(st.integers(0, sources - 1), st.integers(-1, 3), st.integers(-1, 2)),
        min_size=1,
        max_size=12,
    )
)


def run(
    world: Sequence[tuple[int, int, int]],
    odds: dict[tuple[int, int], float],
    threshold: float,
    never: Sequence[tuple[int, int]],
) -> Staged:
    """Return the stages of records (source, value of key 1, value of key 2), sorted by source."""
    names = "abc"
    tables = {
        names[s]: pa.table({"record_id": [f"{i:03}" for i, row in enumerate(world) if row[0] == s]})
        for s in sorted({row[0] for row in world})
    }
    edges = Edges(
        *(np.array([p[side] for p in odds], dtype=np.int64) for side in (0, 1)),
        np.array(list(odds.values()), dtype=float),
    )
    apart = tuple(np.array([p[side] for p in never], dtype=np.int64) for side in (0, 1))
    found = [MatchKey(("x",), "one"), MatchKey(("y",), "two")]
    codes = [np.array([row[k] for row in world], dtype=np.int64) for k in (1, 2)]
    return stages.staged(Numbers(tables, "record_id"), found, codes, edges, threshold, (apart[0], apart[1]))


def slowly(
    world: Sequence[tuple[int, int, int]],
    odds: dict[tuple[int, int], float],
    threshold: float,
    never: Sequence[tuple[int, int]],
) -> tuple[list[frozenset[int]], dict[tuple[int, int], int]]:
    """Return the persons and the linked pairs by key number, as the documentation tells them, one pair at a time."""
    persons = [frozenset([i]) for i in range(len(world))]
    linked: dict[tuple[int, int], int] = {}

    def held(person: frozenset[int]) -> set[int]:
        return {world[i][0] for i in person}

    layers = ("within", "across") if len({row[0] for row in world}) > 1 else ("within",)
    for layer in layers:
        for number in (0, 1):
            of = {i: person for person in persons for i in person}
            pairs = []
            for i, j in combinations(range(len(world)), 2):
                same_value = world[i][number + 1] == world[j][number + 1] >= 0
                same_source = world[i][0] == world[j][0]
                may = same_source if layer == "within" else not held(of[i]) & held(of[j])
                if same_value and may and of[i] != of[j]:
                    pairs.append((i, j))
            groups = [{person} for person in persons]
            for i, j in pairs:
                touched = [g for g in groups if of[i] in g or of[j] in g]
                groups = [g for g in groups if g not in touched] + [set().union(*touched)]
            good = []
            for group in groups:
                records = frozenset().union(*group)
                each = [s for person in group for s in held(person)]
                is_clear = layer == "within" or len(each) == len(set(each))
                if is_clear and not any(a in records and b in records for a, b in never):
                    good.append(records)
            new = [(i, j) for i, j in pairs if any(i in one and j in one for one in good)]
            if not new:
                continue
            doubt = [1 - (1 / (1 + 2.0 ** -odds[p]) if p in odds else 0.0) for p in new]
            if 1 - float(np.mean(doubt)) >= threshold:
                persons = [p for p in persons if not any(p <= one for one in good)] + good
                linked |= dict.fromkeys(new, number)
    return persons, linked


@settings(max_examples=60, deadline=None)
@given(
    worlds,
    st.dictionaries(st.tuples(st.integers(0, 5), st.integers(6, 11)), st.floats(-8, 12), max_size=12),
    st.sampled_from([0.0, 0.4, 0.9]),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=2),
)
def test_stages_equal_a_slow_reading_of_the_rule(
    world: list[tuple[int, int, int]],
    odds: dict[tuple[int, int], float],
    threshold: float,
    never: list[tuple[int, int]],
) -> None:
    world = sorted(world, key=lambda row: row[0])
    odds = {p: o for p, o in odds.items() if max(p) < len(world)}
    never = [(a, b) for a, b in never if a != b and max(a, b) < len(world)]
    found = run(world, odds, threshold, never)
    persons, linked = slowly(world, odds, threshold, never)
    assert {
        frozenset(np.flatnonzero(found.label == one).tolist()) for one in set(found.label.tolist())
    } == set(persons)
    assert (
        dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.key.tolist(), strict=True))
        == linked
    )


def test_a_key_that_fits_one_person_to_two_links_neither() -> None:
    found = run([(0, 1, 7), (0, 1, 8), (1, 1, 7)], {}, 0.0, [])
    assert found.label.tolist() == [0, 0, 0]  # with threshold 0 the source is de-duplicated first: one person
    sure = {(0, 2): 9.0, (1, 2): 9.0}
    found = run([(0, 1, 7), (0, 1, 8), (1, 1, 7)], sure, 0.9, [])
    assert found.label.tolist() == [0, 1, 0]  # ambiguous by key one, and key two tells them apart
    assert [
        (one.key, one.layer, one.pairs, one.ambiguous) for one in found.report if one.layer == "across"
    ] == [
        ("one", "across", 0, 2),
        ("two", "across", 1, 0),
    ]


@pytest.fixture(scope="module")
def supplies(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, pa.Table], dict[tuple[str, str], str]]:
    folder = tmp_path_factory.mktemp("k") / "share"
    synth.write("moj-dfe", folder, people=800, seed=5, form="parquet")
    tables = {s: pq.read_table(folder / "supplies" / f"{s}.parquet") for s in ("justice", "education")}
    truth: dict[tuple[str, str], str] = {}
    for source in tables:
        rows = (
            pq.read_table(folder / "truth" / f"{source}.parquet")
            if (folder / "truth" / f"{source}.parquet").exists()
            else None
        )
        if rows is None:
            from tallystick.linkage.files import read

            rows = read(folder / "truth" / f"{source}.csv")
        truth |= {(source, r["record_id"]): r["person"] for r in rows.to_pylist()}
    return tables, truth


@pytest.fixture(scope="module")
def alone(supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]]) -> Linked:
    return link(supplies[0], LinkageSpec(threshold=0.9, keys=(EXACT, MOVED, LOOSE), stages="keys"))


def ends(links: pa.Table) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    sides = [
        zip(links[f"source_{s}"].to_pylist(), links[f"record_id_{s}"].to_pylist(), strict=True) for s in "lr"
    ]
    return list(zip(*sides, strict=True))


def test_keys_alone_link_only_what_a_key_found_and_say_which(
    alone: Linked, supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]]
) -> None:
    assert alone.links.column_names[:6] == [
        "source_l", "record_id_l", "source_r", "record_id_r", "match_weight", "match_probability",
    ]  # fmt: skip
    assert set(alone.links["stage"].to_pylist()) == {"all five", "moved"}
    truth = supplies[1]
    false = [truth[a] != truth[b] for a, b in ends(alone.links)]
    assert len(false) > 100
    assert np.mean(false) < 0.03
    report = {(one["key"], one["layer"]): one for one in alone.quality["match_keys"]}
    assert report["all five", "across"]["false_link_rate"] < 0.01
    assert not report["home", "within"]["is_used"]
    assert report["home", "within"]["false_link_rate"] > 0.8  # brothers and sisters
    assert any("'home' was not used within a source" in note for note in alone.notes)


def test_keys_come_before_the_model_and_stand(
    alone: Linked, supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]]
) -> None:
    both = link(supplies[0], LinkageSpec(threshold=0.9, keys=(EXACT, MOVED)))
    stage = both.links["stage"].to_pylist()
    assert {"all five", "moved", "model"} == set(stage)
    assert both.links.num_rows > alone.links.num_rows
    person = {(r["source"], r["record_id"]): r["person_id"] for r in both.persons.to_pylist()}
    assert all(person[a] == person[b] for a, b in ends(both.links))


def test_a_decision_stands_over_a_key(
    alone: Linked, supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]]
) -> None:
    spec = LinkageSpec(threshold=0.9, keys=(EXACT, MOVED, LOOSE), stages="keys")
    apart = ends(alone.links)[0]
    decided = link(supplies[0], replace(spec, never=(apart,)))
    again = resolved_again(alone.scored, alone.persons, replace(spec, never=(apart,)))[1]
    for persons in (decided.persons, again):
        person = {(r["source"], r["record_id"]): r["person_id"] for r in persons.to_pylist()}
        assert person[apart[0]] != person[apart[1]]
    untouched = resolved_again(alone.scored, alone.persons, spec)
    assert untouched[0].equals(alone.links)
    assert untouched[1].equals(alone.persons)


@pytest.mark.slow
def test_a_refresh_goes_by_the_same_keys(
    tmp_path: Path, supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]]
) -> None:
    tables = supplies[0]
    spec = LinkageSpec(threshold=0.9, keys=(EXACT, MOVED), stages="keys")
    first = {s: t.filter(pa.array(np.arange(len(t)) % 10 != 3)) for s, t in tables.items()}
    state.write(state.after(link(first, spec), first, spec), tmp_path / "kept")
    earlier = state.read(tmp_path / "kept")
    assert earlier.spec.keys == spec.keys
    new = refresh(earlier, tables)
    full = link(tables, spec)
    assert set(ends(new.links)) == set(ends(full.links))
    assert set(new.links["stage"].to_pylist()) == {"all five", "moved"}


def test_parts_of_keys() -> None:
    table = pa.table(
        {
            "record_id": ["1", "2"],
            "first_name": ["ann", None],
            "surname": ["bell", "ann"],
            "dob": ["19991201", "19990112"],
        }
    )
    made = keys.with_parts(
        {"s": table},
        [MatchKey(("names_any_order", "dob_any_order", "first_name:1", "forename", "surname:3"))],
    )["s"]
    assert made["names_any_order"].to_pylist() == ["ann bell", None]
    assert made["dob_any_order"].to_pylist() == ["19990112", "19990112"]
    assert made["first_name_first_1"].to_pylist() == ["a", None]
    assert made["surname_first_3"].to_pylist() == ["bel", "ann"]
    swapped = {
        "s": table.set_column(1, "first_name", [["bell", "x"]]).set_column(2, "surname", [["ann", "y"]])
    }
    assert (
        keys.with_parts(swapped, [MatchKey(("names_any_order",))])["s"]["names_any_order"][0].as_py()
        == "ann bell"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one \\[\\[key\\]\\]"),
        ("[[key]]\nname = 'x'", "key 1: a key has on"),
        ("[[key]]\non = ['surname']\nthreshold = 1", "key 1: a key has on"),
        ("[[key]]\non = []", "no parts"),
        ("[[key]]\non = ['dob', 'dob']", "twice"),
        ("[[key]]\non = ['dob', 'surname']\n[[key]]\non = ['surname', 'dob']", "key 2 is key 1 again"),
        ("[[key]]\non = ['dob']\nname = 'model'", "taken by another stage"),
        ("[key", "readable TOML"),
    ],
)
def test_a_bad_file_of_keys_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        keys.read(tmp_path / "keys.toml")


def test_keys_that_cannot_be_used_are_refused(
    supplies: tuple[dict[str, pa.Table], dict[tuple[str, str], str]],
) -> None:
    with pytest.raises(BadInput, match="shoe_size"):
        link(supplies[0], LinkageSpec(keys=(MatchKey(("surname", "shoe_size")),)))
    with pytest.raises(BadInput, match="tells too few people apart"):
        link(supplies[0], LinkageSpec(keys=(MatchKey(("gender",)),)))
