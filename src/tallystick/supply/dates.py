"""Which date format a column is in, told from all its values at once, and the dates that it then holds.

Day before month or month before day is settled only by evidence: values that are dates one way and not the other. Where
there is none, or where it points both ways, the column is refused, and the agreement has to say `format`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.supply.breach import Breach
from tallystick.supply.contract import plain_format
from tallystick.supply.sql import connection

# Eight digits with no separator: from 1500 on, no value is a date both with the year first and with the year last.
EARLIEST_PACKED_YEAR: Final = 1500
CONTRARY: Final = 0.01  # more evidence than this for the other order: two orders are mixed
EVIDENCE: Final = 0.01  # less evidence than this for an order, in a column of many dates: not proved
MANY: Final = 100

PACKED: Final = ("%Y%m%d", "%d%m%Y", "%m%d%Y")

# Each family is a shape, and the formats that a value of the shape may be in.
FAMILIES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"^\d{4}-\d{1,2}-\d{1,2}$", ("%Y-%m-%d",)),
    (r"^\d{4}/\d{1,2}/\d{1,2}$", ("%Y/%m/%d",)),
    (r"^\d{4}\.\d{1,2}\.\d{1,2}$", ("%Y.%m.%d",)),
    (r"^\d{1,2}/\d{1,2}/\d{4}$", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"^\d{1,2}-\d{1,2}-\d{4}$", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"^\d{1,2}\.\d{1,2}\.\d{4}$", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"^\d{8}$", PACKED),
    (r"(?i)^\d{1,2} [a-z]{3,9} \d{4}$", ("%d %b %Y", "%d %B %Y")),
    (r"(?i)^\d{1,2}-[a-z]{3,9}-\d{4}$", ("%d-%b-%Y", "%d-%B-%Y")),
    (r"(?i)^[a-z]{3,9} \d{1,2}, \d{4}$", ("%b %d, %Y", "%B %d, %Y")),
)
SHORT_YEAR: Final = r"(?i)^\d{1,2}[-/. ]([a-z]{3}|\d{1,2})[-/. ]\d{2}$"
MIDNIGHT: Final = r"[ T]0{1,2}:00(:00(\.0+)?)?Z?$"


@dataclass(frozen=True)
class DateColumn:
    """The dates of a column: its ``format`` ('' when empty), values (date32, null where none), or what forbids them."""

    format: str
    values: Any
    refusal: Breach | None = None


def read_dates(name: str, texts: Any, written: str) -> DateColumn:
    """The dates in ``texts`` (a chunked array of trimmed text, null where empty).

    ``written`` is the agreement's strptime format; when empty it is found out. A value that is no date of it gives null.
    ``refusal`` is set where the whole column cannot be read without a guess.
    """
    encoded = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    distinct = pc.replace_substring_regex(encoded.dictionary, MIDNIGHT, "")
    counts = _counts(encoded, len(distinct))
    refusal = None
    if not written:
        written, refusal = detect_format(name, distinct, counts)
    parsed = _parse(distinct, written) if written else pa.nulls(len(distinct), pa.date32())
    return DateColumn(written, parsed.take(encoded.indices), refusal)


def detect_format(name: str, distinct: Any, counts: Any) -> tuple[str, Breach | None]:
    """The format that explains ``distinct`` values seen ``counts`` times; or '' and why it cannot be told."""
    if not len(distinct):
        return "", None
    weights = {
        i: _weight(pc.match_substring_regex(distinct, shape), counts) for i, (shape, _) in enumerate(FAMILIES)
    }
    short = _weight(pc.match_substring_regex(distinct, SHORT_YEAR), counts)
    family = max(weights, key=lambda i: weights[i])
    total = weights[family]
    if short > total:
        return "", _refusal(
            name, "supply.date-year", "years of two digits leave the century open.", "Write years in full."
        )
    if not total:
        return "", _refusal(
            name,
            "supply.date",
            "no value is a date that is known.",
            "Write dates as YYYY-MM-DD, or give the field a `format`.",
        )
    shape, formats = FAMILIES[family]
    if len(formats) == 1:
        return formats[0], None
    inside = pc.match_substring_regex(distinct, shape)
    return _choose(name, formats, distinct.filter(inside), counts.filter(inside), total)


def _choose(
    name: str, formats: tuple[str, ...], values: Any, counts: Any, total: int
) -> tuple[str, Breach | None]:
    """The one of ``formats`` that the values prove; a value proves a format that alone makes it a date."""
    read = {one: _parse(values, one) for one in formats}
    best = max(formats, key=lambda one: _weight(pc.is_valid(read[one]), counts))
    for other in formats:
        if other == best:
            continue
        differ = pc.fill_null(pc.not_equal(read[best], read[other]), False)
        if not _weight(differ, counts):
            continue
        for_best = _weight(pc.and_(pc.is_valid(read[best]), pc.is_null(read[other])), counts)
        for_other = _weight(pc.and_(pc.is_null(read[best]), pc.is_valid(read[other])), counts)
        pair = f"{plain_format(best)} and {plain_format(other)}"
        if for_other > CONTRARY * total:
            message = (
                f"dates in two orders are mixed: {for_best:,} can only be {plain_format(best)}, "
                f"{for_other:,} only {plain_format(other)}."
            )
            return "", _refusal(name, "supply.date-order", message, "Write every date as YYYY-MM-DD.")
        if not for_best or (total >= MANY and for_best < EVIDENCE * total):
            message = f"day and month cannot be told apart: the values fit {pair}."
            remedy = "Let the agreement say the field's `format`, or write dates as YYYY-MM-DD."
            return "", _refusal(name, "supply.date-order", message, remedy)
    return best, None


def _parse(values: Any, written: str) -> Any:
    """``values`` as date32 as ``written``; null where one is no date that exists, of a year in four digits."""
    earliest = EARLIEST_PACKED_YEAR if written in PACKED else 1
    con = connection()
    con.register("texts", pa.table({"i": pa.array(range(len(values)), pa.int64()), "value": values}))
    table = con.sql(
        """
        with parsed as (select i, try_strptime(value, $format)::date as date from texts)
        select case when year(date) between $earliest and 9999 then date end as date
        from parsed
        order by i
        """,
        params={"format": written, "earliest": earliest},
    ).to_arrow_table()
    con.close()
    column = table.column("date").combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


def _counts(encoded: Any, size: int) -> Any:
    """How often each distinct value stands in the column, in the dictionary's order."""
    import numpy as np

    indices = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
    return pa.array(np.bincount(indices, minlength=size).astype(np.int64))


def _weight(mask: Any, counts: Any) -> int:
    return int(pc.sum(counts.filter(pc.fill_null(mask, False))).as_py() or 0)


def _refusal(name: str, rule: str, message: str, remedy: str) -> Breach:
    return Breach(rule, message[0].upper() + message[1:], remedy, column=name)
