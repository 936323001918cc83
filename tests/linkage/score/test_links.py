"""The native engine gives the pairs and weights that Splink gives on the same trained model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.linkage import engine_splink, engines
from tallystick.linkage.score import NotKnown, links
from trained import CONDITIONS, RULES, model, table


def assert_same(tables: dict[str, pa.Table], trained: dict[str, Any], threshold: float) -> None:
    mine = links(tables, trained, threshold)
    theirs = engine_splink.links(tables, trained, threshold)
    pairs = mine.column_names[:4]
    assert mine.select(pairs).to_pylist() == theirs.select(pairs).to_pylist()
    np.testing.assert_allclose(mine["match_weight"], theirs["match_weight"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(mine["match_probability"], theirs["match_probability"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", CONDITIONS)
def test_links_equal_splinks_for_each_kind_of_level(name: str) -> None:
    rng = np.random.default_rng(len(name))
    tables = {"x": table(rng, 40, "x"), "y": table(rng, 50, "y")}
    assert_same(tables, model(CONDITIONS[name], list(RULES[:2]), "link_only", tf=True), 0.0)
    assert_same(tables, model(CONDITIONS[name], list(RULES[:2]), "link_and_dedupe", tf=True), 0.06)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(sorted(CONDITIONS)),
    rules=st.lists(st.sampled_from(RULES), min_size=1, max_size=4, unique=True),
    link_type=st.sampled_from(["dedupe_only", "link_only", "link_and_dedupe"]),
    sources=st.integers(2, 3),
    tf=st.booleans(),
    threshold=st.sampled_from([0.0, 0.02, 0.3, 0.9]),
)
def test_links_equal_splinks_on_any_model(
    seed: int, name: str, rules: list[str], link_type: str, sources: int, tf: bool, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    count = 1 if link_type == "dedupe_only" else sources
    tables = {"xyz"[i]: table(rng, int(rng.integers(2, 30)), "xyz"[i]) for i in range(count)}
    assert_same(tables, model(CONDITIONS[name], rules, link_type, tf), threshold)


WORDS = st.lists(
    st.one_of(
        st.text(st.sampled_from("abcé日ö' "), max_size=6),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    ),
    min_size=3,
    max_size=9,
    unique=True,
)


@pytest.mark.parametrize("name", CONDITIONS)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=WORDS, seed=st.integers(0, 10_000))
def test_links_equal_splinks_on_texts_of_any_alphabet(name: str, words: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    tables = {"x": table(rng, 25, "x", words), "y": table(rng, 25, "y", words)}
    assert_same(tables, model(CONDITIONS[name], list(RULES[:2]), "link_only", tf=True), 0.0)


def test_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    tables = {"x": table(rng, 60, "x"), "y": table(rng, 60, "y")}
    turned = {name: one.take(pa.array(rng.permutation(60))) for name, one in tables.items()}
    trained = model(CONDITIONS["jaro"], list(RULES), "link_and_dedupe", tf=True)
    assert links(tables, trained, 0.1).equals(links(turned, trained, 0.1))


def test_a_level_that_is_not_known_is_named_and_goes_to_splink() -> None:
    rng = np.random.default_rng(4)
    tables = {"x": table(rng, 20, "x"), "y": table(rng, 20, "y")}
    trained = model('ABS("n_l" - "n_r") / "n_r" < 0.1', list(RULES[:1]), "link_only", tf=False)
    with pytest.raises(NotKnown, match="n_l"):
        links(tables, trained, 0.1)
    with pytest.warns(UserWarning, match="goes to Splink"):
        found = engines.links("native", tables, trained, 0.1, id_column="record_id")
    assert found.equals(engine_splink.links(tables, trained, 0.1))


def test_bad_input_is_told_without_a_value() -> None:
    rng = np.random.default_rng(5)
    x, y = table(rng, 20, "x"), table(rng, 20, "y")
    good = model(CONDITIONS["exact"], list(RULES[:1]), "link_only", tf=False)
    untrained = model(CONDITIONS["exact"], list(RULES[:1]), "link_only", tf=False)
    del untrained["comparisons"][0]["comparison_levels"][1]["m_probability"]
    cases = [
        ("not trained", {"x": x, "y": y}, untrained),
        ("columns do not give", {"x": x.drop_columns(["a"]), "y": y}, good),
        ("no column record_id", {"x": x.drop_columns(["record_id"]), "y": y}, good),
        ("ids repeat", {"x": pa.concat_tables([x, x]), "y": y}, good),
        ("no records", {"x": x.slice(0, 0), "y": y}, good),
        ("another type", {"x": x.set_column(1, "a", pa.array([1] * 20)), "y": y}, good),
        ("not Splink settings", {"x": x, "y": y}, {"hello": 1}),
    ]
    for expected, tables, trained in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(BadInput, match=expected) as raised:
                links(tables, trained, 0.1)
        assert "anna" not in str(raised.value)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('soundexx("a_l") = soundexx("a_r")', "columns do not give"),
        ('nosuch("a_l", "a_r") < 2', "cannot score this model"),
    ],
)
def test_a_function_that_duckdb_does_not_have_is_told(condition: str, said: str) -> None:
    rng = np.random.default_rng(6)
    tables = {"x": table(rng, 20, "x"), "y": table(rng, 20, "y")}
    trained = model(condition, list(RULES[:1]), "link_only", tf=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BadInput, match=said):
            engines.links("native", tables, trained, 0.1, id_column="record_id")


def test_a_frequency_without_a_level_of_exact_agreement_is_told() -> None:
    rng = np.random.default_rng(7)
    trained = model(CONDITIONS["exact"], list(RULES[:1]), "dedupe_only", tf=True)
    trained["comparisons"][1]["comparison_levels"][1]["sql_condition"] = 'levenshtein("a_l", "a_r") <= 0'
    with pytest.raises(BadInput, match="exact agreement"):
        links({"x": table(rng, 20, "x")}, trained, 0.1)


def test_a_block_of_a_thousand_million_pairs_is_refused() -> None:
    many = pa.table({"record_id": pa.array(np.arange(45_000)).cast(pa.string()), "a": ["x"] * 45_000})
    both = many.append_column("b", many["a"]).append_column("g", pa.array([1] * 45_000))
    trained = model(CONDITIONS["exact"], ['l."g" = r."g"'], "dedupe_only", tf=False)
    with pytest.raises(BadInput, match=r"45,000 by 45,000 records into one block"):
        links({"x": both}, trained, 0.1)
