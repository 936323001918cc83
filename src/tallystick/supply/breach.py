"""What is wrong with a supply, as values: which rule, which column, which rows, and what to do.

A place says the row, and the class and length of the value that stands there: never the value.
Row 1 is the header, as in a spreadsheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tallystick.errors import Finding

SHOWN: Final = 10  # rows named for each kind of breach in each column; the count says how many there are


@dataclass(frozen=True)
class Place:
    """One row, with the class and length of its value (``"text of 12 characters"``)."""

    row: int
    value: str = ""

    def __str__(self) -> str:
        return f"row {self.row:,}" + (f" ({self.value})" if self.value else "")


@dataclass(frozen=True)
class Breach:
    """All breaches of one rule in one column; ``column`` and ``places`` are empty for the file as a whole."""

    rule: str
    message: str
    remedy: str
    column: str = ""
    count: int = 1
    places: tuple[Place, ...] = ()

    def finding(self, file: str) -> Finding:
        """This breach as a finding, with the file's name in its place."""
        rows = ""
        if self.places:
            more = self.count - len(self.places)
            rows = ", ".join(map(str, self.places)) + (f" and {more:,} more" if more > 0 else "")
        where = ", ".join(
            part for part in (file, f"column {self.column}" if self.column else "", rows) if part
        )
        return Finding(self.rule, self.message, self.remedy, where=where)


def value_class(value: object) -> str:
    """The class and length of ``value``, in words that give nothing of it away."""
    if value is None:
        return "empty"
    text = str(value)
    if not text.strip():
        return f"blank, {len(text):,} characters"
    if text.strip().isdigit():
        kind = "digits"
    elif text.strip().isalpha():
        kind = "letters"
    elif any(ord(c) < 32 or ord(c) == 127 for c in text):
        kind = "text with control characters"
    else:
        kind = "text"
    return f"{kind}, {len(text):,} character{'' if len(text) == 1 else 's'}"


def places(mask: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], column: Any) -> tuple[Place, ...]:
    """The first few rows where ``mask`` holds, by their numbers in the file, with value classes."""
    found = np.flatnonzero(mask)[:SHOWN]
    values = column.take(pa.array(found)).to_pylist() if column is not None else [None] * len(found)
    return tuple(
        Place(int(rows[i]), value_class(value) if column is not None else "")
        for i, value in zip(found, values, strict=True)
    )
