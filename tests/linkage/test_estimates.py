"""Precision and recall from a review: the intervals hold the truth as often as they say, on a stated grid of linkages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from tallystick.linkage import estimates
from tallystick.linkage.estimates import Counts, Ints

REVIEWS = 2000
LINKED = (True, True, True, True, False, False, False)
# name: (pairs, reviewed, share of true pairs) of each stratum, links first
GRID: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]] = {
    "nearly perfect": ((50_000, 20_000, 5_000, 2_000, 3_000, 20_000, 400_000), (60,) * 7, (1, 0.9999, 0.999, 0.99, 0.1, 0.01, 0)),
    "ordinary": ((50_000, 20_000, 5_000, 2_000, 3_000, 20_000, 400_000), (60,) * 7, (0.999, 0.99, 0.95, 0.7, 0.4, 0.05, 0.0005)),
    "uneven": ((50_000, 20_000, 5_000, 2_000, 3_000, 20_000, 400_000), (30, 40, 80, 100, 100, 80, 300), (0.9995, 0.99, 0.95, 0.7, 0.4, 0.05, 0.0001)),
    "small share, half of it seen": ((500, 200, 100, 80, 60, 200, 4_000), (60, 50, 50, 50, 60, 60, 400), (0.998, 0.98, 0.9, 0.6, 0.4, 0.05, 0.002)),
    "bad linkage, few reviews": ((50_000, 20_000, 5_000, 2_000, 3_000, 20_000, 400_000), (20,) * 7, (0.97, 0.9, 0.8, 0.6, 0.4, 0.1, 0.01)),
    "many errors to see": ((5_000, 2_000, 1_000, 800, 600, 2_000, 4_000), (150,) * 7, (0.95, 0.85, 0.75, 0.6, 0.4, 0.2, 0.05)),
}  # fmt: skip


def reviews_of(name: str, rng: np.random.Generator) -> tuple[Counts, Counts, Ints]:
    """Return the whole truth as counts, the same as reviewed, and the true pairs found in each of 2,000 reviews."""
    pairs, reviewed, share = (np.array(column) for column in GRID[name])
    true = np.rint(pairs * share).astype(np.int64)
    found = np.stack(
        [rng.hypergeometric(t, p - t, n, REVIEWS) for t, p, n in zip(true, pairs, reviewed, strict=True)],
        axis=1,
    )
    linked = np.array(LINKED)
    return Counts(pairs, pairs, true, linked), Counts(pairs, reviewed, found[0], linked), found


def coverage(name: str, seed: int) -> tuple[float, float]:
    """Return how often the intervals of precision and of recall hold the truth: a value is held if no tail is under 2.5 %."""
    whole, one, found = reviews_of(name, np.random.default_rng(seed))
    precision, recall = estimates.precision(whole).value, estimates.recall(whole).value
    held = np.zeros(2)
    unique, times = np.unique(found, axis=0, return_counts=True)
    for true, count in zip(unique, times, strict=True):
        seen = Counts(one.pairs, one.reviewed, true, one.is_linked)
        held[0] += count * (min(estimates.precision_tails(seen, precision)) > 0.025)
        held[1] += count * (min(estimates.recall_tails(seen, recall)) > 0.025)
    return float(held[0] / REVIEWS), float(held[1] / REVIEWS)


MONTE_CARLO = 1.96 * np.sqrt(0.95 * 0.05 / REVIEWS)


@pytest.mark.parametrize(
    "name", ["nearly perfect", *(pytest.param(n, marks=pytest.mark.slow) for n in list(GRID)[1:])]
)
def test_intervals_hold_the_truth_in_95_percent_of_2000_reviews(name: str) -> None:
    for held in coverage(name, seed=5):
        assert held >= 0.95 - MONTE_CARLO


@pytest.mark.slow
def test_where_errors_are_many_the_intervals_are_no_wider_than_they_promise() -> None:
    """Few errors leave a doubt that no sample ends, and intervals that hold more than they must; many do not."""
    for held in coverage("many errors to see", seed=5):
        assert held <= 0.95 + MONTE_CARLO


def test_interval_is_where_the_tails_allow() -> None:
    whole, one, found = reviews_of("ordinary", np.random.default_rng(9))
    truth = estimates.recall(whole).value
    for true in found[:25]:
        seen = Counts(one.pairs, one.reviewed, true, one.is_linked)
        interval = estimates.recall(seen)
        assert interval.low <= interval.value <= interval.high
        if min(estimates.recall_tails(seen, truth)) > 0.026:
            assert interval.low - 1e-4 <= truth <= interval.high + 1e-4


@pytest.mark.parametrize("wrong", [0, 1, 3, 40])
def test_one_stratum_is_clopper_and_pearson(wrong: int) -> None:
    counts = Counts(np.array([10**7]), np.array([200]), np.array([200 - wrong]), np.array([True]))
    found = estimates.precision(counts)
    high = 1.0 if wrong == 0 else beta.ppf(0.975, 201 - wrong, wrong)
    assert found.low == pytest.approx(beta.ppf(0.025, 200 - wrong, wrong + 1), abs=2e-4)
    assert found.high == pytest.approx(high, abs=2e-4)


def test_all_pairs_seen_leaves_no_doubt() -> None:
    pairs = np.array([40, 10, 30])
    found = Counts(pairs, pairs, np.array([39, 6, 3]), np.array([True, True, False]))
    precision, recall = estimates.precision(found), estimates.recall(found)
    assert (precision.low, precision.high) == pytest.approx((45 / 50, 45 / 50), abs=1e-4)
    assert (recall.low, recall.high) == pytest.approx((45 / 48, 45 / 48), abs=1e-4)


def test_stratum_not_looked_at_leaves_everything_open() -> None:
    counts = Counts(np.array([40, 10]), np.array([20, 0]), np.array([20, 0]), np.array([True, False]))
    assert estimates.precision(counts).low > 0.5
    assert np.isnan(estimates.recall(counts).value)
    assert (estimates.recall(counts).low, estimates.recall(counts).high) == (0.0, 1.0)


def test_no_true_pair_found_gives_no_recall() -> None:
    counts = Counts(np.array([400, 100]), np.array([20, 20]), np.array([0, 0]), np.array([True, False]))
    assert np.isnan(estimates.recall(counts).value)


def test_counts_that_contradict_are_refused() -> None:
    with pytest.raises(ValueError, match="true pairs"):
        Counts(np.array([4]), np.array([5]), np.array([1]), np.array([True]))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_tails_are_those_of_simulated_reviews(data: st.DataObject) -> None:
    """The oracle: draw from the likeliest shares, count."""
    strata = data.draw(st.integers(1, 3))
    pairs = np.array([data.draw(st.integers(30, 3000)) for _ in range(strata)])
    reviewed = np.array([data.draw(st.integers(5, 29)) for _ in range(strata)])
    true = np.array([data.draw(st.integers(0, int(n))) for n in reviewed])
    counts = Counts(pairs, reviewed, true, np.ones(strata, dtype=bool))
    value = data.draw(st.floats(0.05, 0.95))
    low, high = estimates.precision_tails(counts, value)
    share = estimates._likeliest(pairs, reviewed, true, pairs.astype(float), value * float(pairs.sum()))
    if share is None:
        assert (low, high) == (0.0, 0.0)
        return
    assert float((pairs * share).sum()) == pytest.approx(value * pairs.sum(), rel=1e-6)
    rng = np.random.default_rng(1)
    total, whole = np.zeros(4000), np.floor(share * pairs + 1e-9)
    for p, n, s, w in zip(pairs, reviewed, share, whole, strict=True):
        k = w + (rng.random(4000) < s * p - w)
        drawn = (
            rng.binomial(n, s, 4000)
            if p >= estimates.LARGE * n
            else rng.hypergeometric(k.astype(int), (p - k).astype(int), n)
        )
        total += p * drawn / n
    seen = float((pairs * true / reviewed).sum())
    slack = 1e-9 * pairs.sum()
    width = float(pairs.sum()) / estimates.BINS * strata
    for found, exact, wide in (
        (low, (total <= seen + slack).mean(), (total <= seen + width).mean()),
        (high, (total >= seen - slack).mean(), (total >= seen - width).mean()),
    ):
        assert exact - 0.04 <= found <= wide + 0.04
