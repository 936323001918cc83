"""Times to an event: against statsmodels, against slow sums, and on Rossi's released prisoners."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyarrow import csv
from scipy.optimize import minimize
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from tallystick.errors import BadInput
from tallystick.lab.survival import cox, curve, log_rank, survival

Floats = NDArray[np.float64]


def times(seed: int, n: int = 200) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_], Floats, Floats]:
    """Times with many ties, events, arms, weights and covariates."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2))
    treated = draw.random(n) < 0.4
    time = np.ceil(draw.exponential(8 * np.exp(0.5 * treated - 0.3 * x[:, 0])))
    return np.minimum(time, 15), (time <= 15) & (draw.random(n) < 0.9), treated, draw.uniform(0.2, 3, n), x


@pytest.mark.parametrize("seed", range(4))
def test_without_weights_all_are_those_of_statsmodels(seed: int) -> None:
    time, event, treated, _, x = times(seed)
    ones = np.ones(len(time))
    both = np.column_stack([treated, x])
    theirs = PHReg(time, both, event.astype(int), ties="efron").fit()
    beta, error = cox(time, event, both, ones)
    assert beta == pytest.approx(theirs.params, abs=1e-5)
    assert error == pytest.approx(theirs.bse, rel=1e-3)
    assert log_rank(time, event, treated, ones) == pytest.approx(survdiff(time, event.astype(int), treated))
    km = SurvfuncRight(time, event.astype(int))
    assert curve(time, event, ones, km.surv_times) == pytest.approx(km.surv_prob)


@pytest.mark.parametrize("seed", range(4))
def test_weighted_cox_is_the_top_of_the_weighted_likelihood(seed: int) -> None:
    """Efron's likelihood, written out death by death, the weight of those who tie being their mean."""
    time, event, treated, w, x = times(seed, 60)
    both = np.column_stack([treated, x])

    def loss(beta: Floats) -> float:
        eta = both @ beta
        risk, total = w * np.exp(eta), 0.0
        for moment in np.unique(time[event]):
            dying = event & (time == moment)
            d = int(dying.sum())
            total += float(w[dying] @ eta[dying])
            for k in range(d):
                total -= w[dying].mean() * np.log(risk[time >= moment].sum() - k / d * risk[dying].sum())
        return -total

    assert cox(time, event, both, w)[0] == pytest.approx(minimize(loss, np.zeros(3), tol=1e-10).x, abs=1e-4)


def test_robust_error_is_that_of_leaving_each_person_out() -> None:
    time, event, treated, w, _ = times(9, 400)
    arm = treated[:, None].astype(float)
    _, error = cox(time, event, arm, w)
    rows = np.arange(len(time))
    without = [cox(time[k], event[k], arm[k], w[k])[0][0] for k in (rows != i for i in rows)]
    jackknife = np.sqrt((len(rows) - 1) * np.var(without))
    assert error[0] == pytest.approx(jackknife, rel=0.03)


def test_weighted_curve_and_log_rank_of_weights_that_stand_for_people() -> None:
    """A comparison person who counts twice is two people to the curve; the test knows that it is one."""
    time, event, treated, _, _ = times(2)
    twice = np.where(treated, 1.0, 2.0)
    rows = np.repeat(np.arange(len(time)), twice.astype(int))
    at = np.arange(16.0)
    assert curve(time[~treated], event[~treated], twice[~treated], at) == pytest.approx(
        curve(time[rows][~treated[rows]], event[rows][~treated[rows]], np.ones((~treated[rows]).sum()), at)
    )
    plain, doubled = log_rank(time, event, treated, np.ones(len(time))), log_rank(time, event, treated, twice)
    copied = log_rank(time[rows], event[rows], treated[rows], np.ones(len(rows)))
    assert doubled[0] < copied[0]
    assert doubled[0] == pytest.approx(plain[0], rel=0.25)


def test_rossi(shared_data: Path) -> None:
    """22.2 against 30.6 % arrested, log-rank 3.84, hazard ratio 0.684 beside six covariates."""
    rossi = csv.read_csv(shared_data / "rearrest" / "rossi.csv")
    names = ("fin", "arrest", "week", "age", "race", "wexp", "mar", "paro", "prio")
    aid, arrest, week, *others = (rossi[name].to_numpy().astype(float) for name in names)
    found = survival(week, arrest == 1, aid == 1, np.ones(len(week)), np.column_stack(others))
    assert found.log_rank == pytest.approx(3.84, abs=5e-3)
    assert found.log_rank_p == pytest.approx(0.0501, abs=5e-4)
    assert found.adjusted is not None
    assert found.adjusted.ratio == pytest.approx(0.684, abs=5e-4)
    assert found.adjusted.p_value == pytest.approx(0.047, abs=1e-3)
    end = found.curve[-1]
    assert (1 - end[1], 1 - end[2]) == pytest.approx((0.222, 0.306), abs=5e-4)


def test_rossi_by_the_command(tally: Callable[..., Any], shared_data: Path) -> None:
    run = tally(
        "lab", "estimate", shared_data / "rearrest" / "rossi.csv", "--treatment", "fin", "--outcome", "arrest",
        "--covariates", "age,race,wexp,mar,paro,prio", "--method", "overlap", "--time", "week", "--json",
    )  # fmt: skip
    found = json.loads(run.out)["survival"]
    assert found["adjusted"]["ratio"] == pytest.approx(0.684, abs=5e-4)
    assert 0.4 < found["hazard"]["ci_low"] < found["hazard"]["ratio"] < 1


def test_times_that_tell_nothing_give_no_number() -> None:
    time, event, treated, w, x = times(1)
    for bad in (-time, np.where(time > 5, np.nan, time), np.where(time > 5, np.inf, time)):
        with pytest.raises(BadInput):
            survival(bad, event, treated, w, x)
    for nobody in (event & treated, event & ~treated, event & False):
        with pytest.raises(BadInput):
            survival(time, nobody, treated, w, x)
    # the event tells the arms apart: no adjusted ratio, and the curve stands
    with pytest.raises(BadInput):
        cox(np.where(treated, 1.0, 2.0), treated, np.column_stack([treated]), np.ones(len(time)))
