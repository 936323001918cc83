"""Two clerks who write the same person end with the same standard form."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.linkage import clean, names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Neil", "ONEIL"),
        ("O’Neil", "O'Neil"),
        ("Mac Donald", "MacDonald"),
        ("Núñez", "NUNEZ"),
        ("Smith-Jones", "Smith Jones"),
        ("  Smith ", "smith"),
        ("Müller", "Muller"),
        ("van der Berg", "VAN DER BERG"),
    ],
)
def test_surname_of_two_spellings_is_one(one: str, other: str) -> None:
    assert names.surname(one) == names.surname(other)
    assert names.surname(one)


def test_given_leaves_out_titles_and_parts_first_from_middle() -> None:
    assert names.given("Mr John Paul") == names.given("JOHN PAUL")
    assert names.given("Dr. Ann") == names.given("ann")
    first, middle = names.given("Mary Ann")
    assert (first, middle) == ("mary", "ann")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SW1A 1AA", "sw1a1aa"),
        ("sw1a1aa", "sw1a1aa"),
        (" Sw1a  1aA ", "sw1a1aa"),
        ("", None),
        ("unknown", None),
    ],
)
def test_postcode(text: str, expected: str | None) -> None:
    found = clean.postcode(text)
    assert (found.lower().replace(" ", "") if found else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1985-08-31", "19850831"),
        ("31/08/1985", "19850831"),
        ("19850831", "19850831"),
        ("", None),
        ("not a date", None),
    ],
)
def test_date_digits(text: str, expected: str | None) -> None:
    assert clean.date_digits(text) == expected


@given(st.text(max_size=40))
def test_standard_forms_are_settled_and_plain(text: str) -> None:
    for read in (names.surname, clean.postcode, clean.gender, clean.phrase):
        once = read(text)
        if once is not None:
            assert once == once.strip()
            assert read(once) == once


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=12))
def test_standard_keeps_every_record_once(rows: list[tuple[str, str]]) -> None:
    table = pa.table(
        {
            "record_id": [str(i) for i in range(len(rows))],
            "first_name": [a for a, _ in rows],
            "surname": [b for _, b in rows],
        }
    )
    cleaned = clean.standard(table, "record_id", "x")
    assert sorted(cleaned.table["record_id"].to_pylist()) == sorted(table["record_id"].to_pylist())


def test_ids_that_repeat_are_refused_without_a_value() -> None:
    table = pa.table({"record_id": ["same", "same"], "surname": ["Marked", "Marked"]})
    with pytest.raises(BadInput) as refused:
        clean.standard(table, "record_id", "x")
    assert "same" not in str(refused.value).replace("the same", "")
