"""The attack suite: tables with a planted disclosure, and safe ones, as files an analyst would save.

`cases(seed)` gives both. Each planted case says which rules may find it. The benchmark beside rival checkers uses the same cases.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[list[Any]]
Random = np.random.Generator
EACH = 11


@dataclass(frozen=True)
class Case:
    """Files checked together; ``expect`` are the rules of which one must be found; empty for a safe case."""

    kind: str
    files: dict[str, Rows]
    expect: frozenset[str] = frozenset()
    earlier: dict[str, Rows] | None = None
    zeros: bool = False
    about: str = ""


def save(rows: Rows, path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def names(kind: str, n: int) -> list[str]:
    known = {
        "region": ["North", "South", "East", "West", "Midlands", "London", "Wales", "Scotland"],
        "offence": ["theft", "fraud", "drugs", "violence", "arson", "other"],
        "age": ["10-14", "15-19", "20-24", "25-34", "35-44", "45-64"],
    }
    return known[kind][:n]


def counts(random: Random, *shape: int, low: int = 12, high: int = 400) -> np.ndarray:
    return random.integers(low, high, shape)


def crossed(
    values: np.ndarray, rows: list[str], columns: list[str], name: str = "region", margins: bool = True
) -> Rows:
    made: Rows = [[name, *columns]]
    made += [[label, *map(int, line)] for label, line in zip(rows, values, strict=True)]
    if margins:
        made[0].append("Total")
        for row in made[1:]:
            row.append(sum(row[1:]))
        made.append(["Total", *[int(sum(row[at] for row in made[1:])) for at in range(1, len(columns) + 2)]])
    return made


def long(values: np.ndarray, rows: list[str], columns: list[str]) -> Rows:
    made: Rows = [["region", "offence", "count"]]
    return made + [[r, c, int(values[i, j])] for i, r in enumerate(rows) for j, c in enumerate(columns)]


def some(random: Random) -> tuple[np.ndarray, list[str], list[str]]:
    wide, tall = int(random.integers(3, 6)), int(random.integers(3, 7))
    return counts(random, tall, wide), names("region", tall), names("offence", wide)


def somewhere(random: Random, values: np.ndarray) -> tuple[int, int]:
    return int(random.integers(values.shape[0])), int(random.integers(values.shape[1]))


def small_crossed(random: Random) -> Case:
    v, r, c = some(random)
    v[somewhere(random, v)] = random.integers(1, 10)
    return Case(
        "small cell, crossed",
        {"t.csv": crossed(v, r, c, margins=bool(random.integers(2)))},
        frozenset({"count.small"}),
    )


def small_long(random: Random) -> Case:
    v, r, c = some(random)
    v[somewhere(random, v)] = random.integers(1, 10)
    return Case("small cell, long", {"t.csv": long(v, r, c)}, frozenset({"count.small"}))


def zero(random: Random) -> Case:
    v, r, c = some(random)
    v[somewhere(random, v)] = 0
    return Case("zero", {"t.csv": crossed(v, r, c)}, frozenset({"count.zero"}), zeros=True)


def full(random: Random) -> Case:
    v, r, c = some(random)
    i, j = somewhere(random, v)
    v[i] = 0
    v[i, j] = random.integers(20, 200)
    return Case("full cell", {"t.csv": crossed(v, r, c)}, frozenset({"count.full"}))


def remainder(random: Random) -> Case:
    v, r, c = some(random)
    i, _j = somewhere(random, v)
    table = crossed(v, r, c)
    row = table[i + 1]
    row[-1] += int(random.integers(1, 10))
    return Case("total less parts", {"t.csv": table}, frozenset({"count.remainder"}))


def hidden_alone(random: Random) -> Case:
    v, r, c = some(random)
    i, j = somewhere(random, v)
    v[i, j] = random.integers(1, 10)
    table = crossed(v, r, c)
    table[i + 1][j + 1] = str(random.choice(["c", "*", "[c]", "", "<10", "suppressed"]))
    return Case("hidden alone in its lines", {"t.csv": table}, frozenset({"hidden.pinned"}))


def hidden_row_pair(random: Random) -> Case:
    v, r, c = some(random)
    i = int(random.integers(len(r)))
    j, k = random.choice(len(c), 2, replace=False)
    v[i, j], v[i, k] = random.integers(1, 10), random.integers(1, 10)
    table = crossed(v, r, c)
    table[i + 1][j + 1] = table[i + 1][k + 1] = "c"
    return Case("hidden twice in a row, once in each column", {"t.csv": table}, frozenset({"hidden.pinned"}))


def hidden_narrow(random: Random) -> Case:
    """Four corners hidden, all small: the sums leave little room."""
    v, r, c = some(random)
    (i, k), (j, m) = random.choice(len(r), 2, replace=False), random.choice(len(c), 2, replace=False)
    for a in (i, k):
        for b in (j, m):
            v[a, b] = random.integers(1, 4)
    table = crossed(v, r, c)
    for a in (i, k):
        for b in (j, m):
            table[a + 1][b + 1] = "c"
    return Case("four hidden corners with little room", {"t.csv": table}, frozenset({"hidden.pinned"}))


def hierarchy(random: Random) -> Case:
    """Region totals tie sub-areas; a hidden sub-area follows from its region's total, not from the table's."""
    rows: Rows = [["area", "theft", "fraud", "Total"]]
    areas = {"North": ["N1", "N2", "N3"], "South": ["S1", "S2", "S3"]}
    lines = {}
    for region, parts in areas.items():
        for part in parts:
            lines[part] = counts(random, 2)
        lines[region] = sum(lines[part] for part in parts)
    lines["Total"] = lines["North"] + lines["South"]
    lines["N1"] = lines["N1"].copy()
    gone = int(random.integers(1, 10)) - int(lines["N1"][0])
    for name in ("N1", "North", "Total"):
        lines[name] = lines[name] + np.array([gone, 0])
    for name in ("North", "N1", "N2", "N3", "South", "S1", "S2", "S3", "Total"):
        rows.append([name, int(lines[name][0]), int(lines[name][1]), int(lines[name].sum())])
    at = {row[0]: row for row in rows}
    at["N1"][1] = at["N1"][2] = at["S1"][1] = at["S1"][2] = "c"
    about = (
        '[[table]]\nstatistic = "frequency"\n[table.hierarchy.area]\n'
        + "".join(f'{part} = "{region}"\n' for region, parts in areas.items() for part in parts)
        + 'North = "Total"\nSouth = "Total"\n'
    )
    return Case("hierarchical margins", {"t.csv": rows}, frozenset({"hidden.pinned"}), about=about)


def linked_shown(random: Random) -> Case:
    """One table hides a margin that the other, by age, adds up to."""
    v, r, _c = some(random)
    i = int(random.integers(len(r)))
    one: Rows = [["region", "count"]] + [[name, int(line.sum())] for name, line in zip(r, v, strict=True)]
    split = [int(random.integers(1, 4)), int(random.integers(1, 4))]
    ages = [[int(n) // 3, int(n) - int(n) // 3] for n in v.sum(axis=1)]
    ages[i] = split
    one[i + 1][1] = "c"
    other: Rows = [["region", "age", "count"]]
    for name, parts in zip(r, ages, strict=True):
        other += [[name, "under 25", parts[0]], [name, "25 and over", parts[1]], [name, "Total", sum(parts)]]
    other[1 + 3 * i][2] = other[2 + 3 * i][2] = "c"
    return Case(
        "hidden in one table, shown in another",
        {"a.csv": one, "b.csv": other},
        frozenset({"difference.hidden", "count.small"}),
    )


def linked_sums(random: Random) -> Case:
    """Hidden cells of a crossed table follow from another table's margins."""
    v, r, c = some(random)
    i, j = somewhere(random, v)
    v[i, j] = random.integers(1, 10)
    one = crossed(v, r, c)
    one[i + 1][j + 1] = "c"
    one[i + 1][-1] = "c"
    one[-1][j + 1] = "c"
    one[-1][-1] = "c"
    other: Rows = [["region", "count"]] + [[name, int(line.sum())] for name, line in zip(r, v, strict=True)]
    return Case(
        "margins of another table",
        {"a.csv": one, "b.csv": other},
        frozenset({"difference.hidden", "hidden.pinned"}),
    )


def two_tables(random: Random) -> Case:
    v, r, c = some(random)
    w = v.copy()
    w[somewhere(random, v)] += random.integers(1, 10)
    margins = bool(random.integers(2))
    case = {"a.csv": crossed(v, r, c, margins=margins)}, {"b.csv": crossed(w, r, c, margins=margins)}
    if random.integers(2):
        return Case("two tables differ by few", {**case[0], **case[1]}, frozenset({"difference.pair"}))
    return Case("a release differs by few", case[1], frozenset({"difference.pair"}), earlier=case[0])


def three_tables(random: Random) -> Case:
    v, r, c = some(random)
    w = counts(random, *v.shape)
    whole = v + w
    whole[somewhere(random, v)] += random.integers(1, 10)
    files = {
        name: crossed(t, r, c, margins=False) for name, t in (("a.csv", v), ("b.csv", w), ("all.csv", whole))
    }
    if random.integers(2):
        earlier = {"a.csv": files.pop("a.csv")}
        return Case("three tables, one released", files, frozenset({"difference.triple"}), earlier=earlier)
    return Case("three tables", files, frozenset({"difference.triple"}))


def overlapping(random: Random) -> Case:
    n = counts(random, 3)
    few = int(random.integers(1, 10))
    one: Rows = [["age", "count"], ["16-17", int(n[0])], ["18-24", int(n[1])], ["25-34", int(n[2])]]
    other: Rows = [
        ["age", "count"],
        ["16-18", int(n[0]) + few],
        ["19-24", int(n[1]) - few],
        ["25-34", int(n[2])],
    ]
    return Case("overlapping bands", {"a.csv": one, "b.csv": other}, frozenset({"difference.bands"}))


def rounding(random: Random) -> Case:
    """Parts rounded to 5, totals exact: in a row of small parts the total says which way each was rounded."""
    v, r, c = some(random)
    i = int(random.integers(len(r)))
    low, far = [(7, 5), (3, 5), (12, 10), (2, 0)], len(c)
    direction = int(random.integers(2))
    exact = [7 if direction else 3] * far
    shown = (np.floor(v / 5 + 0.5) * 5).astype(int)
    v[i] = exact
    shown[i] = [5] * far
    table = crossed(v, r, c)
    for a in range(len(r)):
        for b in range(len(c)):
            table[a + 1][b + 1] = int(shown[a, b])
    assert low
    return Case("rounding undone by totals", {"t.csv": table}, frozenset({"rounding.undone"}))


def dominance(random: Random) -> Case:
    rows: Rows = [["industry", "turnover sum", "n", "largest", "second"]]
    for name in names("offence", 5):
        top = random.integers(100, 200)
        rows.append([name, int(top * 12), int(random.integers(20, 50)), int(top), int(top) - 5])
    row = rows[int(random.integers(1, 6))]
    if random.integers(2):
        row[3], row[4] = int(row[1] * 0.7), int(row[1] * 0.25)
    else:
        row[3], row[4] = int(row[1] * 0.45), int(row[1] * 0.52)
    return Case("dominance", {"t.csv": rows}, frozenset({"dominance.nk", "dominance.p-percent"}))


def mean_rows(random: Random, extra: list[str] | None = None) -> Rows:
    rows: Rows = [["region", "n", "mean", "sd", *(extra or [])]]
    for name in names("region", 5):
        rows.append([name, int(random.integers(60, 400)), round(float(random.normal(30, 5)), 2), 4.5])
    return rows


def mean_few(random: Random) -> Case:
    rows = mean_rows(random)
    rows[int(random.integers(1, 6))][1] = int(random.integers(1, 10))
    return Case("mean of few", {"t.csv": rows}, frozenset({"count.few"}))


def mean_same(random: Random) -> Case:
    rows = mean_rows(random)
    rows[int(random.integers(1, 6))][3] = 0.0
    return Case("all have one value", {"t.csv": rows}, frozenset({"mean.same"}))


def mean_uncounted(random: Random) -> Case:
    rows = [[row[0], row[2], row[3]] for row in mean_rows(random)]
    return Case("means without counts", {"t.csv": rows}, frozenset({"counts.missing"}))


def mean_subtracted(random: Random) -> Case:
    rows = mean_rows(random)
    rows.append(["Total", sum(row[1] for row in rows[1:]) + int(random.integers(1, 10)), 30.1, 4.4])
    return Case("mean of the rest", {"t.csv": rows}, frozenset({"mean.subtracted"}))


def extreme(random: Random) -> Case:
    rows = mean_rows(random, ["max"])
    for row in rows[1:]:
        row.append(99.0)
    return Case("maximum", {"t.csv": rows}, frozenset({"extreme.shown"}))


def percentile(random: Random) -> Case:
    rows: Rows = [["region", "n", "median", "p95"]]
    rows += [[name, int(random.integers(25, 150)), 30.0, 52.0] for name in names("region", 5)]
    return Case("percentile of few", {"t.csv": rows}, frozenset({"percentile.few"}))


def share(random: Random) -> Case:
    rows: Rows = [["region", "n", "percent convicted"]]
    rows += [
        [name, int(random.integers(200, 400)), float(random.integers(20, 80))] for name in names("region", 5)
    ]
    row = rows[int(random.integers(1, 6))]
    row[2] = float(random.choice([1.0, 99.0, 100.0, 0.5]))
    return Case("share of few", {"t.csv": rows}, frozenset({"share.small"}))


def regression_rows(random: Random) -> Rows:
    rows: Rows = [["term", "coef", "std err", "t", "p"]]
    for name in ("const", "age", "sex", "prior"):
        rows.append([name, round(float(random.normal()), 3), 0.1, 2.2, 0.03])
    return rows


def regression(random: Random) -> Case:
    rows = regression_rows(random)
    pick = int(random.integers(4))
    if pick == 0:
        return Case("regression without its size", {"t.csv": rows}, frozenset({"regression.df-missing"}))
    if pick == 1:
        rows.append(["Observations", int(random.integers(5, 13)), None, None, None])
        return Case("regression of few", {"t.csv": rows}, frozenset({"regression.df"}))
    if pick == 2:
        rows.append(["Df Residuals", 0, None, None, None])
        return Case("saturated regression", {"t.csv": rows}, frozenset({"regression.saturated"}))
    rows += [["Observations", 300, None, None, None], ["R-squared", 1.0, None, None, None]]
    return Case("regression without residuals", {"t.csv": rows}, frozenset({"regression.saturated"}))


def survival(random: Random) -> Case:
    rows: Rows = [["time", "at risk", "events", "survival"]]
    left, at = int(random.integers(200, 400)), 1.0
    for day in range(1, 9):
        gone = int(random.integers(1, 4))
        at *= 1 - gone / left
        rows.append([day, left, gone, round(at, 4)])
        left -= gone
    if random.integers(2):
        rows = [[row[0], row[1], row[3]] for row in rows]
    return Case("steps of a survival curve", {"t.csv": rows}, frozenset({"survival.step"}))


def survival_end(random: Random) -> Case:
    rows: Rows = [
        ["time", "at risk", "events", "survival"],
        [0, 90, 0, 1.0],
        [90, 50, 40, 0.56],
        [180, 7, 43, 0.08],
    ]
    rows[3][1] = int(random.integers(1, 10))
    return Case("end of a survival curve", {"t.csv": rows}, frozenset({"survival.at-risk"}))


def histogram(random: Random) -> Case:
    rows: Rows = [["lower", "upper", "count"]]
    rows += [[10 * at, 10 * at + 10, int(random.integers(20, 90))] for at in range(7)]
    rows[-1][2] = int(random.integers(1, 10))
    return Case("histogram's last bin", {"t.csv": rows}, frozenset({"histogram.small", "count.small"}))


def points(random: Random) -> Case:
    names_of = [["fitted", "residual"], ["x", "y"], ["leverage", "cooks"]][int(random.integers(3))]
    rows: Rows = [names_of] + [
        [round(float(a), 3), round(float(b), 3)] for a, b in random.normal(size=(40, 2))
    ]
    return Case("points of a plot", {"t.csv": rows}, frozenset({"points.shown"}))


def records(random: Random) -> Case:
    rows: Rows = [["person_id", "sex", "age", "offence"]]
    rows += [[f"p{at}", "m", int(a), "theft"] for at, a in enumerate(random.integers(18, 60, 50))]
    if random.integers(2):
        rows = [[*row[1:3], row[3]] for row in rows]
    return Case("records", {"t.csv": rows}, frozenset({"aggregate.records"}))


PLANTED: tuple[Callable[[Random], Case], ...] = (
    small_crossed, small_long, zero, full, remainder, hidden_alone, hidden_row_pair, hidden_narrow, hierarchy, linked_shown,
    linked_sums, two_tables, three_tables, overlapping, rounding, dominance, mean_few, mean_same, mean_uncounted,
    mean_subtracted, extreme, percentile, share, regression, survival, survival_end, histogram, points, records,
)  # fmt: skip


def safe_crossed(random: Random) -> Case:
    v, r, c = some(random)
    return Case("crossed", {"t.csv": crossed(v, r, c, margins=bool(random.integers(2)))})


def safe_long(random: Random) -> Case:
    v, r, c = some(random)
    return Case("long", {"t.csv": long(v, r, c)})


def safe_mean(random: Random) -> Case:
    rows = mean_rows(random)
    if random.integers(2):
        rows.append(["Total", sum(row[1] for row in rows[1:]), 30.1, 4.4])
    return Case("means", {"t.csv": rows})


def safe_sum(random: Random) -> Case:
    rows: Rows = [["industry", "turnover sum", "n", "largest", "second"]]
    for name in names("offence", 5):
        top = random.integers(100, 200)
        rows.append([name, int(top * 12), int(random.integers(20, 50)), int(top), int(top) - 5])
    return Case("sums", {"t.csv": rows})


def safe_regression(random: Random) -> Case:
    rows = regression_rows(random)
    rows += [
        ["Observations", int(random.integers(100, 5000)), None, None, None],
        ["R-squared", 0.31, None, None, None],
    ]
    return Case("regression", {"t.csv": rows})


def safe_survival(random: Random) -> Case:
    rows: Rows = [["month", "at risk", "events", "survival"]]
    left, at = int(random.integers(2000, 4000)), 1.0
    for month in range(0, 36, 6):
        gone = int(random.integers(15, 90)) if month else 0
        at *= 1 - gone / left
        rows.append([month, left, gone, round(at, 3)])
        left -= gone + int(random.integers(10, 60))
    return Case("survival curve", {"t.csv": rows})


def safe_histogram(random: Random) -> Case:
    rows: Rows = [["lower", "upper", "count"]]
    rows += [[10 * at, 10 * at + 10, int(random.integers(20, 90))] for at in range(7)]
    return Case("histogram", {"t.csv": rows})


def safe_share(random: Random) -> Case:
    rows: Rows = [["region", "n", "percent convicted"]]
    rows += [
        [name, int(random.integers(200, 400)), float(random.integers(20, 80))] for name in names("region", 5)
    ]
    return Case("shares", {"t.csv": rows})


def safe_percentile(random: Random) -> Case:
    rows: Rows = [["region", "n", "median", "p25", "p75"]]
    rows += [[name, int(random.integers(60, 500)), 30.0, 22.0, 41.0] for name in names("region", 5)]
    return Case("percentiles", {"t.csv": rows})


def safe_years(random: Random) -> Case:
    v, r, c = some(random)
    w = np.maximum(12, v + random.integers(-30, 31, v.shape))
    w[0, 0], w[-1, -1] = v[0, 0] + 17, max(12, v[-1, -1] - 8)
    if w[-1, -1] >= v[-1, -1]:
        v[-1, -1] = w[-1, -1] + 8
    return Case("two years of one layout", {"a.csv": crossed(v, r, c), "b.csv": crossed(w, r, c)})


def safe_rounded(random: Random) -> Case:
    v, r, c = some(random)
    table = crossed(v, r, c)
    return Case(
        "rounded alike",
        {
            "t.csv": [
                table[0],
                *[[row[0], *[max(10, round(x / 5) * 5) for x in row[1:]]] for row in table[1:]],
            ]
        },
    )


def safe_hidden(random: Random) -> Case:
    v, r, c = some(random)
    (i, k), (j, m) = random.choice(len(r), 2, replace=False), random.choice(len(c), 2, replace=False)
    v[i, j] = random.integers(1, 10)
    for a, b in ((i, m), (k, j), (k, m)):
        v[a, b] = random.integers(30, 90)
    table = crossed(v, r, c)
    for a in (i, k):
        for b in (j, m):
            table[a + 1][b + 1] = "c"
    return Case("hidden with three others", {"t.csv": table})


def safe_linked(random: Random) -> Case:
    v, r, c = some(random)
    one: Rows = [["region", "count"]] + [[name, int(line.sum())] for name, line in zip(r, v, strict=True)]
    return Case("two tables of one population", {"a.csv": crossed(v, r, c), "b.csv": one})


SAFE: tuple[Callable[[Random], Case], ...] = (
    safe_crossed, safe_long, safe_mean, safe_sum, safe_regression, safe_survival, safe_histogram, safe_share, safe_percentile,
    safe_years, safe_rounded, safe_hidden, safe_linked,
)  # fmt: skip


def planted(seed: int, each: int = EACH) -> Iterator[Case]:
    random = np.random.default_rng(seed)
    for make in PLANTED:
        for _ in range(each):
            yield make(random)


def safe(seed: int, each: int = 16) -> Iterator[Case]:
    random = np.random.default_rng(seed)
    for make in SAFE:
        for _ in range(each):
            yield make(random)
