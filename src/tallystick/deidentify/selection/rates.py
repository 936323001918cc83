"""Linked against unlinked: how many of each group linked, and how far the two differ; small counts hidden, the others rounded.

Differences are standardised (Austin 2009, Statistics in Medicine 28; of several categories together Yang and Dalton 2012, SAS Global Forum
335): they do not grow with the number of people, and from 0.1 on they are worth a look.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tallystick.deidentify.selection.bias import Group
from tallystick.deidentify.selection.groups import REST, UNKNOWN

Floats = npt.NDArray[np.float64]
WORTH_A_LOOK = 0.1


@dataclass(frozen=True)
class Rate:
    """How many people of a group there were, what share linked, and the standardised difference of the group's part in the linked and the
    unlinked; null where few people stand behind it."""

    dataset: str
    field: str
    group: str
    people: int | None
    linked_share: float | None
    difference: float | None


@dataclass(frozen=True)
class Field:
    """A field's standardised difference between linked and unlinked people over all its groups together; null where few did (or did not) link."""

    dataset: str
    field: str
    difference: float | None


def rates(groups: Sequence[Group], smallest: int, step: int) -> tuple[list[Rate], list[Field]]:
    """Return the rates of groups (``errors`` counts those who did not link) by field, and each field's difference.

    What rests on fewer than ``smallest`` people (of the group, of its linked or of its unlinked) is hidden, and all else is of counts rounded
    to ``step``: a group hidden alone can then not be had from the total and the others, none of which need be hidden with it.
    """
    found: list[Rate] = []
    fields: list[Field] = []
    for key in dict.fromkeys((one.dataset, one.field) for one in groups):
        mine = _in_order([one for one in groups if (one.dataset, one.field) == key])
        exact = np.array([(one.people - one.errors, one.errors) for one in mine], dtype=float)
        linked, unlinked = rounded(exact, step).T
        enough = exact.sum(axis=0).min() >= smallest and min(linked.sum(), unlinked.sum()) > 0
        parts = _parts(linked, unlinked) if enough else None
        for place, one in enumerate(mine):
            people = linked[place] + unlinked[place]
            is_shown = parts is not None and exact[place].min() >= smallest
            found.append(
                Rate(
                    *key,
                    one.group,
                    int(people) if one.people >= smallest else None,
                    float(linked[place] / people) if is_shown else None,
                    float(parts[place]) if is_shown and parts is not None else None,
                )
            )
        fields.append(Field(*key, overall(linked, unlinked) if enough else None))
    return found, fields


def _in_order(groups: list[Group]) -> list[Group]:
    """Return the groups by number where all are numbers or ranges of them, what is not known last; else as they come."""

    def number(text: str) -> float | None:
        if text in (UNKNOWN, REST):
            return float("inf")
        if text.startswith("under "):
            return float("-inf")
        start = re.match(r"-?\d+(\.\d+)?", text)
        return float(start[0]) if start else None

    place = {one.group: number(one.group) for one in groups}
    return sorted(groups, key=lambda one: place[one.group] or 0.0) if None not in place.values() else groups


def rounded(counts: Floats, step: int) -> Floats:
    """Return counts to the nearest ``step``, halves up."""
    return np.asarray(np.floor(counts / step + 0.5) * step)


def overall(
    linked: Floats,
    unlinked: Floats,
) -> float:
    """Return the standardised difference of two counts by category: the Mahalanobis distance of their shares."""
    one, other = linked / linked.sum(), unlinked / unlinked.sum()
    use = (one + other) > 0
    one, other = one[use][1:], other[use][1:]
    if not len(one):
        return 0.0
    spread = sum(np.diag(share) - np.outer(share, share) for share in (one, other)) / 2
    gap = one - other
    return float(np.sqrt(max(0.0, gap @ np.linalg.pinv(spread) @ gap)))


def _parts(
    linked: Floats,
    unlinked: Floats,
) -> Floats:
    one, other = linked / linked.sum(), unlinked / unlinked.sum()
    spread = np.sqrt((one * (1 - one) + other * (1 - other)) / 2)
    return np.asarray(np.divide(one - other, spread, out=np.zeros(len(one)), where=spread > 0))
