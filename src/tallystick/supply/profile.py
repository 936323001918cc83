"""What a supply is like: how complete, how varied, in which forms, and what in it cannot well be true.

The full profile names common values and stays in the supplier's room; its `summary` holds only forms and rates and may leave
(DESIGN 7). Rates that a sound file would have come from the calendar: 1 in 365.25 births falls on 1 January.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.supply.contract import Column, Contract
from tallystick.supply.sql import connection

SHOWN: Final = 10
TOO_OFTEN: Final = 3.0  # times the expected rate
OLDEST: Final = 110
PLACEHOLDER: Final = (
    r"(?i)^(unknown|not ?known|unk|n/?a|none|null|nil|nk|not (stated|given|recorded|applicable)|no fixed (abode|address)|"
    r"nfa|tbc|test|dummy|anon(ymous)?|baby|x{2,}|z{2,}|\?+|-+|\.+|0+|zz99 ?\w{3})$"
)
PLACEHOLDER_DATE: Final = r"^(1900-01-01|1901-01-01|1899-12-3[01]|1970-01-01|1111-11-11)$"
POSTCODE: Final = r"(?i)^[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}$"
MISDECODED: Final = r"Ã[\x{80}-\x{bf}€ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|Â[£°·]"
NAMES: Final = frozenset({"first_name", "middle_name", "surname", "forename", "last_name"})
# How a value becomes its form: capitals, other letters, digits, then anything that is not ASCII; runs are cut short.
MARKS: Final = (
    (r"\p{Lu}", "A"),
    (r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]", "a"),
    (r"\p{N}", "9"),
    (r"\p{M}", ""),
    (r"[^\x20-\x7e]", "?"),
    (r"A{3,}", "A+"),
    (r"a{3,}", "a+"),
    (r"9{9,}", "9+"),
)
EXISTING_DATE: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


@dataclass(frozen=True)
class Form:
    """A shape of values (A and a for letters, 9 for a digit, + for a run of letters) and how many rows have it."""

    shape: str
    count: int


@dataclass(frozen=True)
class Common:
    """A value, and how many rows have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Doubt:
    """Something implausible: what, in how many rows, at what rate, and the rate of a sound file (None: none at all)."""

    what: str
    count: int
    rate: float
    expected: float | None = None


@dataclass(frozen=True)
class FieldProfile:
    """One column. Forms and values that fewer rows have than the small count are only counted together."""

    name: str
    kind: str
    type: str
    present: int
    distinct: int
    forms: tuple[Form, ...]
    other_forms: int
    common: tuple[Common, ...]
    other_values: int
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class Profile:
    """A supply's columns, over ``rows`` rows that were taken."""

    dataset: str
    rows: int
    small_count: int
    fields: tuple[FieldProfile, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything, values among it: for the supplier's room alone."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """Forms and rates only, rounded to a thousandth: what may leave the supplier's room."""
        return {
            "dataset": self.dataset,
            "rows": self.rows,
            "fields": [
                {
                    "name": field.name,
                    "kind": field.kind,
                    "type": field.type,
                    "complete": rate(field.present, self.rows),
                    "distinct": rate(field.distinct, field.present),
                    "forms": [
                        {"shape": form.shape, "rate": rate(form.count, field.present)} for form in field.forms
                    ],
                    "other_forms": rate(field.other_forms, field.present),
                    "doubts": [
                        {"what": doubt.what, "rate": round(doubt.rate, 3), "expected": doubt.expected}
                        for doubt in field.doubts
                        if doubt.count >= self.small_count
                    ],
                }
                for field in self.fields
            ],
        }


def profile(table: pa.Table, contract: Contract, on: date) -> Profile:
    """The profile of ``table`` (a checked supply), column by column; ``on`` is the day of the supply."""
    fields = tuple(
        _profile_field(table.column(column.name), column, contract.small_count, on)
        for column in contract.columns
        if column.name != contract.id_column
    )
    return Profile(contract.dataset, len(table), contract.small_count, fields)


def rate(count: int, of: int) -> float:
    """``count`` as a share, to a thousandth; of nothing it is 0."""
    return round(count / of, 3) if of else 0.0


def _profile_field(values: Any, column: Column, small: int, on: date) -> FieldProfile:
    texts, counts = _counted(values)
    present = int(counts.sum())
    forms = _forms(texts, counts)
    common = tuple(
        Common(text, int(count))
        for text, count in zip(texts.slice(0, SHOWN).to_pylist(), counts[:SHOWN], strict=True)
        if count >= small
    )
    shown = tuple(form for form in forms[:SHOWN] if form.count >= small)
    return FieldProfile(
        name=column.name,
        kind=column.kind,
        type=column.type,
        present=present,
        distinct=len(texts),
        forms=shown,
        other_forms=present - sum(form.count for form in shown),
        common=common,
        other_values=present - sum(value.count for value in common),
        doubts=tuple(doubt for doubt in _doubts(texts, counts, column, on) if doubt.count),
    )


def _counted(values: Any) -> tuple[Any, np.ndarray[Any, np.dtype[np.int64]]]:
    """The distinct values as text and how many rows have each, the most common first."""
    text = pc.strftime(values, "%Y-%m-%d") if pa.types.is_date(values.type) else values.cast(pa.string())
    con = connection()
    con.register("cells", pa.table({"value": text}))
    table = con.sql(
        """
        select value, count(*) as count
        from cells
        where value is not null
        group by value
        order by count desc, value
        """
    ).to_arrow_table()
    con.close()
    texts = table.column("value").cast(pa.string()).combine_chunks()
    return texts, table.column("count").cast(pa.int64()).to_numpy()


def _forms(texts: Any, counts: np.ndarray[Any, np.dtype[np.int64]]) -> list[Form]:
    shapes = texts
    for pattern, mark in MARKS:
        shapes = pc.replace_substring_regex(shapes, pattern, mark)
    grouped = pa.table({"shape": shapes, "count": counts}).group_by("shape").aggregate([("count", "sum")])
    ordered = grouped.sort_by([("count_sum", "descending"), ("shape", "ascending")])
    return [Form(row["shape"], int(row["count_sum"])) for row in ordered.slice(0, SHOWN).to_pylist()]


def _doubts(
    texts: Any, counts: np.ndarray[Any, np.dtype[np.int64]], column: Column, on: date
) -> Iterator[Doubt]:
    present = int(counts.sum())

    def doubt(what: str, mask: Any, expected: float | None = None) -> Doubt:
        count = int(counts[np.asarray(pc.fill_null(mask, False))].sum())
        if expected is not None and count <= TOO_OFTEN * expected * present:
            count = 0
        return Doubt(what, count, count / present if present else 0.0, expected)

    def has(pattern: str) -> Any:
        return pc.match_substring_regex(texts, pattern)

    if column.type == "date" or column.is_birth:
        yield doubt("1 January", has(r"^[0-9]{4}-01-01$"), round(1 / 365.25, 4))
        yield doubt("first day of a month", has(r"^[0-9]{4}-[0-9]{2}-01$"), round(12 / 365.25, 4))
        yield doubt("a date that stands for none", has(PLACEHOLDER_DATE))
    if column.is_birth:
        yield doubt("not a date that exists", pc.invert(has(EXISTING_DATE)))
        yield doubt(f"older than {OLDEST} years", pc.less(texts, f"{on.year - OLDEST:04d}"))
    if column.type == "string":
        yield doubt("a word that stands for no value", has(PLACEHOLDER))
        yield doubt("letters of a wrong encoding", has(MISDECODED))
    if column.matches in NAMES:
        yield doubt("a digit in a name", has(r"[0-9]"))
        yield doubt("a name of one letter", has(r"^\p{L}\.?$"))
    if column.matches == "postcode":
        yield doubt("not the form of a UK postcode", pc.invert(has(POSTCODE)))
