"""Tables of sums: after protection nobody can estimate a dominated or a few people's sum closely from what is shown."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

Cells = dict[tuple[str, str], dict[str, float]]


def table(seed: int) -> Cells:
    """Return a table of sectors by regions with its totals, made of single contributions."""
    rng = np.random.default_rng(seed)
    made: dict[tuple[str, str], list[float]] = {}
    for at in itertools.product("ABC", "NSEW"):
        people = int(rng.choice([4, 15, 30]))
        money = rng.integers(10, 200, people).astype(float).tolist()
        if rng.random() < 0.3:
            money[0] = 20.0 * sum(money)
        made[at] = money
    for sector in "ABC":
        made[sector, "Total"] = [x for region in "NSEW" for x in made[sector, region]]
    for region in [*"NSEW", "Total"]:
        made["Total", region] = [x for sector in "ABC" for x in made[sector, region]]
    return {at: figures(money) for at, money in made.items()}


def figures(money: list[float]) -> dict[str, float]:
    first, second = sorted(money)[-1], sorted(money)[-2]
    return {"amount": sum(money), "n_firms": len(money), "largest": first, "second_largest": second}


def write(cells: Cells, path: Path) -> None:
    names = ["amount", "n_firms", "largest", "second_largest"]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sector", "region", *names])
        rows.writerows([*at, *(held[name] for name in names)] for at, held in cells.items())


def interval(shown: dict[tuple[str, str], str], at: tuple[str, str]) -> tuple[float, float]:
    """Return what a reader who adds and subtracts can pin a cell to: by linear programming over all that is hidden."""
    places = list(shown)
    sums, wholes = [], []
    for whole in [(s, "Total") for s in ("A", "B", "C", "Total")] + [("Total", r) for r in "NSEW"]:
        inner = [(whole[0], r) for r in "NSEW"] if whole[1] == "Total" else [(s, whole[1]) for s in "ABC"]
        sums.append([(p in inner) - (p == whole) for p in places])
        wholes.append(0.0)
    bounds = [(0, None) if shown[p] == "c" else (float(shown[p]),) * 2 for p in places]
    ends = []
    for sign in (1, -1):
        done = linprog(
            [sign * (p == at) for p in places], A_eq=np.array(sums, float), b_eq=wholes, bounds=bounds
        )
        ends.append(np.inf if done.status == 3 else sign * done.fun)
    return ends[0], ends[1]


@pytest.mark.parametrize("seed", range(12))
def test_no_sensitive_sum_is_pinned(seed: int, tmp_path: Path, tally: Callable[..., Any]) -> None:
    cells = table(seed)
    write(cells, tmp_path / "t.csv")
    done = tally("output", "protect", tmp_path / "t.csv", "-o", tmp_path / "out", "--minimum", "10")
    assert done.code == 0, done.err
    with (tmp_path / "out" / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"sector", "region", "amount", "n_firms"}, "the largest contributions left"
    shown = {(row["sector"], row["region"]): row["amount"] for row in rows}
    people = {(row["sector"], row["region"]): row["n_firms"] for row in rows}
    assert {at for at in shown if shown[at] == "c"} == {at for at in people if people[at] == "c"}
    for at, held in cells.items():
        top, rest = held["largest"] + held["second_largest"], held["amount"]
        is_few = held["n_firms"] < 10
        is_dominated = top > 0.9 * rest or rest - top < 0.1 * held["largest"]
        if is_few or is_dominated:
            low, high = interval(shown, at)
            needed = max(0.1 * held["largest"] - (rest - top), top / 0.9 - rest, 0.1 * rest)
            assert high - rest >= needed - 1e-6, at
            assert rest - low >= min(needed, rest) - 1e-6, at
        if is_few:
            low, high = interval(people, at)
            assert high - low >= 10 - 1e-6, at
        if shown[at] != "c":
            assert float(shown[at]) == held["amount"]


def test_what_cannot_be_protected_is_said(tmp_path: Path, tally: Callable[..., Any]) -> None:
    (tmp_path / "none.csv").write_text("sector,total_amount,largest\nA,100.5,60\nB,200.5,20\n")
    (tmp_path / "minus.csv").write_text(
        "sector,total_amount,n_firms,largest\nA,-100.5,50,60\nB,200.5,50,20\n"
    )
    for name, says in (("none", "how many people"), ("minus", "below nought")):
        done = tally("output", "protect", tmp_path / f"{name}.csv", "-o", tmp_path / "out")
        assert done.code == 2
        assert says in done.err
        assert not (tmp_path / "out" / f"{name}.csv").exists()
