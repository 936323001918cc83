"""Events that cannot both be true of one person: in two prisons at once, or anything after death.

What the linker may see for it is agreed as ``linkage-evidence``: custody spells, deaths, the day of an intervention. Two records that
contradict each other are kept apart, also where third records would join them. Dates are wrong by days often enough that ``GRACE`` days are
passed over; a spell without an end counts for its first day; and where both records bear one justice or learner number, the number is
believed (requirement 198: it comes first in strength), and the contradiction is counted for somebody to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.linkage.identifiers import STRENGTH
from tallystick.linkage.numbers import Numbers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COLUMNS = ("custody_from", "custody_to", "prison", "died_on", "seen_on")
GRACE = 7
UNKNOWN = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Evidence:
    """Days (since 1 January 1970, ``UNKNOWN`` where there is none) and codes (-1) by record number."""

    start: Ints
    end: Ints
    prison: Ints
    death: Ints
    last: Ints
    numbers: tuple[Ints, ...]


def evidence(records: Mapping[str, pa.Table], numbers: Numbers) -> Evidence | None:
    """Return what the records hold of events; None where they have no such column."""
    names = {name for table in records.values() for name in table.column_names}
    if not names & {"custody_from", "died_on"}:
        return None

    def column(name: str) -> list[Any]:
        found: list[Any] = []
        for source in numbers.order:
            table = records[source].sort_by(numbers.id_column)
            found += table[name].to_pylist() if name in table.column_names else [None] * table.num_rows
        return found

    days = {name: _days(column(name)) for name in ("custody_from", "custody_to", "died_on", "seen_on")}
    return Evidence(
        start=days["custody_from"],
        end=np.where(days["custody_to"] == UNKNOWN, days["custody_from"], days["custody_to"]),
        prison=_codes(column("prison")),
        death=days["died_on"],
        last=np.maximum(days["custody_from"], days["seen_on"]),
        numbers=tuple(_codes(column(name)) for name in STRENGTH if name in names),
    )


def contradict(held: Evidence, a: Ints, b: Ints) -> Bools:
    """Return for each pair of records whether their events cannot both be true of one person."""
    known = (held.start[a] != UNKNOWN) & (held.start[b] != UNKNOWN)
    elsewhere = (held.prison[a] >= 0) & (held.prison[b] >= 0) & (held.prison[a] != held.prison[b])
    together = np.minimum(held.end[a], held.end[b]) - np.maximum(held.start[a], held.start[b])
    return np.asarray(
        (known & elsewhere & (together > GRACE)) | _outlived(held, a, b) | _outlived(held, b, a)
    )


def share_a_number(held: Evidence, a: Ints, b: Ints) -> Bools:
    """Return for each pair of records whether both bear one number."""
    found = np.zeros(len(a), dtype=bool)
    for codes in held.numbers:
        found |= (codes[a] >= 0) & (codes[a] == codes[b])
    return found


def within(held: Evidence, label: Ints) -> tuple[Ints, Ints]:
    """Return the pairs of one person (a < b) that contradict each other."""
    told = np.flatnonzero((held.start != UNKNOWN) | (held.death != UNKNOWN) | (held.last != UNKNOWN))
    told = told[np.argsort(label[told], kind="stable")]
    first, second = [], []
    for step in range(1, len(told)):
        is_same = label[told[step:]] == label[told[:-step]]
        if not is_same.any():
            break
        a, b = told[:-step][is_same], told[step:][is_same]
        found = contradict(held, a, b)
        first.append(a[found])
        second.append(b[found])
    if not first:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    a, b = np.concatenate(first), np.concatenate(second)
    return np.minimum(a, b), np.maximum(a, b)


def _outlived(held: Evidence, dead: Ints, other: Ints) -> Bools:
    is_known = (held.death[dead] != UNKNOWN) & (held.last[other] != UNKNOWN)
    return np.asarray(is_known & (held.last[other] > np.where(is_known, held.death[dead], 0) + GRACE))


def _days(values: list[str | None]) -> Ints:
    read = {value: _day(value) for value in set(values)}
    return np.array([read[value] for value in values], dtype=np.int64)


def _day(digits: str | None) -> int:
    try:
        return (
            UNKNOWN
            if digits is None
            else date.fromisoformat(digits).toordinal() - date(1970, 1, 1).toordinal()
        )
    except ValueError:  # a month or day that is not known
        return UNKNOWN


def _codes(values: list[str | None]) -> Ints:
    known = {value: code for code, value in enumerate(sorted({v for v in values if v is not None}))}
    return np.array([-1 if value is None else known[value] for value in values], dtype=np.int64)
