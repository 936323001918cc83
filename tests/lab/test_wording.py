"""The plain words of each class of result, and the printed interval from printed numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.lab.leaving import count
from tallystick.lab.request import Request
from tallystick.lab.wording import finding, frequency, time_to_first, welch, withheld


def test_published_interval_from_printed_numbers() -> None:
    """805 people, 18 against 23 per cent, a large comparison group: 2 to 8 points fewer, as printed."""
    low, high = welch(0.18, 805, 0.23, 100_000)
    assert (round(-high * 100), round(-low * 100)) == (2, 8)


def test_lower() -> None:
    low, high = welch(0.18, 805, 0.23, 100_000)
    said = finding(0.18, 0.23, low, high, programme="the course")
    assert said.kind == "lower"
    assert said.sentences[0] == (
        "For 100 typical people in the treatment group, the equivalent of 18 of the 100 people committed a proven reoffence within a "
        "one-year period (a rate of 18%): 5 people fewer than in the comparison group."
    )
    assert "between 2 and 8 fewer" in said.can_say


def test_higher_and_inconclusive() -> None:
    worse = finding(0.3, 0.2, 0.04, 0.16, programme="x")
    assert worse.kind == "higher"
    assert "unwelcome" in worse.headline
    assert "10 people more" in worse.sentences[0]
    better = finding(0.5, 0.4, 0.04, 0.16, programme="x", good_is="higher", did="were in work")
    assert "a good result" in better.headline
    unsure = finding(0.28, 0.3, -0.08, 0.04, programme="x")
    assert unsure.kind == "inconclusive"
    assert unsure.needed is not None
    assert f"{unsure.needed:,} people" in unsure.can_say
    assert "no effect" in unsure.cannot_say
    assert finding(0.3, 0.3, -0.05, 0.05, programme="x").needed is None


def test_the_difference_is_taken_before_rounding() -> None:
    said = finding(0.2449, 0.3051, -0.1, -0.02, programme="x")
    assert "24 of the 100" in said.sentences[0]
    assert "31 of the 100" in said.sentences[1]
    assert "6 people fewer" in said.sentences[0]  # 31 less 24 is 7; the difference is 6.02


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1))
def test_the_kind_follows_the_interval(rate: float, other: float, low: float, width: float) -> None:
    said = finding(rate, other, low, low + width, programme="x")
    assert said.kind == ("lower" if low + width < 0 else "higher" if low > 0 else "inconclusive")
    assert said.can_say
    assert said.cannot_say


@given(st.integers(0, 10_000))
def test_counts_shown(value: int) -> None:
    shown = count(value, 10, 5)
    if 0 < value < 10:
        assert shown == "fewer than 10"
    else:
        assert int(shown.replace(",", "")) % 5 == 0
        assert abs(int(shown.replace(",", "")) - value) <= 2.5


@pytest.mark.parametrize(
    ("rate", "other", "low", "high", "kind", "key", "can", "cannot"),
    [
        (
            0.18,
            0.23,
            -0.08,
            -0.02,
            "lower",
            "5 people fewer than",
            "is evidence that",
            "proven to be the only reason",
        ),
        (
            0.44,
            0.38,
            0.01,
            0.11,
            "higher",
            "6 people more than",
            "is evidence that",
            "proven to be the only reason",
        ),
        (
            0.27,
            0.31,
            -0.1,
            0.02,
            "inconclusive",
            "4 people fewer than",
            "insufficient evidence",
            "has no effect",
        ),
        (
            0.31,
            0.31,
            -0.03,
            0.03,
            "inconclusive",
            "about as many as",
            "insufficient evidence",
            "has no effect",
        ),
    ],
)
def test_each_class_of_result_has_its_published_kind_of_sentence(
    rate: float, other: float, low: float, high: float, kind: str, key: str, can: str, cannot: str
) -> None:
    """Who reads a report looks for a key finding, what one can say and what one cannot; none claims a cause or a null."""
    said = finding(rate, other, low, high, programme="the course")
    assert said.kind == kind
    assert said.sentences[0].startswith("For 100 typical people in the treatment group, the equivalent of")
    assert f"(a rate of {rate * 100:.0f}%)" in said.sentences[0]
    assert key in said.sentences[0]
    assert can in said.can_say
    assert cannot in said.cannot_say
    assert "causes" not in said.can_say
    assert ("may be chance" in said.sentences[0]) == (kind == "inconclusive" and rate != other)


def test_the_words_follow_the_request() -> None:
    asked = Request(id="a", title="t", programme="p")
    assert asked.did == "committed a proven reoffence within a one-year period"
    assert asked.model_copy(update={"follow_up_months": 24}).did.endswith("within a two-year period")
    work = asked.model_copy(update={"events_are": "events", "outcome": "in_work", "follow_up_months": 6})
    assert work.did == "had the outcome in work within 6 months"
    assert work.model_copy(update={"outcome_words": "started work"}).did == "started work"


def test_how_often_and_how_soon() -> None:
    assert frequency(0.54, 0.74, -0.31, -0.09, events="reoffences", months=12) == (
        "For 100 typical people in the treatment group, the equivalent of 54 reoffences happened within 12 months "
        "(a frequency of 0.5 for each person): 20 fewer than in the comparison group."
    )
    assert "about as many as" in frequency(1, 1.001, -0.1, 0.1, events="reoffences", months=12)
    assert time_to_first(157.2, 153.4, -10, 18, event="a reoffence") == (
        "For those in the treatment group who had a reoffence, the average time to the first was 157 days: 4 days later than in the "
        "comparison group, a difference that may be chance."
    )
    assert "1 day earlier" in time_to_first(100, 101, -2, -0.1, event="an event")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1))
def test_what_is_withheld_has_no_figure_but_the_minimum(
    rate: float, other: float, low: float, width: float
) -> None:
    shown = finding(rate, other, low, low + width, programme="x")
    said = withheld(shown, "x", 10)
    assert said.kind == shown.kind
    assert said.needed is None
    text = " ".join((said.headline, *said.sentences, said.can_say, said.cannot_say)).replace(
        "Fewer than 10", ""
    )
    assert not any(letter.isdigit() for letter in text)
