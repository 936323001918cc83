"""The choice of a specification: blind to outcomes, everything tried listed; what cannot be answered is said plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tallystick.errors import BadInput
from tallystick.lab.evaluate import evaluate
from tallystick.lab.request import Request, parse
from tallystick.lab.specify import search

AREAS = ("North", "South", "East", "West")


def people(n: int = 900, seed: int = 4) -> pa.Table:
    """Return an analysis table: the treated live in two areas, are younger, and a third of everybody was assessed."""
    draw = np.random.default_rng(seed)
    age, area = draw.normal(35, 9, n), draw.integers(0, 4, n)
    chance = 1 / (1 + np.exp(1.2 + 0.04 * (age - 35) + 9 * (area > 1)))
    treated = draw.random(n) < chance
    scored = draw.random(n) < 0.4
    return pa.table(
        {
            "treated": treated,
            "age_at_index": age,
            "prior_offences": draw.poisson(4, n),
            "area": np.array(AREAS)[area],
            "sex": draw.choice(["M", "F"], n),
            "reoffending_score": pa.array(np.where(scored, draw.normal(50, 9, n), np.nan), from_pandas=True),
            "reoffended": draw.random(n) < 0.3 - 0.05 * treated,
            "link_probability": pa.array(np.where(treated, 0.97, np.nan), from_pandas=True),
        }
    )


def request(**changes: Any) -> Request:
    made = {"id": "a", "title": "t", "programme": "p", "methods": ["radius", "entropy"]}
    return parse(made | changes, "request.toml")


def changed(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    return table


def test_the_choice_does_not_look_at_outcomes() -> None:
    table, asked = people(), request(callipers=[0.05, 0.2], covariate_sets={"short": ["age_at_index"]})
    found = search(table, asked)
    for outcome in (pc.invert(table["reoffended"]), [True] * table.num_rows):
        other = search(changed(table, reoffended=outcome), asked)
        assert other.tried == found.tried
    assert sum(one.chosen for one in found.tried) == 1
    # three runs, two sets, radius with two callipers and entropy once
    assert len(found.tried) == 3 * 2 * 3
    assert all(one.worst_smd >= 0 or one.fault for one in found.tried)


def test_runs_look_at_their_own_people() -> None:
    table = people()
    own = {best.specification.run: best.rows for best in search(table, request()).best}
    assert set(own) == {"national", "regional", "assessed"}
    assert own["national"].num_rows == table.num_rows
    assert set(own["regional"]["area"].to_pylist()) == {"North", "South"}
    assert own["assessed"]["reoffending_score"].null_count == 0
    assert "reoffending_score" in next(
        best.data.names for best in search(table, request()).best if best.specification.run == "assessed"
    )


def test_a_covariate_left_out_does_not_look_balanced() -> None:
    """A set without age leaves age unlike, and is judged on age too."""
    table = people()
    found = search(
        table, request(methods=["entropy"], runs=["national"], covariate_sets={"no age": ["prior_offences"]})
    )
    by_name = {one.specification.covariates: one for one in found.tried}
    assert by_name["all"].worst_smd < 0.01 < 0.1 < by_name["no age"].worst_smd
    assert by_name["all"].chosen


def test_wrong_links_and_all_runs_are_in_the_answer() -> None:
    found = evaluate(people(), request(subgroups=["sex"]))
    assert {one.specification.run for one in found.runs} == {"national", "regional", "assessed"}
    assert not isinstance(found.linked, str)
    assert abs(found.linked.estimate) > abs(found.estimate.estimate)
    assert found.linked.precision == pytest.approx(0.97)
    assert {group.group for said in found.subgroups for group in said.groups} == {"M", "F"}


def test_an_empty_column_of_the_published_list_is_passed_over() -> None:
    table = changed(people(), prior_offences=pa.nulls(900, pa.int64()))
    assert all("prior_offences" not in best.data.names for best in search(table, request()).best)
    with pytest.raises(BadInput, match="no value"):
        search(table, request(covariates=["age_at_index", "prior_offences"]))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"treated": [True] * 900}, "no comparison person"),
        ({"treated": [False] * 900}, "no treated person"),
        ({"age_at_index": None}, "separation"),
    ],
)
def test_what_cannot_be_answered_is_said(columns: dict[str, Any], words: str) -> None:
    table = people()
    if columns.get("age_at_index", ()) is None:
        columns = {
            "age_at_index": pc.if_else(table["treated"], 20.0, pc.add(pc.abs(table["age_at_index"]), 40.0))
        }
    with pytest.raises(BadInput, match=words):
        evaluate(changed(table, **columns), request(methods=["radius"], runs=["national"]))


def test_one_area_and_a_constant_covariate_are_no_obstacle() -> None:
    table = changed(people(), area=["North"] * 900, sex=["F"] * 900)
    found = evaluate(table, request(subgroups=["sex"]))
    assert found.subgroups[0].groups == ()
    assert "1 groups" in found.subgroups[0].words
