"""Pairs, weights and balance are those of MatchIt on its own example data; `matchit/make.R` says how its numbers were made."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from numpy.typing import NDArray

from tallystick.lab import balance, match
from tallystick.lab.design import Design, design
from tallystick.lab.propensity import fit
from tallystick.lab.weigh import Settings, weighting

HERE = Path(__file__).with_name("matchit")
COVARIATES = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]
RAW = 0.02  # a calliper that MatchIt was given on the propensity itself

CASES: dict[str, tuple[Settings, tuple[str, ...]]] = {
    "nearest": (Settings(np.inf, distance="propensity"), ()),
    "nearest_ratio2": (Settings(np.inf, 2, distance="propensity"), ()),
    "nearest_replace": (Settings(np.inf, replace=True, distance="propensity"), ()),
    "nearest_calliper": (Settings(0.2, distance="propensity"), ()),
    "nearest_calliper_raw": (Settings(RAW, distance="propensity"), ()),
    "nearest_calliper_ratio2": (Settings(0.1, 2, distance="propensity"), ()),
    "nearest_replace_calliper": (Settings(0.02, replace=True, distance="propensity"), ()),
    "nearest_logit": (Settings(np.inf), ()),
    "nearest_logit_calliper": (Settings(0.2), ()),
    "nearest_exact": (Settings(np.inf, distance="propensity"), ("race",)),
    "nearest_exact_calliper": (Settings(0.25), ("race", "married")),
    "nearest_exact_ratio2": (Settings(0.5, 2, distance="propensity"), ("race", "nodegree")),
    "nearest_exact_replace": (Settings(np.inf, replace=True, distance="propensity"), ("race", "nodegree")),
    "cem": (Settings(), ()),
}


def column(file: str, name: str) -> NDArray[np.float64]:
    with (HERE / file).open(encoding="utf-8") as lines:
        return np.array([float(row[name]) for row in csv.DictReader(lines)])


def pairs(case: str) -> set[tuple[int, int]]:
    with (HERE / "pairs.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["case"] == case]
    return {(int(row["treated"]) - 1, int(row["comparison"]) - 1) for row in rows}


def made(exact: tuple[str, ...] = ()) -> Design:
    table = pa.csv.read_csv(HERE / "lalonde.csv")
    return design(table, "treat", "re78", COVARIATES, exact)


def test_propensity_is_that_of_glm() -> None:
    # R's glm stops at a relative change of 1e-8 in the deviance
    data = made()
    assert np.abs(fit(data.x, data.treated).probability - column("weights.csv", "propensity")).max() < 1e-8


@pytest.mark.parametrize("case", CASES)
def test_weights_pairs_and_balance_are_those_of_matchit(case: str) -> None:
    settings, exact = CASES[case]
    data = made(exact)
    if case == "nearest_calliper_raw":
        spread = float(fit(data.x, data.treated).probability.std(ddof=1))
        settings = Settings(RAW / spread, distance="propensity")
    found = weighting(data, "cem" if case == "cem" else "nearest", settings)
    ours, theirs = found.weights.copy(), column("weights.csv", case)
    # MatchIt lets comparison weights sum to the number of comparison people used
    rest = ~data.treated
    ours[rest] *= (ours[rest] > 0).sum() / ours[rest].sum()
    assert np.abs(ours - theirs).max() < 1e-8
    if found.classes is not None and case != "cem":
        assert {(found.classes[j], j) for j in np.flatnonzero(rest & (ours > 0))} == pairs(case)
    assert_balance(case, data, found.weights)


def test_balance_before_is_that_of_matchit() -> None:
    data = made()
    assert_balance("before", data, np.ones(len(data.treated)))


@pytest.mark.parametrize("order", ["smallest", "data"])
def test_nearest_in_another_order_is_that_of_matchit(order: str) -> None:
    data = made()
    score = fit(data.x, data.treated).probability
    ti, ci = np.flatnonzero(data.treated), np.flatnonzero(~data.treated)
    ci = ci[np.argsort(score[ci], kind="stable")]
    if order == "smallest":
        ti = ti[np.argsort(score[ti], kind="stable")]
    found = match.nearest(score[ti], score[ci], 1, np.inf)[:, 0]
    assert set(zip(ti, ci[found], strict=True)) == pairs(f"nearest_{order}")


def assert_balance(case: str, data: Design, weights: NDArray[np.float64]) -> None:
    with (HERE / "balance.csv").open(encoding="utf-8") as lines:
        theirs = {row["covariate"]: row for row in csv.DictReader(lines) if row["case"] == case}
    mean, most = balance.ecdf(data.x, data.treated, weights)
    ours = {
        "smd": balance.smd(data.x, data.treated, weights),
        "variance_ratio": balance.variance_ratio(data.x, data.treated, weights),
        "ecdf_mean": mean,
        "ecdf_max": most,
    }
    for place, name in enumerate(data.names):
        row = theirs[name.replace("=", "")]
        for measure, values in ours.items():
            expected = np.nan if row[measure] in ("NA", "NaN") else float(row[measure])
            assert values[place] == pytest.approx(expected, abs=1e-8, nan_ok=True), (name, measure)
