"""What is missing and who owes it: returns that did not come, months that are late, figures marked as not available."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tallystick.performance.definitions import Measure, Measures
from tallystick.performance.lines import Line, of_board
from tallystick.performance.periods import Period, following


@dataclass(frozen=True)
class Owed:
    """One thing that a reader cannot see: by whom it is owed, what it is, since when, and why.

    ``why`` is ``nothing came`` (the whole return), ``late`` (the last periods), ``gap`` (periods between others) or ``not available``
    (the agency says so itself).
    """

    agency: str
    measure: str
    what: str
    why: str
    due: date | None = None


def owed(said: Measures, found: Mapping[tuple[str, str, str], Line], on: date) -> tuple[Owed, ...]:
    """Return what is missing on a day, by agency: what is due by ``due_days`` after each period and has not come."""
    made: list[Owed] = []
    for measure in said.measures:
        line = of_board(dict(found), measure, said)
        made += of_line(measure, line, on) if line else [nothing(measure)]
    return tuple(sorted(made, key=lambda each: (each.agency, each.measure, each.why)))


def nothing(measure: Measure) -> Owed:
    """Return that no figure of a measure came at all."""
    since = f" (due from {measure.first} on)" if measure.first else ""
    return Owed(measure.agency, measure.title, f"Every figure{since}", "nothing came")


def of_line(measure: Measure, line: Line, on: date) -> list[Owed]:
    """Return what is missing of a measure of which something came."""
    made = []
    after: list[Period] = []
    step = following(line.periods[-1])
    while step.end + timedelta(days=measure.due_days) <= on:
        after.append(step)
        step = following(step)
    if after:
        due = after[0].end + timedelta(days=measure.due_days)
        made.append(Owed(measure.agency, measure.title, span(after), "late", due))
    for why, wanted in (("gap", False), ("not available", True)):
        at = [
            period
            for period, mark, day in zip(line.periods, line.marks, line.published, strict=True)
            if "x" in mark.split() and (day is not None) is wanted
        ]
        if at:
            made.append(Owed(measure.agency, measure.title, span(at), why))
    return made


def span(missing: Sequence[Period]) -> str:
    """Return periods in words: one, two, or from one to another."""
    if len(missing) == 1:
        return missing[0].words
    run = [missing[0].index + at for at in range(len(missing))] == [each.index for each in missing]
    if run:
        return f"{missing[0].words} to {missing[-1].words} ({len(missing)} periods)"
    return ", ".join(each.words for each in missing[:6]) + (
        f" and {len(missing) - 6} more" if len(missing) > 6 else ""
    )
