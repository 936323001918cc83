"""What a report shows, whatever its format: words, figures and tables, already rounded and suppressed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Table", "View"]


@dataclass(frozen=True)
class Table:
    """A titled table; ``chart`` is the SVG that shows the same, or empty; ``alt`` says in words what the chart shows."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
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
