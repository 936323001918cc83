"""What a review is about: every pair scored or joined, what blocking lost, a sample of both, and why a pair has its weight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tallystick.linkage import LinkageSpec, Linked, explain, files, frame, link, sample
from tallystick.linkage.link import prepared
from worlds import write_share

ID = "record_id"


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pa.Table], Linked]:
    folder = write_share(tmp_path_factory.mktemp("frame") / "s", people=150) / "supplies"
    tables = files.read_sources([folder / "justice.csv", folder / "education.csv"])
    found = link(tables, LinkageSpec())
    return prepared(tables, found.model, ID), found


def of(rows: list[tuple[str, str, str, str]], weights: list[float]) -> pa.Table:
    names = ["source_l", "record_id_l", "source_r", "record_id_r"]
    columns = {n: pa.array([row[i] for row in rows]) for i, n in enumerate(names)}
    return pa.table({**columns, "match_weight": weights, "match_probability": [0.5] * len(rows)})


def test_pairs_joined_through_a_third_record_are_pairs_too() -> None:
    persons = pa.table(
        {"source": ["a", "a", "b", "b"], ID: ["1", "2", "1", "2"], "person_id": ["P", "Q", "P", "P"]}
    )
    scored = of(
        [("a", "1", "b", "1"), ("a", "2", "b", "2"), ("b", "1", "b", "2"), ("a", "2", "b", "1")],
        [9, -2, 8, -1e9],
    )
    found = frame.pairs(scored, persons, ID).to_pylist()
    assert [
        (row["record_id_l"], row["record_id_r"], row["match_weight"], row["is_linked"]) for row in found
    ] == [
        ("1", "1", 9.0, True),
        ("1", "2", None, True),
        ("2", "2", -2.0, False),
    ]


def test_in_one_source_the_pairs_are_its_own() -> None:
    persons = pa.table({"source": ["a"] * 3, ID: ["1", "2", "3"], "person_id": ["P", "P", "Q"]})
    found = frame.pairs(of([("a", "2", "a", "3")], [1]), persons, ID).to_pylist()
    assert [(row["record_id_l"], row["record_id_r"], row["is_linked"]) for row in found] == [
        ("1", "2", True),
        ("2", "3", False),
    ]


def test_what_blocking_lost_is_found_again(linked: tuple[dict[str, pa.Table], Linked]) -> None:
    tables, found = linked
    met = frame.pairs(found.scored, found.persons, ID)
    known = met.filter(pc.invert(met["is_linked"]))
    lost, drawn, whole = frame.lost(tables, found.model, known, 10**6, np.random.default_rng(1), id_column=ID)
    assert (drawn, whole) == (150, 150)
    names = ["source_l", "record_id_l", "source_r", "record_id_r"]

    def keys(table: pa.Table) -> set[tuple[str, ...]]:
        return set(zip(*(table[name].to_pylist() for name in names), strict=True))

    links = met.filter(met["is_linked"])
    assert keys(links) <= keys(lost)
    assert not keys(known) & keys(lost)
    again = frame.lost(tables, found.model, met, 10**6, np.random.default_rng(1), id_column=ID)[0]
    assert not keys(met) & keys(again)


def test_the_sample_holds_every_stratum_and_hides_it(linked: tuple[dict[str, pa.Table], Linked]) -> None:
    tables, found = linked
    met = frame.pairs(found.scored, found.persons, ID)
    rng = np.random.default_rng(2)
    lost = frame.lost(tables, found.model, met, 40, rng, id_column=ID)
    drawn = frame.drawn(met, lost, 60, rng)
    last = drawn.design.strata[-1]
    assert (last.name, last.pairs, last.sample) == (sample.OUTSIDE, 150, 40)
    count = np.bincount(drawn.pairs["stratum"].to_numpy(), minlength=len(drawn.design.strata))
    assert count[:-1].tolist() == [s.sample for s in drawn.design.strata[:-1]]
    assert count[-1] == lost[0].num_rows <= 40
    order = drawn.pairs["stratum"].to_numpy()
    assert (np.diff(order) != 0).sum() > len(drawn.design.strata)


def test_bars_add_up_to_the_weight(linked: tuple[dict[str, pa.Table], Linked]) -> None:
    tables, found = linked
    met = frame.pairs(found.scored, found.persons, ID).slice(0, 30)
    for bars, weight in zip(
        explain.waterfalls(tables, found.model, met, ID), met["match_weight"].to_pylist(), strict=True
    ):
        assert sum(bar.bits for bar in bars) == pytest.approx(weight)
        assert [bar.comparison for bar in bars[1:4]] == ["first_name", "surname", "dob"]
        assert -40 < bars[0].bits < 0  # what is not the comparisons is a prior, not a remainder


def test_the_start_of_the_bars_is_one_prior(
    linked: tuple[dict[str, pa.Table], Linked], tmp_path: Path
) -> None:
    tables, found = linked
    met = frame.pairs(found.scored, found.persons, ID)
    starts = [bars[0].bits for bars in explain.waterfalls(tables, found.model, met, ID)]
    assert max(starts) - min(starts) < 0.5


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("Smith", "Smyth", ("Sm[i]th", "Sm[y]th")),
        ("1990-01-02", "1990-02-01", ("1990-0[1-0]2", "1990-0[]2")),
        ("", "Anne", ("", "[Anne]")),
        ("same", "same", ("same", "same")),
    ],
)
def test_what_differs_is_in_brackets(left: str, right: str, shown: tuple[str, str]) -> None:
    one, other = explain.marked(left, right)
    assert one.replace("[", "").replace("]", "") == left
    assert other.replace("[", "").replace("]", "") == right
    if left == right or "S" in left:
        assert (one, other) == shown
