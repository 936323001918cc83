"""The life of an analysis: received, begun, in the customer's review, published, corrected or withdrawn, destroyed.

Requirements 220 (review of three to four weeks), 221 (quarterly publication), 224 (wrong results), 251 to 253 (destruction one month after
publication, pseudonymised retention unless opted out), 263 (withdrawal of the whole cohort). Every date is an argument.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal, get_args

from tallystick.errors import Finding, Refused

__all__ = ["EVENTS", "Event", "Life", "State", "apply", "destruction_due", "month_after", "publication_day"]

State = Literal["new", "received", "analysing", "in review", "published", "withdrawn", "destroyed"]
Event = Literal["receive", "begin", "send", "publish", "correct", "withdraw", "opt-out", "destroy"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
AFTER: Final[dict[Event, tuple[State, ...]]] = {
    "receive": ("new",),
    "begin": ("received",),
    "send": ("analysing", "in review"),
    "publish": ("in review",),
    "correct": ("in review", "published", "destroyed"),
    "withdraw": ("received",),
    "opt-out": ("received", "analysing", "in review", "published"),
    "destroy": ("published", "withdrawn"),
}
QUARTERS: Final = (1, 4, 7, 10)
THURSDAY: Final = 3


@dataclass(frozen=True)
class Life:
    """Where an analysis stands. ``version`` counts its reports; ``history`` holds each event with its day."""

    review_weeks: int = 4
    state: State = "new"
    version: int = 0
    keeps_pseudonymised: bool = True
    sent_on: date | None = None
    published_on: date | None = None
    history: tuple[tuple[Event, date], ...] = ()

    @property
    def review_ends(self) -> date | None:
        """The last day of the customer's review, or nothing before it began."""
        return self.sent_on + timedelta(weeks=self.review_weeks) if self.sent_on else None

    @property
    def publishes_on(self) -> date | None:
        """The first quarterly day after the review, or nothing before it began."""
        return publication_day(self.review_ends) if self.review_ends else None


def apply(life: Life, event: Event, on: date) -> Life:
    """Return the life after this event on this day; raises `Refused` where it may not happen, or not yet."""
    if life.state not in AFTER[event]:
        raise _no("state", f"An analysis that is {life.state} cannot {event}.", _remedy(life, event))
    if life.history and on < life.history[-1][1]:
        raise _no("order", "The day lies before the last event.", "Give the day on which it happened.")
    after = replace(life, history=(*life.history, (event, on)))
    match event:
        case "receive":
            return replace(after, state="received")
        case "begin":
            return replace(after, state="analysing")
        case "send":
            return replace(after, state="in review", sent_on=on, version=life.version + 1)
        case "publish":
            day = life.publishes_on
            if day is None or on < day:
                raise _no(
                    "publish",
                    "The customer's review is not over, or it is no publication day yet.",
                    f"Publish on {day}.",
                )
            return replace(after, state="published", published_on=on)
        case "correct":
            # In review the customer has the whole time again for what is new; what was published stays published.
            sent = on if life.state == "in review" else life.sent_on
            return replace(after, version=life.version + 1, sent_on=sent)
        case "withdraw":
            return replace(after, state="withdrawn")
        case "opt-out":
            return replace(after, keeps_pseudonymised=False)
        case "destroy":
            due = destruction_due(life)
            if due is not None and on < due:
                raise _no(
                    "destroy", "The data is kept for one month after publication.", f"Destroy it on {due}."
                )
            return replace(after, state="destroyed")


def destruction_due(life: Life) -> date | None:
    """Return the day on which individual-level data goes: a month after publication, at once on withdrawal, else nothing."""
    if life.state == "withdrawn":
        return life.history[-1][1]
    return month_after(life.published_on) if life.published_on and life.state != "destroyed" else None


def publication_day(after: date) -> date:
    """Return the first publication day after this one: the second Thursday of January, April, July or October (our choice)."""
    for year in (after.year, after.year + 1):
        for month in QUARTERS:
            first = date(year, month, 1)
            day = first + timedelta(days=(THURSDAY - first.weekday()) % 7 + 7)
            if day > after:
                return day
    raise AssertionError("a year has four quarters")


def month_after(day: date) -> date:
    """Return the same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _remedy(life: Life, event: Event) -> str:
    if event == "withdraw" and life.state in ("analysing", "in review", "published"):
        return "A cohort is withdrawn before its analysis begins; individuals' rights go by `tally rights`."
    return f"It may follow {' or '.join(AFTER[event])}."


def _no(rule: str, message: str, remedy: str) -> Refused:
    numbers = {"publish": "220, 221", "destroy": "251", "state": "263"}
    return Refused([Finding(f"lab.life-{rule}", message, remedy, "the analysis", numbers.get(rule, ""))])
