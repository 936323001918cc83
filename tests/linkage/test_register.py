"""The rules of the learner register: which grades are which answer, and numbers with their check digit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.linkage import identifiers
from tallystick.linkage.register import (
    Answer,
    Held,
    Person,
    age,
    answer,
    compared,
    new_number,
    persons,
    verdict,
    within_one_edit,
)

WORDS = st.text("abcd", max_size=6)
ASKED = ("katherine", "oneil", "2008-03-04", "F", "LS1 4AB")
CASES = [
    # what the register holds, what it answers
    (("katherine", "oneil", "2008-03-04", "F", "LS1 4AB"), "exact"),
    (("Katherine", "O'Neil", "2008-03-04", "female", "ls14ab"), "exact"),
    (("Katherine", "O'Neil", "2008-03-04", "F", ""), "possible"),
    (("Katherine", "O'Neil", "2008-03-04", "", "LS1 4AB"), "possible"),
    (("Katherine", "O'Neil", "2008-03-04", "M", "LS1 4AB"), "possible"),
    (("Kate", "O'Neil", "2008-03-04", "F", "LS1 4AB"), "possible"),
    (("K", "O'Neil", "2008-03-04", "F", "LS1 4AB"), "possible"),
    (("Katherine", "Patel", "2008-03-04", "F", "LS1 4AB"), "possible"),  # a changed surname
    (("Katherine", "O'Neil", "2008-03-04", "F", "CF10 3NB"), "possible"),  # moved
    (
        ("Katherine", "O'Neil", "2008-04-03", "F", "LS1 4AB"),
        "possible",
    ),  # day and month in each other's place
    (("Katherine", "O'Neil", "1979-11-30", "F", "LS1 4AB"), "possible"),  # a wholly other birth date
    (("Katherine", "O'Neil", "1979-11-30", "F", "LS1 4XX"), "none"),
    (("Oneil", "Katherine", "2008-03-04", "F", "LS1 4AB"), "possible"),
    (("Oneil", "Katherine", "2008-03-04", "F", "CF10 3NB"), "possible"),  # and moved
    (("Siobhan", "O'Neil", "2008-03-04", "F", "LS1 4AB"), "none"),  # a twin
    (("Katherine", "Patel", "2008-03-04", "F", "CF10 3NB"), "none"),
]


def person(*fields: str, key: str = "1") -> Person:
    names = ("record_id", "first_name", "surname", "dob", "gender", "postcode")
    table = pa.table({name: [value] for name, value in zip(names, (key, *fields), strict=True)})
    found = next(iter(persons(table, "t")))[1]
    assert isinstance(found, Person)
    return found


@pytest.mark.parametrize(("held", "wanted"), CASES)
def test_answer_by_what_is_held(held: tuple[str, ...], wanted: str) -> None:
    found = answer(person(*ASKED), [Held("1000000009", "1000000009", person(*held))])
    assert found.kind == wanted
    assert (found.uln is not None) == (wanted == "exact")


def test_former_details_are_never_an_exact_match() -> None:
    former = Held("1000000009", "1000000009", person(*ASKED), is_current=False)
    assert answer(person(*ASKED), [former]).kind == "possible"


def test_two_of_one_description_are_both_possible() -> None:
    twice = [Held(uln, uln, person(*ASKED)) for uln in ("1000000009", "2000000004")]
    found = answer(person(*ASKED), twice)
    assert found.kind == "possible"
    assert [one.uln for one in found.candidates] == ["1000000009", "2000000004"]


def test_a_merged_number_is_answered_with_the_one_it_leads_to() -> None:
    found = answer(person(*ASKED), [Held("1000000009", "2000000004", person(*ASKED))])
    assert (found.kind, found.uln) == ("linked", "2000000004")


def test_too_many_are_not_named() -> None:
    many = [Held(str(n), str(n), person("Kate", *ASKED[1:])) for n in range(11)]
    assert answer(person(*ASKED), many) == Answer("too many")
    assert answer(person(*ASKED), many[:10]).kind == "possible"


def test_verdict_only_gets_weaker_as_a_grade_does() -> None:
    order = {"exact": 2, "possible": 1, "none": 0}
    better = {"different": "near", "near": "same"}
    for grades in product(("same", "near", "different"), repeat=5):
        for at, grade in enumerate(grades):
            if grade in better:
                up = (*grades[:at], better[grade], *grades[at + 1 :])
                swapped = grades[:3] == ("near", "near", "same")  # names in each other's place: its own rule
                if not swapped:
                    low, high = (verdict(g, is_current=True) for g in (grades, up))  # type: ignore[arg-type]
                    assert order[low] <= order[high], (grades, up)


def near_names() -> Iterator[str]:
    yield from ("ann", "anne", "dan", "d", "o", "oneil", "oneill")


@given(st.sampled_from(list(near_names())), st.sampled_from(list(near_names())))
def test_comparison_is_symmetric(first: str, second: str) -> None:
    a, b = person(first, second, *ASKED[2:]), person(second, first, "2008-04-03", "", "LS1 4AC")
    assert compared(a, b) == compared(b, a)


@given(WORDS, WORDS)
def test_within_one_edit_is_what_trying_every_edit_finds(a: str, b: str) -> None:
    letters = "abcd"
    edits = {a}
    for i in range(len(a) + 1):
        edits |= {a[:i] + c + a[i:] for c in letters}
        edits |= {a[:i] + a[i + 1 :]} if i < len(a) else set()
        edits |= {a[:i] + c + a[i + 1 :] for c in letters} if i < len(a) else set()
        edits |= {a[:i] + a[i + 1] + a[i] + a[i + 2 :]} if i + 1 < len(a) else set()
    assert within_one_edit(a, b) == (b in edits)


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=40, max_size=40))
def test_new_numbers_pass_their_check_and_are_never_taken(drawn: list[bytes]) -> None:
    taken: set[str] = set()
    supply = iter([*drawn, *(n.to_bytes(8, "big") for n in range(10**6, 10**6 + 99))])
    for _ in range(20):
        uln = new_number(lambda number: number in taken, lambda size: next(supply))
        assert identifiers.uln(uln) == uln
        assert uln not in taken
        taken.add(uln)


@pytest.mark.parametrize(
    ("dob", "on", "years"),
    [("20121121", date(2026, 11, 21), 14), ("20121122", date(2026, 11, 21), 13), ("20120229", date(2026, 2, 28), 13)],
)  # fmt: skip
def test_age_counts_birthdays(dob: str, on: date, years: int) -> None:
    assert age(dob, on) == years


def test_rows_that_cannot_be_read_say_which_field_and_no_value() -> None:
    rows = [
        ("", "Ng", "2008-01-01"),
        ("Mei", "", "2008-01-01"),
        ("Mei", "Ng", "2008-02-31"),
        ("Mei", "Ng", "2008"),
    ]
    table = pa.table(
        {
            "record_id": ["1", "2", "3", "4"],
            **{name: [row[i] for row in rows] for i, name in enumerate(("first_name", "surname", "dob"))},
            "gender": ["F"] * 4,
            "postcode": ["LS1 4AB"] * 4,
        }
    )  # fmt: skip
    assert [found for _, found in persons(table, "t")] == ["first_name", "surname", "dob", "dob"]
    with pytest.raises(BadInput, match="postcode"):
        list(persons(table.drop_columns(["postcode"]), "t"))
