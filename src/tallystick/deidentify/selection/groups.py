"""The groups that a column puts people into: its categories, bands of a number, years of a date."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MOST = 25
BANDS = 5
UNKNOWN = "not recorded"
REST = "all others"


def grouped(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the group of each row, as text.

    Up to 25 categories stand as they are; of more, the 24 with most rows, and the rest together. Of a number with more than 25 values:
    fifths. Of dates: years, or runs of five years. What is missing or blank is ``not recorded``.
    """
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(values, pa.ChunkedArray):  # a column of no chunks
        values = pa.array([], values.type)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_temporal(values.type) and not pa.types.is_time(values.type):
        return _years(pc.year(values))
    if (read := _as_years(values)) is not None:
        return _years(read)
    if pa.types.is_boolean(values.type):
        return pc.if_else(values, "yes", "no").fill_null(UNKNOWN)
    number = _as_number(values)
    if number is not None and len(pa.array(number[~np.isnan(number)]).unique()) > MOST:
        return _bands(number)
    text = pc.utf8_trim_whitespace(pc.cast(values, pa.string()))
    text = pc.if_else(pc.equal(text, ""), None, text).fill_null(UNKNOWN)
    counts = sorted(text.value_counts().to_pylist(), key=lambda one: (-one["counts"], one["values"]))
    if len(counts) <= MOST:
        return text
    kept = pa.array([one["values"] for one in counts[: MOST - 1]])
    return pc.if_else(pc.is_in(text, value_set=kept), text, REST)


def _as_years(values: pa.Array) -> pa.Array | None:
    """Return the years of text that is ISO dates throughout, else None."""
    if not pa.types.is_string(values.type):
        return None
    told = values.drop_null()
    if not len(told) or not pc.all(pc.match_substring_regex(told, r"^\d{4}-\d{2}-\d{2}")).as_py():
        return None
    return pc.cast(pc.utf8_slice_codeunits(values, 0, 4), pa.int64())


def _as_number(values: pa.Array) -> npt.NDArray[np.float64] | None:
    if (
        pa.types.is_integer(values.type)
        or pa.types.is_floating(values.type)
        or pa.types.is_decimal(values.type)
    ):
        return np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_string(values.type):
        try:
            return np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            return None
    return None


def _years(years: pa.Array) -> pa.Array:
    known = years.drop_null()
    width = 1 if len(known.unique()) <= MOST else 5
    first = pc.multiply(pc.floor(pc.divide(pc.cast(years, pa.float64()), float(width))), float(width))
    names = [
        UNKNOWN if one is None else f"{int(one)}" if width == 1 else f"{int(one)} to {int(one) + width - 1}"
        for one in first.to_pylist()
    ]
    return pa.array(names, pa.string())


def _bands(number: npt.NDArray[np.float64]) -> pa.Array:
    known = number[~np.isnan(number)]
    # Cut points of three digits, so that none of them is one person's value to the last place.
    cuts = np.unique([float(f"{cut:.3g}") for cut in np.quantile(known, np.arange(1, BANDS) / BANDS)])
    names = [f"under {cuts[0]:g}"]
    names += [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    names += [f"{cuts[-1]:g} or more"]
    at = np.searchsorted(cuts, np.nan_to_num(number), side="right")
    return pa.array(
        [UNKNOWN if missing else names[place] for place, missing in zip(at, np.isnan(number), strict=True)]
    )
