"""Whether a linkage fails some groups more than others: each group's error rate against that of the rest, false alarms held down.

A group is tested against all others of its field by the exact conditional test (Fisher 1935; both tails by doubling the smaller), whatever
its size. The p-values of all groups of all fields are adjusted together (Holm 1979, Scandinavian Journal of Statistics 6), so that a
report of a linkage that treats all alike names a group in at most one of twenty reports, however many fields it looks at. What
is named must also matter: an error rate at least 1.25 times that of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import hypergeom

LEVEL = 0.05
MATTERS = 1.25
Z = 1.959964


@dataclass(frozen=True)
class Group:
    """How many people of a group there were, and for how many the linkage erred; ``field`` names what the groups are of."""

    dataset: str
    field: str
    group: str
    people: int
    errors: int


@dataclass(frozen=True)
class Verdict:
    """A group against the rest of its field.

    ``ratio`` of the error rates with its 95 % interval (on the log scale, half an error added to each side), ``p`` the exact test's,
    ``p_adjusted`` Holm's over all groups tested together; ``is_worse`` if it is under 0.05 and the ratio at least 1.25.
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
    """Return a verdict on every group that has others in its field, in the order given."""
    fields = [(one.dataset, one.field) for one in groups]
    people = np.array([one.people for one in groups], dtype=np.int64)
    errors = np.array([one.errors for one in groups], dtype=np.int64)
    whole = {
        field: np.array([[p, e] for f, p, e in zip(fields, people, errors, strict=True) if f == field]).sum(0)
        for field in dict.fromkeys(fields)
    }
    total = np.array([whole[field] for field in fields]).reshape(-1, 2)
    tested = np.flatnonzero((people > 0) & (total[:, 0] > people))
    others, missed = total[tested, 0] - people[tested], total[tested, 1] - errors[tested]
    p = _exact(people[tested], errors[tested], others, missed)
    adjusted = holm(p)
    found = []
    for n, at in enumerate(tested.tolist()):
        ratio, low, high = _ratio(int(errors[at]), int(people[at]), int(missed[n]), int(others[n]))
        found.append(
            Verdict(
                groups[at], float(errors[at] / people[at]), float(missed[n] / others[n]), ratio, low, high,
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


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Holm's adjusted p-values."""
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    found = np.empty(len(p))
    found[order] = adjusted
    return found


def _exact(
    people: npt.NDArray[np.int64],
    errors: npt.NDArray[np.int64],
    others: npt.NDArray[np.int64],
    missed: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    all_people, all_errors = people + others, errors + missed
    few = hypergeom.cdf(errors, all_people, all_errors, people)
    many = hypergeom.sf(errors - 1, all_people, all_errors, people)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(few, many)), dtype=float)


def _ratio(errors: int, people: int, missed: int, others: int) -> tuple[float, float, float]:
    a, b, n, m = errors + 0.5, missed + 0.5, people + 0.5, others + 0.5
    log = float(np.log((a / n) / (b / m)))
    half = Z * float(np.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m)))
    return float(np.exp(log)), float(np.exp(log - half)), float(np.exp(log + half))
