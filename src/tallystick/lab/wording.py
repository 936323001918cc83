"""What a result says in plain words, as the published reports say it, and what it does not say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from tallystick.lab.power import needed

__all__ = ["Finding", "finding", "frequency", "time_to_first", "welch", "withheld"]

Kind = Literal["lower", "higher", "inconclusive"]


@dataclass(frozen=True)
class Finding:
    """``kind`` of the result, the key finding's sentences, what one can and cannot say, and the sample that would decide."""

    kind: Kind
    headline: str
    sentences: tuple[str, ...]
    can_say: str
    cannot_say: str
    needed: int | None


def welch(rate: float, n: float, other: float, m: float, *, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval of a difference of two rates by Welch's test, from printed numbers alone (proportions)."""
    a, b = rate * (1 - rate) / n, other * (1 - other) / m
    if a + b == 0:
        return rate - other, rate - other
    freedom = (a + b) ** 2 / (a**2 / max(n - 1, 1) + b**2 / max(m - 1, 1))
    half = float(stats.t.isf(alpha / 2, freedom)) * math.sqrt(a + b)
    return rate - other - half, rate - other + half


def finding(
    rate: float,
    other: float,
    low: float,
    high: float,
    *,
    programme: str,
    did: str = "committed a proven reoffence within a one-year period",
    good_is: Literal["lower", "higher"] = "lower",
    ratio: float = 1.0,
) -> Finding:
    """Return the finding for two rates (0 to 1) and the interval of their difference, ``rate`` less ``other``.

    The difference is taken before anything is rounded.
    """
    kind: Kind = "lower" if high < 0 else "higher" if low > 0 else "inconclusive"
    gap = rate - other
    points = _whole(abs(gap) * 100)
    versus = f"{points} {_people(points)} {'fewer' if gap < 0 else 'more'} than in the comparison group"
    if kind == "inconclusive" or points == 0:
        versus = (
            f"{versus}, a difference that may be chance"
            if points
            else "about as many as in the comparison group"
        )
    own, theirs = _whole(rate * 100), _whole(other * 100)
    sentences = (
        f"For 100 typical people in the treatment group, the equivalent of {own} of the 100 people {did} (a rate of {own}%): {versus}.",
        f"For 100 typical people in the comparison group, the equivalent of {theirs} of the 100 people {did} (a rate of {theirs}%).",
        "Differences are taken before rounding, so the figures may not seem to add up.",
    )
    if kind == "inconclusive":
        size = _rounded(needed(other, gap, ratio=ratio)) if abs(gap) >= 0.005 and 0 < other < 1 else None
        more = (
            f" If the true difference were as large as the one seen, about {size:,} people would have been needed to show it."
            if size
            else " The difference seen is so small that no cohort of a usual size would show it."
        )
        can = (
            f"At this stage there is insufficient evidence to say whether {programme} changes how many people do this: the true difference "
            f"may lie anywhere from {_span(low)} to {_span(high)} for each 100 people.{more}"
        )
        cannot = f"That {programme} has no effect, or that it fails. The result is inconclusive, which is not a result of nought."
        return Finding(kind, "The result is inconclusive.", sentences, can, cannot, size)
    edges = sorted((abs(low), abs(high)))
    word = "fewer" if kind == "lower" else "more"
    good = kind == good_is
    can = (
        f"This analysis is evidence that, for each 100 people like those analysed, taking part in {programme} goes with between "
        f"{_whole(edges[0] * 100)} and {_whole(edges[1] * 100)} {word} people of whom this is true."
    )
    cannot = (
        f"That {programme} is proven to be the only reason: people may differ in ways that no record holds. Nor that the same would follow "
        "for other people, or that any one person did or did not do this because of it."
    )
    headline = f"The rate is {kind} among people who took part: {'a good' if good else 'an unwelcome'} result, and unlikely to be chance."
    return Finding(kind, headline, sentences, can, cannot, None)


def frequency(mean: float, other: float, low: float, high: float, *, events: str, months: int) -> str:
    """Return the sentence on how many events there were, for two means for each person and the interval of their difference."""
    gap = _whole(abs(mean - other) * 100)
    versus = f"{gap} {'fewer' if mean < other else 'more'} than" if gap else "about as many as"
    return (
        f"For 100 typical people in the treatment group, the equivalent of {_whole(mean * 100)} {events} happened within {months} months "
        f"(a frequency of {mean:.1f} for each person): {versus} in the comparison group{_chance(gap, low, high)}."
    )


def time_to_first(mean: float, other: float, low: float, high: float, *, event: str) -> str:
    """Return the sentence on how soon the first event came among those who had one, for two means in days."""
    gap = _whole(abs(mean - other))
    versus = (
        f"{gap} {'day' if gap == 1 else 'days'} {'earlier' if mean < other else 'later'} than"
        if gap
        else "about when it came"
    )
    return (
        f"For those in the treatment group who had {event}, the average time to the first was {_whole(mean)} days: {versus} in the "
        f"comparison group{_chance(gap, low, high)}."
    )


def _chance(gap: int, low: float, high: float) -> str:
    return ", a difference that may be chance" if gap and low <= 0 <= high else ""


def withheld(found: Finding, programme: str, smallest: int) -> Finding:
    """Return the finding without a figure: for where a rate would tell of fewer than ``smallest`` people (requirement 219)."""
    why = (
        f"Fewer than {smallest} people of one of the groups had the outcome, or had not. Their rates, and the difference, would tell of them and "
        "are not shown; the analysis was made in full and its result is given in words."
    )
    if found.kind == "inconclusive":
        can = (
            f"At this stage there is insufficient evidence to say whether {programme} changes how many people do this. A larger cohort could "
            "tell more: `tally lab power` says how large."
        )
    else:
        word = "fewer" if found.kind == "lower" else "more"
        can = (
            f"This analysis is evidence that taking part in {programme} goes with {word} people of whom this is true, among people like those "
            "analysed. How many cannot be shown."
        )
    return Finding(found.kind, found.headline, (why,), can, found.cannot_say, None)


def _rounded(size: int) -> int:
    """Return a size to two places, upward: more would be a show of precision.

    >>> _rounded(7252), _rounded(800), _rounded(95)
    (7300, 800, 95)
    """
    unit = 10 ** max(len(str(size)) - 2, 0)
    return int(-(-size // unit) * unit)


def _whole(value: float) -> int:
    return math.floor(value + 0.5)


def _people(count: int) -> str:
    return "person" if count == 1 else "people"


def _span(edge: float) -> str:
    count = _whole(abs(edge) * 100)
    return "no difference" if count == 0 else f"{count} {'fewer' if edge < 0 else 'more'}"
