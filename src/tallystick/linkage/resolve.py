"""Persons from scored pairs: average-linkage clustering under the constraints of the share.

Connected components chain: one false link joins two persons, and on real data at a threshold that keeps recall they join nearly
everyone. Here two groups of records become one person only while the *mean* log-odds of all pairs between them is above the
threshold's; a pair that was never scored counts as evidence against. What one pair can say is bounded on both sides: two
records of one person that disagree on all they hold are common where records are bad, and one bad record must not part it
from the rest. The clustering is exact average linkage (Sokal and Michener 1958) by reciprocal nearest neighbours (Murtagh
1983), so neither the order of rows nor that of sources matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

AGAINST = (
    -1.0
)  # the least log2 odds of one pair, and those of a pair that no blocking rule and no threshold let through
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


def persons(
    records: int, edges: Edges, stop: float = 0.0, unseen: float = AGAINST, start: Ints | None = None
) -> Ints:
    """Return the person of each record, as the smallest record number in it.

    Groups merge while their mean log2 odds exceed ``stop``; they begin as ``start`` (persons in the same form; each record alone
    unless given). Overrides enter as edges of ``ALWAYS`` or ``NEVER``.
    """
    label = np.arange(records, dtype=np.int64) if start is None else start
    size = np.bincount(label, minlength=records).astype(float)
    a, b = np.minimum(edges.a, edges.b), np.maximum(edges.a, edges.b)
    total = np.where(
        np.abs(edges.log_odds) >= ALWAYS,
        edges.log_odds,
        np.clip(edges.log_odds, AGAINST, max(FOR, stop + OVER)),
    ).astype(float)
    seen = np.ones(len(a))
    if start is not None:
        a, b, total, seen = _joined(records, label[a], label[b], total, seen)
    while len(a):
        pairs = size[a] * size[b]
        mean = (total + (pairs - seen) * unseen) / pairs
        merge = _mutual_best(records, a, b, mean, mean > stop)
        if not len(merge):
            break
        into = np.arange(records, dtype=np.int64)
        into[merge[:, 1]] = merge[:, 0]
        size[merge[:, 0]] += size[merge[:, 1]]
        label = into[label]
        a, b, total, seen = _joined(records, into[a], into[b], total, seen)
    return label


def _mutual_best(records: int, a: Ints, b: Ints, mean: Floats, allowed: npt.NDArray[np.bool_]) -> Ints:
    """Return the pairs of groups that are each other's nearest, smaller number first; ties go to the smaller number."""
    mine = np.concatenate([a[allowed], b[allowed]])
    other = np.concatenate([b[allowed], a[allowed]])
    near = np.concatenate([mean[allowed], mean[allowed]])
    order = np.lexsort((np.minimum(mine, other), np.maximum(mine, other), -near, mine))
    mine, other = mine[order], other[order]
    first = np.ones(len(mine), dtype=bool)
    first[1:] = mine[1:] != mine[:-1]
    best = np.full(records, -1, dtype=np.int64)
    best[mine[first]] = other[first]
    left = np.flatnonzero(best >= 0)
    left = left[(best[best[left]] == left) & (left < best[left])]
    return np.stack([left, best[left]], axis=1)


def _joined(records: int, a: Ints, b: Ints, total: Floats, seen: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the edges between groups after a merge: sums over parallel edges, inner ones gone."""
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
