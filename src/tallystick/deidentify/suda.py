"""Special uniques: people who are unique on few columns, by the scores of SUDA (Elliot, Manning and Ford 2002).

A minimal sample unique is a set of columns on which a person is unique while on none of its proper subsets. The smaller
the set and the more of them, the more special the person. The search is level-wise and exact up to ``largest`` columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from tallystick.deidentify.classes import Ints, classes, sizes

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class SpecialUniques:
    """``score`` of each row (0: not unique on any small set); ``minimal`` counts sets by size; ``contribution`` by column."""

    score: Floats
    minimal: dict[int, int]
    contribution: tuple[float, ...]


def special_uniques(coded: Ints, largest: int = 3) -> SpecialUniques:
    """Return the SUDA scores of coded rows (people by columns), looking at sets of up to ``largest`` columns.

    A minimal unique of m among p columns scores the product of (p − i) for i from m to ``largest``, as the original
    does: how many larger sets it makes unique.
    """
    rows, wide = coded.shape
    largest = min(largest, wide)
    score = np.zeros(rows)
    by_column = np.zeros(wide)
    minimal: dict[int, int] = {}
    found: dict[tuple[int, ...], Any] = {}
    for size in range(1, largest + 1):
        worth = (
            float(prod(wide - i for i in range(size, largest + 1)))
            if wide > largest
            else float(largest - size + 1)
        )
        for chosen in combinations(range(wide), size):
            unique = sizes(classes(coded[:, chosen])) == 1
            smaller = [found[part] for part in combinations(chosen, size - 1) if part in found]
            known = np.logical_or.reduce(smaller) if smaller else np.zeros(rows, dtype=bool)
            new = unique & ~known
            found[chosen] = unique
            score += worth * new
            by_column[list(chosen)] += worth * new.sum()
            minimal[size] = minimal.get(size, 0) + int(new.sum())
    total = by_column.sum()
    return SpecialUniques(score, minimal, tuple(by_column / total if total else by_column))


def disclosive_scores(special: SpecialUniques, match_is_right: float) -> Floats:
    """Return DIS-SUDA: the scores scaled so that their mean over scoring rows is the chance that a match is right."""
    scoring = special.score > 0
    if not scoring.any():
        return special.score
    scaled = special.score * match_is_right / special.score[scoring].mean()
    return np.asarray(np.minimum(scaled, 1.0))
