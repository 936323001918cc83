"""Nobody can work a small figure out: not from one pack, not from several, not with the sums of three months from elsewhere.

The attacker reads the workbooks as they are handed out, knows that areas and groups add up, and that a hidden count is at least one; linear
programming tells how narrowly each small figure is known. It shares no code with what chose the hidden figures.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog

from performance import published
from tallystick import synth
from tallystick.performance import series
from tallystick.performance.definitions import Measures
from tallystick.performance.read import read
from tallystick.performance.sheets import open_sheets
from tallystick.share.acts import Clock
from tallystick.share.pack import build
from tallystick.share.returns import measures_of
from tallystick.share.rooms import open_share, read_parquet
from tallystick.share.small_numbers import Key, Limits, Safe, protect

MINIMUM = 10
Cell = tuple[str, str, str, str, str]
"""Measure, period, area, group, and which count: of (those of it), rest (those not of it), all (both)."""


class Attacker:
    """What somebody knows: figures read off packs, and that they add up."""

    def __init__(self) -> None:
        self.known: dict[Cell, float] = {}
        self.sums: list[tuple[Cell, list[Cell]]] = []

    def interval(self, wanted: Cell, block: set[Cell]) -> tuple[float, float]:
        """Return the least and the most that a cell can be; ``block`` are the cells that matter to it."""
        at = {cell: number for number, cell in enumerate(sorted(block))}
        rows = [
            (whole, parts) for whole, parts in self.sums if whole in at and all(part in at for part in parts)
        ]
        matrix = np.zeros((len(rows), len(at)))
        for number, (whole, parts) in enumerate(rows):
            matrix[number, at[whole]] = 1
            for part in parts:
                matrix[number, at[part]] -= 1
        # a hidden count is at least one; of a hidden share nobody knows whether it is small itself or its remainder
        least = 0 if any(cell[4] == "rest" for cell in block) else 1
        bounds = [(self.known[cell],) * 2 if cell in self.known else (least, None) for cell in sorted(block)]
        cost = np.zeros(len(at))
        found = []
        for sign in (1, -1):
            cost[at[wanted]] = sign
            solved = linprog(
                cost,
                A_eq=matrix if len(rows) else None,
                b_eq=np.zeros(len(rows)) if len(rows) else None,
                bounds=bounds,
            )
            assert solved.status in (0, 3), solved.message
            found.append(sign * solved.fun if solved.status == 0 else np.inf)
        return found[0], found[1]


def truth_of(figures: pa.Table, said: Measures, on: date) -> dict[Cell, float]:
    """Return every count, as the agencies know it."""
    made: dict[Cell, float] = {}
    kinds = {measure.id: measure.kind for measure in said.measures}
    for row in series.as_known(figures, on).to_pylist():
        key = (row["measure"], row["period"], row["area"], row["category"])
        if row["value"] is None:
            continue
        if kinds[row["measure"]] == "days":
            made[(*key, "of")] = row["denominator"]
        else:
            made[(*key, "of")] = row["value"]
        if kinds[row["measure"]] == "proportion":
            made[(*key, "all")] = row["denominator"]
            made[(*key, "rest")] = row["denominator"] - row["value"]
    return made


def read_workbook(attacker: Attacker, path: Path, said: Measures) -> None:
    """Add what a workbook shows."""
    for sheet in open_sheets(path):
        measure = next(
            (each for each in said.measures if sheet.name.endswith(each.id.replace("-", "_")[:24])), None
        )
        rows = [[cell.value for cell in row] for row in sheet.rows]
        heads = [at for at, row in enumerate(rows) if row and row[0] == "Period"]
        if measure is None or not heads:
            continue
        for row in rows[heads[0] + 1 :]:
            period, area, group, shown, count, of = row[:6]
            key = (measure.id, str(period), str(area), str(group))
            if measure.kind == "count" and isinstance(shown, int | float):
                attacker.known[(*key, "of")] = float(shown)
            if measure.kind == "days" and isinstance(of, int | float):
                attacker.known[(*key, "of")] = float(of)
            if measure.kind == "proportion":
                for name, value in (("of", count), ("all", of)):
                    if isinstance(value, int | float):
                        attacker.known[(*key, name)] = float(value)


def add_up(attacker: Attacker, truth: dict[Cell, float], said: Measures) -> None:
    """Add that districts make the board, groups make everybody, and those of it and not of it make all."""
    inside = said.parts(said.board.area)
    groups: dict[tuple[str, str, str, str], list[Cell]] = defaultdict(list)
    for cell in truth:
        measure, period, area, group, which = cell
        if area == said.board.area:
            parts = [(measure, period, part, group, which) for part in inside]
            if all(part in truth for part in parts):
                attacker.sums.append((cell, parts))
        if group != "all":
            groups[measure, period, area, which].append(cell)
        if which == "all":
            attacker.sums.append((cell, [(*cell[:4], "of"), (*cell[:4], "rest")]))
    for (measure, period, area, which), parts in groups.items():
        attacker.sums.append(((measure, period, area, "all", which), parts))


def quarters(attacker: Attacker, truth: dict[Cell, float]) -> None:
    """Add the published sums of three months of each area, everybody together."""
    lines: dict[tuple[str, str, str, str], list[Cell]] = defaultdict(list)
    for cell in truth:
        measure, period, area, group, which = cell
        if group == "all" and which != "rest":
            quarter = f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}"
            lines[measure, quarter, area, which].append(cell)
    small = {
        (measure, quarter)
        for (measure, quarter, area, which), parts in lines.items()
        for name in ("of", "rest")
        if sum(truth.get((*part[:4], name), np.inf) for part in parts) < 2 * MINIMUM
    }
    for (measure, quarter, area, which), parts in lines.items():
        # where an area's sum is so small, sums by area would not be published: its remainder would follow from the others
        if len(parts) == 3 and ((measure, quarter) not in small or area == "Northshire"):
            whole = (measure, quarter, area, "all", which)
            attacker.sums.append((whole, parts))
            attacker.known[whole] = sum(truth[part] for part in parts)


def quarter_of(period: str) -> str:
    return period if "Q" in period else f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}"


def exposed(
    attacker: Attacker, truth: dict[Cell, float], last: int
) -> tuple[int, list[tuple[Cell, float, float]]]:
    """Return how many small cells were attacked, and those known to within less than the minimum; the last quarters only."""
    blocks: dict[tuple[str, str], set[Cell]] = defaultdict(set)
    for whole, parts in attacker.sums:
        for cell in (whole, *parts):
            blocks[cell[0], quarter_of(cell[1])].add(cell)
    for cell in truth:
        blocks[cell[0], quarter_of(cell[1])].add(cell)
    wanted = sorted({quarter for _, quarter in blocks})[-last:]
    tried, found = 0, []
    for cell, value in truth.items():
        if 0 < value < MINIMUM and quarter_of(cell[1]) in wanted:
            tried += 1
            low, high = attacker.interval(cell, blocks[cell[0], quarter_of(cell[1])])
            if high - low < MINIMUM - 1e-6:
                found.append((cell, low, high))
    return tried, found


def packs(folder: Path, days: list[date]) -> None:
    for day in days:
        build(open_share(folder), clock=Clock("a clerk", datetime(2026, 9, 1, tzinfo=UTC)), on=day)


@pytest.mark.parametrize(
    ("last", "days"),
    [
        (1, [date(2026, 6, 5), date(2026, 6, 25)]),
        pytest.param(13, [date(2026, 6, 5), date(2026, 6, 25), date(2026, 8, 25)], marks=pytest.mark.slow),
    ],
)
def test_no_small_figure_is_known_from_several_packs_and_the_sums_of_quarters(
    tmp_path: Path, last: int, days: list[date]
) -> None:
    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=600_000, seed=1)
    packs(folder, days)
    said = measures_of(open_share(folder))
    truth = truth_of(read_parquet(folder / "series" / "figures.parquet"), said, days[-1])
    attacker = Attacker()
    for day in days:
        read_workbook(attacker, folder / "packs" / str(day) / "pack.ods", said)
    add_up(attacker, truth, said)
    quarters(attacker, truth)
    tried, found = exposed(attacker, truth, last)
    assert tried > 20 * last
    assert found == []


def test_the_attack_finds_what_is_not_protected(tmp_path: Path) -> None:
    # hiding only what is small itself: the attacker subtracts
    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=600_000, seed=1)
    said = measures_of(open_share(folder))
    figures = read(folder / "supplies" / "probation.csv", said, published=date(2026, 6, 25)).table
    truth = truth_of(figures, said, date(2026, 6, 25))
    attacker = Attacker()
    attacker.known = {cell: value for cell, value in truth.items() if value >= MINIMUM}
    add_up(attacker, truth, said)
    assert exposed(attacker, truth, 1)[1]


def figures_of(cells: dict[tuple[str, str, str], float]) -> pa.Table:
    """Return figures of one measure by (area, month, group), published the month after."""
    rows = []
    for (area, month, group), value in cells.items():
        starts = date.fromisoformat(f"{month}-01")
        rows.append({
            "measure": "receipts", "area": area, "period": month, "starts": starts, "ends": starts, "frequency": "month", "category": group,
            "value": value, "denominator": None, "mark": "", "validation": "management information", "published": date(2026, 1, 1),
            "embargo": None, "place": "a.csv",
        })  # fmt: skip
    return series.of_rows(rows)


def hidden_in(cells: dict[tuple[str, str, str], float], **before: frozenset[Key]) -> Safe:
    said = published.measures()
    return protect(figures_of(cells), said, date(2026, 2, 1), limits=Limits(10), **before)


def test_a_small_group_takes_another_with_it_and_the_total_stays() -> None:
    cells = {
        ("Northshire", "2025-08", group): value
        for group, value in (("all", 60.0), ("sex: female", 4.0), ("sex: male", 56.0))
    }
    safe = hidden_in(cells)
    assert {(key[1], key[3]) for key in safe.hidden} == {
        ("Northshire", "sex: female"),
        ("Northshire", "sex: male"),
    }
    marks = {row["category"]: (row["value"], row["mark"]) for row in safe.table.to_pylist()}
    assert marks == {"all": (60.0, ""), "sex: female": (None, "c"), "sex: male": (None, "c")}


def test_a_small_month_takes_another_of_its_three_with_it() -> None:
    cells = {
        ("Northshire", f"2025-{month:02d}", "all"): value
        for month, value in zip(range(4, 10), (20.0, 4, 30, 20, 21, 22), strict=True)
    }
    assert {key[2] for key in hidden_in(cells).hidden} == {"2025-04", "2025-05"}


def test_what_was_hidden_stays_and_what_was_shown_is_not_relied_on() -> None:
    cells = {
        ("Northshire", "2025-08", group): value
        for group, value in (("all", 90.0), ("sex: female", 30.0), ("sex: male", 60.0))
    }
    female, male = (
        ("receipts", "Northshire", "2025-08", "sex: female"),
        ("receipts", "Northshire", "2025-08", "sex: male"),
    )
    assert hidden_in(cells).hidden == frozenset()
    assert female in hidden_in(cells, hidden=frozenset([female])).hidden
    # female fell under the minimum after male was shown: hiding male now protects nothing, and the pack says that it stopped
    cells["Northshire", "2025-08", "sex: female"], cells["Northshire", "2025-08", "all"] = 4.0, 64.0
    safe = hidden_in(cells, shown=frozenset([male]))
    assert {female, male} <= safe.hidden
    assert "left out in 1 period" in safe.stopped[0]
