"""What people decided about a pair of records, and how it stands over the model: the same person always, or never.

A decision enters resolution as a pair whose log-odds outweigh all others: ``always`` joins, and ``never`` keeps two records apart
even where third records would join them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import resolve
from tallystick.linkage.numbers import Numbers

Record = tuple[str, str]
Pair = tuple[Record, Record]
COLUMNS = ("source_l", "id_l", "source_r", "id_r", "decision")


@dataclass(frozen=True)
class Overrides:
    """Pairs of (source, id) that are, and that are not, one person."""

    always: tuple[Pair, ...] = ()
    never: tuple[Pair, ...] = ()


def read(path: Path) -> Overrides:
    """Return the decisions in a CSV with the columns source_l, id_l, source_r, id_r, decision (always or never).

    Further columns (who, why, when) are left to people. Raises BadInput, by row, for another decision, for a record that is missing
    or stands against itself, for a pair decided twice, and where decisions contradict each other (always a=b and b=c, never a=c).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"{path} cannot be read as CSV ({type(error).__name__}). Give decisions as UTF-8 CSV."
        ) from error
    found: dict[str, list[Pair]] = {"always": [], "never": []}
    seen: dict[frozenset[Record], int] = {}
    group: dict[Record, Record] = {}
    for number, row in enumerate(rows, 2):
        where = f"{path.name}, row {number}"
        if missing := [name for name in COLUMNS if not (row.get(name) or "").strip()]:
            raise BadInput(f"{where}: {', '.join(missing)} is missing. A row needs {', '.join(COLUMNS)}.")
        left, right = (row["source_l"], row["id_l"]), (row["source_r"], row["id_r"])
        decision = row["decision"].strip().lower()
        if decision not in found:
            raise BadInput(f"{where}: the decision is neither always nor never. Write one of the two.")
        pair = frozenset((left, right))
        if len(pair) < 2:
            raise BadInput(f"{where}: both sides are the same record. Name two.")
        if pair in seen:
            raise BadInput(f"{where}: this pair is decided in row {seen[pair]} too. Keep one of the rows.")
        seen[pair] = number
        found[decision].append((left, right))
        if decision == "always":
            group[_first(group, left)] = _first(group, right)
    for left, right in found["never"]:
        if _first(group, left) == _first(group, right):
            row_number = seen[frozenset((left, right))]
            raise BadInput(
                f"{path.name}, row {row_number}: never, but other rows make the two one person (always, directly or through others). "
                "Take one of these decisions back."
            )
    return Overrides(tuple(found["always"]), tuple(found["never"]))


def consistent(always: Sequence[Pair], never: Sequence[Pair]) -> tuple[Pair, ...]:
    """Return the pairs of ``never`` that ``always`` does not make one person, directly or through others."""
    group: dict[Record, Record] = {}
    for left, right in always:
        group[_first(group, left)] = _first(group, right)
    return tuple(pair for pair in never if _first(group, pair[0]) != _first(group, pair[1]))


def written(decided: Overrides) -> str:
    """Return the decisions as the CSV that `read` reads."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(COLUMNS)
    for decision, pairs in (("always", decided.always), ("never", decided.never)):
        table.writerows([*left, *right, decision] for left, right in pairs)
    return lines.getvalue()


def _first(group: dict[Record, Record], record: Record) -> Record:
    while group.get(record, record) != record:
        record = group[record]
    return record


def applied(scored: pa.Table, numbers: Numbers, always: Sequence[Pair], never: Sequence[Pair]) -> pa.Table:
    """Return ``scored`` with the decided pairs in the place of what the model said of them: probability 1 or 0.

    Their match weight is ``resolve.ALWAYS`` or ``resolve.NEVER``. Raises BadInput where a record is in no source.
    """
    decided = [*always, *never]
    if not decided:
        return scored
    ends = [
        numbers.of(
            pa.chunked_array([[pair[side][0] for pair in decided]], pa.string()),
            pa.chunked_array([[pair[side][1] for pair in decided]], pa.string()),
        )
        for side in (0, 1)
    ]
    unknown = np.flatnonzero((ends[0] < 0) | (ends[1] < 0))
    if len(unknown):
        kind, place = (
            ("always", unknown[0]) if unknown[0] < len(always) else ("never", unknown[0] - len(always))
        )
        raise BadInput(
            f"Decision {place + 1} of those that say {kind} names a record that is in none of the sources. "
            f"Sources: {', '.join(numbers.order)}; check the id."
        )
    low, high = np.minimum(*ends), np.maximum(*ends)
    edges = numbers.edges(scored)
    own = np.minimum(edges.a, edges.b) * numbers.count + np.maximum(edges.a, edges.b)
    kept = scored.filter(pa.array(~np.isin(own, low * numbers.count + high)))
    is_same = np.arange(len(decided)) < len(always)
    column = f"{numbers.id_column}_"
    weight = np.where(is_same, resolve.ALWAYS, resolve.NEVER)
    made = numbers.pairs(low, high, weight, is_same.astype(np.float64))
    if "stage" in kept.column_names:
        made = made.append_column("stage", pa.array(["decided"] * len(decided), pa.string()))
    made = made.cast(kept.schema)
    order = [(name, "ascending") for name in ("source_l", f"{column}l", "source_r", f"{column}r")]
    return pa.concat_tables([kept, made]).sort_by(order)
