"""Sensitivity analysis and several results at once, against the examples of the books and papers they come from."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from statsmodels.stats.multitest import multipletests

from tallystick.lab import sensitivity
from tallystick.lab.multiple import benjamini_hochberg, holm, interaction

# lead in the blood of 33 children of workers with lead and of their neighbours (Morton et al. 1982; Rosenbaum 2002, table 4.3)
EXPOSED = [
    38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27,
]  # fmt: skip
NEIGHBOUR = [
    16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13,
]  # fmt: skip


@pytest.mark.parametrize(("gamma", "p"), [(2, 0.0018), (3, 0.0136), (4, 0.0388), (4.25, 0.0468), (5, 0.0740)])
def test_signed_rank_bound_of_lead_in_blood(gamma: float, p: float) -> None:
    found = sensitivity.signed_rank_bound(np.array(EXPOSED, float) - np.array(NEIGHBOUR), gamma)
    assert found == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("gamma", "p"), [(4, 0.0036), (5, 0.03), (6, 0.1)])
def test_bound_of_smoking_and_lung_cancer(gamma: float, p: float) -> None:
    """Hammond 1964, of 122 pairs where one died 110 had the smoker die (Rosenbaum 2002, section 4.3.2): the exact tail."""
    ones = np.ones(122, np.int64)
    found = sensitivity.mantel_haenszel_bound(ones, ones, 2 * ones, 109.5, gamma)
    assert found == pytest.approx(p, abs={4: 1e-3, 5: 5e-3, 6: 1.5e-2}[gamma])


def test_mantel_haenszel_bound_agrees_with_every_assignment() -> None:
    """In one class of seven the moments are those of all ways to treat three, an event's odds up by gamma."""
    gamma, events = 2.5, (1, 1, 1, 0, 0, 0, 0)
    ways = [sum(events[i] for i in way) for way in itertools.combinations(range(7), 3)]
    weight = np.array([gamma**k for k in ways])
    mean = float(np.average(ways, weights=weight))
    spread = float(np.average((np.array(ways) - mean) ** 2, weights=weight))
    found = sensitivity.mantel_haenszel_bound(
        np.array([3]), np.array([3]), np.array([7]), mean + math.sqrt(spread), gamma
    )
    assert found == pytest.approx(0.15865525, abs=1e-8)


@pytest.mark.parametrize(("ratio", "e"), [(3.9, 7.26), (1.8, 3.0), (0.80, 1.81), (0.91, 1.43), (1.0, 1.0)])
def test_e_value_of_the_papers_examples(ratio: float, e: float) -> None:
    assert sensitivity.e_value(ratio) == pytest.approx(e, abs=6e-3)


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.floats(0.1, 5)), min_size=1, max_size=7),
    st.floats(1, 6),
)
def test_marginal_bound_agrees_with_every_corner(people: list[tuple[int, float]], factor: float) -> None:
    y, w = np.array([a for a, _ in people], float), np.array([b for _, b in people])
    means = [
        float(np.average(y, weights=w * np.array(z)))
        for z in itertools.product((1 / factor, factor), repeat=len(y))
    ]
    low, high = sensitivity.marginal_bound(y, w, factor)
    assert (low, high) == pytest.approx((min(means), max(means)), abs=1e-9)


def test_tipping_is_where_the_bound_crosses() -> None:
    differences = np.array(EXPOSED, float) - np.array(NEIGHBOUR)
    found = sensitivity.tipping(lambda gamma: sensitivity.signed_rank_bound(differences, gamma), 0.05)
    by_search = minimize_scalar(
        lambda g: abs(sensitivity.signed_rank_bound(differences, g) - 0.05), bounds=(4, 5), method="bounded"
    )
    assert found == pytest.approx(by_search.x, abs=1e-3)
    assert sensitivity.tipping(lambda _: 0.5) == 1
    assert sensitivity.tipping(lambda _: 0.0) == sensitivity.MOST


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusted_p_values_are_those_of_statsmodels(values: list[float]) -> None:
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1].tolist())
    assert benjamini_hochberg(values) == pytest.approx(multipletests(values, method="fdr_bh")[1].tolist())


def test_two_groups_are_a_z_test() -> None:
    """With two groups Q is the square of z: 0.1 apart with errors 0.03 and 0.04 is z = 2, p = 0.0455."""
    assert interaction([0.1, 0.0], [0.03, 0.04]) == pytest.approx(0.0455, abs=1e-4)
    assert interaction([0.1], [0.03]) is None
    assert interaction([0.1, 0.2], [0.03, 0.0]) is None
