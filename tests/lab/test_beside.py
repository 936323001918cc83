"""What stands beside an estimate: a family of outcomes, a negative control, groups, the links' error, the wording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import csv

from tallystick.errors import BadInput
from tallystick.lab.design import design
from tallystick.lab.estimate import METHODS, Method, Question, answer
from tallystick.lab.family import family, negative_control
from tallystick.lab.link_error import link_error
from tallystick.lab.multiple import holm, interaction
from tallystick.lab.subgroups import subgroups
from tallystick.lab.weigh import Settings, weighting


def people(
    n: int = 3000, *, seed: int = 1, effect: float = -0.1, men: float | None = None, hidden: float = 0.0
) -> pa.Table:
    """Treatment goes with age and with ``hidden`` times an unseen trait, which raises arrests before and after."""
    draw = np.random.default_rng(seed)
    age, trait = draw.normal(30, 8, n), draw.normal(0, 1, n)
    man = draw.random(n) < 0.6
    t = draw.random(n) < 1 / (1 + np.exp(-((age - 36) / 8 + hidden * trait)))
    size = np.where(man, effect if men is None else men, effect)
    chance = np.clip(0.4 - (age - 30) / 100 + 0.1 * trait, 0.02, 0.98)
    y = draw.random(n) < np.clip(chance + size * t, 0, 1)
    before = draw.random(n) < chance
    columns: dict[str, Any] = {"age": age, "sex": np.where(man, "M", "F"), "t": t.astype(int)}
    return pa.table(columns | {"y": y.astype(int), "before": before.astype(int)})


@pytest.mark.parametrize("method", METHODS)
def test_family_gives_the_primary_outcome_its_own_estimate(method: Method) -> None:
    """The same outcome, and the same with others beside it and some values unknown, by every method's weights."""
    table = people()
    data, made, found = answer(table, Question("t", "y", ["age", "sex"], method=method))
    some = np.where(np.arange(len(data.outcome)) % 5 == 0, np.nan, data.outcome)
    same, part, nobody = family(
        data, made, {"same": data.outcome, "part": some, "none": np.full_like(some, np.nan)}
    )
    assert same.estimate == pytest.approx(found.estimate, abs=1e-12)
    assert same.standard_error == pytest.approx(found.standard_error, abs=1e-12)
    assert part.estimate is not None
    assert part.estimate == pytest.approx(found.estimate, abs=3 * found.standard_error)
    assert nobody.estimate is None
    assert [same.p_holm, part.p_holm] == holm([same.p_value or 0, part.p_value or 0])


def test_family_with_strata_whose_comparison_people_are_not_known() -> None:
    table = people()
    data = design(table, "t", "y", ["age"], ["sex"])
    unknown = (np.array(table["sex"]) == "M") & ~data.treated
    for method in ("radius", "cem", "entropy"):
        made = weighting(data, method, Settings())  # type: ignore[arg-type]
        (one,) = family(data, made, {"y": np.where(unknown, np.nan, data.outcome)})
        assert one.n_treated < data.treated.sum()
        assert one.standard_error is not None
        assert one.standard_error > 0


def test_negative_control_finds_what_is_hidden() -> None:
    for hidden, passed in ((0.0, True), (1.5, False)):
        table = people(6000, hidden=hidden)
        data, made, _ = answer(table, Question("t", "y", ["age", "sex"]))
        found = negative_control(data, made, "before", np.array(table["before"], float))
        assert found.passed is passed
        assert ("not among the covariates" in found.words) is not passed
    assert negative_control(data, made, "before", np.full(len(data.outcome), np.nan)).passed is None


def test_subgroups_are_estimated_apart_and_tested_together() -> None:
    asked = Question("t", "y", ["age", "sex"], method="entropy")
    same = subgroups(people(20_000, seed=3), "sex", asked)
    unlike = subgroups(people(20_000, seed=3, effect=0.0, men=-0.2), "sex", asked)
    assert same.interaction_p is not None
    assert same.interaction_p > 0.05
    assert unlike.interaction_p is not None
    assert unlike.interaction_p < 1e-4
    assert "differs by sex" in unlike.words
    women, men = unlike.groups
    assert (women.group, men.group) == ("F", "M")
    assert women.estimate is not None
    assert women.standard_error is not None
    assert men.estimate is not None
    assert men.standard_error is not None
    assert unlike.interaction_p == interaction(
        [women.estimate, men.estimate], [women.standard_error, men.standard_error]
    )
    assert [women.p_holm, men.p_holm] == holm([women.p_value or 0, men.p_value or 0])


def test_subgroups_too_small_stay_with_their_reason() -> None:
    table = people(3000)
    area = np.array(["north"] * 2960 + ["south"] * 40)
    found = subgroups(table.append_column("area", pa.array(area)), "area", Question("t", "y", ["age"]))
    assert [bool(one.fault) for one in found.groups] == [False, True]
    assert found.interaction_p is None
    with pytest.raises(BadInput, match="1 groups"):
        subgroups(table.append_column("area", pa.array(["a"] * 3000)), "area", Question("t", "y", ["age"]))


def links(draw: np.random.Generator, n: int, p: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outcomes of ``n`` treated, 20 % against 35 % in the comparison group, of whom a wrong link shows one of the latter."""
    right = draw.random(n) < p
    return (draw.random(n) < np.where(right, 0.20, 0.35)).astype(float), np.full(n, p)


def test_link_error_undoes_the_weakening_and_holds_the_truth() -> None:
    """Over 2,000 draws with nine links in ten right the plain interval is wrong more often than the corrected one."""
    draw = np.random.default_rng(5)
    held, plain, n = 0, 0, 2000
    for _ in range(2000):
        y, p = links(draw, n, 0.85)
        rest = (draw.random(4 * n) < 0.35).mean()
        effect = y.mean() - rest
        error = float(np.sqrt(y.var() / n + rest * (1 - rest) / (4 * n)))
        found = link_error(float(effect), error, np.ones(n), p)
        held += found.ci_low <= -0.15 <= found.ci_high
        plain += abs(effect + 0.15) <= 1.96 * error
    assert 0.93 < held / 2000 < 0.97
    assert plain / 2000 < 0.65


def test_link_error_adds_what_a_review_does_not_know() -> None:
    sure = link_error(-0.1, 0.02, np.ones(100), np.ones(100))
    assert (sure.estimate, sure.standard_error) == (-0.1, 0.02)
    assert sure.share_of_variance == 0
    loose = link_error(-0.1, 0.02, np.ones(100), np.ones(100), precision_error=0.1)
    assert loose.standard_error == pytest.approx(np.hypot(0.02, 0.1 * 0.1))
    mixed = link_error(-0.1, 0.02, np.ones(100), np.ones(100), contamination=0.2)
    assert mixed.estimate == pytest.approx(-0.125)
    for bad in (np.full(100, 0.3), np.full(100, np.nan), np.full(100, 1.5)):
        with pytest.raises(BadInput):
            link_error(-0.1, 0.02, np.ones(100), bad)


def test_lab_estimate_prints_what_stands_beside_it(tally: Callable[..., Any], tmp_path: Path) -> None:
    table = people()
    treated = np.array(table["t"]) == 1
    table = table.append_column("link", pa.array(np.where(treated, 0.9, np.nan), from_pandas=True))
    csv.write_csv(table.append_column("cost", pa.array(np.arange(3000) % 7)), tmp_path / "people.csv")
    words = (
        "lab", "estimate", tmp_path / "people.csv", "--treatment", "t", "--outcome", "y", "--covariates", "age,sex",
        "--secondary", "cost", "--subgroups", "sex", "--negative-control", "before", "--link-probability", "link",
    )  # fmt: skip
    found = json.loads(tally(*words, "--json").out)
    assert found["link_error"]["estimate"] == pytest.approx(found["estimate"] / 0.9)
    assert found["negative_control"]["found"]["outcome"] == "before"
    assert [one["outcome"] for one in found["secondary"]] == ["cost"]
    assert [one["group"] for one in found["subgroups"][0]["groups"]] == ["F", "M"]
    assert {"gamma", "lambda_ci", "e_value", "e_value_ci"} <= set(found["sensitivity"])
    text = tally(*words).out
    for said in (
        "Doubly robust",
        "secondary outcome",
        "test of interaction",
        "cannot have changed",
        "90.0% of the links",
    ):
        assert said in text
    for bad in ("nothing", "age", "t", "y"):
        assert tally(*words[:9], "--negative-control", bad).code == 2
        assert tally(*words[:9], "--secondary", bad).code == 2
    assert tally(*words[:9], "--link-probability", "before").code == 2
