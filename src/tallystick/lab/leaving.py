"""What of an analysis may leave: counts as partitions for the disclosure door, stages merged and curves thinned so that none is small.

Requirement 219: only aggregates, under the policy on statistical disclosure control. The minimum and the rounding are the agreement's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tallystick.lab.attrition import Stage
from tallystick.lab.evaluate import Evaluation, Point, RunResult
from tallystick.lab.secondary import DIVIDING, Secondary
from tallystick.lab.strength import Strength

__all__ = ["Leaving", "Partition", "count", "merged", "partitions", "thinned", "too_few"]


@dataclass(frozen=True)
class Partition:
    """People counted by one property; the codes together are a total that is shown elsewhere. ``owner`` names the table."""

    owner: str
    codes: tuple[str, ...]
    people: tuple[int, ...]


@dataclass(frozen=True)
class Leaving:
    """The agreement's limits for one report: counts under ``smallest`` stay, the others are rounded to ``base``.

    ``hidden`` holds (owner, code) of each figure that stays, itself or to protect another. ``withheld`` says that no figure of the
    outcome may leave, since it would tell of few people.
    """

    smallest: int
    base: int
    hidden: frozenset[tuple[str, str]] = frozenset()
    withheld: bool = False

    def count(self, value: float) -> str:
        """Return a count as it may be shown."""
        return count(value, self.smallest, self.base)

    def may_show(self, other: Secondary) -> bool:
        """Return whether a secondary outcome may be shown."""
        few = min(other.cases, other.other_cases) < self.smallest
        return not few and (f"first {other.kind}", other.found.outcome) not in self.hidden

    def rounded(self, value: float) -> int | None:
        """Return a count for programs: None where it stays."""
        if 0 < value < self.smallest:
            return None
        return int(math.floor(value / self.base + 0.5) * self.base)


def count(value: float, smallest: int, base: int) -> str:
    """Return a count as it may be shown: hidden under ``smallest`` (but for nought), else rounded to ``base``."""
    if 0 < value < smallest:
        return f"fewer than {smallest}"
    return f"{int(math.floor(value / base + 0.5) * base):,}" if base > 1 else f"{int(value):,}"


def partitions(found: Evaluation, matches: Sequence[Strength]) -> Iterator[Partition]:
    """Yield every partition of people that a report counts."""
    for said in found.subgroups:
        yield Partition(
            f"sub-group {said.column}",
            tuple(one.group for one in said.groups),
            tuple(one.n_treated for one in said.groups),
        )
    if matches:
        yield Partition(
            "matches", tuple(one.rests_on for one in matches), tuple(one.people for one in matches)
        )
    for kind in DIVIDING:
        mine_too = [one for one in found.secondary if one.kind == kind]
        for arm, whole in (
            ("took part", found.runs[0].cases.treated),
            ("comparison", found.runs[0].cases.comparison),
        ):
            shown = [one.cases if arm == "took part" else one.other_cases for one in mine_too]
            rest = max(whole - sum(shown), 0)
            yield Partition(
                f"first {kind}", (*(one.found.outcome for one in mine_too), "the rest"), (*shown, rest)
            )


def too_few(run: RunResult, smallest: int, base: int) -> bool:
    """Return whether the rates would tell of few people: fewer than ``smallest`` had the event, or had not, in either group.

    So too where the printed rate and size amount to that. A rate of nought or of all tells of everybody in the group, and stays.
    """
    cases, e = run.cases, run.estimate
    least = min(cases.treated, cases.treated_without, cases.comparison, cases.comparison_without)
    for rate, n in ((run.rate, e.n_treated), (run.comparison_rate, e.n_comparison)):
        size = math.floor(n / base + 0.5) * base
        part = round(size * round(rate, 2))
        least = min(least, part, size - part)
    return least < smallest


def merged(stages: Sequence[Stage], smallest: int) -> tuple[Stage, ...]:
    """Return the stages with each that lost few put together with the next, so that no count and no mean is of few people.

    What the last ones lost goes with the stage before. Where all together lost few, one stage is left that says so.
    """
    found: list[Stage] = [stages[0]]
    waiting: list[Stage] = []
    for stage in stages[1:]:
        waiting.append(stage)
        lost = sum(one.lost for one in waiting)
        if lost == 0 or lost >= smallest:
            found.append(_joined(waiting))
            waiting = []
    if waiting:
        tail = waiting
        while len(found) > 1 and 0 < sum(one.lost for one in tail) < smallest:
            tail = [found.pop(), *tail]
        found.append(_joined(tail))
    return tuple(found)


def thinned(curve: Sequence[Point], smallest: int) -> tuple[Point, ...]:
    """Return the points between which at least ``smallest`` people of each group had the event, the first and last among them."""
    if not curve:
        return ()

    def apart(one: Point, other: Point) -> bool:
        return min(other.people - one.people, other.other_people - one.other_people) >= smallest

    found = [curve[0]]
    for point in curve[1:]:
        if apart(found[-1], point):
            found.append(point)
    if found[-1] is not curve[-1]:
        while len(found) > 1 and not apart(found[-1], curve[-1]):
            found.pop()
        found.append(curve[-1])
    return tuple(found)


def _joined(stages: Sequence[Stage]) -> Stage:
    if len(stages) == 1:
        return stages[0]
    active = [one for one in stages if one.lost] or list(stages[-1:])
    last = stages[-1]
    return Stage(
        ", ".join(one.name for one in active), last.left, sum(one.lost for one in stages),
        " ".join(one.explanation for one in active), last.means, {name: _mean(active, name) for name in last.means_lost},
    )  # fmt: skip


def _mean(stages: Sequence[Stage], name: str) -> float | None:
    pairs = [(one.means_lost.get(name), one.lost) for one in stages]
    known = [(mean, lost) for mean, lost in pairs if mean is not None]
    total = sum(lost for _, lost in known)
    return (
        sum(mean * lost for mean, lost in known) / total
        if known and total and len(known) == len(pairs)
        else None
    )
