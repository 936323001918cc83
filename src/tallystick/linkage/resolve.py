"""Persons from scored pairs: average-linkage clustering under the constraints of the share.

Connected components chain: one false link joins two persons, and on real data at a threshold that keeps recall they join nearly
everyone. Here two groups of records become one person only while the *mean* log-odds of all pairs between them is above even odds; a pair
that was never scored counts as evidence against. What one pair can say is bounded on both sides: two records of one person that
disagree on all they hold are common where records are bad, and one bad record must not part it from the rest. The clustering is
exact average linkage (Sokal and Michener 1958) by reciprocal nearest neighbours (Murtagh 1983), so neither the order of rows nor
that of sources matters.

A threshold over even odds asks how strong a join is. k pairs between two groups are not k independent witnesses, for they share
records, but they say more than one does: the strength of a join is the mean times the root of k, as a mean gains on its standard
error. A person is the largest group whose last join is over the threshold; under even odds the persons of even odds join further.
So a higher threshold parts persons and joins none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

AGAINST = (
    -1.0
)  # the least log2 odds of one pair, and those of a pair that no blocking rule and no threshold let through,
BELOW = 1.0  # or so much under the threshold's where that is less: else everybody would be one person at a third and under
FOR = 8.0  # the most log2 odds of one pair,
OVER = (
    3.5  # or so much over the threshold's where that is more: else nobody would be linked at 0.997 and above
)
ALWAYS, NEVER = 1e6, -1e9


@dataclass(frozen=True)
class Edges:
    """Scored pairs of record numbers: ``a < b``, each pair once, and their log2 odds of being one person."""

    a: Ints
    b: Ints
    log_odds: Floats


@dataclass(frozen=True)
class Joins:
    """Groups that become one at the same time: ``other`` into ``first``, named by their smallest records, and how strongly in log2 odds.

    A join that a stronger one holds together has that one's strength.
    """

    first: Ints
    other: Ints
    strength: Floats


@dataclass(frozen=True)
class Persons:
    """The person of each record, as the smallest record number in it, the joins that made it, in their order, and the groups they began with."""

    label: Ints
    joins: tuple[Joins, ...]
    begun: Ints

    def held(self, a: Ints, b: Ints) -> Floats:
        """Return the log2 odds at which the records of each pair are still one person; minus infinity where they are not, or began as one."""
        found = np.full(len(a), -np.inf)
        a, b = self.begun[a], self.begun[b]
        for join in self.joins:
            into = np.arange(len(self.label), dtype=np.int64)
            into[join.other] = join.first
            strength = np.zeros(len(self.label))
            strength[join.first] = join.strength
            was_apart = a != b
            a, b = into[a], into[b]
            met = was_apart & (a == b)
            found[met] = strength[a[met]]
        return found


def persons(records: int, edges: Edges, stop: float = 0.0, start: Ints | None = None) -> Persons:
    """Return the persons of the records at ``stop``, the log2 odds of the threshold.

    Groups begin as ``start`` (persons as `Persons.label` has them; each record alone unless given). Overrides enter as edges of
    ``ALWAYS`` or ``NEVER``.
    """
    begun = np.arange(records, dtype=np.int64) if start is None else start
    joins = _strongest(_joins(records, edges, max(stop, 0.0), begun), records)
    kept = [
        Joins(join.first[is_kept], join.other[is_kept], join.strength[is_kept])
        for join in joins
        if (is_kept := join.strength > stop).any()
    ]
    label = _joined(begun, kept)
    if stop < 0:
        further = _joins(records, edges, stop, label)
        kept, label = [*kept, *further], _joined(label, further)
    return Persons(label, tuple(kept), begun)


def strengths(records: int, edges: Edges, stop: float = 0.0, start: Ints | None = None) -> Floats:
    """Return the log2 odds at which the two records of each edge are still one person, as `Persons.held`, down to even odds.

    ``stop`` bounds what one pair can say, as in `persons`; the odds of what `persons` joins at ``stop`` are the same.
    """
    begun = np.arange(records, dtype=np.int64) if start is None else start
    joins = _strongest(_joins(records, edges, max(stop, 0.0), begun), records)
    return Persons(_joined(begun, joins), tuple(joins), begun).held(edges.a, edges.b)


def _joined(label: Ints, joins: Sequence[Joins]) -> Ints:
    """Return the persons ``label`` after the joins."""
    for join in joins:
        into = np.arange(len(label), dtype=np.int64)
        into[join.other] = join.first
        label = into[label]
    return label


def _joins(records: int, edges: Edges, stop: float, start: Ints) -> list[Joins]:
    """Return the joins of average linkage down to even odds, or to ``stop`` where that is lower (its joins are as strong as their mean)."""
    least = min(AGAINST, stop - BELOW)
    size = np.bincount(start, minlength=records).astype(float)
    total = np.where(
        np.abs(edges.log_odds) >= ALWAYS,
        edges.log_odds,
        np.clip(edges.log_odds, least, max(FOR, stop + OVER)),
    ).astype(float)
    a, b, total, seen = _between(records, start[edges.a], start[edges.b], total, np.ones(len(total)))
    found: list[Joins] = []
    while len(a):
        pairs = size[a] * size[b]
        mean = (total + (pairs - seen) * least) / pairs
        at = _mutual_best(records, a, b, mean, mean > min(stop, 0.0))
        if not len(at):
            break
        first, other = a[at], b[at]
        found.append(Joins(first, other, mean[at] * np.where(mean[at] > 0, np.sqrt(pairs[at]), 1.0)))
        into = np.arange(records, dtype=np.int64)
        into[other] = first
        size[first] += size[other]
        a, b, total, seen = _between(records, into[a], into[b], total, seen)
    return found


def _strongest(joins: list[Joins], records: int) -> list[Joins]:
    """Return the joins, each at least as strong as those of which its group becomes a part."""
    later = np.full(records, -np.inf)
    found = []
    for join in reversed(joins):
        strength = np.maximum(join.strength, later[join.first])
        later[join.first] = later[join.other] = strength
        found.append(Joins(join.first, join.other, strength))
    return found[::-1]


def _mutual_best(records: int, a: Ints, b: Ints, mean: Floats, allowed: npt.NDArray[np.bool_]) -> Ints:
    """Return the edges (by position) between groups that are each other's nearest; ties go to the smaller numbers."""
    edge = np.flatnonzero(allowed)
    edge = np.concatenate([edge, edge])
    mine = np.concatenate([a[allowed], b[allowed]])
    other = np.concatenate([b[allowed], a[allowed]])
    order = np.lexsort((np.minimum(mine, other), np.maximum(mine, other), -mean[edge], mine))
    mine, edge = mine[order], edge[order]
    first = np.ones(len(mine), dtype=bool)
    first[1:] = mine[1:] != mine[:-1]
    best = np.full(records, -1, dtype=np.int64)
    best[mine[first]] = edge[first]
    edge = np.flatnonzero(allowed)
    return np.asarray(edge[(best[a[edge]] == edge) & (best[b[edge]] == edge)])


def _between(
    records: int, a: Ints, b: Ints, total: Floats, seen: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the edges between groups, the smaller number first: sums over parallel edges, inner ones gone."""
    outer = a != b
    a, b, total, seen = a[outer], b[outer], total[outer], seen[outer]
    key = np.minimum(a, b) * records + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    key, total, seen = key[order], total[order], seen[order]
    start = (
        np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        if len(key)
        else np.empty(0, dtype=np.int64)
    )
    unique = key[start]
    if not len(start):
        return unique, unique, total[:0], seen[:0]
    return unique // records, unique % records, np.add.reduceat(total, start), np.add.reduceat(seen, start)
