"""The lab's figures at the disclosure door: which stay, themselves or to protect others, and a last check of what was written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tallystick.agreement.schema import Agreement
from tallystick.disclosure import Dimension, Grid, check_files, limits_of, suppress
from tallystick.disclosure.about import About, TableAbout, as_toml
from tallystick.disclosure.suppression import small, width_need
from tallystick.errors import Refused
from tallystick.lab.attrition import Assembled
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.leaving import Leaving, Partition, partitions, too_few
from tallystick.lab.view import Table, View

__all__ = ["checked", "leaving_of"]


def leaving_of(agreement: Agreement, found: Evaluation, assembled: Assembled) -> Leaving:
    """Return the limits of the agreement with what must stay, by primary and secondary suppression, audited (requirements 217, 219)."""
    limits = limits_of(agreement.disclosure)
    smallest, base = limits.minimum_cell_count, agreement.disclosure.rounding or 5
    stays = frozenset(hidden(partitions(found, assembled.matches), smallest))
    few = frozenset(("run", one.specification.run) for one in found.runs if too_few(one, smallest, base))
    return Leaving(smallest, base, stays | few, ("run", found.runs[0].specification.run) in few)


def hidden(counted: Iterable[Partition], smallest: int) -> Iterable[tuple[str, str]]:
    """Yield (owner, code) of what stays: counts under ``smallest``, and as many more as protect them from subtraction."""
    for one in counted:
        values = np.array([sum(one.people), *one.people], dtype=float)
        grid = Grid((Dimension.of("people", ("total", *(f"{at}" for at in range(len(one.codes))))),), values)
        primary = small(grid, smallest)
        if not primary.any():
            continue
        frozen = np.zeros(len(values), dtype=bool)
        frozen[0] = True  # the total stands elsewhere in the report
        try:
            kept = suppress(grid, primary, width_need(int(primary.sum()), smallest), frozen=frozen).hidden
        except Refused:
            kept = np.ones(len(values), dtype=bool)  # nothing protects them but that all stay
        yield from ((one.owner, code) for code, stays in zip(one.codes, kept[1:], strict=True) if stays)


def checked(folder: Path, shown: View, agreement: Agreement, base: int) -> None:
    """Check the report's files as outputs, under the agreement's limits; raises `Refused` with each finding of a file.

    What each table holds is written beside them (``annex.about.toml``, ``report.about.toml``), so that `tally output check` finds the same.
    """
    for name, sheet in (("annex", "Table"), ("report", "table")):
        told = About(
            table=tuple(described(table, f"{sheet} {at}", base) for at, table in enumerate(shown.tables, 1))
        )
        (folder / f"{name}.about.toml").write_text(as_toml(told), encoding="utf-8")
    files = [folder / name for name in ("annex.xlsx", "annex.ods", "report.html")]
    refusals = [
        found for file in files for found in check_files([file], limits_of(agreement.disclosure)).refusals
    ]
    if refusals:
        raise Refused(refusals)


def described(table: Table, sheet: str, base: int) -> TableAbout:
    """Return what the table holds, as the output check reads it."""
    said = table.statistic
    return TableAbout(
        sheet=sheet, statistic=said.kind, labels=said.labels, values=said.values, counts=said.counts, variable=said.moves, columns=said.along,
        n=said.n and round(said.n / base) * base, degrees_of_freedom=None, rounded_to=base,
    )  # fmt: skip
