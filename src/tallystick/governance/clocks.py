"""Statutory clocks: when an answer, a notice or a review is due, in London's days and in elapsed hours.

A day is a day in London, summer time and all; an hour is an elapsed hour. Bank holidays come from the `holidays` library.
Two calendars are kept apart because the law does: England and Wales, by which we plan, and *any part of the United
Kingdom*, by which section 10(6) of the Freedom of Information Act 2000 counts. Requirements 276, 285, X15 and section Y.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from tallystick.agreement.values import after
from tallystick.errors import BadInput

LONDON = ZoneInfo("Europe/London")
Calendar = Literal["england-and-wales", "united-kingdom"]
PARTS: dict[Calendar, tuple[str, ...]] = {
    "england-and-wales": ("ENG", "WLS"),
    "united-kingdom": ("ENG", "WLS", "SCT", "NIR"),
}


def london_day(moment: datetime) -> date:
    """Return the day that it is in London at this moment; raise BadInput for a moment without a time zone.

    >>> london_day(datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
    datetime.date(2026, 7, 1)
    """
    if moment.tzinfo is None:
        raise BadInput("A time must know its time zone: write it as 2026-06-30T23:30:00Z.")
    return moment.astimezone(LONDON).date()


@cache
def bank_holidays(year: int, where: Calendar) -> frozenset[date]:
    """Return the days of a year that are bank holidays, Christmas Day or Good Friday."""
    import holidays  # here, for most commands ask for no working day, and it takes a tenth of a second

    return frozenset(
        day
        for part in PARTS[where]
        for day in holidays.country_holidays("GB", subdiv=part, years=year)
        if day.year == year
    )


def is_working_day(day: date, where: Calendar = "england-and-wales") -> bool:
    """Return whether this is neither a weekend nor a bank holiday."""
    return day.weekday() < 5 and day not in bank_holidays(day.year, where)


def working_days_after(day: date, count: int, where: Calendar = "england-and-wales") -> date:
    """Return the ``count``-th working day following ``day``, which itself does not count.

    >>> working_days_after(date(2026, 12, 24), 2)
    datetime.date(2026, 12, 30)
    """
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, where)
    return day


def next_working_day(day: date, where: Calendar = "england-and-wales") -> date:
    """Return the day itself if it is a working day, else the next that is."""
    while not is_working_day(day, where):
        day += timedelta(days=1)
    return day


def months_after(day: date, months: int) -> date:
    """Return the corresponding day so many months on, or that month's last day when there is none.

    >>> months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def end_of(day: date) -> datetime:
    """Return the moment, in UTC, at which the day ends in London."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON).astimezone(UTC)


@dataclass(frozen=True)
class Clock:
    """One time limit: how long, counted how, from which law, in force since when.

    ``unit``: ``hours`` elapsed; ``days``, the first day counting; ``working-days`` following the first day;
    ``months`` to the corresponding day, moved on to a working day; ``period`` an ISO 8601 period of calendar days.
    """

    id: str
    count: int | str
    unit: Literal["hours", "days", "working-days", "months", "period"]
    law: str
    starts: str
    requirement: str
    since: date | None = None
    calendar: Calendar = "england-and-wales"
    verified: bool = True


CLOCKS: dict[str, Clock] = {
    clock.id: clock
    for clock in (
        Clock("foi", 20, "working-days", "Freedom of Information Act 2000 s.10(1) and (6)", "receipt", "276",
              calendar="united-kingdom"),
        Clock("foi-target", 20, "working-days", "our own target: the calendar of England and Wales", "receipt", "276"),
        Clock("access", 1, "months", "UK GDPR Art. 12A, DPA 2018 s.54", "receipt, identity proved", "266"),
        Clock("access-extended", 3, "months", "UK GDPR Art. 12A, DPA 2018 s.54(3A)", "receipt", "266"),
        Clock("complaint", 30, "days", "DPA 2018 s.164A(3), put in by the Data (Use and Access) Act 2025 s.103",
              "receipt", "275", since=date(2026, 6, 19)),
        Clock("breach", 72, "hours", "UK GDPR Art. 33, or DPA 2018 s.67 under Part 3", "awareness", "285"),
        Clock("agreement-review", "P1Y", "period", "004 §5.2", "signature or last review", "110"),
        Clock("retention-review", "P1Y", "period", "000", "last review", "257"),
        Clock("deletion-audit", "P3M", "period", "003", "last audit", "256"),
    )
}  # fmt: skip
"""The time limits, by name. Article 12A is cited from the text of s.54, its twin in Part 3."""


def due(clock: str, start: datetime, paused: timedelta = timedelta()) -> datetime:
    """Return the last moment, in UTC, of a time limit that began at ``start`` and was paused for so long.

    A pause is whole days in which information was asked for and awaited (DPA 2018 s.54(3C)); hours are never paused.

    >>> due("breach", datetime(2026, 3, 28, 12, tzinfo=UTC)).isoformat()
    '2026-03-31T12:00:00+00:00'
    """
    limit = CLOCKS[clock]
    first = london_day(start)
    if limit.unit == "hours":
        return start.astimezone(UTC) + timedelta(hours=int(limit.count))
    if limit.unit == "days":
        return end_of(first + timedelta(days=int(limit.count) - 1) + paused)
    if limit.unit == "working-days":
        return end_of(working_days_after(first, int(limit.count), limit.calendar) + paused)
    if limit.unit == "months":
        return end_of(next_working_day(months_after(first, int(limit.count)) + paused))
    return end_of(after(first, str(limit.count)))
