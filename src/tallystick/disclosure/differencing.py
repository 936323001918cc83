"""Differencing: what two or three tables together give away that none gives alone.

Tables are compared cell by cell where they count the same thing (``Grid.key``). Of two tables with the same population
nothing differs; of two of which one counts a few people more, no cell is smaller and some exceed by a small number: that
is the sign looked for, so that two years' figures of one layout, which differ both ways, are not stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from tallystick.disclosure.attacker import intervals
from tallystick.disclosure.count_checks import exposed_cells
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.linked import system
from tallystick.disclosure.rules import Limits, finding
from tallystick.errors import Finding

Key = frozenset[tuple[str, str]]
BAND = re.compile(r"^(?:aged?\s*)?(\d+)\s*(?:-|–|to)\s*(\d+)$", re.IGNORECASE)
ONE = re.compile(r"^(?:aged?\s*)?(\d+)$", re.IGNORECASE)
MOST_TRIPLES = 5_000
LARGEST_TOGETHER = 20_000


def cells_of(counts: Counts) -> dict[Key, float]:
    """Return the table's shown figures by what they count."""
    values = counts.grid.values.reshape(-1)
    return {counts.grid.key(int(cell)): float(values[cell]) for cell in np.flatnonzero(~np.isnan(values))}


def words(key: Key) -> str:
    """Return what a cell counts, in words."""
    return ", ".join(f"{name}={code}" for name, code in sorted(key)) or "everybody"


def compare(new: Sequence[Counts], released: Sequence[Counts], limits: Limits) -> list[Finding]:
    """Return what the new tables give away with each other and with all that was released before."""
    tables = [*new, *released]
    cells = [cells_of(table) for table in tables]
    fresh = len(new)
    found: list[Finding] = []
    for a, b in combinations(range(len(tables)), 2):
        if a < fresh and may_compare(tables[a], tables[b]):
            found += pairs(tables[a], tables[b], cells[a], cells[b], limits)
            found += bands(tables[a], tables[b], cells[a], cells[b], limits)
    found += triples(tables, cells, fresh, limits)
    found += together(tables, cells, fresh, limits)
    return found


def may_compare(one: Counts, other: Counts) -> bool:
    """Return whether two tables may be of overlapping people: not if both state years or populations that exclude it."""
    years = [set(re.findall(r"\b(?:19|20)\d\d\b", table.population)) for table in (one, other)]
    return not (years[0] and years[1] and not years[0] & years[1])


def pairs(
    one: Counts, other: Counts, here: Mapping[Key, float], there: Mapping[Key, float], limits: Limits
) -> Iterable[Finding]:
    """Yield a finding if one table counts a few people more than the other."""
    shared = [key for key in here if key in there]
    if not shared:
        return
    gap = np.array([here[key] - there[key] for key in shared])
    if not (gap.any() and ((gap >= 0).all() or (gap <= 0).all())):
        return
    small = [
        key for key, value in zip(shared, gap, strict=True) if 0 < abs(value) < limits.minimum_cell_count
    ]
    if small:
        message = f"It differs from {other.where} by fewer than {limits.minimum_cell_count} people in {len(small)} cell(s)."
        yield finding("difference.pair", one.where, message, places=[words(key) for key in small])


def triples(
    tables: Sequence[Counts], cells: Sequence[Mapping[Key, float]], fresh: int, limits: Limits
) -> Iterable[Finding]:
    """Yield a finding for each table that exceeds two others together by a few people and is nowhere less than they."""
    tried = 0
    for whole in range(len(tables)):
        others = [
            at for at in range(len(tables))
            if at != whole and set(cells[at]) & set(cells[whole]) and may_compare(tables[at], tables[whole])
        ]  # fmt: skip
        for a, b in combinations(others, 2):
            if min(whole, a, b) >= fresh:
                continue
            tried += 1
            if tried > MOST_TRIPLES:
                return
            shared = [key for key in cells[whole] if key in cells[a] and key in cells[b]]
            if not shared:
                continue
            rest = np.array([cells[whole][k] - cells[a][k] - cells[b][k] for k in shared])
            parts = np.array([min(cells[a][k], cells[b][k]) for k in shared])
            if (rest < 0).any() or not rest.any() or (parts <= 0).all():
                continue
            small = [
                k for k, value in zip(shared, rest, strict=True) if 0 < value < limits.minimum_cell_count
            ]
            # by chance alone a rest is rarely small everywhere
            if len(small) == len([value for value in rest if value > 0]):
                message = f"Less {tables[a].where} and {tables[b].where} it leaves fewer than {limits.minimum_cell_count} people."
                yield finding(
                    "difference.triple", tables[whole].where, message, places=[words(k) for k in small]
                )


def bands(
    one: Counts, other: Counts, here: Mapping[Key, float], there: Mapping[Key, float], limits: Limits
) -> Iterable[Finding]:
    """Yield the bands of one table that lie within a band of the other and hold nearly all of it."""
    small: list[str] = []
    for first, second in ((here, there), (there, here)):
        wide = banded(first)
        narrow = banded(second)
        for rest, spans in wide.items():
            for low, high, count in spans:
                for a, b, inner in narrow.get(rest, ()):
                    if (
                        low <= a
                        and b <= high
                        and (low, high) != (a, b)
                        and 0 < count - inner < limits.minimum_cell_count
                    ):
                        small.append(f"{low:g} to {high:g} less {a:g} to {b:g}")
    if small:
        message = f"Bands of it and of {other.where} differ by fewer than {limits.minimum_cell_count} people."
        yield finding("difference.bands", one.where, message, places=small)


def banded(cells: Mapping[Key, float]) -> dict[tuple[Key, str], list[tuple[float, float, float]]]:
    """Return for each rest of a key and dimension the bands (from, to, count) that the table has."""
    made: dict[tuple[Key, str], list[tuple[float, float, float]]] = {}
    for key, value in cells.items():
        for name, code in key:
            span = BAND.match(code)
            single = ONE.match(code)
            if span or single:
                low = float((span or single).group(1))  # type: ignore[union-attr]
                high = float(span.group(2)) if span else low
                made.setdefault((key - {(name, code)}, name), []).append((low, high, value))
    return made


def together(
    tables: Sequence[Counts], cells: Sequence[Mapping[Key, float]], fresh: int, limits: Limits
) -> Iterable[Finding]:
    """Yield the cells that some table hides and that all tables over the same figures, taken together, pin to a small count."""
    hiding = [at for at, table in enumerate(tables) if table.hidden.any()]
    if not hiding or len(tables) < 2:
        return
    for group in alike(tables, cells):
        if not any(at in group for at in hiding) or min(group) >= fresh or len(group) < 2:
            continue
        members = [tables[at] for at in sorted(group)]
        if sum(table.grid.size for table in members) > LARGEST_TOGETHER:
            continue
        whole = system([table.full_grid() for table in members])
        low, high = np.zeros(len(whole.values)), np.full(len(whole.values), np.inf)
        said_low, said_high = low.copy(), high.copy()
        hidden = np.zeros(len(whole.values), dtype=bool)
        label: dict[int, str] = {}
        for table, at in zip(members, whole.places, strict=True):
            there = np.flatnonzero(table.present)
            np.maximum.at(low, at[there], table.low[there])
            np.minimum.at(high, at[there], table.high[there])
            for cell in np.flatnonzero(table.hidden):
                place = int(at[cell])
                hidden[place] = True
                said_low[place], said_high[place] = table.low[cell], table.high[cell]
                label[place] = f"{table.where}: {table.grid.label(int(cell))}"
        if (low > high).any():
            continue
        asked = np.flatnonzero(hidden)
        found = intervals(whole.sums, low, high, asked)
        exposed = exposed_cells(found.low, found.high, said_low[asked], said_high[asked], limits)
        alone = single_exposed(members, whole.places, limits)
        named = [label[int(place)] for place in asked[exposed] if int(place) not in alone]
        if named:
            message = f"{len(named)} hidden cell(s) follow from the tables taken together."
            yield finding("difference.hidden", members[0].where, message, places=named)


def single_exposed(members: Sequence[Counts], places: Sequence[np.ndarray], limits: Limits) -> set[int]:
    """Return the hidden cells that one table alone pins: the check of that table names them."""
    alone: set[int] = set()
    for table, at in zip(members, places, strict=True):
        cells = np.flatnonzero(table.hidden)
        if not len(cells):
            continue
        found = intervals(table.full_grid().sums(), table.low, table.high, cells)
        exposed = exposed_cells(found.low, found.high, table.low[cells], table.high[cells], limits)
        alone |= {int(place) for place in at[cells[exposed]]}
    return alone


def alike(tables: Sequence[Counts], cells: Sequence[Mapping[Key, float]]) -> list[set[int]]:
    """Return groups of tables that share figures and agree on every one: those of one population."""
    group = list(range(len(tables)))
    for a, b in combinations(range(len(tables)), 2):
        shared = [key for key in cells[a] if key in cells[b]]
        hidden_shared = {tables[a].grid.key(int(c)) for c in np.flatnonzero(tables[a].hidden)} & set(cells[b])
        informative = [key for key in shared if cells[a][key] > 0]
        if (
            (informative or hidden_shared)
            and all(cells[a][key] == cells[b][key] for key in shared)
            and informative
        ):
            old, kept = group[b], group[a]
            group = [kept if g == old else g for g in group]
    return [{at for at, g in enumerate(group) if g == each} for each in sorted(set(group))]
