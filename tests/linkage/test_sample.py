"""The review sample: strata that partition the pairs, an allocation that fits, half-widths that come true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.linkage import estimates, sample
from tallystick.linkage.estimates import Bools, Counts, Floats


def pairs_of(n: int, seed: int = 2) -> tuple[Floats, Floats, Bools]:
    """Return match weights, the model's probabilities and the truth of ``n`` pairs."""
    rng = np.random.default_rng(seed)
    true = rng.random(n) < 0.25
    weight = np.where(true, rng.normal(12, 5, n), rng.normal(-8, 4, n))
    return weight, 1 / (1 + np.exp2(-weight)), true


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-30, 30), min_size=1, max_size=200), st.integers(1, 250))
def test_strata_partition_the_pairs_and_the_sample_fits(weights: list[int], wanted: int) -> None:
    weight = np.array(weights, dtype=float)
    found, of_pair = sample.strata(weight, 1 / (1 + np.exp2(-weight)), weight > 0)
    assert (np.bincount(of_pair, minlength=len(found)) == [s.pairs for s in found]).all()
    for number, stratum in enumerate(found):
        mine = weight[of_pair == number]
        assert (mine.min(), mine.max()) == (stratum.low, stratum.high)
        assert ((mine > 0) == stratum.is_linked).all()
    made = sample.design(found, wanted)
    assert all(0 <= s.sample <= s.pairs for s in made.strata)
    assert made.sample <= max(wanted, len(found))
    if wanted >= len(found):
        assert all(s.sample >= 1 for s in made.strata)
        assert made.sample == min(wanted, len(weight))


def test_pairs_of_one_weight_are_one_stratum() -> None:
    weight = np.array([3.0] * 50 + [9.0] * 50)
    found, _ = sample.strata(weight, 1 / (1 + np.exp2(-weight)), np.ones(100, dtype=bool))
    assert [s.pairs for s in found] == [50, 50]


def test_half_widths_come_true_on_average() -> None:
    weight, probability, true = pairs_of(60_000)
    found, of_pair = sample.strata(weight, probability, weight > 0)
    made = sample.design(found, 1500)
    rng = np.random.default_rng(3)
    widths = []
    for _ in range(6):
        drawn = sample.draw(of_pair, made, rng)
        counts = Counts(
            np.array([s.pairs for s in made.strata]),
            np.array([len(at) for at in drawn]),
            np.array([true[at].sum() for at in drawn]),
            np.array([s.is_linked for s in made.strata]),
        )
        both = estimates.precision(counts), estimates.recall(counts)
        widths.append([(one.high - one.low) / 2 for one in both])
    seen = np.mean(widths, axis=0)
    assert seen[0] == pytest.approx(made.precision, rel=0.6)
    assert seen[1] == pytest.approx(made.recall, rel=0.6)


def test_more_reviews_promise_more_and_size_for_is_the_least() -> None:
    weight, probability, _ = pairs_of(20_000)
    found, _ = sample.strata(weight, probability, weight > 0)
    few, many = sample.design(found, 200), sample.design(found, 2000)
    assert many.precision < few.precision
    assert many.recall < few.recall
    least = sample.size_for(found, 0.02)
    assert max(least.precision, least.recall) <= 0.02
    fewer = sample.design(found, least.sample - 1)
    assert max(fewer.precision, fewer.recall) > 0.02


def test_draw_is_without_replacement_and_by_seed() -> None:
    weight, probability, _ = pairs_of(5_000)
    found, of_pair = sample.strata(weight, probability, weight > 0)
    made = sample.design(found, 300)
    once, again = (sample.draw(of_pair, made, np.random.default_rng(8)) for _ in range(2))
    flat = np.concatenate(once)
    assert (flat == np.concatenate(again)).all()
    assert len(np.unique(flat)) == made.sample
