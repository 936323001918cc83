"""A long list, a page at a time, without counting it: a count reads every row, and nobody needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SIZE = 25
LAST = 100_000


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows, its number from 1 on, and whether there is another behind it."""

    object_list: list[Any]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        """Return whether there is a page before it."""
        return self.number > 1


def page(rows: Any, number: str | None, size: int = SIZE) -> Page:
    """Return the page of this number, the first where it is none; ``rows`` is a query in a fixed order."""
    at = int(number) if number and number.isascii() and number.isdigit() and len(number) < 7 else 1
    at = min(max(at, 1), LAST)
    found = list(rows[(at - 1) * size : at * size + 1])
    return Page(found[:size], at, len(found) > size)
