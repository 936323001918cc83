"""The secondary outcomes of an analysis, with the weights of the primary one: how often, how soon, how grave, and custody.

They are a family: their p-values are adjusted for all that were looked at (Holm 1979). How soon is looked at twice: among those
who had the event, as published reports have it (these are not groups that were made alike), and as days without one among all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from tallystick.lab.estimate import difference
from tallystick.lab.request import Request

__all__ = ["Secondary", "holm", "secondary"]

Floats = NDArray[np.float64]
FEWEST = 10


@dataclass(frozen=True)
class Secondary:
    """One outcome: the weighted mean of each group, their difference, its interval; ``cases`` and ``other_cases`` are the people
    behind each mean who had the event. ``p_holm`` is adjusted for the family.
    """

    name: str
    unit: str
    mean: float
    other_mean: float
    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    p_holm: float
    cases: int
    other_cases: int


def secondary(
    table: pa.Table,
    treated: NDArray[np.bool_],
    weights: Floats,
    classes: NDArray[np.int64] | None,
    request: Request,
) -> tuple[Secondary, ...]:
    """Return each secondary outcome that the table tells of; none where the outcome was given and not made from events.

    Rows of ``table`` are those of ``treated``, ``weights`` and ``classes``. Outcomes of fewer than ten people in either group
    are left out: no honest interval can be given.
    """
    found = []
    for name, unit, values, cases in _measures(table, request):
        there = ~np.isnan(values)
        counts = [int((cases & there & side & (weights > 0)).sum()) for side in (treated, ~treated)]
        if min(counts) < FEWEST:
            continue
        y, t, w = values[there], treated[there], weights[there]
        effect, error = difference(y, t, w, None if classes is None else classes[there])
        if not error > 0:
            continue
        freedom = max(int((w > 0).sum()) - 2, 1)
        half = float(stats.t.isf(0.025, freedom)) * error
        p = float(2 * stats.t.sf(abs(effect) / error, freedom))
        mean, other = (float(np.average(y[side], weights=w[side])) for side in (t, ~t))
        found.append(
            Secondary(
                name, unit, mean, other, effect, effect - half, effect + half, p, p, counts[0], counts[1]
            )
        )
    adjusted = holm([one.p_value for one in found])
    return tuple(replace(one, p_holm=p) for one, p in zip(found, adjusted, strict=True))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down (1979), in the order given."""
    order = np.argsort(values)
    found = np.zeros(len(values))
    running = 0.0
    for place, at in enumerate(order):
        running = max(running, min(1.0, (len(values) - place) * values[at]))
        found[at] = running
    return [float(value) for value in found]


def _measures(table: pa.Table, request: Request) -> Iterator[tuple[str, str, Floats, NDArray[np.bool_]]]:
    """Yield each outcome's name, unit, values (NaN: not of this person), and who had the event that it is about."""
    if "events_count" not in table.column_names:
        return

    def column(name: str) -> Floats:
        return np.array([np.nan if v is None else float(v) for v in table[name].to_pylist()])

    had = column("events_count") > 0
    what = "reoffences" if request.events_are == "offences" else "events"
    first = "first reoffence" if request.events_are == "offences" else "first event"
    yield f"{what} for each person", "number", column("events_count"), had
    days = column("days_to_first")
    whole = 365.25 * request.follow_up_months / 12
    yield (
        f"days without a {what[:-1]} within the follow-up",
        "days",
        np.where(had, np.minimum(days, whole), whole),
        had,
    )
    yield f"days to the {first}, among those who had one", "days", np.where(had, days, np.nan), had
    for name, words in (("first_custody", "custody"), ("first_severity", "severity"), ("first_group", "")):
        kinds = [v for v in table[name].unique().to_pylist() if v is not None and v is not False]
        own = np.array(table[name].to_pylist(), dtype=object)
        for kind in sorted(kinds):
            text = words if kind is True else f"{words} {kind}".strip()
            here = np.array([value == kind for value in own], dtype=bool)
            yield f"{first}: {text}", "share", here.astype(float), here
