"""Small numbers of a board's series hidden before anybody sees them, and with them what would give them away.

One table a measure and month: areas by groups, and for a share also those who are not of it; the sums over areas and groups are taken as known.
Over time, three things are: what an earlier pack showed is known, what it hid stays hidden, and the sum of three months of an area, everybody
together, is taken as published somewhere, so that one hidden month takes a second one with it. The disclosure engine chooses and audits;
where it can protect a cell in no way, the month's detail is stopped, and the pack says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.disclosure.grid import Bools, Dimension, Floats, Grid
from tallystick.disclosure.linked import suppress_linked
from tallystick.disclosure.proof import audit
from tallystick.disclosure.suppression import choose, small, unprotected, width_need
from tallystick.errors import Refused
from tallystick.performance.definitions import Measure, Measures
from tallystick.performance.series import ALL, SCHEMA, as_known

Key = tuple[str, str, str, str]
"""Measure, area, period, category."""
REST = "the rest"
YES, NO, BOTH = "of it", "not of it", "both"
ROUNDS = 12


@dataclass(frozen=True)
class Limits:
    """What the agreement says of small numbers: the least count shown, and whether noughts tell too much."""

    minimum: int
    zeros: bool = False

    @property
    def floor(self) -> float:
        """The least that a reader knows a hidden figure to be."""
        return 0.0 if self.zeros else 1.0


@dataclass(frozen=True)
class Safe:
    """The figures as they may be shown: hidden ones are marked [c] and have no value, in every publication of them.

    ``hidden`` has every figure hidden, now or before; ``stopped`` says in words which detail was stopped, and why.
    """

    table: pa.Table
    hidden: frozenset[Key]
    stopped: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A grid of one measure, and for each cell the figures that stand or fall with it (() for a sum that no pack shows)."""

    grid: Grid
    keys: tuple[tuple[Key, ...], ...]


def protect(
    figures: pa.Table,
    said: Measures,
    on: date,
    *,
    limits: Limits,
    hidden: frozenset[Key] = frozenset(),
    shown: frozenset[Key] = frozenset(),
) -> Safe:
    """Return the figures of every publication up to a day, fit to be shown.

    ``hidden`` and ``shown`` are what earlier packs hid and showed. Figures that their agency hid already count as hidden.
    """
    latest = as_known(figures, on).to_pylist()
    gone: set[Key] = set(hidden)
    stopped: list[str] = []
    for measure in said.measures:
        rows = [row for row in latest if row["measure"] == measure.id]
        if rows:
            found, why = of_measure(measure, rows, said, limits, hidden, shown)
            gone |= found
            stopped += why
    return Safe(masked(figures, said, gone, limits.minimum), frozenset(gone), tuple(stopped))


def key_of(row: Mapping[str, Any]) -> Key:
    """Return a figure's key."""
    return row["measure"], row["area"], row["period"], row["category"]


def counted(row: Mapping[str, Any], measure: Measure) -> float:
    """Return how many people or cases stand behind a figure; NaN where that is not said."""
    behind = row["denominator"] if measure.kind == "days" else row["value"]
    return float("nan") if behind is None else float(behind)


def masked(figures: pa.Table, said: Measures, gone: set[Key], minimum: int) -> pa.Table:
    """Return the figures with the hidden ones marked, and with them what is small in an earlier publication of a shown one."""
    kinds = {measure.id: measure for measure in said.measures}
    rows = figures.to_pylist()
    for row in rows:
        measure = kinds.get(row["measure"])
        if measure is None or measure.kind == "rate":
            was_small = row["value"] is not None and 0 < row["value"] < minimum
        else:
            was_small = 0 < counted(row, measure) < minimum
            rest = (row["denominator"] or 0) - (row["value"] or 0) if measure.kind == "proportion" else 0
            was_small = was_small or 0 < rest < minimum
        if key_of(row) in gone or was_small:
            row.update(value=None, denominator=None, mark="c")
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def of_measure(
    measure: Measure,
    rows: Sequence[Mapping[str, Any]],
    said: Measures,
    limits: Limits,
    hidden: frozenset[Key],
    shown: frozenset[Key],
) -> tuple[set[Key], list[str]]:
    """Return which figures of a measure are hidden, and which detail was stopped."""
    unsaid = {key_of(row) for row in rows if row["value"] is not None and np.isnan(counted(row, measure))}
    known = [row for row in rows if key_of(row) not in unsaid]
    gone = {key_of(row) for row in known if row["value"] is None and "c" in row["mark"].split()}
    why = []
    inner = {key for key in unsaid if key[1] != said.board.area or key[3] != ALL}
    if inner:
        gone |= inner
        why.append(
            f"{measure.title}: {len(inner)} figures of areas or groups are left out, for the number of cases behind them is not given, "
            "and small numbers cannot be tested. The agency should send it as the denominator."
        )
    months = grids(measure, known, said)
    within = parts_within(said)
    forced: set[Key] = set()
    stopped: set[str] = set()
    for _ in range(ROUNDS):
        for period, tables in months.items():
            here = {key for table in tables for keys in table.keys for key in keys}
            if forced and not here & forced:
                continue
            top = {key for key in here if is_top(key, within)}
            for less in (
                set(),
                {key for key in here if key[1] in within and key[3] != ALL},
                here - top,
            ):
                try:
                    gone |= chosen(
                        tables,
                        limits,
                        {*((hidden | gone) & here), *less},
                        {*(shown & here), *top},
                        forced & here,
                    )
                    break
                except Refused:
                    stopped.add(period)
            else:
                gone |= {key for key in here if not is_top(key, within) or key[1] == said.board.area}
        forced = alone(known, measure, gone, limits.minimum) - gone
        if not forced:
            break
    if stopped:
        why.append(
            f"{measure.title}: areas and groups are left out in {len(stopped)} period{'s' if len(stopped) > 1 else ''}. Some of their figures are so "
            "small that hiding them alone would not hold: they would follow from the rest, or from an earlier pack. Ask for longer periods "
            "or larger groups."
        )  # fmt: skip
    return gone | forced, why


def is_top(key: Key, within: frozenset[str]) -> bool:
    """Whether a figure is of everybody in the board's own area, or in another that is no part of it."""
    return key[3] == ALL and key[1] not in within


def parts_within(said: Measures) -> frozenset[str]:
    """Return the areas that lie within the board's own, at any depth."""
    found = {said.board.area}
    while more := {area.name for area in said.areas if area.part_of in found} - found:
        found |= more
    return frozenset(found - {said.board.area})


def alone(rows: Sequence[Mapping[str, Any]], measure: Measure, gone: set[Key], minimum: int) -> set[Key]:
    """Return the figures that must go with the hidden months of three, everybody together, whose sum may be known.

    One hidden month of a known sum is known; n of them that sum to s leave each a width of s less n: each is known to be one at least, or as
    many as it has groups that are hidden with it. Where the width is under the minimum, another month goes too.
    """
    least: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["category"] != ALL:
            least.setdefault((row["area"], row["period"]), Counter())[row["category"].split(":")[0]] += 1
    lines: dict[tuple[str, int, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["frequency"] == "month" and row["category"] == ALL and row["value"] is not None:
            lines.setdefault((row["area"], row["starts"].year, (row["starts"].month - 1) // 3), []).append(
                row
            )
    found = set()
    for inside in lines.values():
        hidden = [row for row in inside if key_of(row) in gone]
        others = sorted(
            (row for row in inside if key_of(row) not in gone), key=lambda row: (row["value"], row["period"])
        )
        floor = sum(max((1, *least.get((row["area"], row["period"]), {}).values())) for row in hidden)
        width = (
            0.0 if len(hidden) == 1 else min((sum(of) - floor for of in counts(hidden, measure)), default=0.0)
        )
        if len(inside) == 3 and hidden and others and width < minimum:
            found.add(key_of(others[0]))
    return found


def counts(rows: Sequence[Mapping[str, Any]], measure: Measure) -> list[list[float]]:
    """Return the counts behind figures: of a share those of it, and those not of it."""
    own = [counted(row, measure) for row in rows]
    if measure.kind != "proportion":
        return [own]
    return [own, [float(row["denominator"] or 0) - of for row, of in zip(rows, own, strict=True)]]


def chosen(
    tables: Sequence[Table], limits: Limits, hidden: set[Key], known: set[Key], forced: set[Key]
) -> set[Key]:
    """Return the figures that the disclosure engine hides in one period, with those hidden already.

    ``known`` ones it leaves alone: the board's own totals, and what an earlier pack showed. Raises Refused where one cannot be protected.
    """
    primaries = [small(table.grid, limits.minimum, limits.zeros) for table in tables]
    already = [of_keys(table, hidden | forced) for table in tables]
    if not any(each.any() for each in (*primaries, *already)):
        return set()
    sensitive = [
        (primary | of_keys(table, forced)) & ~np.isnan(table.grid.values.reshape(-1))
        for table, primary in zip(tables, primaries, strict=True)
    ]
    needs = [width_need(int(each.sum()), limits.minimum) for each in sensitive]
    frozen = [
        (of_keys(table, known - hidden) | np.array([not keys for keys in table.keys])) & ~each
        for table, each in zip(tables, sensitive, strict=True)
    ]
    if len(tables) > 1:
        grids_ = [table.grid for table in tables]
        patterns = suppress_linked(grids_, sensitive, needs, floor=limits.floor, absent=frozen).hidden
    else:
        patterns = (one_table(tables[0], sensitive[0], needs[0], limits, frozen[0], already[0]),)
    return {
        key
        for table, pattern, before in zip(tables, patterns, already, strict=True)
        for at in np.flatnonzero(pattern | before)
        for key in table.keys[at]
    }


def one_table(
    table: Table, sensitive: Bools, need: Floats, limits: Limits, frozen: Bools, already: Bools
) -> Bools:
    """Return which cells of a table are hidden, audited: a move proves each, or a linear program where none does."""
    grid = table.grid
    made = choose(grid, sensitive, need, floor=limits.floor, method="moves", frozen=frozen, hidden=already)
    asked = np.flatnonzero(sensitive)
    found = audit(grid, made.hidden, asked, need, limits.floor, exact_work=0, proof=made.proof, frozen=frozen)
    if found.exposed:
        raise Refused([unprotected(grid, found.exposed[0])])
    return made.hidden


def of_keys(table: Table, wanted: set[Key]) -> Bools:
    """Return which cells stand or fall with one of these figures."""
    return np.array([any(key in wanted for key in keys) for keys in table.keys], dtype=bool)


def grids(measure: Measure, rows: Sequence[Mapping[str, Any]], said: Measures) -> dict[str, list[Table]]:
    """Return for each period the tables of a measure: one for each set of dimensions by which its groups are given."""
    periods: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        periods.setdefault(row["period"], []).append(row)
    made = {}
    for period, inside in periods.items():
        sets = {
            tuple(sorted(part.split(":")[0] for part in row["category"].split("; ")))
            for row in inside
            if row["category"] != ALL
        }
        made[period] = [table(measure, inside, said, dimensions) for dimensions in sorted(sets) or [()]]
    return made


def table(measure: Measure, rows: Sequence[Mapping[str, Any]], said: Measures, dimensions: Sequence[str]) -> Table:  # fmt: skip
    """Return the table of a measure in one period: by area, these dimensions and, for a share, whether of it."""
    held: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for row in rows:
        place = coordinates(row, dimensions)
        if place is not None:
            held[place] = row
    axes = [list(dict.fromkeys(place[at] for place in held)) for at in range(len(dimensions) + 1)]
    values = np.full([len(axis) for axis in axes], np.nan)
    beneath = values.copy()
    number = [{code: at for at, code in enumerate(axis)} for axis in axes]
    for place, row in held.items():
        where = tuple(number[axis][code] for axis, code in enumerate(place))
        values[where] = counted(row, measure)
        if measure.kind == "proportion" and row["denominator"] is not None:
            beneath[where] = row["denominator"]
    names = ["area", *dimensions]
    parents: list[dict[str, str]] = [
        {area.name: area.part_of for area in said.areas if area.name in number[0] and area.part_of in number[0]},
        *({code: ALL for code in axis if code != ALL} if ALL in axis else {} for axis in axes[1:]),
    ]  # fmt: skip
    if measure.kind == "proportion":
        values = np.stack([values, beneath - values, beneath], axis=-1)
        axes.append([YES, NO, BOTH])
        names.append("outcome")
        parents.append({YES: BOTH, NO: BOTH})
    return with_sums(names, axes, values, parents, {place: (key_of(row),) for place, row in held.items()})


def coordinates(row: Mapping[str, Any], dimensions: Sequence[str]) -> tuple[str, ...] | None:
    """Return a row's place: area, then each dimension's group or ``all``; None where it is of other dimensions."""
    groups = {} if row["category"] == ALL else dict(part.split(": ", 1) for part in row["category"].split("; "))  # fmt: skip
    if not set(groups) <= set(dimensions):
        return None
    return (row["area"], *(groups.get(name, ALL) for name in dimensions))


def with_sums(
    names: Sequence[str],
    axes: Sequence[list[str]],
    values: Floats,
    parents: Sequence[dict[str, str]],
    keys: Mapping[tuple[str, ...], tuple[Key, ...]],
) -> Table:
    """Return the grid with what follows by subtraction: the rest of each whole."""
    listed = [list(axis) for axis in axes]
    above = [dict(each) for each in parents]
    for axis in range(len(listed)):
        for whole in dict.fromkeys(above[axis].values()):
            values = with_rest(values, listed[axis], above[axis], axis, whole)
    dimensions = tuple(
        Dimension(name, tuple(codes), tuple(codes.index(up[code]) if code in up else -1 for code in codes))
        for name, codes, up in zip(names, listed, above, strict=True)
    )
    grid = Grid(dimensions, values)
    return Table(grid, tuple(keys_of(grid, cell, keys) for cell in range(grid.size)))


def with_rest(values: Floats, codes: list[str], parents: dict[str, str], axis: int, whole: str) -> Floats:
    """Return the values with the remainder of a whole as a part of its own, or with the tie cut where parts exceed the whole."""
    inside = [code for code, up in parents.items() if up == whole]
    parts = np.take(values, [codes.index(code) for code in inside], axis=axis)
    top_ = np.take(values, [codes.index(whole)], axis=axis)
    rest = top_ - parts.sum(axis=axis, keepdims=True)
    if np.nanmin(rest, initial=0.0) < 0:
        for code in inside:
            del parents[code]
        return values
    if not np.nansum(rest) > 0:
        return values
    name = f"{REST} of {whole}"
    codes.append(name)
    parents[name] = whole
    return np.concatenate([values, rest], axis=axis)


def keys_of(grid: Grid, cell: int, keys: Mapping[tuple[str, ...], tuple[Key, ...]]) -> tuple[Key, ...]:
    """Return the figures that stand or fall with a cell; none for a sum or remainder that no pack shows."""
    place = np.unravel_index(cell, grid.values.shape)
    codes = tuple(d.codes[int(at)] for d, at in zip(grid.dimensions, place, strict=True))
    if grid.dimensions[-1].name == "outcome":
        codes = codes[:-1]
    return keys.get(codes, ())
