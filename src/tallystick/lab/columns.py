"""One column of an analyst's table as numbers: a yes and no, an outcome, a covariate's columns, the levels of a text.

A missing number is set to the median of the column beside an indicator column of its own; a missing text is a category of its own. A date
counts as days. ``column=value`` asks whether a column has that value.
"""

from __future__ import annotations

import re
from datetime import date
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tallystick.errors import BadInput

__all__ = ["binary", "coded", "column_of", "levels", "only", "outcome_of", "varies"]

YES = {"1", "true", "yes", "y", "t", "treated", "treatment"}
NO = {"0", "false", "no", "n", "f", "control", "untreated", "comparison"}
MANY_LEVELS = 200
GREATEST = 1e50  # beyond which squares of squares are no numbers any more
EVEN = 1e-12  # the spread beside the size of a column's values below which it is rounding
WRITTEN_NUMBER = re.compile(r"[£$€]?\s?-?\d{1,3}(,\d{3})+(\.\d+)?|[£$€]?\s?-?\d+(\.\d+)?")
WRITTEN_DATE = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")


Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
    column = table[name]
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
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


def column_of(table: pa.Table, name: str) -> str:
    """Return the column that ``name`` is about: itself, or what stands before the last ``=`` where the table has that."""
    before = name.rpartition("=")[0].strip()
    return before if name not in table.column_names and before in table.column_names else name


def binary(table: pa.Table, name: str, role: str) -> Floats:
    """Return a two-valued column, or whether ``column=value`` is so, as 1 and 0, missing as NaN."""
    column = column_of(table, name)
    if column != name:
        return is_value(table, column, name.rpartition("=")[2].strip())
    found = numeric(table, name, None)
    if found is None:
        texts, place = levels(table, name)
        yes = yes_among([text.lower() for text in texts])
        if yes is not None:
            return np.array([*map(float, yes), np.nan])[place]
    elif not pa.types.is_temporal(table[name].type) and np.isin(found[~np.isnan(found)], (0, 1)).all():
        return found
    also = "a number, or as " if role == "outcome" else ""
    raise BadInput(
        f"Column {name}: write the {role} as {also}1 and 0, true and false, or yes and no; or say which of its values counts as yes, as "
        f"{name}=VALUE."
    )


def yes_among(texts: list[str]) -> list[bool] | None:
    """Return which of the texts mean yes, or nothing where that is not plain; of two, "no x" and "x", it is.

    >>> yes_among(["no rhc", "rhc"])
    [False, True]
    """
    if set(texts) <= YES | NO:
        return [text in YES for text in texts]
    if len(texts) == 2:
        for other, yes in ((0, [False, True]), (1, [True, False])):
            if texts[other] in {before + texts[1 - other] for before in ("no ", "not ", "non-", "non ")}:
                return yes
    return None


def is_value(table: pa.Table, column: str, value: str) -> Floats:
    """Return whether each row of the column has that value, missing as NaN; raises `BadInput` where no row has."""
    texts, place = levels(table, column)
    if value not in texts:
        raise BadInput(f"Column {column}: no row has the value that was named after the equals sign.")
    return np.array([*(float(text == value) for text in texts), np.nan])[place]


def outcome_of(table: pa.Table, name: str, on: date | None = None) -> Floats:
    """Return the outcome, a number or a yes and no, or whether ``column=value`` is so."""
    if column_of(table, name) != name or pa.types.is_temporal(table[name].type):
        return binary(table, name, "outcome")
    found = numeric(table, name, on)
    return binary(table, name, "outcome") if found is None else found


def coded(
    table: pa.Table, name: str, on: date | None, is_category: bool
) -> tuple[list[tuple[str, Floats]], int]:
    """Return a covariate's columns, text as an indicator for each level but the first, and how many were missing."""
    found = None if is_category else numeric(table, name, on)
    if found is not None:
        missing = np.isnan(found)
        if missing.all():
            raise BadInput(f"Column {name}: it holds no value. Leave it out.")
        if not missing.any():
            return [(name, found)], 0
        filled = np.where(missing, np.median(found[~missing]), found)
        return [(name, filled), (f"{name} missing", missing.astype(float))], int(missing.sum())
    texts, place = levels(table, name)
    if is_category:
        return indicators(name, texts, place)
    if texts and all(WRITTEN_DATE.fullmatch(text) for text in texts):
        raise BadInput(f"Column {name}: write its dates as 2026-11-21, so that they count as days.")
    if texts and all(WRITTEN_NUMBER.fullmatch(text) for text in texts):
        raise BadInput(
            f"Column {name}: write its numbers without commas or a currency sign, so that they count as numbers."
        )
    others = [at for at, text in enumerate(texts) if not is_number(text)]
    if len(texts) - len(others) > max(10, len(others)):
        row = int(np.flatnonzero(np.isin(place, others))[0]) + 1
        raise BadInput(
            f"Column {name}: most of its values are numbers and the one in row {row} of those compared is not. "
            "Correct it or leave it empty."
        )
    return indicators(name, texts, place)


def indicators(name: str, texts: list[str], place: Integers) -> tuple[list[tuple[str, Floats]], int]:
    """Return an indicator for each level but the first, a missing one being a level of its own, and how many were missing."""
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
