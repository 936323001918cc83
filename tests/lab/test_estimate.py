"""The engine alone: published figures on LaLonde's data, oracles on small tables, and inputs that give no number."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from tallystick.errors import BadInput
from tallystick.lab import balance, match
from tallystick.lab.design import design
from tallystick.lab.estimate import METHODS, Method, estimate
from tallystick.lab.propensity import fit


def people(n: int = 400, *, seed: int = 1) -> pa.Table:
    """A table whose treatment depends on age alone and whose outcome does on age and nothing else."""
    draw = np.random.default_rng(seed)
    age = draw.normal(30, 8, n)
    treat = (draw.random(n) < 1 / (1 + np.exp(-(age - 33) / 8))).astype(int)
    area = draw.choice(["north", "south"], n)
    return pa.table({"age": age, "treat": treat, "y": age / 10 + draw.normal(0, 1, n), "area": area})


def test_entropy_finds_the_weights_wherever_there_are_any() -> None:
    """Near the end a step changes the value by less than its rounding; one fit in several hundred once gave up there."""
    for seed in range(700):
        draw = np.random.default_rng(seed)
        x = draw.normal(size=(200, 4)) * 10.0 ** draw.integers(-3, 6, 4)
        target = draw.dirichlet(np.ones(200)) @ x
        assert np.abs((balance.entropy(x, target) @ x - target) / x.std(0)).max() < 1e-8


@pytest.mark.parametrize("method", METHODS)
def test_estimate_holds_no_effect_and_improves_balance(method: Method) -> None:
    # without replacement and without a calliper the far ends of so small a pool find nobody like them
    calliper = 0.05 if method == "nearest" else None
    found = estimate(design(people(2000), "treat", "y", ["age", "area"], ["area"]), method, calliper=calliper)
    assert abs(found.estimate) < 4 * found.standard_error
    assert abs(found.smd["age"]["after"]) < abs(found.smd["age"]["before"])
    assert set(found.smd) == {"age", "area=south"}


@pytest.mark.parametrize("seed", range(20))
def test_nearest_agrees_with_slow_search(seed: int) -> None:
    draw = np.random.default_rng(seed)
    t, c = np.sort(draw.random(30))[::-1].copy(), np.sort(draw.random(50))
    free, slow = set(range(len(c))), []
    for score in t:
        best = min(free, key=lambda j: abs(c[j] - score), default=-1)
        slow.append(best if best >= 0 and abs(c[best] - score) <= 0.1 else -1)
        free.discard(slow[-1])
    assert match.nearest(t, c, 1, 0.1)[:, 0].tolist() == slow


@pytest.mark.parametrize("seed", range(20))
def test_radius_and_kernel_agree_with_slow_sums(seed: int) -> None:
    draw = np.random.default_rng(seed)
    t, c = np.sort(draw.random(30)), np.sort(draw.random(50))
    gap = np.abs(t[:, None] - c[None, :])
    for fast, shape in (
        (match.radius, (gap <= 0.05).astype(float)),
        (match.kernel, np.maximum(0, 1 - (gap / 0.05) ** 2)),
    ):
        total = shape.sum(1, keepdims=True)
        share = np.divide(shape, total, out=np.zeros_like(shape), where=total > 1e-9)
        of_t, of_c = fast(t, c, 0.05)
        assert np.allclose(of_c, share.sum(0), atol=1e-9)
        assert np.array_equal(of_t > 0, total[:, 0] > 1e-9)


def test_estimate_fills_missing_covariates_and_says_so() -> None:
    table = pa.table(
        {
            "t": ["yes", "no", "yes", "no", "yes", "no", "no", None],
            "y": [1.0, 2, 3, 4, 5, 6, 7, 8],
            "a": [1.0, 2, None, 3, 5, 1, 4, 1],
        }
    )
    made = design(table, "t", "y", ["a"])
    assert (made.left_out, made.filled, made.names) == (1, {"a": 1}, ("a", "a missing"))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"treat": [1] * 6, "y": [0] * 6, "a": [1, 2, 3, 4, 5, 6]}, "no comparison person"),
        ({"treat": [0, 0, 0, 1, 1, 1], "y": [0] * 6, "a": [1, 2, 3, 4, 5, 6]}, "separation"),
        ({"treat": [0, 1] * 3, "y": [0] * 6, "a": [1] * 6}, "every covariate is constant"),
        ({"treat": [0, 1, 2] * 2, "y": [0] * 6, "a": [1, 2, 3, 4, 5, 6]}, "write the treatment"),
    ],
)
def test_estimate_gives_no_number_where_there_is_none(columns: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        estimate(design(pa.table(columns), "treat", "y", ["a"]), "nearest")


def test_lab_estimate_prints_what_the_contract_names(tally: Callable[..., Any], tmp_path: Path) -> None:
    csv.write_csv(people(), tmp_path / "people.csv")
    run = tally(
        "lab", "estimate", tmp_path / "people.csv", "--treatment", "treat", "--outcome", "y", "--covariates",
        "age,area", "--method", "nearest", "--calliper", "0.2", "--json",
    )  # fmt: skip
    assert run.code == 0
    assert {
        "estimate", "standard_error", "ci_low", "ci_high", "p_value", "method", "n_treated", "n_comparison",
        "ess_comparison", "smd",
    } <= set(json.loads(run.out))  # fmt: skip
    assert (
        tally(
            "lab",
            "estimate",
            tmp_path / "absent.csv",
            "--treatment",
            "t",
            "--outcome",
            "y",
            "--covariates",
            "a",
        ).code
        == 2
    )


def test_inverse_weights_and_their_error_agree_with_the_stacked_equations() -> None:
    data = design(people(700), "treat", "y", ["age", "area"])
    found = estimate(data, "ipw")
    t, y, x = data.treated, data.outcome, np.column_stack([np.ones(700), data.x])
    p = fit(data.x, t).probability
    odds = np.where(t, 1, p / (1 - p))
    own, other = y[t].mean(), np.average(y[~t], weights=odds[~t])
    assert found.estimate == pytest.approx(own - other)
    equations = np.column_stack([x * (t - p)[:, None], t * (y - own), ~t * odds * (y - other)])
    slope = np.zeros((5, 5))
    slope[:3, :3] = (x * (p * (1 - p))[:, None]).T @ x
    slope[3, 3], slope[4, 4], slope[4, :3] = t.sum(), odds[~t].sum(), -(~t * odds * (y - other)) @ x
    influence = equations @ np.linalg.inv(slope).T
    assert found.standard_error == pytest.approx(
        np.sqrt(((influence[:, 3] - influence[:, 4]) ** 2).sum()), rel=0.02
    )


def test_few_treated_people_have_a_wider_interval_than_the_normal_law_gives() -> None:
    table = people(1000)
    few = pa.concat_tables(
        [
            table.filter(pa.compute.equal(table["treat"], 1)).slice(0, 12),
            table.filter(pa.compute.equal(table["treat"], 0)),
        ]
    )
    found = estimate(design(few, "treat", "y", ["age"]), "radius", calliper=1)
    assert (
        2.15 < (found.ci_high - found.estimate) / found.standard_error < 2.25
    )  # Student with about 11 degrees: 2.20
