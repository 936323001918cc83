"""The questions that each act asks, read from ``questions.csv``: one row, one question, with the requirements it comes from.

Columns: ``required`` is ``yes``, ``no`` (asked, never refused for) or ``stays`` (an earlier answer still counts); ``when`` names
conditions that must all hold (``!`` denies one); ``words`` is a closed vocabulary, by words or by ``@`` and its name.
What would be no more than a tick-box stays a question on a form and says ``must-be-yes``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import cast, get_args

from tallystick.governance.forms import Kind, Question
from tallystick.governance.tables import vocabulary


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table of this package."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def words(text: str) -> tuple[str, ...]:
    """Return a vocabulary written as ``a|b`` or ``none|@HIGH_RISK``."""
    found: list[str] = []
    for part in filter(None, text.split("|")):
        found += getattr(vocabulary, part[1:]) if part.startswith("@") else [part]
    return tuple(found)


def as_question(row: dict[str, str]) -> Question:
    """Return a row as a question; raise ValueError for a kind that does not exist."""
    if row["kind"] not in get_args(Kind):
        raise ValueError(f"{row['process']}.{row['act']}.{row['key']}: no kind {row['kind']!r}")
    return Question(
        row["process"],
        row["act"],
        row["key"],
        cast(Kind, row["kind"]),
        row["text"],
        tuple(int(number) for number in row["requirements"].split()),
        required=row["required"] != "no",
        stays=row["required"] == "stays",
        when=row["when"],
        words=words(row["words"]),
    )


QUESTIONS: tuple[Question, ...] = tuple(as_question(row) for row in rows("questions.csv"))

LAW_SINCE: dict[str, date] = {"complaint.acknowledge.late_reason": date(2026, 6, 19)}
"""Questions that are law only from a day on (Data (Use and Access) Act 2025 s.103)."""
