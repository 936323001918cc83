"""The `eligible` condition: what it may say, what it must not, and what it counts."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from tallystick.errors import BadInput
from tallystick.supply.eligible import Reason, apply, conjuncts

COLUMNS = ["dob", "sex", "age", "note"]
TABLE = pa.table(
    {
        "dob": pa.array([date(1985, 8, 31), date(1985, 8, 30), None, date(2001, 2, 3)], pa.date32()),
        "sex": ["F", "M", "F", None],
        "age": [41, 41, None, 25],
        "note": ["Zzyzx", "b", "c", "d"],
    }
)

ANSWERS: list[tuple[str, list[bool]]] = [
    ("", [True, True, True, True]),
    ("dob >= DATE '1985-08-31'", [True, False, False, True]),
    ("dob >= '1985-08-31'", [True, False, False, True]),
    ("sex in ('F', 'M') and age between 18 and 65", [True, True, False, False]),
    ("sex = 'F' or age < 30", [True, False, True, True]),
    ("not (sex = 'F')", [False, True, False, False]),
    ("dob is null", [False, False, True, False]),
    ("coalesce(sex, 'U') <> 'U'", [True, True, True, False]),
    ("date_diff('year', dob, DATE '2020-01-01') >= 18", [True, True, False, True]),
    ("year(dob) = 2001", [False, False, False, True]),
    ("lower(sex) like 'f%'", [True, False, True, False]),
    ("try_cast(note as date) is null", [True, True, True, True]),
    ("case when age > 30 then true else false end", [True, True, False, False]),
    ("dob + interval 18 year <= DATE '2010-01-01'", [True, True, False, False]),
]

FORBIDDEN = [
    "exists (select 1)",
    "age in (select 1)",
    "age > (select max(age) from supply)",
    "note = (select content from read_text('/etc/passwd'))",
    "read_csv('x') is null",
    "getenv('HOME') = 'x'",
    "true; drop table supply",
    "columns('.*') = 1",
    "*",
    "supply.age = 1",
    "age = $1",
    "random() < 0.5",
    "current_date > dob",
    "surname = 'x'",
    "DOB is null",
    "cast(note as blob) is null",
    "note ~ '(a+)+b'",
    "count(*) > 1",
    "row_number() over () = 1",
    "[x for x in [1]] is null",
    "age = ",
    "select 1",
    "((((",
    "(" * 500 + "true" + ")" * 500,
    "age = 1 or " * 600 + "true",
]


@pytest.mark.parametrize(("condition", "answers"), ANSWERS, ids=[a for a, _ in ANSWERS])
def test_apply_keeps_who_meets_the_condition(condition: str, answers: list[bool]) -> None:
    assert apply(condition, TABLE).mask.tolist() == answers


@pytest.mark.parametrize("condition", FORBIDDEN)
def test_conjuncts_refuse_what_is_no_condition_on_a_record(condition: str) -> None:
    with pytest.raises(BadInput, match="eligible"):
        conjuncts(condition, COLUMNS)


def test_each_conjunct_is_a_reason() -> None:
    found = apply("dob >= DATE '1985-08-31' and (sex = 'F' or sex = 'M') and age > 30", TABLE)
    assert [(r.dropped, r.unknown) for r in found.reasons] == [(2, 1), (1, 1), (2, 1)]
    assert found.mask.tolist() == [True, False, False, False]
    assert isinstance(found.reasons[0], Reason)


def test_a_condition_that_cannot_be_worked_out_gives_no_value_away() -> None:
    with pytest.raises(BadInput, match="cannot be worked out") as caught:
        apply("cast(note as integer) > 1", TABLE)
    assert "Zzyzx" not in str(caught.value) + str(caught.value.__context__) + str(caught.value.__cause__)
