"""One column with less detail: bands, clipped ends, coarser dates, coarser places, merged categories, keyed ids.

Each reduction is a function from a column to a column and the sentence that the data dictionary prints about it.
Sources: requirements 169 and 211; the ICO's anonymisation guidance (generalisation); Hundepool et al. (2012) ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.agreement.project import ProjectField
from tallystick.errors import BadInput

RARE = "other (rare)"
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Reduced:
    """A column as it leaves, and what the dictionary says of how it was made."""

    column: pa.Array
    how: str


def band_label(low: float | None, high: float | None) -> str:
    """Return the name of a band of numbers: its lower end belongs to it, its upper end does not."""
    if low is None:
        return f"under {high:g}"
    if high is None:
        return f"{low:g} and over"
    return f"{low:g} to under {high:g}"


def bands(column: pa.Array, cuts: tuple[float, ...]) -> Reduced:
    """Return the band of each number; ``cuts`` are the lower ends, rising. Null stays null."""
    values = numbers(column)
    edges: list[float | None] = [None, *cuts, None]
    labels = pa.array([band_label(low, high) for low, high in pairwise(edges)])
    places = np.searchsorted(np.array(cuts, dtype=float), np.nan_to_num(values), side="right")
    named = labels.take(pa.array(places, mask=np.isnan(values)))
    return Reduced(named, "in bands from " + ", ".join(f"{cut:g}" for cut in cuts))


def clipped(column: pa.Array, bottom: float | None, top: float | None) -> Reduced:
    """Return the numbers with values below ``bottom`` set to it and values above ``top`` set to it."""
    values = np.clip(numbers(column), bottom, top)
    parts = [
        f"{name} coded at {value:g}"
        for name, value in (("bottom", bottom), ("top", top))
        if value is not None
    ]
    whole = pa.types.is_integer(column.type)
    made = pa.array(values, mask=np.isnan(values))
    return Reduced(made.cast(pa.int64(), safe=False) if whole else made, ", ".join(parts))


def truncated_dates(column: pa.Array, unit: str) -> Reduced:
    """Return the first day of each date's week, month or quarter as text; of a year its four digits."""
    days = dates(column)
    if unit == "week":
        starts = pc.floor_temporal(days, unit="week", week_starts_monday=True)
        return Reduced(pc.strftime(starts, format="%Y-%m-%d"), "the Monday of its week")
    starts = pc.floor_temporal(days, multiple=MONTHS[unit], unit="month")
    if unit == "year":
        return Reduced(pc.year(days).cast(pa.int32()), "year only")
    if unit == "quarter":
        text = pc.binary_join_element_wise(
            pc.year(days).cast(pa.string()), pc.quarter(days).cast(pa.string()), "-Q"
        )
        return Reduced(text, "calendar quarter only")
    return Reduced(pc.strftime(starts, format="%Y-%m"), "month only")


def days_from(column: pa.Array, index: pa.Array, event: str) -> Reduced:
    """Return the days from the index event to each date; negative before it, null where either is unknown."""
    gap = pc.days_between(dates(index), dates(column))
    return Reduced(gap.cast(pa.int32()), f"days from {event}; the date itself is withheld")


def leading(column: pa.Array, characters: int) -> Reduced:
    """Return the first characters of each text."""
    return Reduced(
        pc.utf8_slice_codeunits(text(column), 0, characters), f"the first {characters} characters only"
    )


def outward_codes(column: pa.Array) -> Reduced:
    """Return the outward part of each postcode (``SW1A`` of ``SW1A 1AA``); what is not a postcode becomes null."""
    tight = pc.replace_substring_regex(pc.utf8_upper(text(column)), r"\s+", "")
    parts = pc.extract_regex(tight, r"^(?P<outward>[A-Z]{1,2}[0-9][A-Z0-9]?)[0-9][A-Z]{2}$")
    return Reduced(pc.struct_field(parts, "outward"), "the outward part of the postcode only")


def grouped(column: pa.Array, groups: dict[str, str]) -> Reduced:
    """Return the category that stands for each; a category that the groups leave out becomes ``other (rare)``."""
    encoded = pc.dictionary_encode(text(column))
    names = [groups.get(value, RARE) for value in encoded.dictionary.to_pylist()]
    return Reduced(pa.array(names, pa.string()).take(encoded.indices), "categories grouped as approved")


def rare_merged(column: pa.Array, minimum: int) -> Reduced:
    """Return the categories, those with fewer than ``minimum`` rows merged into one.

    If the merged one would itself be smaller than ``minimum``, the next rarest goes in too: otherwise what hides
    the rare ones would point at them.
    """
    encoded = pc.dictionary_encode(text(column))
    known = encoded.indices.drop_null()
    size = np.bincount(np.asarray(known), minlength=len(encoded.dictionary))
    order = np.argsort(size, kind="stable")
    merged = [int(place) for place in order if size[place] < minimum]
    while merged and int(size[merged].sum()) < minimum and len(merged) < len(order):
        merged.append(int(order[len(merged)]))
    names = encoded.dictionary.to_pylist()
    for place in merged:
        names[place] = RARE
    how = f"categories with fewer than {minimum} rows merged ({len(merged)} of {len(order)})"
    return Reduced(pa.array(names, pa.string()).take(encoded.indices), how)


def on_ladder(column: pa.Array, ladder: pa.Table, level: str, where: str) -> Reduced:
    """Return the place on the rung ``level`` that holds each place of the column.

    ``ladder`` is a lookup with a column for each rung, finest first (postcode, lsoa, la, region). The rung of the
    column is the one that knows most of its values. Raises BadInput if none knows half of them, or the rung wanted
    is finer.
    """
    if level not in ladder.column_names:
        raise BadInput(
            f"{where}: the geography ladder has no rung {level!r}: {', '.join(ladder.column_names)}."
        )
    places = pc.replace_substring_regex(pc.utf8_upper(text(column)), r"\s+", "")
    tight = {
        rung: pc.replace_substring_regex(pc.utf8_upper(text(flat(ladder[rung]))), r"\s+", "")
        for rung in ladder.column_names
    }
    known = {rung: pc.sum(pc.is_in(places, value_set=tight[rung])).as_py() or 0 for rung in tight}
    source = max(known, key=lambda rung: known[rung])
    if 2 * known[source] < len(places) - places.null_count:
        raise BadInput(
            f"{where}: most of its places are on no rung of the geography ladder. Check the lookup."
        )
    rungs = ladder.column_names
    if rungs.index(source) > rungs.index(level):
        raise BadInput(f"{where}: the column holds {source}, and {level} is finer. Ask for a coarser rung.")
    found = pc.index_in(places, value_set=tight[source])
    return Reduced(text(flat(ladder[level])).take(found), f"{source} replaced by its {level}")


def reduced(
    column: pa.Array, field: ProjectField, where: str, index: pa.Array | None, ladder: pa.Table | None
) -> Reduced:
    """Return the column in the detail that the project approved; keyed ids are made elsewhere.

    ``index`` holds the date of the index event of each row, for ``days-from``. Raises BadInput naming ``where``.
    """
    try:
        if field.detail == "geography":
            if ladder is None:
                raise BadInput(f"{where}: detail 'geography' needs a lookup of places. Hand it in.")
            return on_ladder(column, ladder, field.level, where)
        if field.detail == "days-from":
            assert index is not None
            return days_from(column, index, field.index)
        return simple(column, field)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        raise BadInput(
            f"{where}: a {column.type} column cannot be given in detail {field.detail!r}. "
            "Ask for another detail, or supply the column in another type."
        ) from None


def simple(column: pa.Array, field: ProjectField) -> Reduced:
    """Return the column in a detail that needs nothing but the column and the field's own settings."""
    match field.detail:
        case "band":
            return bands(column, field.bands)
        case "clipped":
            return clipped(column, field.bottom, field.top)
        case "week" | "month" | "quarter" | "year":
            return truncated_dates(column, field.detail)
        case "first-characters":
            return leading(column, field.characters or 1)
        case "outward-code":
            return outward_codes(column)
        case "grouped":
            return grouped(column, field.groups)
        case "rare-merged":
            return rare_merged(column, field.minimum_count or 10)
        case _:
            return Reduced(column, "as supplied")


def looks_like_free_text(column: pa.Array) -> bool:
    """Return whether a text column is prose: over half its values differ and they average more than three words."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    known = column.drop_null()
    if len(known) < 20:
        return False
    words = pc.mean(pc.add(pc.count_substring_regex(known, r"\S\s+\S"), 1)).as_py()
    return bool(words > 3 and pc.count_distinct(known).as_py() > len(known) / 2)


def flat(column: Any) -> pa.Array:
    """Return a table's column as one array."""
    if isinstance(column, pa.ChunkedArray):
        made = column.combine_chunks()
        return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    return column


def text(column: pa.Array) -> pa.Array:
    """Return the column as text."""
    return column.cast(pa.string())


def numbers(column: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the column as floats, null as NaN."""
    made = column.cast(pa.float64(), safe=False)
    return np.asarray(made.to_numpy(zero_copy_only=False), dtype=float)


def dates(column: pa.Array) -> pa.Array:
    """Return the column as dates; text must be ISO (2001-12-31)."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        with duckdb.connect() as database:
            database.register("dates", pa.table({"value": column, "place": pa.array(range(len(column)))}))
            try:
                made: pa.Table = database.sql(
                    "select cast(nullif(trim(value), '') as date) as value from dates order by place"
                ).to_arrow_table()
            except duckdb.Error:
                raise ValueError("not ISO dates") from None
        return flat(made["value"])
    return column.cast(pa.date32(), safe=False)
