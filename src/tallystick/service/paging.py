"""A long list, a page at a time, without counting it: a count reads every row, and nobody needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

SIZE = 25
LAST = 100_000


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows, its number from 1 on, whether there is another behind it, and what the list was asked for."""

    object_list: list[Any]
    number: int
    has_next: bool
    asked: QueryDict

    @property
    def has_previous(self) -> bool:
        """Return whether there is a page before it."""
        return self.number > 1

    def link(self, number: int) -> str:
        """Return the address of another page of the same list: what filters it stays."""
        query = self.asked.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"


def page(rows: Any, asked: QueryDict, size: int = SIZE) -> Page:
    """Return the page that a query asks for, the first where it names none; ``rows`` is a query in a fixed order."""
    number = asked.get("page")
    at = int(number) if number and number.isascii() and number.isdigit() and len(number) < 7 else 1
    at = min(max(at, 1), LAST)
    found = list(rows[(at - 1) * size : at * size + 1])
    return Page(found[:size], at, len(found) > size, asked)
