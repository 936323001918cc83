"""An analyst's table as numbers: who was treated, the outcome, and the covariates as columns of a design matrix.

Missing values: a row without treatment or outcome is left out and counted; a missing number is set to the median of the
column beside an indicator column of its own; a missing text is a category of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["Design", "design", "outcome_of"]

YES = {"1", "true", "yes", "y", "t", "treated", "treatment"}
NO = {"0", "false", "no", "n", "f", "control", "untreated", "comparison"}
MANY_LEVELS = 200


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
    table: pa.Table, treatment: str, outcome: str, covariates: Sequence[str], exact: Sequence[str] = ()
) -> Design:
    """Return the table as numbers; raises `BadInput` for an absent column or one that cannot be read."""
    wanted = [treatment, outcome, *covariates, *exact]
    absent = [name for name in wanted if name not in table.column_names]
    if absent:
        raise BadInput(
            f"The table has no column {', '.join(absent)}. It has: {', '.join(table.column_names)}."
        )
    if (
        not covariates
        or len(set(covariates)) < len(covariates)
        or {treatment, outcome} & {*covariates, *exact}
    ):
        raise BadInput(
            "Name at least one covariate, each once, and neither the treatment nor the outcome among them."
        )
    arm, value = binary(table, treatment), outcome_of(table, outcome)
    kept = ~(np.isnan(arm) | np.isnan(value))
    rows = table.filter(pa.array(kept))
    treated = arm[kept] == 1
    if treated.all() or not treated.any():
        lacking = "comparison" if treated.any() else "treated"
        raise BadInput(f"No estimate can be given: no {lacking} person is left in the table.")
    columns, filled = [], {}
    for name in covariates:
        made, missing = coded(rows, name)
        columns += made
        if missing:
            filled[name] = missing
    varying = [(name, column) for name, column in columns if np.ptp(column) > 0]
    if not varying:
        raise BadInput("No estimate can be given: every covariate is constant.")
    return Design(
        treated,
        value[kept],
        np.column_stack([column for _, column in varying]),
        tuple(name for name, _ in varying),
        stratum(rows, exact),
        int((~kept).sum()),
        filled,
        tuple(name for name, column in columns if np.ptp(column) == 0),
        kept,
    )


def numeric(column: pa.ChunkedArray) -> NDArray[np.float64] | None:
    """Return a column as floats, null as NaN, or nothing when it holds no numbers."""
    kind = column.type
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    ):
        found: NDArray[np.float64] = np.asarray(
            pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), float
        )
        if np.isinf(found).any():
            raise BadInput("A column holds an infinite number: correct it or leave it empty.")
        return found
    return None


def words(column: pa.ChunkedArray) -> list[str | None]:
    """Return a column as trimmed text, empty as nothing."""
    return [
        text.strip() or None if text is not None else None
        for text in pc.cast(column, pa.string()).to_pylist()
    ]


def binary(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a two-valued column as 1 and 0, missing as NaN."""
    found = numeric(table[name])
    if found is None:
        texts = [None if text is None else text.lower() for text in words(table[name])]
        if not {text for text in texts if text} <= YES | NO:
            raise BadInput(f"Column {name}: write the treatment as 1 and 0, true and false, or yes and no.")
        return np.array([np.nan if text is None else float(text in YES) for text in texts])
    if not np.isin(found[~np.isnan(found)], (0, 1)).all():
        raise BadInput(f"Column {name}: write the treatment as 1 and 0, true and false, or yes and no.")
    return found


def outcome_of(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return the outcome, a number or a yes and no."""
    found = numeric(table[name])
    return binary(table, name) if found is None else found


def coded(table: pa.Table, name: str) -> tuple[list[tuple[str, NDArray[np.float64]]], int]:
    """Return a covariate's columns, text as an indicator for each level but the first, and how many were missing."""
    found = numeric(table[name])
    if found is not None:
        missing = np.isnan(found)
        if missing.all():
            raise BadInput(f"Column {name}: it holds no value. Leave it out.")
        filled = np.where(missing, np.median(found[~missing]), found)
        extra = [(f"{name} missing", missing.astype(float))] if missing.any() else []
        return [(name, filled), *extra], int(missing.sum())
    texts = words(table[name])
    levels, code = np.unique(np.array([text or "missing" for text in texts]), return_inverse=True)
    if len(levels) > MANY_LEVELS:
        raise BadInput(f"Column {name}: {len(levels)} different texts are too many to compare. Group them.")
    columns = [(f"{name}={level}", (code == i).astype(float)) for i, level in enumerate(levels)]
    return columns[1:] or columns, sum(text is None for text in texts)


def stratum(table: pa.Table, exact: Sequence[str]) -> NDArray[np.int64]:
    """Return a code for each combination of the exact columns."""
    code = np.zeros(len(table), np.int64)
    for name in exact:
        _, level = np.unique(np.array([text or "" for text in words(table[name])]), return_inverse=True)
        _, code = np.unique(code * (level.max() + 1) + level, return_inverse=True)
    return code
