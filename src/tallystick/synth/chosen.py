"""Who is in a source: exactly as many as asked, block by block, the likelier the heavier their weight."""

from __future__ import annotations

import numpy as np

from tallystick.synth.observe import Records
from tallystick.synth.people import BLOCK, YEAR, People
from tallystick.synth.streams import Flags, Floats, Ints, Streams


def quota(total: int, people: int, number: int, size: int) -> int:
    """Return block ``number``'s part of ``total`` out of ``people``, so that the parts add up to the total."""
    start = number * BLOCK
    return total * (start + size) // people - total * start // people


def heaviest(
    streams: Streams, label: str, people: People, weights: Floats, count: int, among: Flags | None = None
) -> Ints:
    """Return ``count`` rows in order, drawn without replacement, the likelier the larger their weight.

    A race with arrival times uniform / weight: near to sampling in proportion while few are drawn.
    """
    times = streams.uniform(label, people.id) / weights
    if among is not None:
        times = np.where(among, times, np.inf)
        count = min(count, int(among.sum()))
    return np.sort(np.argsort(times, kind="stable")[:count])


def here(people: People, records: Records, last_day: int) -> Ints:
    """Return which records are of somebody who lived in the country on their day, up to the last day."""
    day, rows = records.days, records.rows
    return np.flatnonzero((day <= last_day) & (day < people.gone[rows]) & (day >= people.arrived[rows]))


def present(people: People, last_day: int, age: float) -> Flags:
    """Return who lived here for a year or more after the birthday of that age, before the last day."""
    start = np.maximum(people.birth + int(age * YEAR), people.arrived)
    return np.asarray(np.minimum(people.gone, last_day) - start > int(YEAR))


def offending_weight(people: People, hidden: float = 0.0) -> Floats:
    """Return how likely each is to offend, relative to others: from 0.04, rising with risk, four times as high in men."""
    burden = np.clip(people.risk + hidden * people.hidden + 1.6, 0.2, None)
    return np.asarray(burden * burden * np.where(people.sex == 1, 4.0, 1.0), dtype=np.float64)
