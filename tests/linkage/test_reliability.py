"""Calibration from judged pairs: it mends weights that overstate, in all pairs and not only in those looked at."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from tallystick.linkage import reliability
from tallystick.linkage.estimates import Floats


def judged(rng: np.random.Generator, shape: str, n: int = 40_000) -> tuple[Floats, Floats, Floats]:
    """Return weights, truth of all pairs, and the truth's own probability: weights overstate by half, or bend."""
    weight = rng.normal(0, 8, n)
    bits = 0.5 * weight + 1 if shape == "line" else np.where(weight > 0, 0.2 * weight, 1.5 * weight)
    own = 1 / (1 + np.exp2(-bits))
    return weight, (rng.random(n) < own).astype(float), own


@pytest.mark.parametrize("shape", ["line", "bend"])
def test_a_small_unequal_sample_calibrates_all_pairs(shape: str) -> None:
    rng = np.random.default_rng(4)
    weight, truth, own = judged(rng, shape)
    chance = np.where(np.abs(weight) < 4, 0.08, 0.02)
    drawn = rng.random(len(weight)) < chance
    kind = np.array(["a"] * len(weight))
    made = reliability.calibration(weight[drawn], truth[drawn], 1 / chance[drawn], kind[drawn], rng)
    every = np.ones(len(weight))
    before = reliability.expected_calibration_error(1 / (1 + np.exp2(-weight)), truth, every)
    after = reliability.expected_calibration_error(made(weight, kind), truth, every)
    assert before > 0.05
    assert after < 0.02
    assert min(made.losses, key=lambda m: made.losses[m]) == made.overall.method
    assert float(np.mean(np.abs(made(weight, kind) - own))) < 0.04


def test_each_kind_has_its_own_curve_where_enough_was_judged() -> None:
    rng = np.random.default_rng(5)
    weight = rng.normal(0, 6, 1000)
    kind = np.array(["one"] * 480 + ["other"] * 500 + ["few"] * 20)
    shift = np.where(kind == "one", 3.0, -3.0)
    truth = (rng.random(1000) < 1 / (1 + np.exp2(-weight - shift))).astype(float)
    made = reliability.calibration(weight, truth, np.ones(1000), kind, rng)
    assert set(made.by_kind) == {"one", "other"}
    p = made(np.zeros(2), np.array(["one", "other"]))
    assert p[0] > 0.7 > 0.3 > p[1]


def test_isotonic_is_that_of_the_library_and_never_falls() -> None:
    rng = np.random.default_rng(6)
    weight, truth, mass = (
        rng.integers(-9, 9, 300).astype(float),
        rng.integers(0, 2, 300).astype(float),
        rng.random(300) + 0.1,
    )
    found = reliability.curve("isotonic", weight, truth, mass)(np.sort(weight))
    judge = IsotonicRegression(y_min=reliability.EDGE, y_max=1 - reliability.EDGE).fit(weight, truth, mass)
    assert found == pytest.approx(judge.predict(np.sort(weight)))
    assert (np.diff(found) >= 0).all()


def test_one_answer_only_leaves_the_weights_as_they_were() -> None:
    assert reliability.curve("logistic", np.ones(5), np.ones(5), np.ones(5)).method == "as it was"


def test_the_diagram_weighs_pairs_by_what_they_stand_for() -> None:
    probability = np.array([0.95, 0.95, 0.95, 0.15])
    bars = reliability.diagram(probability, np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 1.0, 8.0, 90.0]))
    assert [bar.judged for bar in bars] == [1, 3]
    assert [bar.pairs for bar in bars] == [90, 10]
    assert bars[1].true == pytest.approx(0.2)
    assert all(bar.true_low <= bar.true <= bar.true_high for bar in bars)
    assert reliability.expected_calibration_error(
        probability, np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 1.0, 8.0, 90.0])
    ) == pytest.approx(0.15 * 0.9 + 0.75 * 0.1)
