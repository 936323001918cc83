"""Linked against unlinked: how many of each group linked, and how far the two differ, small counts hidden.

Differences are standardised (Austin 2009, Statistics in Medicine 28; of several categories together Yang and Dalton 2012, SAS Global Forum
335): they do not grow with the number of people, and from 0.1 on they are worth a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tallystick.deidentify.selection.bias import Group

Floats = npt.NDArray[np.float64]
WORTH_A_LOOK = 0.1


@dataclass(frozen=True)
class Rate:
    """How many people of a group there were, what share linked, and the standardised difference of the group's part in the linked and the
    unlinked; null where the group is small."""

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


def rates(groups: Sequence[Group], smallest: int) -> tuple[list[Rate], list[Field]]:
    """Return the rates of groups (``errors`` counts those who did not link) by field, and each field's difference.

    A group is hidden where fewer than ``smallest`` of its people linked or did not; so is the next smallest where what is hidden of the
    field could else be had from the total.
    """
    found: list[Rate] = []
    fields: list[Field] = []
    for key in dict.fromkeys((one.dataset, one.field) for one in groups):
        mine = [one for one in groups if (one.dataset, one.field) == key]
        unlinked = np.array([one.errors for one in mine], dtype=float)
        linked = np.array([one.people for one in mine], dtype=float) - unlinked
        is_hidden = hidden(np.minimum(linked, unlinked), smallest)
        enough = min(linked.sum(), unlinked.sum()) >= smallest
        parts = _parts(linked, unlinked) if enough else None
        for place, one in enumerate(mine):
            if is_hidden[place] or parts is None:
                found.append(Rate(*key, one.group, None, None, None))
            else:
                found.append(
                    Rate(*key, one.group, one.people, float(linked[place] / one.people), float(parts[place]))
                )
        fields.append(Field(*key, None if not enough else overall(linked, unlinked)))
    return found, fields


def hidden(least: Floats, smallest: int) -> npt.NDArray[np.bool_]:
    """Return which groups to hide: those whose ``least`` is under ``smallest``, and further ones until the hidden are two and hold as many."""
    order = np.argsort(least, kind="stable")
    is_hidden = least < smallest
    while (
        is_hidden.any() and not is_hidden.all() and (is_hidden.sum() < 2 or least[is_hidden].sum() < smallest)
    ):
        is_hidden[next(place for place in order if not is_hidden[place])] = True
    return np.asarray(is_hidden)


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
