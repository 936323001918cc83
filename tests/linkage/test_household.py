"""What the household rule takes for brothers, sisters and twins, and what for one person whose record has a slip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tallystick.linkage import clean, compare, person

COLUMNS = ("first_name", "middle_name", "surname", "dob", "gender", "postcode")
HOME, TWINS, PARENT, NOTHING = -person.HOUSEHOLD_BITS, -person.TWIN_BITS, -person.PARENT_BITS, 0.0


def weight(left: tuple[Any, ...], right: tuple[Any, ...]) -> float:
    """Return the weight of the household comparison of two records; 0 where it is null."""
    rows = [
        dict(zip(("record_id", *COLUMNS), (str(n), *one), strict=True)) for n, one in enumerate((left, right))
    ]
    table = clean.standard(pa.Table.from_pylist(rows)).table
    model = person.with_household({"comparisons": []}, (*COLUMNS, "dob_year", "dob_day"))
    con = compare.open_records({"s": table}, model, "record_id")
    con.execute("create table pairs as select 0 as a, 1 as b")
    outcome = int(compare.outcomes(con, model, "pairs")["g_household"][0])
    if outcome == compare.NULL_LEVEL:
        return 0.0
    level = compare.levels(model["comparisons"][0])[outcome]
    return float(np.log2(level["m_probability"] / level["u_probability"]))


ANNA = ("Anna", None, "Langshaw", "1994-05-17", "F", "BH20 9NA")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("Holly", None, "Langshaw", "1994-05-17", "F", "BH20 9NA"), HOME),  # a twin
        (("Holly", None, "Langshaw", "1991-11-02", "F", "BH20 9NA"), HOME),  # a sister
        (
            ("Holly", None, "Langshow", "1994-05-17", "F", "BH20 9NB"),
            HOME,
        ),  # the same, with slips in surname and postcode
        (("Mark", None, "Langshaw", "1994-05-17", "M", "YO1 7HH"), HOME),  # one birth date, two sexes
        (("Holly", None, "Langshaw", "1994-05-17", "F", "YO1 7HH"), TWINS),  # a twin who moved, or an alias
        (("H", None, "Langshaw", "1994-05-17", "F", "BH20 9NA"), HOME),  # an initial of another name
        (
            ("A", None, "Langshaw", "1991-11-02", "F", "BH20 9NA"),
            HOME,
        ),  # her initial, wholly another birth date
        ((None, None, "Langshaw", "1991-11-02", "F", "BH20 9NA"), HOME),  # no name, wholly another birth date
        (("Anna", None, "Langshaw", "1968-11-30", "F", "BH20 9NA"), PARENT),  # her mother, of one name
        (
            ("Anna", None, "Langshaw", "1968-11-30", "F", "YO1 7HH"),
            NOTHING,
        ),  # of one name elsewhere: her own fields speak
        (("Anna", None, "Langshaw", "1974-05-17", "F", "BH20 9NA"), NOTHING),  # a slip in the year
        (("Anna", None, "Langshaw", "1900-01-01", "F", "BH20 9NA"), NOTHING),  # a default date
        (("A", None, "Langshaw", "1994-05-17", "F", "BH20 9NA"), NOTHING),  # her initial
        ((None, None, "Langshaw", "1994-05-17", "F", "BH20 9NA"), NOTHING),  # no name, the same else
        (("Ann", None, "Langshaw", "1991-11-02", "F", "BH20 9NA"), NOTHING),  # a familiar form
        (("Amna", None, "Langshaw", "1994-05-17", "F", "BH20 9NA"), NOTHING),  # a slip
        (("Mary", "Anna", "Langshaw", "1994-05-17", "F", "BH20 9NA"), NOTHING),  # known by her middle name
        (
            ("Holly", None, "Fothergill", "1991-11-02", "F", "BH20 9NA"),
            NOTHING,
        ),  # a lodger: her own fields speak
    ],
)
def test_household_rule(other: tuple[Any, ...], expected: float) -> None:
    assert weight(ANNA, other) == pytest.approx(expected)
    assert weight(other, ANNA) == pytest.approx(expected)


def test_households_are_known_without_birth_dates() -> None:
    """A file whose birth dates are all missing: brothers and sisters at one home are still no one person."""
    model = person.with_household({"comparisons": []}, [c for c in COLUMNS if c != "dob"])
    rows = [
        dict(zip(("record_id", *COLUMNS), (name, *record), strict=True))
        for name, record in (("anna", ANNA), ("holly", ("Holly", *ANNA[1:])), ("ana", ("Ana", *ANNA[1:])))
    ]
    table = clean.standard(pa.Table.from_pylist(rows).drop_columns(["dob"])).table
    con = compare.open_records({"s": table}, model, "record_id")
    con.execute(
        "create table pairs as select l.i as a, r.i as b from records l join records r on l.i < r.i order by l.i, r.i"
    )
    names = [name for (name,) in con.execute("select first_name from records order by i").fetchall()]
    seen = compare.outcomes(con, model, "pairs")
    at_home = {
        frozenset((names[a], names[b]))
        for a, b, outcome in zip(seen["a"], seen["b"], seen["g_household"], strict=True)
        if outcome == 0
    }
    assert at_home == {frozenset(("anna", "holly")), frozenset(("ana", "holly"))}
