"""A file of counts or sums made fit to leave: rounded, perturbed or with cells hidden, as a table of the same layout."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tallystick.disclosure.check import Reading
from tallystick.disclosure.counts import Counts, labels_of
from tallystick.disclosure.grid import Bools, Floats
from tallystick.disclosure.linked import suppress_linked
from tallystick.disclosure.magnitude import protect_sums
from tallystick.disclosure.proof import Audit
from tallystick.disclosure.rounding import at_random, controlled, nearest
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.sheet import label
from tallystick.disclosure.suppression import Suppressed, small, suppress, width_need
from tallystick.errors import BadInput

How = Literal["suppress", "round", "random-round", "controlled-round"]
MARK = "c"


@dataclass(frozen=True)
class Protected:
    """A table as it may leave: ``cells`` has the text of each cell of the grid; the audit where cells are hidden.

    ``columns`` has such cells for each column of figures of a table of sums, whose contributions do not leave.
    """

    reading: Reading
    cells: tuple[str, ...]
    primary: int = 0
    secondary: int = 0
    method: str = ""
    audit: Audit | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def counts_in(readings: Sequence[Reading]) -> list[tuple[Reading, Counts]]:
    """Return the tables of counts. Raises BadInput where a sheet is none, or hides cells already."""
    made = []
    for reading in readings:
        if reading.counts is None:
            raise BadInput(
                f"{reading.sheet.where}: only tables of counts and of sums can be protected; this was read as {reading.about.statistic}. "
                "If it holds counts, say so in a description (tally output describe)."
            )
        if reading.counts.hidden.any():
            raise BadInput(
                f"{reading.sheet.where}: cells are hidden already. Protect the table as it was made."
            )
        made.append((reading, reading.counts))
    return made


def protect(
    readings: Sequence[Reading],
    how: How,
    limits: Limits,
    base: int = 5,
    random: np.random.Generator | None = None,
) -> tuple[Protected, ...]:
    """Return the tables protected; several are protected together where their margins are shared.

    Raises Refused where a table cannot be protected that way, BadInput for what is no table of counts.
    """
    sums = [reading for reading in readings if reading.about.statistic == "magnitude"]
    if sums and how == "suppress":
        rest = [reading for reading in readings if reading not in sums]
        counted = suppressed(counts_in(rest), limits) if rest else ()
        return (*counted, *(hidden_sums(reading, limits) for reading in sums))
    tables = counts_in(readings)
    if how == "suppress":
        return suppressed(tables, limits)
    made = []
    for reading, counts in tables:
        values = counts.grid.values
        if how == "controlled-round":
            rounded: Floats = controlled(counts.full_grid(), base).values
        elif how == "random-round":
            if random is None:
                raise BadInput("Random rounding needs a seed, so that the same table is rounded alike again.")
            rounded = at_random(values, base, random)
        else:
            rounded = nearest(values, base)
        cells = tuple("" if np.isnan(v) else f"{v:.0f}" for v in rounded.reshape(-1))
        made.append(Protected(reading, cells, method=f"{how} to {base}"))
    return tuple(made)


def suppressed(tables: Sequence[tuple[Reading, Counts]], limits: Limits) -> tuple[Protected, ...]:
    """Return the tables with small cells and what protects them hidden."""
    minimum, zeros = limits.minimum_cell_count, limits.zeros_are_disclosive
    # where noughts are always shown, a reader knows that a hidden cell is none
    floor = 0.0 if zeros else 1.0
    primaries: list[Bools] = [small(counts.grid, minimum, zeros) for _, counts in tables]
    needs = [width_need(int(p.sum()), minimum) for p in primaries]
    if len(tables) == 1:
        counts = tables[0][1]
        one: Suppressed = suppress(
            counts.full_grid(),
            primaries[0],
            needs[0],
            floor=floor,
            frozen=~counts.present & ~counts.unshown,
            hidden=counts.unshown,
        )
        return (as_protected(tables[0], one.primary, one.hidden, one.method, one.audit),)
    absent = [~c.present & ~c.unshown for _, c in tables]
    unshown = [c.unshown for _, c in tables]
    many = suppress_linked(
        [c.full_grid() for _, c in tables], primaries, needs, floor=floor, absent=absent, unshown=unshown
    )
    return tuple(
        as_protected(table, primary, hidden, "linked", many.audit)
        for table, primary, hidden in zip(tables, many.primary, many.hidden, strict=True)
    )


def as_protected(
    table: tuple[Reading, Counts], primary: Bools, hidden: Bools, method: str, audit: Audit
) -> Protected:
    """Return a table with hidden cells as it may leave."""
    values = table[1].grid.values.reshape(-1)
    cells = tuple(
        "" if np.isnan(v) else MARK if h else f"{v:.0f}" for v, h in zip(values, hidden, strict=True)
    )
    return Protected(
        table[0], cells, int(primary.sum()), int((hidden & ~primary & table[1].present).sum()), method, audit
    )


def hidden_sums(reading: Reading, limits: Limits) -> Protected:
    """Return a table of sums as it may leave: sums and counts hidden alike, and the largest contributions left out."""
    made = protect_sums(reading, limits)
    about = reading.about
    columns = {}
    for name, held in ((about.values[0], made.sums), (about.counts, made.counts)):
        values = held.grid.values.reshape(-1)
        columns[name] = tuple(
            "" if np.isnan(v) else MARK if h else f"{v:.15g}"
            for v, h in zip(values, made.hidden, strict=True)
        )
    secondary = int((made.hidden & ~made.primary & made.sums.present).sum())
    read = replace(reading, counts=made.sums)
    return Protected(
        read,
        columns[about.values[0]],
        int(made.primary.sum()),
        secondary,
        f"sums, {made.method}",
        made.audit,
        columns,
    )


def sums_as_csv(protected: Protected) -> str:
    """Return a protected table of sums as CSV: its labels, the sums and the counts; nothing else that it came with."""
    sheet, about = protected.reading.sheet, protected.reading.about
    kept = [name for name in sheet.header if name in about.labels or name in protected.columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(kept)
    for row, place in zip(sheet.rows, row_places(protected.reading), strict=True):
        held = dict(zip(sheet.header, row, strict=True))
        writer.writerow(
            protected.columns[name][place] if name in protected.columns else label(held[name])
            for name in kept
        )
    return out.getvalue()


def as_csv(protected: Protected) -> str:
    """Return a protected table as CSV in the layout that it came in."""
    if protected.columns:
        return sums_as_csv(protected)
    reading, counts = protected.reading, protected.reading.counts
    assert counts is not None
    sheet, about = reading.sheet, reading.about
    wide = len(about.values)
    column = {name: at for at, name in enumerate(about.values)}
    places = row_places(replace(reading, counts=counts))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.header)
    for row, place in zip(sheet.rows, places, strict=True):
        writer.writerow(
            protected.cells[place * wide + column[name]] if name in column else label(cell)
            for name, cell in zip(sheet.header, row, strict=True)
        )
    return out.getvalue()


def row_places(reading: Reading) -> list[int]:
    """Return for each row of the sheet its place among the combinations of labels."""
    counts = reading.counts
    assert counts is not None
    place = np.zeros(len(reading.sheet.rows), dtype=np.int64)
    columns = labels_of(reading.sheet, reading.about.labels)
    for column, dimension in zip(columns, counts.grid.dimensions, strict=False):
        number = {code: at for at, code in enumerate(dimension.codes)}
        place = place * len(dimension.codes) + np.array([number[value] for value in column], dtype=np.int64)
    return [int(at) for at in place]
