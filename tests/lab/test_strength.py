"""What a match rests on, in the order of requirement 198."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tallystick.lab.strength import NAME_ALONE, ORDER, counted, strengths

ANSWERS = {
    "number": (True, None, None, None, False, 0),
    "date": (None, True, None, None, True, 1),
    "date and nothing": (None, False, False, True, True, 5),
    "all three": (False, True, True, True, False, 2),
    "no gender": (None, True, True, None, False, 3),
    "birth": (None, False, True, True, False, 4),
    "name": (None, True, False, True, False, 5),
    "nothing known": (None, None, None, None, None, 5),
}


@pytest.mark.parametrize("side", ["left_key", "right_key"])
def test_the_order_is_that_of_the_requirement(side: str) -> None:
    other = "right_key" if side == "left_key" else "left_key"
    kinds = pa.Table.from_pylist(
        [
            {side: name, other: f"p-{name}", "number_agrees": n, "name_agrees": m, "dob_agrees": d, "gender_agrees": g}
            for name, (n, m, d, g, _, _) in ANSWERS.items()
        ]
    )  # fmt: skip
    placed = pa.table(
        {
            "supply_key": [*ANSWERS, "by way of another"],
            "date_agrees": [*(row[4] for row in ANSWERS.values()), False],
        }
    )
    assert strengths(placed, kinds).tolist() == [*(row[5] for row in ANSWERS.values()), -1]
    assert strengths(placed, None).tolist() == [-1] * placed.num_rows
    assert len(ORDER) - 1 == NAME_ALONE


def test_the_strongest_of_several_links_counts() -> None:
    rows = [
        {"left_key": "c", "right_key": f"p{i}", "number_agrees": number, "name_agrees": True, "dob_agrees": None, "gender_agrees": None}
        for i, number in enumerate((None, True))
    ]  # fmt: skip
    placed = pa.table({"supply_key": ["c"], "date_agrees": [False]})
    found = strengths(placed, pa.Table.from_pylist(rows))
    assert found.tolist() == [0]
    assert [(one.rests_on, one.people) for one in counted(found, [0.9])] == [(ORDER[0], 1)]
