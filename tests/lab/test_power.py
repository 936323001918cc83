"""Power against a textbook, against statsmodels and against the test itself."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import power_proportions_2indep

from tallystick.cli.main import run
from tallystick.errors import BadInput
from tallystick.lab.power import detectable, needed, power, study


def test_textbook_size() -> None:
    """Fleiss's worked kind of example: 60 against 70 per cent, 5 % two-sided, 80 % power: 356 in each group."""
    assert needed(0.6, 0.1) == 356


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.05, 0.9),
    st.floats(0.02, 0.3),
    st.integers(20, 5000),
    st.floats(0.2, 20),
    st.sampled_from([0.01, 0.05, 0.1]),
)
def test_equals_statsmodels(base: float, size: float, n: int, ratio: float, alpha: float) -> None:
    size = min(size, 0.98 - base)
    if size <= 0.005:
        return
    ours = power(n, base, size, ratio=ratio, alpha=alpha)
    # statsmodels counts group 1 as the treated and takes nobs2 / nobs1 as the ratio.
    theirs = power_proportions_2indep(size, base, n, ratio=ratio, alpha=alpha, return_results=False)
    assert ours == pytest.approx(theirs, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 0.9), st.integers(60, 5000), st.floats(0.5, 10))
def test_detectable_and_needed_are_inverse(base: float, n: int, ratio: float) -> None:
    for direction in ("fall", "rise"):
        found = detectable(n, base, direction, ratio=ratio)  # type: ignore[arg-type]
        if found is None:
            continue
        assert math.isclose(power(n, base, found, ratio=ratio), 0.8, abs_tol=1e-6)
        assert abs(needed(base, found, ratio=ratio) - n) <= 1


def test_power_is_how_often_the_test_rejects() -> None:
    rng = np.random.default_rng(3)
    n, base, effect, draws = 800, 0.3, -0.06, 20_000
    a, b = rng.binomial(n, base + effect, draws) / n, rng.binomial(n, base, draws) / n
    pooled = (a + b) / 2
    z = (a - b) / np.sqrt(2 * pooled * (1 - pooled) / n)
    assert power(n, base, effect) == pytest.approx((np.abs(z) > 1.959964).mean(), abs=0.015)


@pytest.mark.parametrize(
    "given_",
    [
        {"base": 0.0, "n": 100}, {"base": 1.2, "n": 100}, {"base": 0.3}, {"base": 0.3, "n": 1}, {"base": 0.3, "effect": -0.4},
        {"base": 0.3, "effect": 0.0}, {"base": 0.3, "effect": math.nan}, {"base": 0.3, "n": 100, "ratio": 0},
        {"base": math.nan, "n": 100}, {"base": 0.3, "n": 100, "alpha": 0}, {"base": 0.3, "n": 100, "wanted": 1},
    ],
)  # fmt: skip
def test_nonsense_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        study(**given_)  # type: ignore[arg-type]


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "power", "--n", "300", "--rate", "0.3", "--effect", "-0.05", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["needed"] > 300
    assert -0.3 < found["detectable_fall"] < -0.05
    assert run(["lab", "power", "--n", "40", "--rate", "0.3"]) == 0
    assert "too few" in capsys.readouterr().out
    assert run(["lab", "power", "--rate", "0.3"]) == 2
