"""Areas that do not coincide: figures of one kind of area as figures of another, by a published lookup, and what is lost.

A police force, a court area and a local authority cut the map differently. Counts of areas that lie wholly within another are summed; what
lies in two is shared out only where the lookup has weights, and the result is marked as an estimate. Medians cannot be summed at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.performance.definitions import Lookup, Measures, folded
from tallystick.performance.series import of_rows

Weights = Mapping[str, Mapping[str, float]]
"""For each area, the areas in which it lies and the share of it in each."""


@dataclass(frozen=True)
class Mapped:
    """The figures with those of the other areas added, and what was lost, in words."""

    table: pa.Table
    lost: tuple[str, ...]


def weights(rows: Sequence[Mapping[str, str]], lookup: Lookup, said: Measures) -> Weights:
    """Return what a lookup's rows say. Raises BadInput for a column that is missing, or weights that do not make one."""
    wanted = [lookup.from_column, lookup.to_column, *([lookup.weight_column] if lookup.weight_column else [])]
    lacking = sorted(set(wanted) - set(rows[0] if rows else ()))
    if lacking:
        raise BadInput(
            f"{lookup.path}: it has no column {', '.join(lacking)}. Name its columns in [[lookup]]."
        )
    names = {
        folded(word): area.name
        for area in said.areas
        for word in (area.name, area.code, *area.aliases)
        if word
    }
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for number, row in enumerate(rows, 2):
        own, other = (names.get(folded(row[key]), row[key].strip()) for key in wanted[:2])
        try:
            part = float(row[lookup.weight_column]) if lookup.weight_column else 1.0
        except ValueError:
            raise BadInput(
                f"{lookup.path}, row {number}: the weight is no number. Write it as 0.25."
            ) from None
        if not own or not other or part < 0:
            raise BadInput(
                f"{lookup.path}, row {number}: an area is blank or a weight is negative. Mend the row."
            )
        found[own][other] = found[own].get(other, 0.0) + part
    for own, parts in found.items():
        if lookup.weight_column and abs(sum(parts.values()) - 1) > 0.01:
            raise BadInput(
                f"{lookup.path}: the weights of {own} do not add up to 1. Use the published shares of people."
            )
    return found


def mapped(table: pa.Table, lookup: Lookup, by: Weights, said: Measures) -> Mapped:
    """Return the figures with those of the lookup's areas added. A hidden or missing part hides the whole: nothing can be subtracted."""
    kinds = {measure.id: measure for measure in said.measures}
    split = sorted(own for own, parts in by.items() if len(parts) > 1)
    usable = {own: parts for own, parts in by.items() if len(parts) == 1 or lookup.weight_column}
    held: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = defaultdict(dict)
    there = set()
    for row in table.to_pylist():
        there.add((row["measure"], row["area"]))
        if row["area"] in by and kinds[row["measure"]].kind != "days":
            held[row["measure"], row["period"], row["category"], row["published"]][row["area"]] = row
    inside: dict[str, list[str]] = defaultdict(list)
    for own, parts in by.items():
        for other in parts:
            inside[other].append(own)
    made = []
    for (measure, *_), rows in held.items():
        for other, owners in inside.items():
            if (measure, other) not in there and all(own in rows and own in usable for own in owners):
                made.append(one(other, [(rows[own], usable[own][other]) for own in owners], lookup))
    lost = lost_in(
        lookup, split, by, {area for _, area in there}, [m.title for m in said.measures if m.kind == "days"]
    )
    return Mapped(pa.concat_tables([table, of_rows(made)]), lost)


def one(area: str, parts: Sequence[tuple[dict[str, Any], float]], lookup: Lookup) -> dict[str, Any]:
    """Return one figure of another area."""
    first = parts[0][0]
    is_whole = all(part == 1 for _, part in parts)
    made = {**first, "area": area, "place": f"by {lookup.path}", "mark": "" if is_whole else "e"}
    for name in ("value", "denominator"):
        values = [row[name] for row, _ in parts]
        total = (
            sum(value * part for value, (_, part) in zip(values, parts, strict=True))
            if None not in values
            else None
        )
        made[name] = round(total) if total is not None else None
    if made["value"] is None:
        marks = {mark for row, _ in parts for mark in row["mark"].split()}
        made.update(mark="c" if "c" in marks else "x", denominator=None)
    return made


def lost_in(
    lookup: Lookup, split: Sequence[str], by: Weights, there: set[str], times: Sequence[str]
) -> tuple[str, ...]:
    """Return in words what the lookup cannot carry over."""
    said = []
    if split and lookup.weight_column:
        said.append(
            f"{', '.join(split)}: shared out by the weights of “{lookup.source}”; such figures are marked as estimates."
        )
    elif split:
        said.append(
            f"{', '.join(split)}: in two areas or more by “{lookup.source}”, which has no weights; the areas that hold them have no figure."
        )
    absent = sorted(set(by) - there)
    if absent:
        said.append(
            f"{len(absent)} area(s) of “{lookup.source}” have no figures here; the areas that hold them have none either."
        )
    if times and set(by) & there:
        said.append(
            f"{', '.join(times)}: medians of areas cannot be made into a median of a larger one; ask the agency."
        )
    return tuple(said)
