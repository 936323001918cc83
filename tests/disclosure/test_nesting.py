"""Rows that are sums of the rows below or above them are found, and what they give away with them."""

from pathlib import Path

import numpy as np
import pytest

from tallystick.disclosure.check import check_files, limits_of
from tallystick.disclosure.nesting import nested

LIMITS = limits_of(None)
ENGLAND = {
    "Leeds": "North",
    "York": "North",
    "Bath": "South",
    "Bristol": "South",
    "North": "England",
    "South": "England",
}


def test_wholes_before_their_parts() -> None:
    codes = ["England", "North", "Leeds", "York", "South", "Bath", "Bristol"]
    figures = np.array([[100, 60, 25, 35, 40, 15, 25], [210, 110, 50, 60, 100, 41, 59]], dtype=float).T
    assert nested(codes, figures) == ENGLAND


def test_wholes_after_their_parts() -> None:
    codes = ["Leeds", "York", "North", "Bath", "Bristol", "South", "England"]
    figures = np.array([[25, 35, 60, 15, 25, 40, 100]], dtype=float).T
    assert nested(codes, figures) == ENGLAND


def test_a_plain_total_is_no_nesting_even_where_rows_add_up_by_chance() -> None:
    codes = ["a", "b", "c", "d", "Total"]
    assert nested(codes, np.array([[40, 15, 25, 60, 140]], dtype=float).T) == {}


def test_nothing_nests_in_most_tables() -> None:
    random = np.random.default_rng(1)
    found = sum(
        bool(nested([f"c{i}" for i in range(8)], random.integers(10, 400, (8, 3)).astype(float)))
        for _ in range(300)
    )
    assert found == 0


@pytest.mark.parametrize(
    "table",
    [
        # the hidden cell's block is shown whole in the other column
        "area,M,F\nEngland,100,210\nNorth,60,110\nLeeds,c,50\nYork,56,60\nSouth,40,100\nBath,15,41\nBristol,25,59\n",
        # a single column: no sum proves the block, the layout does
        "area,count\nEngland,300\nNorth,110\nLeeds,c\nYork,107\nSouth,190\nBath,90\nBristol,100\n",
        "area,count\nLeeds,c\nYork,107\nNorth total,110\nBath,90\nBristol,100\nSouth total,190\nGrand total,300\n",
    ],
)
def test_a_hidden_cell_that_a_subtotal_gives_away_is_found(tmp_path: Path, table: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(table)
    assert "hidden.pinned" in {found.rule for found in check_files([path], LIMITS).refusals}


def test_a_nested_table_hidden_well_passes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "area,M,F\nEngland,100,210\nNorth,60,110\nLeeds,c,c\nYork,c,c\nSouth,40,100\nBath,15,41\nBristol,25,59\n"
    )
    assert not check_files([path], LIMITS).refusals
