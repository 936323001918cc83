"""Whether a linkage fails some groups more than others: each group's error rate against that of the rest, false alarms held down.

A group is tested against all others of its field by the exact conditional test (Fisher 1935; both tails by doubling the smaller), whatever
its size. The p-values of all groups of all fields are adjusted together (Holm 1979, Scandinavian Journal of Statistics 6), so that a
report of a linkage that treats all alike names a group in at most one of twenty reports, however many fields it looks at. What
is named must also matter: an error rate at least 1.25 times that of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import hypergeom

Floats = npt.NDArray[np.float64]

LEVEL = 0.05
MATTERS = 1.25
Z = 1.959964


@dataclass(frozen=True)
class Group:
    """How many people of a group there were, and for how many the linkage erred; ``field`` names what the groups are of.

    ``false`` is how many of the errors are expected to be none: people who have a likely link but no true one.
    """

    dataset: str
    field: str
    group: str
    people: int
    errors: int
    false: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """A group against the rest of its field.

    Rates are of people with a true link. ``ratio`` of them with its 95 % interval (on the log scale, half an error added to each
    side), ``p`` the exact test's, ``p_adjusted`` Holm's over all groups tested together; ``is_worse`` if it is under 0.05 and the
    ratio at least 1.25.
    """

    group: Group
    rate: float
    rest: float
    ratio: float
    low: float
    high: float
    p: float
    p_adjusted: float
    is_worse: bool


def verdicts(groups: Sequence[Group], level: float = LEVEL, matters: float = MATTERS) -> tuple[Verdict, ...]:
    """Return a verdict on every group that has others in its field, in the order given.

    Where errors may be ``false``, nobody knows in which group they are: a group is worse if it is so both with them taken out as
    expected and with all errors taken as they are, and the verdict is that of the smaller ratio.
    """
    allowing = _verdicts(groups, level, matters)
    if not any(one.false for one in groups):
        return allowing
    as_seen = _verdicts([replace(one, false=0.0) for one in groups], level, matters)
    return tuple(
        replace(
            min(both, key=lambda one: one.ratio),
            group=both[0].group,
            p=max(one.p for one in both),
            p_adjusted=max(one.p_adjusted for one in both),
            is_worse=all(one.is_worse for one in both),
        )
        for both in zip(allowing, as_seen, strict=True)
    )


def _verdicts(groups: Sequence[Group], level: float, matters: float) -> tuple[Verdict, ...]:
    fields = [(one.dataset, one.field) for one in groups]
    people = np.array([one.people for one in groups], dtype=np.int64)
    errors = np.array([one.errors for one in groups], dtype=np.int64)
    false = np.minimum([one.false for one in groups], people)
    whole = {
        field: sum(np.array(row) for f, *row in zip(fields, people, errors, false, strict=True) if f == field)
        for field in dict.fromkeys(fields)
    }
    total = np.array([whole[field] for field in fields]).reshape(-1, 3)
    tested = np.flatnonzero((people > 0) & (total[:, 0] > people))
    mine = np.stack([people, errors, false], axis=1)[tested]
    rest = total[tested] - mine
    p = _exact(mine, rest)
    adjusted = holm(p)
    found = []
    for n, at in enumerate(tested.tolist()):
        ratio, low, high = _ratio(mine[n], rest[n])
        found.append(
            Verdict(
                groups[at], _rate(mine[n]), _rate(rest[n]), ratio, low, high,
                float(p[n]), float(adjusted[n]), bool(adjusted[n] < level and ratio >= matters),
            )
        )  # fmt: skip
    return tuple(found)


def counted(
    errors: npt.NDArray[np.bool_], person: pa.Array, fields: Mapping[str, pa.Array], dataset: str
) -> list[Group]:
    """Return the groups of each field, in the order of their names: people by distinct ``person``, those with an error among them.

    A person whose records put them into two groups counts in both; a person with an error in one record of a group counts as one.
    """
    found = []
    for field, group in fields.items():
        table = pa.table({"grp": group, "person": person, "error": pa.array(errors.astype(np.int8))})
        people = table.group_by(["grp", "person"]).aggregate([("error", "max")])
        sums = people.group_by("grp").aggregate([("error_max", "count"), ("error_max", "sum")])
        found += [
            Group(dataset, field, str(row["grp"]), int(row["error_max_count"]), int(row["error_max_sum"]))
            for row in sums.sort_by("grp").to_pylist()
        ]
    return found


def with_false(lost: Sequence[Group], weak: Sequence[Group], false: float, true: float) -> list[Group]:
    """Return groups of people with a likely link, those in error having lost it, with how many of the errors are expected to be none.

    ``false`` is the share of all errors that are none. They fall to groups as unlikely false candidates do: ``weak`` are the people of
    each group whose best candidate is an unlikely one; the share ``true`` of them all has a true link, and were nobody treated worse
    those would be spread as the linked are. Groups resemble others the more, the more of their people have no true link and the
    commoner their names.
    """
    resembling = {(one.field, one.group): one.people for one in weak}
    found = []
    for field in dict.fromkeys(one.field for one in lost):
        mine = [one for one in lost if one.field == field]
        linked = np.array([one.people - one.errors for one in mine], dtype=float)
        candidates = np.array([resembling.get((field, one.group), 0) for one in mine], dtype=float)
        theirs = np.maximum(candidates - true * candidates.sum() * linked / max(linked.sum(), 1.0), 0.0)
        share = theirs / max(theirs.sum(), 1.0)
        errors = sum(one.errors for one in mine)
        found += [
            replace(one, false=false * errors * part) for one, part in zip(mine, share.tolist(), strict=True)
        ]
    return found


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Holm's adjusted p-values."""
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    found = np.empty(len(p))
    found[order] = adjusted
    return found


def _exact(mine: Floats, rest: Floats) -> Floats:
    """Return the p-value of each group's errors; rows of people, errors, and the false among the errors.

    Were all alike, a group would have its share of the true errors by its people who have a true link, and its own false ones on
    top: so many people at the common rate would. Without false ones they are its people, and the test is Fisher's.
    """
    people, errors, false = (mine + rest).T
    true = np.maximum(errors - false, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (true * (mine[:, 0] - mine[:, 2]) / (people - false) + mine[:, 2]) / (true + false)
    alike = np.where(false > 0, np.rint(np.nan_to_num(share) * people), mine[:, 0])
    few = hypergeom.cdf(mine[:, 1], people, errors, alike)
    many = hypergeom.sf(mine[:, 1] - 1, people, errors, alike)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(few, many)), dtype=float)


def _rate(one: Floats) -> float:
    """Return the share of the people with a true link for whom the linkage erred."""
    people, errors, false = one
    return float(max(errors - false, 0.0) / (people - false)) if people > false else 0.0


def _ratio(mine: Floats, rest: Floats) -> tuple[float, float, float]:
    (n, seen, own), (m, others, theirs) = mine, rest
    a, b = max(seen - own, 0.0) + 0.5, max(others - theirs, 0.0) + 0.5
    n, m = n - own + 0.5, m - theirs + 0.5
    log = float(np.log((a / n) / (b / m)))
    half = Z * float(np.sqrt(max(0.0, (seen + 0.5) / a**2 - 1 / n + (others + 0.5) / b**2 - 1 / m)))
    return float(np.exp(log)), float(np.exp(log - half)), float(np.exp(log + half))
