"""Groups, rates, weights and sensitivity: what is hidden stays hidden, and weights take a planted bias out of a mean."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.deidentify.selection import rates, sensitivity
from tallystick.deidentify.selection.bias import Group
from tallystick.deidentify.selection.groups import MOST, grouped
from tallystick.deidentify.selection.sensitivity import Question
from tallystick.deidentify.selection.weights import weights


@pytest.mark.parametrize(
    ("column", "groups"),
    [
        (pa.array(["a", None, " ", "b"]), {"a", "b", "not recorded"}),
        (pa.array([True, False, None]), {"yes", "no", "not recorded"}),
        (pa.array([1, 2, 2, None]), {"1", "2", "not recorded"}),
        (pa.array(["2019-03-01", "2020-01-01", None]), {"2019", "2020", "not recorded"}),
        (pa.array([dt.date(2019, 3, 1), None]), {"2019", "not recorded"}),
        (pa.array(["x"]).dictionary_encode(), {"x"}),
    ],
)  # fmt: skip
def test_grouped_small(column: pa.Array, groups: set[str]) -> None:
    assert set(grouped(pa.chunked_array([column])).to_pylist()) == groups


def test_grouped_many() -> None:
    number = grouped(pa.array([*map(float, range(1000)), None]))
    counts = {one["values"]: one["counts"] for one in number.value_counts().to_pylist()}
    assert counts.pop("not recorded") == 1
    assert sorted(counts.values()) == [199, 200, 200, 200, 201]  # cut points of three digits
    years = grouped(pa.array([dt.date(1950 + n, 1, 1) for n in range(50)]))
    assert set(years.to_pylist()) == {f"{y} to {y + 4}" for y in range(1950, 2000, 5)}
    areas = [f"area {n}" for n in range(40) for _ in range(n + 1)]
    found = grouped(pa.array(areas))
    assert len(found.unique()) == MOST
    assert found.to_pylist().count("all others") == sum(range(1, 17))
    assert grouped(pa.chunked_array([], pa.string())).to_pylist() == []


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8))
def test_what_is_hidden_cannot_be_had_from_the_rest(cells: list[tuple[int, int]]) -> None:
    """All that stands beside a hidden cell is a multiple of five, so that the total less the others leaves it as open as rounding would."""
    groups = [Group("d", "f", f"g{n}", a + b, b) for n, (a, b) in enumerate(cells)]
    shown, (field,) = rates.rates(groups, 10, 5)
    linked, unlinked = sum(a for a, _ in cells), sum(b for _, b in cells)
    assert field.difference is None or min(linked, unlinked) >= 10
    for (a, b), rate in zip(cells, shown, strict=True):
        assert (rate.people is None) == (a + b < 10)
        assert rate.linked_share is None or min(a, b) >= 10
        assert rate.linked_share is not None or min(a, b) < 10 or field.difference is None
        if rate.people is not None:
            assert rate.people % 5 == 0
            assert abs(rate.people - a - b) <= 5
        if rate.linked_share is not None:
            assert rate.people is not None
            assert round(rate.people * rate.linked_share) % 5 == 0


def test_a_few_unknown_hide_nobody_else() -> None:
    cells = {"female": (120, 1800), "male": (580, 1470), "not recorded": (2, 4)}
    groups = [Group("d", "sex", name, a + b, b) for name, (a, b) in cells.items()]
    shown = {rate.group: rate for rate in rates.rates(groups, 10, 5)[0]}
    assert shown["female"].people == 1920
    assert shown["female"].linked_share == pytest.approx(120 / 1920)
    assert shown["not recorded"] == rates.Rate("d", "sex", "not recorded", None, None, None)


def test_groups_of_numbers_come_by_number() -> None:
    names = ["10", "2", "all others", "3 to 5", "under 2"]
    shown, _ = rates.rates([Group("d", "f", name, 100, 50) for name in names], 10, 5)
    assert [rate.group for rate in shown] == ["under 2", "2", "3 to 5", "10", "all others"]


def test_standardised_differences_by_hand() -> None:
    groups = [Group("d", "sex", "f", 100, 40), Group("d", "sex", "m", 100, 20)]
    shown, (field,) = rates.rates(groups, 10, 5)
    p, q = 60 / 140, 40 / 60
    by_hand = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert shown[0].difference == pytest.approx(by_hand)
    assert shown[1].difference == pytest.approx(-by_hand)
    assert field.difference == pytest.approx(abs(by_hand))  # of two groups the overall one is the same


def world(seed: int, n: int = 8000) -> dict[str, Any]:
    """Return people of whom one group links at half the rate, and whose outcome is worse in it; a second field matters less."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["north", "south", "east"], n, p=[0.5, 0.3, 0.2])
    age = rng.integers(10, 60, n).astype(float)
    outcome = np.where(group == "east", 20.0, 10.0) + 0.1 * age + rng.normal(0, 5, n)
    is_linked = rng.random(n) < np.where(group == "east", 0.4, 0.85) - 0.004 * (age - 10)
    return {"group": pa.array(group), "age": pa.array(age), "outcome": outcome, "is_linked": is_linked}


def test_weights_take_a_planted_bias_out_of_a_mean() -> None:
    biases, left = [], []
    for seed in range(10):
        one = world(seed)
        made = weights(one["is_linked"], {"group": one["group"], "age": grouped(one["age"])})
        assert made is not None
        linked, truth = one["is_linked"], float(one["outcome"].mean())
        weight, outcome = made.weight[linked], one["outcome"][linked]
        biases.append(float(outcome.mean()) - truth)
        left.append(float(np.average(outcome, weights=weight)) - truth)
        assert weight.sum() == pytest.approx(len(linked), rel=2e-3)
        assert np.isnan(made.weight[~linked]).all()
        assert made.effective <= linked.sum()
        assert max(b.after for b in made.balance) < 0.06 < max(b.before for b in made.balance)
    error = np.std(left, ddof=1) / np.sqrt(len(left))
    assert np.mean(biases) < -0.8
    assert abs(np.mean(left)) < 0.05 + 3 * error
    assert np.max(np.abs(left)) < 0.25 * abs(np.mean(biases))


def test_weights_of_few_and_of_nothing() -> None:
    assert weights(np.ones(50, dtype=bool), {}) is None
    made = weights(np.arange(100) % 4 > 0, {})
    assert made is not None
    assert set(np.round(made.weight[~np.isnan(made.weight)], 3)) == {1.333}
    rare = weights(np.arange(100) % 4 > 0, {"g": pa.array([f"only {n}" for n in range(100)])})
    assert rare is not None  # no group has ten rows: nothing to model
    assert rare.classes == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(30, 400), st.floats(0.2, 0.9))
def test_classes_hold_many_and_weigh_them_all(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    linked = rng.random(n) < share
    made = weights(
        linked, {"g": pa.array(rng.choice(["a", "b", "c"], n)), "x": grouped(pa.array(rng.normal(size=n)))}
    )
    if made is None:
        assert min(linked.sum(), n - linked.sum()) < 10
        return
    weight = made.weight[linked]
    assert weight.min() >= 1
    assert weight.sum() == pytest.approx(n, rel=5e-3)
    _, counts = np.unique(weight, return_counts=True)
    assert counts.min() >= 10


def labels(people: int) -> pa.Table:
    """Return two sources whose person n is linked at 0.5, and at 0.9 only if n is even."""
    number = np.arange(people)
    rows = [("a", f"a{n}", n, n) for n in number] + [
        ("b", f"b{n}", n, n if n % 2 == 0 else people + n) for n in number
    ]
    source, key, low, high = zip(*rows, strict=True)
    return pa.table({"source": source, "supply_key": key, "0.5": pa.array(low), "0.9": pa.array(high)})


THRESHOLDS = {0.5: "0.5", 0.9: "0.9"}


def test_answers_at_each_threshold_by_hand() -> None:
    people = 200
    outcome = pa.table(
        {"supply_key": [f"a{n}" for n in range(people)], "outcome": [float(n % 2) for n in range(people)]}
    )
    by = pa.table(
        {
            "supply_key": [f"b{n}" for n in range(people)],
            "grp": ["x" if n < 150 else "y" for n in range(people)],
        }
    )
    asked = Question(("a", "o"), by=("b", "g"))
    found = sensitivity.answers(asked, {"a": outcome, "b": by}, labels(people), THRESHOLDS, 10, 5)
    said = {(one.threshold, one.group): (one.people, one.mean) for one in found}
    assert said == {
        (0.5, "x"): (150, 0.5),
        (0.5, "y"): (50, 0.5),
        (0.9, "x"): (75, 0.0),
        (0.9, "y"): (25, 0.0),
    }
    shares = sensitivity.answers(
        Question(("a", "o"), value="1"), {"a": outcome}, labels(people), THRESHOLDS, 10, 5
    )
    assert [(one.threshold, one.mean) for one in shares] == [
        (0.5, 0.5),
        (0.9, None),
    ]  # nobody has it at 0.9: hidden
    weight = pa.table(
        {
            "supply_key": [f"a{n}" for n in range(people)],
            "linkage_weight": [3.0 if n % 2 else 1.0 for n in range(people)],
        }
    )
    (low, high) = sensitivity.answers(
        Question(("a", "o")), {"a": outcome}, labels(people), THRESHOLDS, 10, 5, weight, 0.5
    )
    assert (low.weighted, high.weighted) == (0.75, None)


def test_few_people_answer_nothing() -> None:
    outcome = pa.table({"supply_key": ["a0", "a1"], "outcome": [1.0, 2.0]})
    found = sensitivity.answers(Question(("a", "o")), {"a": outcome}, labels(2), THRESHOLDS, 10, 5)
    assert [(one.people, one.mean, one.low) for one in found] == [(None, None, None)] * 2
