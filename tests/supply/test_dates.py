"""Date formats: told from all values of a column, or refused."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.supply.dates import read_dates
from tallystick.supply.values import CONTROL, FORMULA, clean, repeated

FORMATS = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%d%m%Y",
    "%m%d%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y",
]  # fmt: skip
DAYS = st.dates(date(1850, 1, 1), date(2099, 12, 31))


def column(values: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


@pytest.mark.parametrize("written", FORMATS)
@given(days=st.lists(DAYS, min_size=1, max_size=30))
@settings(deadline=None, max_examples=15)
def test_a_format_is_found_or_refused_never_misread(written: str, days: list[date]) -> None:
    """With the 25th of March among them the order is proved, unless the column is of months."""
    told = [*days, date(1985, 3, 25)]
    found = read_dates("dob", column([day.strftime(written) for day in told]), "")
    if found.refusal is None:
        assert found.values.to_pylist() == told
    else:
        assert found.refusal.rule == "supply.date-order"


AMBIGUOUS: list[tuple[list[str | None], str]] = [
    (["01/02/2001", "03/04/2001"], "supply.date-order"),
    (["01/02/2001", "13/04/2001", "04/13/2001"], "supply.date-order"),
    (["01/01/1985"] * 500 + ["01/02/1985"] * 500 + ["13/01/1985"], "supply.date-order"),
    (["13/04/01", "01/02/01"], "supply.date-year"),
    (["soon", "later"], "supply.date"),
]


@pytest.mark.parametrize(("values", "rule"), AMBIGUOUS)
def test_no_order_is_guessed(values: list[str | None], rule: str) -> None:
    found = read_dates("dob", column(values), "")
    assert found.refusal is not None
    assert found.refusal.rule == rule


def test_the_agreed_format_settles_the_order() -> None:
    found = read_dates("dob", column(["01/02/2001", None, "31/02/2001"]), "%d/%m/%Y")
    assert found.refusal is None
    assert found.values.to_pylist() == [date(2001, 2, 1), None, None]


def test_days_equal_to_months_leave_nothing_to_guess() -> None:
    assert read_dates("dob", column(["05/05/2001"]), "").values.to_pylist() == [date(2001, 5, 5)]


def test_one_date_of_another_order_among_many_is_an_error_of_its_row() -> None:
    values = [f"{day:02d}/07/1985" for day in range(1, 29)] * 10
    found = read_dates("dob", column([*values, "07/28/1985"]), "")
    assert found.format == "%d/%m/%Y"
    assert found.values.null_count == 1


def test_midnight_is_no_time() -> None:
    values = ["1985-07-03 00:00:00", "1985-07-04T00:00:00Z", "1985-07-05"]
    assert read_dates("dob", column(values), "").values.to_pylist() == [date(1985, 7, d) for d in (3, 4, 5)]


def test_an_empty_column_has_no_format() -> None:
    for values in ([], [None, None]):
        found = read_dates("dob", column(values), "")
        assert (found.format, found.refusal, len(found.values)) == ("", None, len(values))


@pytest.mark.parametrize(
    ("text", "is_formula"),
    [
        ("=1", True), ("@SUM(A1)", True), ("+1+1|x", True), ("-2+3", True), (" =1", True), ("＝1", True), ("+44 (0)20 7946 0000", False),
        ("-", False), ("-5.2", False), ("O'Neil", False), ("a=b", False), ("x@y.uk", False), ("--", False),
    ],
)  # fmt: skip
def test_what_counts_as_a_formula(text: str, is_formula: bool) -> None:
    import pyarrow.compute as pc

    assert pc.match_substring_regex(pa.array([text]), FORMULA).to_pylist() == [is_formula]


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn"], exclude_characters="\ufffd")
    )
)
@settings(deadline=None)
def test_ordinary_text_holds_no_control_character(text: str) -> None:
    import pyarrow.compute as pc

    assert pc.match_substring_regex(pa.array([text], pa.string()), CONTROL).to_pylist() == [False]


@given(st.lists(st.one_of(st.none(), st.text(max_size=3))))
@settings(deadline=None)
def test_repeated_finds_what_a_count_finds(values: list[str | None]) -> None:
    found = repeated(column(values), "", "", "").mask.tolist()
    assert found == [value is not None and values.count(value) > 1 for value in values]


@given(st.lists(st.one_of(st.none(), st.text(max_size=5))))
@settings(deadline=None)
def test_clean_changes_nothing_the_second_time(values: list[str | None]) -> None:
    once = clean(column(values))
    assert clean(once).to_pylist() == once.to_pylist()
    assert "" not in once.to_pylist()
