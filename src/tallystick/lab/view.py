"""What a report shows, whatever its format: words, figures and tables, already rounded and suppressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["HIDDEN", "Statistic", "Table", "View"]

HIDDEN = "[c]"
"""Stands for a figure that is hidden, itself or to protect another: the mark of official statistics for what is confidential."""


@dataclass(frozen=True)
class Statistic:
    """What a table's figures are, by the names of its columns, so that the output check need not guess.

    ``counts`` is the column with the people under each figure, ``n`` stands for it where they are the same in every row; ``moves`` is the
    column with the events between two rows of a curve.
    """

    kind: Literal["frequency", "histogram", "mean", "ratio", "regression", "survival"]
    values: tuple[str, ...]
    labels: tuple[str, ...] = ()
    counts: str = ""
    n: int | None = None
    moves: str = ""
    along: str = ""


@dataclass(frozen=True)
class Table:
    """A titled table; ``chart`` is the SVG that shows the same, or empty; ``alt`` says in words what the chart shows."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    statistic: Statistic
    chart: str = ""
    alt: str = ""


@dataclass(frozen=True)
class View:
    """Everything that a report shows, already rounded and suppressed; every format is made from it alone."""

    title: str
    programme: str
    made: str
    headline: str
    sentences: tuple[str, ...]
    can_say: str
    cannot_say: str
    numbers: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
