"""Optimal full matching against a slow oracle: the cheapest cover of all people by pairs, by integer programming."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from tallystick.lab.full import full

Floats = NDArray[np.float64]


def total(t: Floats, c: Floats, of_t: NDArray[np.int64], of_c: NDArray[np.int64]) -> float:
    """The sum of distances within classes; every class must be a star."""
    found = 0.0
    for label in set(of_t) | set(of_c):
        a, b = t[of_t == label], c[of_c == label]
        assert min(len(a), len(b)) == 1, (len(a), len(b))
        found += float(np.abs(a[:, None] - b[None, :]).sum())
    return found


def cheapest(t: Floats, c: Floats) -> float:
    gap = np.abs(t[:, None] - c[None, :])
    n, m = gap.shape
    cover = np.zeros((n + m, n * m))
    for i in range(n):
        cover[i, i * m : (i + 1) * m] = 1
    for j in range(m):
        cover[n + j, j::m] = 1
    found = milp(
        gap.ravel(), constraints=LinearConstraint(cover, 1, np.inf), bounds=Bounds(0, 1), integrality=1
    )
    return float(found.fun)


@pytest.mark.parametrize("seed", range(60))
def test_full_is_as_cheap_as_can_be(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = draw.integers(1, 12, 2)
    coarse = bool(seed % 2)  # ties, between and within the groups
    t, c = (draw.integers(0, 9, k).astype(float) if coarse else draw.normal(0, 1, k) for k in (n, m))
    of_t, of_c = full(t, c)
    assert total(t, c, of_t, of_c) == pytest.approx(cheapest(t, c), abs=1e-9)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=40), st.lists(st.integers(0, 6), min_size=1, max_size=40)
)
def test_full_places_everybody_in_a_star(t: list[int], c: list[int]) -> None:
    of_t, of_c = full(np.array(t, float), np.array(c, float))
    assert set(of_t) == set(of_c)
    assert min(of_t.min(), of_c.min()) == 0
    total(np.array(t, float), np.array(c, float), of_t, of_c)


def test_full_with_nobody_on_one_side_has_no_class() -> None:
    of_t, of_c = full(np.array([1.0]), np.array([]))
    assert of_t.tolist() == [-1]
    assert not len(of_c)
