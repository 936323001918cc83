"""The least loss of detail that brings an extract under its limits, and what it costs in use.

Every column has a ladder from as it is to withheld. The search goes through the lattice of rungs in order of
cost, so the first that passes is the cheapest (El Emam et al. 2009 search the same lattice for k alone). Cost is the
share of a column's information (entropy) that a rung loses: 0 nothing, 1 all of it. Beyond ``most_tried``
combinations the best so far comes from a greedy walk, and the proposal says so.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tallystick.deidentify.classes import Ints, codes
from tallystick.deidentify.detail import bands, flat, numbers, rare_merged, truncated_dates
from tallystick.deidentify.risk import Limits, Risk, findings, risk


@dataclass(frozen=True)
class Rung:
    """One detail of one column: its name and the column in it."""

    name: str
    column: pa.Array
    cost: float


@dataclass(frozen=True)
class Proposal:
    """Which detail for each column; cost for each, 0 to 1; the risk after; whether no cheaper one passes."""

    details: Mapping[str, str]
    cost: Mapping[str, float]
    after: Risk
    passes: bool
    is_least: bool
    tried: int

    @property
    def total_cost(self) -> float:
        """The mean share of information lost over the columns."""
        return sum(self.cost.values()) / len(self.cost) if self.cost else 0.0


def entropy(coded: Ints) -> float:
    """Return the information of coded values in bits."""
    count = np.bincount(coded)
    share = count[count > 0] / max(1, len(coded))
    return float(-(share * np.log2(share)).sum())


def ladder(column: pa.Array) -> tuple[Rung, ...]:
    """Return the details a column can be given in, finest first, each with the share of its information that it loses.

    Dates go to month, quarter, year; numbers to quantile bands of 10, 5 and 2; texts have rare values merged at 10, 50
    and 200 rows; all end at withheld.
    """
    withheld = pa.nulls(len(column), pa.string())
    made: list[tuple[str, pa.Array]] = [("full", column)]
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        made += [(unit, truncated_dates(column, unit).column) for unit in ("month", "quarter", "year")]
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        known = numbers(column)
        known = known[~np.isnan(known)]
        for many in (10, 5, 2):
            quantiles = np.quantile(known, np.linspace(0, 1, many + 1)[1:-1]) if len(known) else []
            cuts = tuple(sorted({float(f"{cut:.3g}") for cut in quantiles}))
            if cuts:
                made.append(("bands at " + ", ".join(f"{cut:g}" for cut in cuts), bands(column, cuts).column))
    elif not pa.types.is_boolean(column.type):
        made += [
            (f"values with fewer than {n} rows merged", rare_merged(column, n).column) for n in (10, 50, 200)
        ]
    made.append(("withheld", withheld))
    whole = entropy(coded(column))
    rungs = [Rung(name, each, 1 - entropy(coded(each)) / whole if whole else 0.0) for name, each in made]
    return tuple(
        rung
        for at, rung in enumerate(rungs)
        if at in (0, len(rungs) - 1) or rung.cost > rungs[at - 1].cost + 1e-9
    )


def coded(column: pa.Array) -> Ints:
    """Return one column's codes."""
    return codes(pa.table({"value": column}), ["value"])[:, 0]


def propose(
    table: pa.Table,
    columns: Sequence[str],
    limits: Limits,
    sensitive: Sequence[str] = (),
    sampling_fraction: float = 1.0,
    most_tried: int = 2000,
    weights: Mapping[str, float] | None = None,
) -> Proposal:
    """Return the cheapest details of ``columns`` under which a table with one row a person keeps within its limits.

    ``weights`` says how much an analysis needs a column (default 1). The cost order makes the first passing node the
    least; past ``most_tried`` nodes the answer is the greedy one.
    """
    ladders = {name: ladder(flat(table[name])) for name in columns}
    weight = {name: (weights or {}).get(name, 1.0) for name in columns}

    def cost(place: tuple[int, ...]) -> float:
        return sum(weight[name] * ladders[name][at].cost for name, at in zip(columns, place, strict=True))

    def measure(place: tuple[int, ...]) -> Risk:
        made = {name: ladders[name][at].column for name, at in zip(columns, place, strict=True)}
        kept = {name: table[name] for name in sensitive if name not in made}
        return risk(pa.table({**made, **kept}), columns, sensitive, sampling_fraction)

    start = tuple(0 for _ in columns)
    queue = [(0.0, start)]
    seen = {start}
    tried = 0
    while queue and tried < most_tried:
        _, place = heapq.heappop(queue)
        tried += 1
        after = measure(place)
        if not findings(after, limits):
            return made_proposal(columns, ladders, place, after, True, True, tried)
        for next_place in coarser(place, columns, ladders):
            if next_place not in seen:
                seen.add(next_place)
                heapq.heappush(queue, (cost(next_place), next_place))
    place, after, passes, more = greedy(start, columns, ladders, measure, limits, cost)
    return made_proposal(columns, ladders, place, after, passes, False, tried + more)


def coarser(
    place: tuple[int, ...], columns: Sequence[str], ladders: Mapping[str, tuple[Rung, ...]]
) -> list[tuple[int, ...]]:
    """Return the places one rung up on one column."""
    return [
        (*place[:at], place[at] + 1, *place[at + 1 :])
        for at, name in enumerate(columns)
        if place[at] + 1 < len(ladders[name])
    ]


def greedy(
    place: tuple[int, ...],
    columns: Sequence[str],
    ladders: Mapping[str, tuple[Rung, ...]],
    measure: Callable[[tuple[int, ...]], Risk],
    limits: Limits,
    cost: Callable[[tuple[int, ...]], float],
) -> tuple[tuple[int, ...], Risk, bool, int]:
    """Return where taking, each time, the rung that removes most unique people for its cost ends."""
    after, tried = measure(place), 1
    while findings(after, limits):
        steps = [(step, measure(step)) for step in coarser(place, columns, ladders)]
        tried += len(steps)
        if not steps:
            return place, after, False, tried
        here = cost(place)

        def gain(step: tuple[tuple[int, ...], Risk], here: float = here, now: Risk = after) -> float:
            return (now.classes - step[1].classes + 1e-6) / (cost(step[0]) - here + 1e-6)

        place, after = max(steps, key=gain)
    return place, after, True, tried


def made_proposal(
    columns: Sequence[str],
    ladders: Mapping[str, tuple[Rung, ...]],
    place: tuple[int, ...],
    after: Risk,
    passes: bool,
    is_least: bool,
    tried: int,
) -> Proposal:
    """Return the place in the lattice as a proposal."""
    chosen = {name: ladders[name][at] for name, at in zip(columns, place, strict=True)}
    return Proposal(
        {name: rung.name for name, rung in chosen.items()},
        {name: round(rung.cost, 4) for name, rung in chosen.items()},
        after,
        passes,
        is_least,
        tried,
    )
