"""What the documents are made of: periods, moments, names that may become part of a path, and the frozen table."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PERIOD = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


def as_period(text: str) -> str:
    """Return ``text`` if it is an ISO-8601 period of dates such as P3Y or P1Y6M; else raise ValueError."""
    if not PERIOD.fullmatch(text):
        raise ValueError("write a period as ISO 8601 has it, such as P3Y, P6M or P28D")
    return text


def after(start: date, period: str) -> date:
    """Return the date one ``period`` after ``start``; the 31st falls back to the month's last day.

    >>> after(date(2024, 2, 29), "P1Y")
    datetime.date(2025, 2, 28)
    """
    match = PERIOD.fullmatch(as_period(period))
    assert match is not None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    month = start.month - 1 + months
    year = start.year + years + month // 12
    month = month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return date(year, month, day) + timedelta(weeks=weeks, days=days)


def with_zone(moment: datetime) -> datetime:
    """Return the moment in UTC; a moment without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Period = Annotated[str, AfterValidator(as_period)]
Moment = Annotated[datetime, AfterValidator(with_zone)]
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
LONGEST_NAME = 80
Name = Annotated[str, Field(pattern=f"^{NAME}$", max_length=LONGEST_NAME)]
"""A name that may become part of a path."""
Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen table of the agreement; a key that it does not know is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        str_strip_whitespace=True,
        ser_json_temporal="iso8601",
    )
