"""An analyst's table as numbers: who was treated, the outcome, and the covariates as columns of a design matrix.

A row without treatment or outcome is left out and counted; how a column becomes numbers is said in `lab.columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tallystick.errors import BadInput
from tallystick.lab.columns import binary, coded, column_of, levels, only, outcome_of, varies

__all__ = ["Design", "design"]

ROOM = 256  # columns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """``x`` is n × k in float64, its columns named by ``names``; ``strata`` holds a code for each exact stratum.

    ``kept`` says of each row of the table whether it is among the n: those without treatment or outcome are not.
    """

    treated: NDArray[np.bool_]
    outcome: NDArray[np.float64]
    x: NDArray[np.float64]
    names: tuple[str, ...]
    strata: NDArray[np.int64]
    left_out: int
    filled: dict[str, int]
    constant: tuple[str, ...]
    kept: NDArray[np.bool_]


def design(
    table: pa.Table,
    treatment: str,
    outcome: str,
    covariates: Sequence[str],
    exact: Sequence[str] = (),
    on: date | None = None,
    categories: Sequence[str] = (),
) -> Design:
    """Return the table as numbers; raises `BadInput` for what is absent, cannot be read or leaves nothing to compare.

    ``treatment`` and ``outcome`` may name the value that counts as yes: ``arm=drug``. Covariates in ``categories`` are indicators of each
    value, whatever they hold. With ``on`` a date after that day is bad input.
    """
    columns = [column_of(table, treatment), column_of(table, outcome)]
    for name in (*columns, *covariates, *exact):
        only(table, name)
    named = len(covariates) > 0 and len(set(covariates)) == len(covariates)
    if not named or columns[0] == columns[1] or {*columns} & {*covariates, *exact}:
        raise BadInput(
            "Name at least one covariate, each once, and neither the treatment nor the outcome among them."
        )
    strangers = [name for name in categories if name not in covariates]
    if strangers:
        raise BadInput(f"{', '.join(strangers)}: not among the covariates, and so no category either.")
    arm, value = binary(table, treatment, "treatment"), outcome_of(table, outcome, on)
    kept = ~(np.isnan(arm) | np.isnan(value))
    treated = arm[kept] == 1
    compared(table, treated)
    rows = table.select([*dict.fromkeys([*covariates, *exact])])
    rows = rows if kept.all() else rows.filter(pa.array(kept))
    x, names, constant, filled = matrix(rows, covariates, on, categories)
    if not names:
        raise BadInput("No estimate can be given: every covariate is constant.")
    strata = stratum(rows, exact)
    return Design(
        treated, value[kept], x, tuple(names), strata, int((~kept).sum()), filled, tuple(constant), kept
    )


def matrix(
    rows: pa.Table, covariates: Sequence[str], on: date | None, categories: Sequence[str]
) -> tuple[Floats, list[str], list[str], dict[str, int]]:
    """Return the columns that vary, their names, the names of those that do not, and how many values of each covariate were missing."""
    x: Floats = np.empty((rows.num_rows, 0), np.float64, "F")
    names: list[str] = []
    constant: list[str] = []
    filled = {}
    for name in covariates:
        made, missing = coded(rows, name, on, name in categories)
        if missing:
            filled[name] = missing
        for title, column in made:
            if not varies(column):
                constant.append(title)
                continue
            if len(names) == x.shape[1]:
                # room is only asked for here: memory is taken when a column is written
                wider: Floats = np.empty((rows.num_rows, len(names) + ROOM), np.float64, "F")
                wider[:, : len(names)] = x
                x = wider
            x[:, len(names)] = column
            names.append(title)
    return x[:, : len(names)], names, constant, filled


def compared(table: pa.Table, treated: NDArray[np.bool_]) -> None:
    """Raise `BadInput` where a side is empty or one person."""
    if not table.num_rows:
        raise BadInput("No estimate can be given: the table has no rows.")
    if not len(treated):
        raise BadInput("No estimate can be given: no row has both a treatment and an outcome.")
    for side, count in (("treated", int(treated.sum())), ("comparison", int((~treated).sum()))):
        if count < 2:
            left = "no" if count == 0 else "only one"
            raise BadInput(f"No estimate can be given: {left} {side} person is left in the table.")


def stratum(table: pa.Table, exact: Sequence[str]) -> Integers:
    """Return a code for each combination of the exact columns."""
    code = np.zeros(len(table), np.int64)
    for name in exact:
        texts, place = levels(table, name)
        _, code = np.unique(code * (len(texts) + 1) + place + 1, return_inverse=True)
    return code
