"""Blocking advice counts what a rule would make, and stays within its budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import clean
from tallystick.linkage.advise import advise
from worlds import write_share


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    folder = write_share(tmp_path_factory.mktemp("advise") / "s", people=150) / "supplies"
    text = pc.ConvertOptions(column_types={"dob": pa.string()})
    return {s: pc.read_csv(folder / f"{s}.csv", convert_options=text) for s in ("justice", "education")}


def test_pairs_are_those_that_agree(tables: dict[str, pa.Table]) -> None:
    records = [row for s, t in tables.items() for row in clean.standard(t, "record_id", s).table.to_pylist()]
    for one in advise(tables):
        if set(one.rule) & {"gender"} or len(one.rule) > 2:
            continue
        keys = [tuple(r[c] for c in one.rule) for r in records]
        made = sum(a == b and None not in a for a, b in combinations(keys, 2))
        assert one.pairs == made, one.rule


def test_proposed_rules_fit_the_budget(tables: dict[str, pa.Table]) -> None:
    records = sum(table.num_rows for table in tables.values())
    for budget in (0.0, 1.0, 50.0):
        proposed = [one for one in advise(tables, pairs_per_record=budget) if one.is_proposed]
        assert sum(one.pairs for one in proposed) <= budget * records
    assert len(proposed) > 3
    assert all(0 <= one.found <= 1 for one in advise(tables))


def test_a_narrower_rule_finds_no_more_and_costs_no_more(tables: dict[str, pa.Table]) -> None:
    by_rule = {one.rule: one for one in advise(tables)}
    assert by_rule["surname", "dob"].pairs <= by_rule[("dob",)].pairs
    assert by_rule["surname", "dob"].found <= by_rule[("dob",)].found + 1e-9


def test_advise_from_the_command_line(tmp_path: Path, tally: Callable[..., Any]) -> None:
    folder = write_share(tmp_path / "s", people=80) / "supplies"
    ran = tally("link", "advise", folder / "justice.csv", folder / "education.csv", "--json")
    assert ran.code == 0, ran.err
    assert {"rule", "pairs", "found", "proposed"} == set(json.loads(ran.out)[0])


def test_files_without_a_common_column_are_refused() -> None:
    with pytest.raises(BadInput, match="fewer than two columns"):
        advise({"x": pa.table({"record_id": ["1"], "colour": ["red"]})})


def test_columns_that_hold_nothing_are_no_advice(tables: dict[str, pa.Table]) -> None:
    one = tables["education"]
    empty = pa.table(
        {
            name: one[name] if name == "record_id" else pa.nulls(len(one), pa.string())
            for name in one.column_names
        }
    )
    with pytest.raises(BadInput, match="fewer than two columns"):
        advise({"a": empty, "b": one})
