"""Clocks are right over weekends, bank holidays and changes to summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.governance.clocks import (
    CLOCKS,
    LONDON,
    bank_holidays,
    due,
    end_of,
    is_working_day,
    london_day,
    months_after,
    next_working_day,
    working_days_after,
)

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def last_day(clock: str, start: datetime) -> date:
    return london_day(due(clock, start) - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("received", "england", "statute"),
    [
        # over Easter and the May holidays: Good Friday 3 April, Easter Monday 6 April 2026
        (date(2026, 3, 30), date(2026, 4, 29), date(2026, 4, 29)),
        # over Christmas: 25, 28 (for Boxing Day) December, 1 January; 2 January 2027 is a Saturday: Scotland rests on the 4th
        (date(2026, 12, 14), date(2027, 1, 14), date(2027, 1, 15)),
        # St Patrick's Day (Northern Ireland) counts for the statute alone
        (date(2026, 3, 2), date(2026, 3, 30), date(2026, 3, 31)),
        # received on a Saturday: that day is the date of receipt, counting starts on Monday
        (date(2027, 6, 5), date(2027, 7, 2), date(2027, 7, 2)),
        # Scotland's own holiday of 15 June 2026 counts for the statute alone
        (date(2026, 6, 6), date(2026, 7, 3), date(2026, 7, 6)),
    ],
)
def test_freedom_of_information_counts_working_days(received: date, england: date, statute: date) -> None:
    moment = datetime(received.year, received.month, received.day, 12, tzinfo=LONDON)
    assert last_day("foi-target", moment) == england
    assert last_day("foi", moment) == statute


@pytest.mark.parametrize(
    ("aware", "limit"),
    [
        # clocks go forward on 29 March 2026 and back on 25 October 2026: 72 hours are 72 hours
        (datetime(2026, 3, 27, 12, tzinfo=LONDON), datetime(2026, 3, 30, 13, tzinfo=LONDON)),
        (datetime(2026, 10, 23, 12, tzinfo=LONDON), datetime(2026, 10, 26, 11, tzinfo=LONDON)),
        # over a weekend and a bank holiday too
        (datetime(2026, 5, 22, 17, tzinfo=LONDON), datetime(2026, 5, 25, 17, tzinfo=LONDON)),
    ],
)
def test_breach_is_seventy_two_elapsed_hours(aware: datetime, limit: datetime) -> None:
    assert due("breach", aware) == limit
    assert due("breach", aware) - aware == timedelta(hours=72)


@pytest.mark.parametrize(
    ("received", "by"),
    [
        (date(2026, 9, 3), date(2026, 10, 5)),  # 3 October 2026 is a Saturday
        (date(2026, 1, 31), date(2026, 2, 28) + timedelta(days=2)),  # no 31 February; the 28th is a Saturday
        (date(2026, 11, 25), date(2026, 12, 29)),  # Christmas Day, a Saturday's holiday moved to the 28th
        (date(2026, 4, 15), date(2026, 5, 15)),
    ],
)
def test_access_is_the_corresponding_day_or_the_next_working_day(received: date, by: date) -> None:
    assert last_day("access", datetime(received.year, received.month, received.day, 10, tzinfo=LONDON)) == by


def test_access_stands_still_while_details_are_awaited() -> None:
    start = datetime(2026, 4, 15, 10, tzinfo=LONDON)
    assert london_day(due("access", start, timedelta(days=4)) - timedelta(seconds=1)) == date(2026, 5, 19)


def test_complaint_counts_the_day_of_receipt() -> None:
    assert last_day("complaint", datetime(2026, 7, 1, 9, tzinfo=LONDON)) == date(2026, 7, 30)
    assert CLOCKS["complaint"].since == date(2026, 6, 19)


def test_day_is_londons_not_greenwichs() -> None:
    assert london_day(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert london_day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2026, 12, 31)
    assert end_of(date(2026, 6, 30)) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert end_of(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_day_that_summer_time_shortens_still_ends_at_its_end() -> None:
    assert end_of(date(2026, 3, 29)) - end_of(date(2026, 3, 28)) == timedelta(hours=23)
    assert end_of(date(2026, 10, 25)) - end_of(date(2026, 10, 24)) == timedelta(hours=25)


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput):
        london_day(datetime(2026, 1, 1))  # noqa: DTZ001


@given(DAYS, st.integers(0, 60))
def test_working_days_after_agrees_with_counting_them(day: date, count: int) -> None:
    end = working_days_after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(is_working_day(each) for each in between) == count
    assert count == 0 or is_working_day(end)


@given(DAYS)
def test_statute_never_ends_before_our_target(day: date) -> None:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)
    assert due("foi", moment) >= due("foi-target", moment)
    assert bank_holidays(day.year, "england-and-wales") <= bank_holidays(day.year, "united-kingdom")


@given(DAYS, st.integers(0, 36))
def test_months_after_keeps_the_day_or_ends_the_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@given(DAYS)
def test_next_working_day_is_the_first(day: date) -> None:
    found = next_working_day(day)
    assert is_working_day(found)
    assert not any(is_working_day(day + timedelta(days=n)) for n in range((found - day).days))
