"""Training by the native scorer gives Splink's estimates on the same pairs, whatever the link type."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tallystick.errors import BadInput
from tallystick.linkage.score import blocks as blocking
from tallystick.linkage.score.estimate import Trained, Training, estimate
from tallystick.linkage.score.patterns import possible_pairs, random_pairs, thinned

EM = ("l.dob = r.dob", "l.first_name = r.first_name and l.surname = r.surname")
SURE = ("l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",)
EVERY = Training(EM, SURE, 0.7, random_pairs=10**9, em_pairs=10**9)


def people(seed: int, count: int) -> dict[str, pa.Table]:
    """Return two lists of which half are the same people, with errors and gaps."""
    rng = np.random.default_rng(seed)
    names, surnames = (
        [f"n{'aeiou'[i % 5]}{i:02}x" for i in range(40)],
        [f"s{'bdfgk'[i % 5]}{i:03}" for i in range(90)],
    )
    person = [
        (
            names[rng.integers(40)],
            surnames[rng.integers(90)],
            f"19{rng.integers(50, 99)}-0{rng.integers(1, 9)}-1{rng.integers(9)}",
        )
        for _ in range(count * 2)
    ]
    tables = {}
    for name, members in (("x", range(count)), ("y", range(count // 2, count // 2 + count))):
        rows = []
        for number in members:
            first, last, born = person[number]
            if rng.random() < 0.1:
                last = last[:-1] + "z"
            if rng.random() < 0.06:
                last = surnames[rng.integers(90)]
            if rng.random() < 0.1:
                first = names[rng.integers(40)]
            if rng.random() < 0.1:
                first = first[:-1] + "y"
            rows.append(
                {
                    "record_id": f"{name}{number}",
                    "first_name": first,
                    "surname": None if rng.random() < 0.05 else last,
                    "dob": born,
                    "place": f"p{number % 7 if rng.random() < 0.8 else rng.integers(7)}",
                }
            )
        tables[name] = pa.Table.from_pylist(rows)
    return tables


def settings(link_type: str) -> dict[str, Any]:
    import splink.comparison_library as cl
    from splink import SettingsCreator

    return dict(
        SettingsCreator(
            link_type=link_type,
            unique_id_column_name="record_id",
            comparisons=[
                cl.JaroWinklerAtThresholds("first_name", [0.9]).configure(term_frequency_adjustments=True),
                cl.LevenshteinAtThresholds("surname", [1]),
                cl.ExactMatch("dob"),
                cl.ExactMatch("place"),
            ],
            blocking_rules_to_generate_predictions=list(EM),
            max_iterations=400,
            em_convergence=1e-10,
        ).create_settings_dict("duckdb")
    )


def by_splink(tables: dict[str, pa.Table], model: dict[str, Any]) -> dict[str, Any]:
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI()
    frames = [api.register(table, dataset_display_name=name) for name, table in tables.items()]
    linker = Linker(frames if len(frames) > 1 else frames[0], model, log_level=None)
    linker.training.estimate_probability_two_random_records_match(list(SURE), recall=0.7)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=1e9, seed=1, min_count_per_level=None, num_chunks=1
    )
    for rule in EM:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    return dict(linker.misc.save_model_to_json())


def probabilities(model: dict[str, Any]) -> list[float]:
    return [model["probability_two_random_records_match"]] + [
        level[which]
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
        for which in ("m_probability", "u_probability")
    ]


@pytest.mark.parametrize("link_type", ["dedupe_only", "link_only", "link_and_dedupe"])
def test_estimates_equal_splinks_on_the_same_pairs(link_type: str) -> None:
    tables = people(7, 400)
    if link_type == "dedupe_only":
        tables = {"x": pa.concat_tables(tables.values())}
    model = settings(link_type)
    mine = estimate(tables, model, EVERY).settings
    np.testing.assert_allclose(
        probabilities(mine), probabilities(by_splink(tables, model)), rtol=2e-5, atol=1e-8
    )


def trained(training: Training, seed: int = 3) -> Trained:
    return estimate(people(seed, 600), settings("link_only"), training)


def test_a_sample_comes_near_and_a_seed_gives_the_same() -> None:
    few = Training(EM, SURE, 0.7, random_pairs=40_000, em_pairs=250)
    whole, one, again = trained(EVERY), trained(few), trained(few)
    assert one == again
    assert one.random_pairs == 40_000
    assert 180 < one.sessions[0].pairs < 320 < whole.sessions[0].pairs
    np.testing.assert_allclose(probabilities(one.settings), probabilities(whole.settings), atol=0.15)
    assert probabilities(trained(Training(EM, SURE, 0.7, 40_000, 250, seed=2)).settings) != probabilities(
        one.settings
    )


def test_the_model_trained_links() -> None:
    from tallystick.linkage.score import links

    found = links(people(3, 600), trained(EVERY).settings, 0.9).to_pylist()
    right = [link["record_id_l"][1:] == link["record_id_r"][1:] for link in found]
    assert len(found) > 200
    assert np.mean(right) > 0.97


@pytest.mark.parametrize(
    ("rules", "sure", "recall", "says"),
    [
        (("l.dob = r.dob",), (), None, "Every rule of training reads a column of the comparison dob"),
        (("l.dob = r.place", *EM), (), None, "holds no pairs"),
        (("l.dob == = r.dob",), (), None, "not SQL that can be read"),
        (EM, ("l.place = r.place",), 0.01, "more than a recall of 0.01 allows"),
        (EM, ("l.dob = r.place",), 0.7, "The sure rules hold no pairs"),
        ((*EM, "l.shoe = r.shoe"), (), None, "columns do not give"),
    ],
)
def test_bad_rules_are_told(
    rules: tuple[str, ...], sure: tuple[str, ...], recall: float | None, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        trained(Training(rules, sure, recall))


@pytest.mark.parametrize("same", [blocking.TWO_LISTS, blocking.LATER_RECORD, blocking.LATER_SOURCE])
def test_random_pairs_are_those_that_the_link_type_allows(same: int) -> None:
    sizes = (30, 50) if same == blocking.TWO_LISTS else (20, 30, 40)
    source = np.repeat(np.arange(len(sizes)), sizes)
    records = sum(sizes)
    allowed = [
        (a, b) for a, b in itertools.combinations(range(records), 2)
        if same == blocking.LATER_RECORD or source[a] != source[b]
    ]  # fmt: skip
    assert possible_pairs(sizes, same) == len(allowed)
    drawn = random_pairs(sizes, same, 800, 1).ranges
    pairs = list(zip(drawn[:, 0].tolist(), drawn[:, 2].tolist(), strict=True))
    assert len(pairs) == 800
    assert set(pairs) <= set(allowed)
    # Each pair is as likely as any other: the firsts' mean is that of all pairs, within five standard errors.
    firsts = np.array([a for a, _ in allowed])
    assert abs(drawn[:, 0].mean() - firsts.mean()) < 5 * firsts.std() / np.sqrt(800)


def test_a_thinned_block_keeps_whole_records_and_about_the_pairs_asked_for() -> None:
    codes = np.array([[k % 5] for k in range(2_000)], dtype=np.int32)
    rule = blocking.Rule(((0, 0),), 0, 0, "k")
    found = blocking.blocks(codes, rule, (2_000,), blocking.LATER_RECORD)
    few = thinned(found, blocking.LATER_RECORD, 40_000, 1)
    assert abs(few.total - 40_000) < 8_000
    for left, left_end, right, right_end in few.ranges[:50]:
        assert left_end == left + 1 == right
        assert {int(codes[few.order_l[place], 0]) for place in (left, right, right_end - 1)} == {
            int(codes[few.order_l[left], 0])
        }
