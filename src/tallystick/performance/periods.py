"""Periods of time as agencies write them: read into one form, ordered, and refused where two readings are possible.

Financial years and quarters are those of the United Kingdom's public bodies: from April to March.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Frequency = Literal["week", "month", "quarter", "year", "financial-year", "year-ending"]
MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): at for at, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
NAME = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
YEAR = r"((?:19|20)\d\d)"
PER_YEAR: dict[Frequency, int] = {
    "week": 52, "month": 12, "quarter": 4, "year": 1, "financial-year": 1, "year-ending": 12,
}  # fmt: skip


class Ambiguous(ValueError):
    """A text that can be read as two periods; the message says which."""


@dataclass(frozen=True, order=True)
class Period:
    """A stretch of whole months (or one week): its first day, its last, and what kind it is."""

    start: date
    end: date
    frequency: Frequency

    @property
    def label(self) -> str:
        """The one way in which the period is written: 2025-03, 2025-Q1, 2025, 2024/25, YE 2025-06, 2025-W07."""
        match self.frequency:
            case "month":
                return f"{self.start:%Y-%m}"
            case "quarter":
                return f"{self.start.year}-Q{(self.start.month + 2) // 3}"
            case "year":
                return f"{self.start.year}"
            case "financial-year":
                return f"{self.start.year}/{self.end.year % 100:02d}"
            case "year-ending":
                return f"YE {self.end:%Y-%m}"
            case "week":
                year, week, _ = self.start.isocalendar()
                return f"{year}-W{week:02d}"

    @property
    def words(self) -> str:
        """The period as a reader would say it."""
        match self.frequency:
            case "month":
                return f"{self.start:%B %Y}"
            case "quarter":
                return f"{self.start:%B} to {self.end:%B %Y}"
            case "year-ending":
                return f"year to {self.end:%B %Y}"
            case "week":
                return f"week beginning {self.start.day} {self.start:%B %Y}"
            case _:
                return self.label

    @property
    def index(self) -> int:
        """Its number among periods of its kind: the next period has the next number."""
        months = self.start.year * 12 + self.start.month - 1
        match self.frequency:
            case "month" | "year-ending":
                return months
            case "quarter":
                return months // 3
            case "week":
                return self.start.toordinal() // 7
            case _:
                return self.start.year


def months(year: int, month: int, count: int, frequency: Frequency) -> Period:
    """Return the period of ``count`` months that begins with this month."""
    last = year * 12 + month - 1 + count - 1
    end_year, end_month = last // 12, last % 12 + 1
    return Period(
        date(year, month, 1),
        date(end_year, end_month, calendar.monthrange(end_year, end_month)[1]),
        frequency,
    )


def following(period: Period, steps: int = 1) -> Period:
    """Return the period ``steps`` after this one (before it, where negative)."""
    if period.frequency == "week":
        return Period(
            date.fromordinal(period.start.toordinal() + 7 * steps),
            date.fromordinal(period.end.toordinal() + 7 * steps),
            "week",
        )
    span = {"month": 1, "quarter": 3, "year": 12, "financial-year": 12, "year-ending": 1}[period.frequency]
    length = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month + 1
    at = period.start.year * 12 + period.start.month - 1 + span * steps
    return months(at // 12, at % 12 + 1, length, period.frequency)


def month_range(first: int, first_year: int, last: int, last_year: int) -> Period | None:
    """Return the period from one month to another, if it is one that statistics use."""
    length = (last_year - first_year) * 12 + last - first + 1
    if length == 1:
        return months(first_year, first, 1, "month")
    if length == 3 and first % 3 == 1:
        return months(first_year, first, 3, "quarter")
    return whole_year(last_year, last) if length == 12 else None


def whole_year(year: int, month: int) -> Period:
    """Return the twelve months that end with this month."""
    kind: Frequency = "year" if month == 12 else "financial-year" if month == 3 else "year-ending"
    return months(year if month == 12 else year - 1, month % 12 + 1, 12, kind)


def full_year(text: str) -> int:
    """Return a year of four digits from one of two or four: 25 is 2025."""
    return int(text) if len(text) == 4 else 2000 + int(text)


def read(value: object) -> Period | None:
    """Return the period that a cell names, or None where it names none. Raises Ambiguous where it may name two.

    >>> read("Apr to Jun 2025").label, read("2024-25").label, read("March 2025").label
    ('2025-Q2', '2024/25', '2025-03')
    """
    if isinstance(value, datetime | date):
        return months(value.year, value.month, 1, "month") if value.day == 1 else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        is_year = float(value).is_integer() and 1990 <= value <= 2100
        return months(int(value), 1, 12, "year") if is_year else None
    text = " ".join(str(value).replace("–", "-").replace("—", "-").split()).lower()
    for pattern, make in PATTERNS:
        found = re.fullmatch(pattern, text)
        if found:
            return make(found)
    return None


Found = re.Match[str]


def _iso_month(found: Found) -> Period | None:
    year, month = int(found[1]), int(found[2])
    if 1 <= month <= 12:
        if (year + 1) % 100 == month:
            raise Ambiguous(
                "it may be a month or a financial year: write 2011-12-01 for the month, 2011/12 for the year"
            )
        return months(year, month, 1, "month")
    return _financial(found)


def _iso_day(found: Found) -> Period | None:
    return months(int(found[1]), int(found[2]), 1, "month") if int(found[3]) == 1 else None


def _slashes(found: Found) -> Period | None:
    day, month, year = int(found[1]), int(found[2]), full_year(found[3])
    if day == 1 and 1 <= month <= 12:
        return months(year, month, 1, "month")
    if month == 1 and 1 <= day <= 12:
        raise Ambiguous(
            "the first of a month is meant, and day and month may have changed places: write it as 2025-03"
        )
    return None


def _financial(found: Found) -> Period | None:
    year, last = int(found[1]), int(found[2]) % 100
    return months(year, 4, 12, "financial-year") if (year + 1) % 100 == last else None


def _quarter(year: str, number: str) -> Period:
    return months(int(year), int(number) * 3 - 2, 3, "quarter")


def _financial_quarter(found: Found) -> Period | None:
    year, number, last = int(found["year"]), int(found["number"]), int(found["last"]) % 100
    if (year + 1) % 100 != last:
        return None
    month = 1 + 3 * (number % 4)
    return months(year + (number == 4), month, 3, "quarter")


def _one_year(found: Found) -> Period | None:
    year, first, last = int(found[3]), MONTHS[found[1]], MONTHS[found[2]]
    return month_range(first, year if first <= last else year - 1, last, year)


def _two_years(found: Found) -> Period | None:
    return month_range(MONTHS[found[1]], int(found[2]), MONTHS[found[3]], int(found[4]))


def _week(found: Found) -> Period | None:
    try:
        start = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        return None
    return Period(start, date.fromordinal(start.toordinal() + 6), "week")


TO = r"\s*(?:to|-|and)\s*"
PATTERNS = [
    (rf"{YEAR}-(\d\d)", _iso_month),
    (rf"{YEAR}-(0[1-9]|1[0-2])-(\d\d)(?:[t ]00:00(?::00)?)?", _iso_day),
    (r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)", _slashes),
    (rf"{NAME}[ -]{YEAR}", lambda m: months(int(m[2]), MONTHS[m[1]], 1, "month")),
    (rf"{NAME}[ -]?'?(\d\d)", lambda m: months(full_year(m[2]), MONTHS[m[1]], 1, "month")),
    (rf"{YEAR} {NAME}", lambda m: months(int(m[1]), MONTHS[m[2]], 1, "month")),
    (rf"{YEAR}[ -]?q([1-4])", lambda m: _quarter(m[1], m[2])),
    (rf"q([1-4])[ -]?{YEAR}", lambda m: _quarter(m[2], m[1])),
    (r"(?P<year>20\d\d)[/-](?P<last>\d\d|\d{4}) ?q(?P<number>[1-4])", _financial_quarter),
    (r"q(?P<number>[1-4]) ?(?P<year>20\d\d)[/-](?P<last>\d\d|\d{4})", _financial_quarter),
    (rf"{YEAR} q[1-4] ?\(?{NAME}{TO}{NAME}\)?", lambda m: month_range(MONTHS[m[2]], int(m[1]), MONTHS[m[3]], int(m[1]))),
    (rf"{NAME}{TO}{NAME} {YEAR}", _one_year),
    (rf"{YEAR} {NAME}{TO}{NAME}", lambda m: month_range(MONTHS[m[2]], int(m[1]), MONTHS[m[3]], int(m[1]))),
    (rf"{NAME} {YEAR}{TO}{NAME} {YEAR}", _two_years),
    (rf"(?:year ending|year to|12 months to|year end) {NAME} {YEAR}", lambda m: whole_year(int(m[2]), MONTHS[m[1]])),
    (rf"ye {YEAR}-(0[1-9]|1[0-2])", lambda m: whole_year(int(m[1]), int(m[2]))),
    (rf"{YEAR}[/-](\d\d|\d{{4}})", _financial),
    (rf"{YEAR}-w(\d\d)", _week),
    (rf"{YEAR}", lambda m: months(int(m[1]), 1, 12, "year")),
]  # fmt: skip
