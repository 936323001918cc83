"""Risk figures against slow, obvious counts and published worked examples."""

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.deidentify.classes import codes, profiles
from tallystick.deidentify.risk import Limits, findings, match_is_right, population_uniques, risk
from tallystick.deidentify.suda import disclosive_scores, special_uniques
from tallystick.errors import BadInput

tables = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 1))),
    min_size=1,
    max_size=40,
)


def as_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table({"age": columns[0], "sex": columns[1], "ill": pa.array(columns[2], pa.int64())})


@given(tables)
def test_risk_agrees_with_counting(rows: list[tuple[Any, ...]]) -> None:
    found = risk(as_table(rows), ["age", "sex"], ["ill"])
    groups = Counter((r[0], r[1]) for r in rows)
    assert found.k == min(groups.values())
    assert found.classes == len(groups)
    assert found.sample_unique == sum(n == 1 for n in groups.values())
    assert found.below_k[5] == sum(n for n in groups.values() if n < 5)
    assert found.expected_prosecutor == pytest.approx(len(groups) / len(rows))
    whole = Counter(r[2] for r in rows)
    distances, kinds = [], []
    for group, n in groups.items():
        here = Counter(r[2] for r in rows if (r[0], r[1]) == group)
        kinds.append(len(here))
        distances.append(sum(abs(here[v] / n - whole[v] / len(rows)) for v in whole) / 2)
    assert found.sensitive[0].l == min(kinds)
    assert found.sensitive[0].t == pytest.approx(max(distances))


@given(tables)
def test_risk_does_not_depend_on_the_order_of_rows(rows: list[tuple[Any, ...]]) -> None:
    assert risk(as_table(rows), ["age", "sex"], ["ill"]) == risk(
        as_table(rows[::-1]), ["age", "sex"], ["ill"]
    )


def test_risk_of_a_whole_population_is_the_same_for_journalist_and_marketer() -> None:
    found = risk(as_table([(1, "a", 0), (1, "a", 1), (2, "b", 0)]), ["age", "sex"])
    assert found.expected_journalist == found.expected_prosecutor == pytest.approx(2 / 3)


def test_expected_journalist_matches_its_sum() -> None:
    """E[1/F | f] summed term by term over the negative binomial."""
    from math import comb

    fraction = 0.3
    found = risk(as_table([(1, "a", 0)] * 2 + [(2, "b", 0)]), ["age", "sex"], sampling_fraction=fraction)

    def slow(f: int) -> float:
        return sum(comb(F - 1, f - 1) * fraction**f * (1 - fraction) ** (F - f) / F for F in range(f, 300))

    assert found.expected_journalist == pytest.approx((2 * slow(2) + slow(1)) / 3)


def test_match_is_right_by_data_intrusion_simulation() -> None:
    assert match_is_right(np.array([0, 10, 5]), 0.5) == pytest.approx(0.5 * 10 / (0.5 * 10 + 2 * 0.5 * 5))
    assert match_is_right(np.array([0, 10, 5]), 1.0) == 1.0
    assert match_is_right(np.array([0]), 0.5) == 0.0


def test_match_is_right_predicts_a_simulated_intruder() -> None:
    random = np.random.default_rng(4)
    population = random.integers(0, 4000, size=20000)
    population_size = np.bincount(population, minlength=4000)
    truth, said = [], []
    for _ in range(40):
        sample = population[random.random(len(population)) < 0.3]
        size = np.bincount(sample, minlength=4000)
        said.append(match_is_right(np.bincount(size)[: size.max() + 1], 0.3))
        once = np.flatnonzero(size == 1)
        truth.append(len(once) / population_size[once].sum())
    assert np.mean(said) == pytest.approx(np.mean(truth), abs=0.01)


def test_population_uniques_of_a_census_are_its_uniques() -> None:
    assert population_uniques(np.array([0, 7, 2]), 1.0) == pytest.approx(7)
    assert 0 < population_uniques(np.array([0, 7, 2]), 0.1) < 7


def test_findings_name_each_limit() -> None:
    rows = [(i % 4, "a", 0) for i in range(8)] + [(9, "b", 1)]
    found = risk(as_table(rows), ["age", "sex"], ["ill"])
    limits = Limits(k=5, l=2, t=0.3, share_unique=0.05, expected_share=0.2)
    assert {f.rule for f in findings(found, limits)} == {
        "risk.k",
        "risk.l",
        "risk.t",
        "risk.unique",
        "risk.expected",
    }
    assert not findings(risk(as_table([(1, "a", 0)] * 5), ["age", "sex"]), Limits())


def test_risk_names_columns_and_fractions_that_do_not_fit() -> None:
    table = as_table([(1, "a", 0)])
    with pytest.raises(BadInput, match="height"):
        risk(table, ["height"])
    with pytest.raises(BadInput, match="fraction"):
        risk(table, ["age"], sampling_fraction=0)


@given(tables)
def test_special_uniques_agree_with_trying_every_subset(rows: list[tuple[Any, ...]]) -> None:
    coded = codes(as_table(rows), ["age", "sex", "ill"])
    found = special_uniques(coded, 2)
    for at, row in enumerate(coded):
        sets = []
        for size in (1, 2):
            for chosen in combinations(range(3), size):
                alone = (coded[:, chosen] == row[list(chosen)]).all(axis=1).sum() == 1
                if alone and not any(set(s) <= set(chosen) for s in sets):
                    sets.append(chosen)
        # worth of a set of m among p=3 with largest 2: the product of (3 - i) for i = m..2
        assert found.score[at] == sum({1: 2 * 1, 2: 1}[len(s)] for s in sets)


def test_disclosive_scores_average_to_the_chance_of_a_right_match() -> None:
    coded = codes(as_table([(1, "a", 0), (2, "a", 0), (3, "b", 1), (3, "b", 1)]), ["age", "sex", "ill"])
    special = special_uniques(coded, 2)
    scores = disclosive_scores(special, 0.3)
    assert scores[scores > 0].mean() == pytest.approx(0.3)
    assert scores[2] == 0


def test_profiles_put_a_person_on_one_row() -> None:
    made = profiles(
        {
            "one": pa.table(
                {"person_id": ["p", "p", "q"], "offence": ["b", "a", "c"], "case": ["1", "2", "3"]}
            ),
            "two": pa.table({"person_id": ["q", "r"], "school": [1, 2]}),
        },
        leave_out=["one.case"],
    )
    assert made.to_pydict() == {
        "person_id": ["p", "q", "r"],
        "one.offence": ["[a, b]", "[c]", None],
        "two.school": [None, "[1]", "[2]"],
    }
