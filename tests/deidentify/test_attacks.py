"""Attacks find what is planted, find little where nothing is, and the proposal is the cheapest that passes."""

from datetime import date, timedelta
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from tallystick.deidentify import extract
from tallystick.deidentify.attacks import attribute_joins, inference, linkability, singling_out
from tallystick.deidentify.classes import profiles
from tallystick.deidentify.proposal import ladder, propose
from tallystick.deidentify.risk import Limits, findings, risk


def population(n: int, seed: int, fine: bool) -> pa.Table:
    random = np.random.default_rng(seed)
    wide = 20000 if fine else 5
    return pa.table(
        {
            "born": random.integers(0, wide, n),
            "area": random.integers(0, 300 if fine else 4, n),
            "sex": random.integers(0, 2, n),
            "secret": random.integers(0, 6, n),
        }
    )


KNOWN = ["born", "area", "sex"]


def test_attacks_succeed_on_fine_detail_and_fail_on_coarse() -> None:
    for fine in (True, False):
        inside, outside = population(800, 1, fine), population(400, 2, fine)
        random = np.random.default_rng(3)
        out = singling_out(inside, outside, KNOWN, random, 200)
        linked = linkability(inside, outside, KNOWN, random, 200)
        told = inference(inside, outside, KNOWN, "secret", random, 200)
        if fine:
            assert out.inside.share > 0.9
            assert linked.risk > 0.7
            assert told.risk > 0.7
        else:
            assert out.inside.share < 0.05
            assert linked.risk < 0.05
            assert told.risk < 0.15
        assert told.outside.interval[0] <= 1 / 6 + 0.05
        assert linked.claims_about_absent is not None


def test_rate_interval_is_wilson() -> None:
    from tallystick.deidentify.attacks import Rate

    low, high = Rate(10, 100).interval
    assert (low, high) == pytest.approx((0.05522914, 0.17436566), abs=1e-6)
    assert Rate(0, 0).interval == (0.0, 1.0)


def test_two_projects_share_nothing_but_attributes() -> None:
    """The obvious joins (value, order, format, prefix, frequency) fail; the attributes' own link is reported."""
    random = np.random.default_rng(5)
    n = 600
    rows = pa.table(
        {
            "supply_key": [f"s{i}" for i in range(n)],
            "offence": [str(v) for v in random.integers(0, 4, n)],
            "offended_on": pa.array(
                [date(2020, 1, 1) + timedelta(int(d)) for d in random.integers(0, 900, n)]
            ),
            "age": random.integers(18, 70, n),
            "case_number": [str(v) for v in random.integers(0, 200, n)],
            "notes": ["x"] * n,
        }
    )
    persons = pa.table(
        {
            "source": ["justice"] * n,
            "supply_key": rows["supply_key"],
            "person_id": [f"P{i // 2}" for i in range(n)],
            "match_probability": random.random(n),
        }
    )
    from tallystick.agreement.project import Project
    from tallystick.agreement.schema import Agreement

    agreement = Agreement.model_validate(
        {
            "agreement": {"id": "s", "kind": "dsa", "purpose": "research"},
            "dataset": [
                {
                    "name": "justice",
                    "supplier": "x",
                    "field": [
                        {"name": "offence", "kind": "attribute"},
                        {"name": "offended_on", "kind": "event-date"},
                        {"name": "age", "kind": "attribute"},
                        {"name": "case_number", "kind": "case-id"},
                    ],
                }
            ],
        }
    )
    fields = [{"name": name} for name in ("offence", "offended_on", "age", "case_number")]
    project = Project.model_validate({"id": "a", "dataset": [{"name": "justice", "field": fields}]})
    tables = [
        extract({"justice": rows}, persons, project, agreement, key * 32).tables["justice"]
        for key in (b"a", b"b")
    ]
    for column in ("person_id", "case_number"):
        here, there = (set(t[column].to_pylist()) for t in tables)
        assert not here & there
        for cut in (8, 12):
            assert not {i[:cut] for i in here} & {i[:cut] for i in there}
            assert not {i[-cut:] for i in here} & {i[-cut:] for i in there}
        assert {len(i) for i in here | there} == {32}
    places = [
        {
            (a, d): at
            for at, (a, d) in enumerate(zip(t["age"].to_pylist(), t["offended_on"].to_pylist(), strict=True))
        }
        for t in tables
    ]
    both = sorted(set(places[0]) & set(places[1]))
    assert abs(np.corrcoef([places[0][k] for k in both], [places[1][k] for k in both])[0, 1]) < 0.15
    alike = [profiles({"justice": t}, ["justice.case_number"]) for t in tables]
    columns = [c for c in alike[0].column_names if c != "person_id"]
    remains = attribute_joins(alike[0], alike[1], columns)
    assert remains.share > 0.9, "attributes alone still join these two, and the report must say so"
    coarse = attribute_joins(
        alike[0].select(["justice.offence"]), alike[1].select(["justice.offence"]), ["justice.offence"]
    )
    assert coarse.share == 0


def people(n: int = 400) -> pa.Table:
    random = np.random.default_rng(8)
    return pa.table(
        {
            "born": pa.array([date(1990, 1, 1) + timedelta(int(d)) for d in random.integers(0, 1500, n)]),
            "height": random.normal(170, 10, n),
            "area": [f"a{v}" for v in random.integers(0, 6, n)],
        }
    )


def test_proposal_is_the_cheapest_of_all_that_pass() -> None:
    table = people()
    limits = Limits(k=5)
    found = propose(table, table.column_names, limits)
    assert found.passes
    assert found.is_least
    assert not findings(found.after, limits)
    ladders = {name: ladder(table[name].combine_chunks()) for name in table.column_names}
    best = min(
        sum(rung.cost for rung in rungs)
        for rungs in product(*ladders.values())
        if not findings(
            risk(pa.table({n: r.column for n, r in zip(ladders, rungs, strict=True)}), list(ladders)), limits
        )
    )
    assert sum(found.cost.values()) == pytest.approx(best, abs=1e-3)


def test_proposal_falls_back_to_the_greedy_walk_and_says_so() -> None:
    table = people()
    found = propose(table, table.column_names, Limits(k=5), most_tried=2)
    assert found.passes
    assert not found.is_least
    assert found.after.k >= 5


def test_proposal_says_when_nothing_passes() -> None:
    found = propose(people(3), ["born", "area"], Limits(k=5))
    assert not found.passes


def test_proposal_costs_nothing_when_nothing_is_wrong() -> None:
    table = pa.table({"sex": ["a", "b"] * 20})
    found = propose(table, ["sex"], Limits(k=5))
    assert found.total_cost == 0
    assert found.details == {"sex": "full"}
