"""The values of one column held against its contract: typed, and with a mask of the rows that break each rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.supply.breach import Breach
from tallystick.supply.contract import Column, plain_format
from tallystick.supply.dates import read_dates
from tallystick.supply.reading import Mask
from tallystick.supply.sql import connection

LONGEST_CELL: Final = 10_000
FAR_AHEAD: Final = 100  # years after the supply: a date such as 9999-12-31 stands for none
CONTROL: Final = (
    r"[\x00-\x1f\x7f-\x{9f}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}\x{fffd}]"
)
# OWASP, CSV Injection; a sign before a number, a telephone number or nothing is no formula.
FORMULA: Final = r"^\s*[=@＝＠]|^\s*[+\-＋－][0-9 ().\-]*[^0-9 ().\-]"
INTEGER: Final = r"^[+-]?[0-9]{1,18}$"
NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
TRUE: Final = ("true", "t", "yes", "y", "1")
FALSE: Final = ("false", "f", "no", "n", "0")
TIME: Final = r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?$"
ARROW_TYPES: Final[dict[str, Any]] = {
    "string": pa.string(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class Fault:
    """The rows (``mask``) of a column that break ``rule``."""

    rule: str
    message: str
    remedy: str
    mask: Mask


@dataclass(frozen=True)
class Typed:
    """One column as its type has it, null where it is empty or at fault; ``refusals`` are of the whole column."""

    values: Any
    faults: tuple[Fault, ...] = ()
    refusals: tuple[Breach, ...] = ()
    format: str = ""


def type_column(raw: Any, column: Column, on: date) -> Typed:
    """The values of ``raw`` (text, or a Parquet column's own type) as ``column`` wants them, with what is wrong."""
    faults: list[Fault] = []
    if _is_text(raw.type):
        text = raw.cast(pa.string())
        faults += unsafe(text)
        cleaned = clean(text)
        faults += _limits(cleaned, column)
        typed = _from_text(cleaned, column)
    else:
        cleaned = raw
        typed = _from_values(raw, column)
    faults += typed.faults
    if column.type in ("date", "datetime") and not typed.refusals:
        faults += _plausible(typed.values, column, on)
    if column.type in ("integer", "number"):
        faults += _bounded(typed.values, column)
    if column.required:
        faults += [
            Fault(
                "supply.required", "A required value is empty.", "Fill it in.", mask_of(pc.is_null(cleaned))
            )
        ]
    if column.unique:
        faults += [
            repeated(
                cleaned, "supply.unique", "The value stands in more than one row.", "Keep one of the rows."
            )
        ]
    return Typed(typed.values, tuple(f for f in faults if f.mask.any()), typed.refusals, typed.format)


def clean(text: Any) -> Any:
    """``text`` without white space around it and in Unicode's composed form; an empty cell is null."""
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.utf8_normalize(text, "NFC")
    trimmed = pc.utf8_trim_whitespace(text)
    empty = pc.equal(trimmed, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed) if pc.any(empty).as_py() else trimmed


def unsafe(text: Any) -> Iterator[Fault]:
    """Cells that are too long, hold control characters, or would act as a formula in a spreadsheet."""
    yield Fault(
        "supply.cell-length", f"The cell is longer than {LONGEST_CELL:,} characters.",
        "Shorten it; look for a quotation mark that is not closed.", mask_of(pc.greater(pc.utf8_length(text), LONGEST_CELL)),
    )  # fmt: skip
    yield Fault(
        "supply.control-character", "The cell holds a NUL, a line break or another character that is not text.",
        "Take it out; look for a quotation mark that is not closed.", mask_of(pc.match_substring_regex(text, CONTROL)),
    )  # fmt: skip
    yield Fault(
        "supply.formula", "The cell begins as a formula does (=, +, - or @), which a spreadsheet would run.",
        "Take the sign away, or write the value that is meant.", mask_of(pc.match_substring_regex(text, FORMULA)),
    )  # fmt: skip


def repeated(values: Any, rule: str, message: str, remedy: str) -> Fault:
    """The rows whose value another row has too; empty cells repeat nothing.

    Values are told apart by a hash first, which is many times faster where nearly all differ; only the rows whose hash is not
    alone are compared themselves.
    """
    con = connection()
    con.register("cells", pa.table({"value": values}))
    hashes = con.sql("select hash(value) as hash from cells").to_arrow_table().column("hash").to_numpy()
    con.close()
    ordered = np.sort(hashes)
    suspect = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    mask = np.isin(hashes, suspect) & mask_of(pc.is_valid(values))
    rows = np.flatnonzero(mask)
    codes = (
        values.take(pa.array(rows))
        .combine_chunks()
        .dictionary_encode()
        .indices.to_numpy(zero_copy_only=False)
    )
    mask[rows] = np.bincount(codes)[codes] > 1 if len(codes) else False
    return Fault(rule, message, remedy, mask)


def mask_of(condition: Any) -> Mask:
    """An Arrow condition as a NumPy mask; null is false."""
    filled = pc.fill_null(condition, False)
    mask: Mask = np.array(
        filled.to_numpy(zero_copy_only=False) if isinstance(filled, pa.Array) else filled.to_numpy()
    )
    return mask


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
    )


def _limits(text: Any, column: Column) -> Iterator[Fault]:
    if column.max_length is not None:
        yield Fault(
            "supply.max-length", f"The value is longer than the agreement's {column.max_length:,} characters.", "Shorten it.",
            mask_of(pc.greater(pc.utf8_length(text), column.max_length)),
        )  # fmt: skip
    if column.allowed:
        allowed = pa.array(column.allowed, pa.string())
        known = pc.is_in(text, value_set=allowed, skip_nulls=True)
        wrong = pc.and_(pc.invert(known), pc.is_valid(text))
        folded = pc.is_in(pc.utf8_lower(text), value_set=pc.utf8_lower(allowed))
        case = " Mind capital letters." if pc.any(pc.and_(wrong, folded)).as_py() else ""
        yield Fault(
            "supply.allowed", "The value is not one that the agreement allows.",
            f"Use one of: {', '.join(column.allowed[:20])}.{case}", mask_of(wrong),
        )  # fmt: skip


def _from_text(text: Any, column: Column) -> Typed:
    if column.type == "date":
        return _dates(text, column)
    if column.type == "datetime":
        return _datetimes(text, column)
    if column.type == "integer":
        return _matching(
            text,
            INTEGER,
            pa.int64(),
            "supply.integer",
            "whole number",
            "Write digits alone: no comma, unit or decimal.",
        )
    if column.type == "number":
        return _matching(
            text,
            NUMBER,
            pa.float64(),
            "supply.number",
            "number",
            "Write digits and a decimal point: no comma or unit.",
        )
    if column.type == "boolean":
        lower = pc.utf8_lower(text)
        yes, no = (pc.is_in(lower, value_set=pa.array(words)) for words in (TRUE, FALSE))
        known = pc.or_(yes, no)
        fault = Fault(
            "supply.boolean", "The value is not yes or no.", "Write true or false.",
            mask_of(pc.and_(pc.invert(known), pc.is_valid(text))),
        )  # fmt: skip
        return Typed(pc.if_else(known, yes, pa.scalar(None, pa.bool_())), (fault,))
    return Typed(text)


def _matching(text: Any, pattern: str, kind: Any, rule: str, what: str, remedy: str) -> Typed:
    good = pc.match_substring_regex(text, pattern)
    plain = pc.replace_substring_regex(pc.if_else(good, text, pa.scalar(None, pa.string())), r"^\+", "")
    wrong = mask_of(pc.invert(good))
    return Typed(plain.cast(kind), (Fault(rule, f"The value is not a {what}.", remedy, wrong),))


def _dates(text: Any, column: Column) -> Typed:
    found = read_dates(column.name, text, column.format)
    if found.refusal:
        return Typed(pa.nulls(len(text), pa.date32()), (), (found.refusal,))
    wrong = mask_of(pc.and_(pc.is_valid(text), pc.is_null(found.values)))
    shape = plain_format(found.format)
    fault = Fault(
        "supply.date", f"The value is not a date that exists, written {shape}.",
        "Correct it, or leave it empty where the date is not known.", wrong,
    )  # fmt: skip
    return Typed(found.values, (fault,), (), found.format)


def _datetimes(text: Any, column: Column) -> Typed:
    """Date and time of day, read apart; a value without a time is midnight."""
    head = pc.replace_substring_regex(text, TIME, "")
    days = read_dates(column.name, head, column.format.split(" %H")[0].split("T%H")[0])
    if days.refusal:
        return Typed(pa.nulls(len(text), pa.timestamp("us")), (), (days.refusal,))
    con = connection()
    con.register("cells", pa.table({"value": text, "head": head, "day": days.values}))
    values = (
        con.sql(
            """
        with parts as (
            select day, rtrim(substr(value, length(head) + 2), 'Z') as clock from cells
        ),
        clocks as (
            select day, case when clock = '' then '00:00' else clock end as clock from parts
        )
        select day + try_cast(case when length(clock) < 6 then clock || ':00' else clock end as time) as moment
        from clocks
        """
        )
        .to_arrow_table()
        .column("moment")
        .cast(pa.timestamp("us"))
    )
    con.close()
    fault = Fault(
        "supply.datetime", f"The value is not a date and time that exist, written {plain_format(days.format)} HH:MM.",
        "Correct it, or leave it empty.", mask_of(pc.and_(pc.is_valid(text), pc.is_null(values))),
    )  # fmt: skip
    return Typed(values, (fault,), (), days.format)


def _from_values(raw: Any, column: Column) -> Typed:
    """A Parquet column of another type than text, where it is what the contract says or goes into it without loss."""
    wanted = ARROW_TYPES[column.type]
    try:
        values = raw.cast(wanted, safe=True)
    except pa.ArrowException:
        values = None
    numeric_to_boolean = column.type == "boolean" and not pa.types.is_boolean(raw.type)
    if (
        values is None
        or numeric_to_boolean
        or (column.type in ("date", "datetime") and not pa.types.is_temporal(raw.type))
    ):
        refusal = Breach(
            "supply.type",
            f"The column holds {raw.type}, not {column.type}.",
            "Write it as that type, or as text.",
            column=column.name,
        )
        return Typed(pa.nulls(len(raw), wanted), (), (refusal,))
    if column.type == "string":
        return Typed(values, tuple(_limits(values, column)))
    return Typed(values)


def _plausible(values: Any, column: Column, on: date) -> Iterator[Fault]:
    days = values.cast(pa.date32()) if column.type == "datetime" else values
    latest = on if column.is_birth else date(min(on.year + FAR_AHEAD, 9999), 12, 31)
    after = "the day of the supply" if column.is_birth else f"{latest.year}"
    bounds = [(pc.greater, latest, f"The date lies after {after}.")]
    if isinstance(column.minimum, date):
        bounds.append((pc.less, column.minimum, f"The date lies before the agreement's {column.minimum}."))
    if isinstance(column.maximum, date):
        bounds.append((pc.greater, column.maximum, f"The date lies after the agreement's {column.maximum}."))
    for beyond, bound, message in bounds:
        mask = mask_of(beyond(days, pa.scalar(bound, pa.date32())))
        yield Fault(
            "supply.date-range", message, "Correct it, or leave it empty where the date is not known.", mask
        )


def _bounded(values: Any, column: Column) -> Iterator[Fault]:
    for bound, beyond, word in ((column.minimum, pc.less, "below"), (column.maximum, pc.greater, "above")):
        if isinstance(bound, int | float):
            message = f"The number is {word} the agreement's {bound:g}."
            yield Fault(
                "supply.range",
                message,
                "Correct it.",
                mask_of(beyond(values.cast(pa.float64()), float(bound))),
            )
