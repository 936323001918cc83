"""An analyst without a share: tables in memory checked, protected and checked again."""

import io

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from tallystick.disclosure import Limits, TableAbout, as_csv, check_tables, protect
from tallystick.errors import BadInput

LIMITS = Limits(10)
CROSSED = pa.table({
    "region": ["N", "S", "E", "Total"], "F": [40, 50, 70, 160], "M": [3, 60, 80, 143], "Total": [43, 110, 150, 303],
})  # fmt: skip


def test_a_small_cell_is_named_hidden_and_then_let_through() -> None:
    found = check_tables({"t": CROSSED}, LIMITS)
    assert [each.where for each in found.refusals] == ["t: region=N, columns=M"]
    (made,) = protect(found.readings, "suppress", LIMITS)
    assert made.primary == 1
    assert made.secondary >= 3
    again = pacsv.read_csv(io.BytesIO(as_csv(made).encode()))
    assert not check_tables({"t": again}, LIMITS).refusals


def test_tables_are_compared_with_each_other_and_with_what_was_released() -> None:
    before = pa.table({"region": ["N", "S"], "n": [40, 90]})
    after = pa.table({"region": ["N", "S"], "n": [43, 90]})
    rules = {each.rule for each in check_tables({"a": before, "b": after}, LIMITS).refusals}
    assert "difference.pair" in rules
    released = check_tables({"a": before}, LIMITS).counts
    assert "difference.pair" in {each.rule for each in check_tables({"b": after}, LIMITS, released).refusals}


def test_what_is_stated_counts() -> None:
    means = pa.table({"region": ["N", "S"], "wage mean": [40.5, 50.5]})
    assert check_tables({"t": means}, LIMITS).refusals
    said = TableAbout(statistic="mean", labels=("region",), values=("wage mean",), n=400)
    assert not check_tables({"t": means}, LIMITS, stated={"t": said}).refusals


def test_a_table_without_rows_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no rows"):
        check_tables({"t": CROSSED.slice(0, 0)}, LIMITS)
