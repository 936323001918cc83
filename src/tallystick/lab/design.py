"""An analyst's table as numbers: who was treated, the outcome, and the covariates as columns of a design matrix.

Missing values: a row without treatment or outcome is left out and counted; a missing number is set to the median of the
column beside an indicator column of its own; a missing text is a category of its own. A date counts as days.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["Design", "design", "levels", "only", "outcome_of"]

YES = {"1", "true", "yes", "y", "t", "treated", "treatment"}
NO = {"0", "false", "no", "n", "f", "control", "untreated", "comparison"}
MANY_LEVELS = 200
ROOM = 256  # columns
GREATEST = 1e50  # beyond which squares of squares are no numbers any more
EVEN = 1e-12  # the spread beside the size of a column's values below which it is rounding
WRITTEN_DATE = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")

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
) -> Design:
    """Return the table as numbers; raises `BadInput` for what is absent, cannot be read or leaves nothing to compare.

    With ``on`` a date after that day is bad input.
    """
    for name in (treatment, outcome, *covariates, *exact):
        only(table, name)
    named = len(covariates) > 0 and len(set(covariates)) == len(covariates)
    if not named or treatment == outcome or {treatment, outcome} & {*covariates, *exact}:
        raise BadInput(
            "Name at least one covariate, each once, and neither the treatment nor the outcome among them."
        )
    arm, value = binary(table, treatment, "treatment"), outcome_of(table, outcome, on)
    kept = ~(np.isnan(arm) | np.isnan(value))
    treated = arm[kept] == 1
    compared(table, treated)
    rows = table.select([*dict.fromkeys([*covariates, *exact])])
    rows = rows if kept.all() else rows.filter(pa.array(kept))
    x, names, constant, filled = matrix(rows, covariates, on)
    if not names:
        raise BadInput("No estimate can be given: every covariate is constant.")
    strata = stratum(rows, exact)
    return Design(
        treated, value[kept], x, tuple(names), strata, int((~kept).sum()), filled, tuple(constant), kept
    )


def matrix(
    rows: pa.Table, covariates: Sequence[str], on: date | None
) -> tuple[Floats, list[str], list[str], dict[str, int]]:
    """Return the columns that vary, their names, the names of those that do not, and how many values of each covariate were missing."""
    x: Floats = np.empty((rows.num_rows, 0), np.float64, "F")
    names: list[str] = []
    constant: list[str] = []
    filled = {}
    for name in covariates:
        made, missing = coded(rows, name, on)
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


def only(table: pa.Table, name: str) -> None:
    """Raise `BadInput` unless the table has one column of that name; other names are shown only where they are nearly it."""
    count = table.column_names.count(name)
    if count > 1:
        raise BadInput(f"The table has {count} columns called {name}: give each a name of its own.")
    if count == 1:
        return
    near = get_close_matches(name, table.column_names, 1, 0.7)
    raise BadInput(
        f"The table has no column {name}. "
        + (f"Did you mean {near[0]}?" if near else f"Its first row must name its columns ({table.num_columns} found), with commas between.")
    )  # fmt: skip


def varies(column: Floats) -> bool:
    """Return whether a column's values differ by more than rounding."""
    low, high = float(column.min()), float(column.max())
    return high - low > max(EVEN * max(abs(low), abs(high)), 1 / GREATEST)


def numeric(table: pa.Table, name: str, on: date | None) -> Floats | None:
    """Return a column as floats, null as NaN, a date as days since 1970, or nothing when it holds neither."""
    column, kind = table[name], table[name].type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        days = pc.cast(column, pa.date32(), safe=False)
        late = 0 if on is None else pc.sum(pc.greater(days, pa.scalar(on, pa.date32()))).as_py() or 0
        if late:
            raise BadInput(
                f"Column {name}: {late} dates lie in the future. Correct them or leave them empty."
            )
        column = pc.cast(days, pa.int32())
    elif not (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    ):
        return None
    found = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), np.float64)
    wrong = np.isinf(found) | (np.abs(found) > GREATEST)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0]) + 1
        raise BadInput(
            f"Column {name}, row {row}: the number is infinite or beyond all measure. Correct it or leave it empty."
        )
    return found


def levels(table: pa.Table, name: str) -> tuple[list[str], Integers]:
    """Return a column's different texts, trimmed and in order, and each row's place among them, -1 for an empty one."""
    try:
        text = pc.utf8_trim_whitespace(pc.cast(table[name], pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadInput(
            f"Column {name}: it holds neither numbers nor text in UTF-8. Save the file as UTF-8, one value in each place."
        ) from None
    whole = pc.dictionary_encode(pc.if_else(pc.equal(text, ""), None, text)).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.array([], pa.string()).dictionary_encode() if not whole.num_chunks else whole.chunk(0)
    found = whole.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found) + 1, np.int64)
    place[order], place[-1] = np.arange(len(found)), -1
    return [found[at] for at in order], place[pc.fill_null(whole.indices, len(found)).to_numpy()]


def binary(table: pa.Table, name: str, role: str) -> Floats:
    """Return a two-valued column as 1 and 0, missing as NaN."""
    found = numeric(table, name, None)
    if found is None:
        texts, place = levels(table, name)
        low = [text.lower() for text in texts]
        if set(low) <= YES | NO:
            return np.array([*(float(text in YES) for text in low), np.nan])[place]
    elif not pa.types.is_temporal(table[name].type) and np.isin(found[~np.isnan(found)], (0, 1)).all():
        return found
    also = "a number, or as " if role == "outcome" else ""
    raise BadInput(f"Column {name}: write the {role} as {also}1 and 0, true and false, or yes and no.")


def outcome_of(table: pa.Table, name: str, on: date | None = None) -> Floats:
    """Return the outcome, a number or a yes and no."""
    found = None if pa.types.is_temporal(table[name].type) else numeric(table, name, on)
    return binary(table, name, "outcome") if found is None else found


def coded(table: pa.Table, name: str, on: date | None) -> tuple[list[tuple[str, Floats]], int]:
    """Return a covariate's columns, text as an indicator for each level but the first, and how many were missing."""
    found = numeric(table, name, on)
    if found is not None:
        missing = np.isnan(found)
        if missing.all():
            raise BadInput(f"Column {name}: it holds no value. Leave it out.")
        if not missing.any():
            return [(name, found)], 0
        filled = np.where(missing, np.median(found[~missing]), found)
        return [(name, filled), (f"{name} missing", missing.astype(float))], int(missing.sum())
    texts, place = levels(table, name)
    if texts and all(WRITTEN_DATE.fullmatch(text) for text in texts):
        raise BadInput(f"Column {name}: write its dates as 2026-11-21, so that they count as days.")
    others = [at for at, text in enumerate(texts) if not is_number(text)]
    if len(texts) - len(others) > max(10, len(others)):
        row = int(np.flatnonzero(np.isin(place, others))[0]) + 1
        raise BadInput(
            f"Column {name}: most of its values are numbers and the one in row {row} of those compared is not. "
            "Correct it or leave it empty."
        )
    if len(texts) > MANY_LEVELS:
        raise BadInput(f"Column {name}: {len(texts)} different texts are too many to compare. Group them.")
    absent = place < 0
    if absent.any():
        texts = texts if "missing" in texts else [*texts, "missing"]
        place = np.where(absent, texts.index("missing"), place)
    columns = [(f"{name}={text}", (place == i).astype(float)) for i, text in enumerate(texts)]
    return columns[1:] or columns, int(absent.sum())


def is_number(text: str) -> bool:
    """Return whether a text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def stratum(table: pa.Table, exact: Sequence[str]) -> Integers:
    """Return a code for each combination of the exact columns."""
    code = np.zeros(len(table), np.int64)
    for name in exact:
        texts, place = levels(table, name)
        _, code = np.unique(code * (len(texts) + 1) + place + 1, return_inverse=True)
    return code
