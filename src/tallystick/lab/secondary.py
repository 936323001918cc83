"""The secondary outcomes of an analysis, with the weights of the primary one: how often, how soon, how grave, and custody.

They are a family: their p-values are adjusted for all that were looked at (Holm 1979). How soon is looked at twice: among those
who had the event, as published reports have it (these are not groups that were made alike), and as days without one among all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tallystick.lab.design import Design
from tallystick.lab.family import Other, family
from tallystick.lab.request import Request
from tallystick.lab.weigh import Weighting

__all__ = ["Secondary", "secondary"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FEWEST = 10
DIVIDING = ("custody", "severity", "group")


@dataclass(frozen=True)
class Secondary:
    """One further outcome with its result; ``cases`` and ``other_cases`` are the people behind each mean who had the event.

    Outcomes of one ``kind`` in `DIVIDING` divide those who had an event.
    """

    unit: str
    kind: str
    cases: int
    other_cases: int
    found: Other


def secondary(table: pa.Table, data: Design, made: Weighting, request: Request) -> tuple[Secondary, ...]:
    """Return each secondary outcome that the table tells of; none where the outcome was given and not made from events.

    Rows of ``table`` are those of ``data`` and its weights. Outcomes of fewer than ten people in either group are left out: no
    honest interval can be given.
    """
    t, used = data.treated, made.weights > 0
    kept = []
    for name, unit, kind, values, cases in _measures(table, request):
        counts = [int((cases & ~np.isnan(values) & side & used).sum()) for side in (t, ~t)]
        if min(counts) >= FEWEST:
            kept.append((name, unit, kind, values, counts))
    found = family(data, made, {name: values for name, _, _, values, _ in kept})
    return tuple(
        Secondary(unit, kind, counts[0], counts[1], one)
        for (_, unit, kind, _, counts), one in zip(kept, found, strict=True)
        if one.p_value is not None
    )


def _measures(table: pa.Table, request: Request) -> Iterator[tuple[str, str, str, Floats, Flags]]:
    """Yield each outcome's name, unit, kind, values (NaN: not of this person), and who had the event that it is about."""
    if "events_count" not in table.column_names:
        return

    def column(name: str) -> Floats:
        return np.array([np.nan if v is None else float(v) for v in table[name].to_pylist()])

    had, days = column("events_count") > 0, column("days_to_first")
    what = "reoffence" if request.events_are == "offences" else "event"
    whole = 365.25 * request.follow_up_months / 12
    free = np.where(had, np.minimum(days, whole), whole)
    yield f"{what}s for each person", "number", "how often", column("events_count"), had
    yield f"days without a {what} within the follow-up", "days", "", free, had
    yield (
        f"days to the first {what}, among those who had one",
        "days",
        "how soon",
        np.where(had, days, np.nan),
        had,
    )
    for name, words in (("first_custody", "custody"), ("first_severity", "severity"), ("first_group", "")):
        own = np.array(table[name].to_pylist(), dtype=object)
        for value in sorted({one for one in own if one is not None and one is not False}):
            text = words if value is True else f"{words} {value}".strip()
            here = np.array([one == value for one in own], dtype=bool)
            yield f"first {what}: {text}", "share", name.removeprefix("first_"), here.astype(float), here
