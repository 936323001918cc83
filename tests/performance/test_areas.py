"""Areas that do not coincide: summed where one lies in another, shared out by weights, and what is lost is said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from performance import published
from tallystick.errors import BadInput
from tallystick.performance import series
from tallystick.performance.areas import mapped, weights
from tallystick.performance.definitions import Lookup, differing, same_word

LOOKUP = Lookup(path="lookups/areas.csv", source="Made for the test", from_column="force", to_column="court")
WEIGHTED = LOOKUP.model_copy(update={"weight_column": "part"})


def row(area: str, value: float | None, mark: str = "", denominator: float | None = None) -> dict[str, Any]:
    return {
        "measure": "receipts", "area": area, "period": "2025-08", "starts": date(2025, 8, 1), "ends": date(2025, 8, 31), "frequency": "month",
        "category": "all", "value": value, "denominator": denominator, "mark": mark, "validation": "management information",
        "published": date(2025, 9, 20), "embargo": None, "place": "a.csv, cell A1",
    }  # fmt: skip


def made(
    rows: list[dict[str, Any]], lines: list[dict[str, str]], lookup: Lookup
) -> tuple[dict[str, tuple[float | None, str]], tuple[str, ...]]:
    said = published.measures()
    found = mapped(series.of_rows(rows), lookup, weights(lines, lookup, said), said)
    return {each["area"]: (each["value"], each["mark"]) for each in found.table.to_pylist()}, found.lost


def test_areas_within_another_are_summed() -> None:
    lines = [{"force": "Northshire", "court": "Circuit"}, {"force": "E23000098", "court": "Circuit"}]
    areas, lost = made([row("Northshire", 120), row("Southmere", 30)], lines, LOOKUP)
    assert areas["Circuit"] == (150, "")
    assert lost == ()


def test_an_area_in_two_is_lost_without_weights_and_an_estimate_with_them() -> None:
    lines = [
        {"force": "Northshire", "court": "Upper", "part": "0.75"},
        {"force": "Northshire", "court": "Lower", "part": "0.25"},
        {"force": "Southmere", "court": "Lower", "part": "1"},
    ]
    rows = [row("Northshire", 120), row("Southmere", 30)]
    areas, lost = made(rows, lines, LOOKUP)
    assert set(areas) == {"Northshire", "Southmere"}
    assert "Northshire: in two areas or more" in lost[0]
    areas, lost = made(rows, lines, WEIGHTED)
    assert areas["Lower"] == (60, "e")
    assert areas["Upper"] == (90, "e")
    assert "marked as estimates" in lost[0]


def test_a_hidden_part_hides_the_whole() -> None:
    lines = [{"force": "Northshire", "court": "Circuit"}, {"force": "Southmere", "court": "Circuit"}]
    areas, _ = made([row("Northshire", 120), row("Southmere", None, "c")], lines, LOOKUP)
    assert areas["Circuit"] == (None, "c")
    areas, lost = made([row("Northshire", 120)], lines, LOOKUP)
    assert "Circuit" not in areas
    assert "have no figures here" in lost[0]


@pytest.mark.parametrize(
    ("lines", "lookup", "said"),
    [
        ([{"force": "Northshire"}], LOOKUP, "no column court"),
        ([{"force": "Northshire", "court": " "}], LOOKUP, "row 2"),
        ([{"force": "Northshire", "court": "Upper", "part": "half"}], WEIGHTED, "row 2"),
        ([{"force": "Northshire", "court": "Upper", "part": "0.5"}], WEIGHTED, "do not add up"),
    ],
)
def test_a_broken_lookup_is_named(lines: list[dict[str, str]], lookup: Lookup, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        weights(lines, lookup, published.measures())


def test_measures_that_count_different_things_are_warned_of() -> None:
    said = published.measures()
    found = differing([said.measure("recorded-crimes"), said.measure("receipts")])
    assert [each.rule for each in found] == ["definitions.unit"]
    assert "one case, whatever the number of defendants" in found[0].message
    assert differing([said.measure("receipts"), said.measure("disposals")]) == ()
    charged = said.measure("receipts").model_copy(update={"id": "r2", "agency": "CPS", "counts": "defendant"})
    assert [each.rule for each in same_word([said.measure("receipts"), charged])] == ["definitions.word"]
