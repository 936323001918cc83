"""What a link rests on is said as yes, no or not known, and never by a value."""

from __future__ import annotations

import pyarrow as pa

from tallystick.linkage import strength

COLUMNS = ("supply_key", "first_name", "surname", "dob", "gender", "pnc_id")


def people(*rows: tuple[str | None, ...]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        pa.schema([(name, pa.string()) for name in COLUMNS]),
    )


def links(*pairs: tuple[str, str, str, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            dict(zip(("source_l", "supply_key_l", "source_r", "supply_key_r"), pair, strict=True))
            for pair in pairs
        ]
    )


def test_each_kind_of_evidence() -> None:
    left = people(
        ("a", "Anna", "Smith", "1990-01-02", "F", "08/56560z"),
        ("b", "Ben", "Jones", "1985-05-06", "M", None),
        ("c", "Cara", "Brown", "1970-07-08", "F", None),
    )
    right = people(
        ("x", "Ana", "Smith", "1990-01-20", "F", "2008/0056560Z"),
        ("y", "Peter", "Miller", "1985-05-06", "M", None),
        ("z", "Cara", "Brown", "1999-12-31", None, None),
    )
    made = links(("l", "a", "r", "x"), ("r", "y", "l", "b"), ("l", "c", "r", "z"), ("l", "a", "l", "b"))
    found = strength(made, left, right, "l", "r")
    assert found.to_pylist() == [
        {"left_key": "a", "right_key": "x", "number_agrees": True, "name_agrees": True, "dob_agrees": True, "gender_agrees": True},
        {"left_key": "b", "right_key": "y", "number_agrees": None, "name_agrees": False, "dob_agrees": True, "gender_agrees": True},
        {"left_key": "c", "right_key": "z", "number_agrees": None, "name_agrees": True, "dob_agrees": False, "gender_agrees": None},
    ]  # fmt: skip
    assert strength(links(("l", "a", "l", "b")), left, right, "l", "r").num_rows == 0
