"""How exposed people are in an extract, measured on the whole combination of what it says of them (requirement 170).

Methods: k-anonymity (Samarati and Sweeney 1998); distinct l-diversity (Machanavajjhala et al. 2007); t-closeness with
variational distance (Li, Li and Venkatasubramanian 2007); the chance that a unique match is right, by data intrusion
simulation (Skinner and Elliot 2002); population uniques among sample uniques (Zayatz 1991); expected re-identification
of records under a negative binomial population (Benedetti and Franconi 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from scipy.special import hyp2f1

from tallystick.deidentify.classes import Ints, classes, codes, sizes
from tallystick.errors import BadInput, Finding

Intruder = Literal["prosecutor", "journalist", "marketer"]
"""Prosecutor: knows that the target is in the extract. Journalist: knows only the population it was drawn from.
Marketer: wants as many as possible right, whoever they are."""


@dataclass(frozen=True)
class Limits:
    """What an agreement tolerates; None means not limited."""

    k: int | None = 5
    l: int | None = None  # noqa: E741 - the literature's name
    t: float | None = None
    share_unique: float | None = None
    expected_share: float | None = 0.2
    intruder: Intruder = "prosecutor"


@dataclass(frozen=True)
class Sensitive:
    """One sensitive column: the fewest distinct values in any class, and the greatest distance from the whole."""

    column: str
    l: int  # noqa: E741
    t: float


@dataclass(frozen=True)
class Risk:
    """The figures. Shares are of people; ``expected_*`` is the expected share of people re-identified correctly."""

    people: int
    columns: tuple[str, ...]
    sampling_fraction: float
    classes: int
    k: int
    below_k: dict[int, int]
    sample_unique: int
    population_unique: float
    match_is_right: float
    expected_prosecutor: float
    expected_journalist: float
    sensitive: tuple[Sensitive, ...]

    def expected(self, intruder: Intruder) -> float:
        """Return the expected share re-identified by that intruder; for journalist and prosecutor at the worst record."""
        if intruder == "prosecutor":
            return 1 / self.k if self.k else 0.0
        return self.expected_journalist if intruder == "journalist" else self.expected_prosecutor


def risk(
    table: pa.Table,
    columns: Sequence[str],
    sensitive: Sequence[str] = (),
    sampling_fraction: float = 1.0,
) -> Risk:
    """Return the risk of a table with one row a person, of which an intruder may know ``columns``.

    ``sampling_fraction`` is the share of the population that is in the table, above 0 and up to 1. Raises BadInput for
    a column that is not there or a fraction out of range.
    """
    missing = sorted({*columns, *sensitive} - set(table.column_names))
    if missing:
        raise BadInput(f"The table has no column {', '.join(missing)}.")
    if not 0 < sampling_fraction <= 1:
        raise BadInput("The sampling fraction must be above 0 and at most 1.")
    number = classes(codes(table, columns))
    size = sizes(number)
    count = np.bincount(number)
    people = len(number)
    known = {fewest: int((size < fewest).sum()) for fewest in (2, 3, 5, 10, 20)}
    frequency = np.bincount(count)
    return Risk(
        people=people,
        columns=tuple(columns),
        sampling_fraction=sampling_fraction,
        classes=len(count) if people else 0,
        k=int(count.min()) if people else 0,
        below_k=known,
        sample_unique=int((size == 1).sum()),
        population_unique=population_uniques(frequency, sampling_fraction),
        match_is_right=match_is_right(frequency, sampling_fraction),
        expected_prosecutor=len(count) / people if people else 0.0,
        expected_journalist=expected_journalist(frequency, sampling_fraction, people),
        sensitive=tuple(
            Sensitive(name, *closeness(number, codes(table, [name])[:, 0])) for name in sensitive
        ),
    )


def frequency_at(frequency: Ints, size: int) -> float:
    """Return how many classes have that size."""
    return float(frequency[size]) if size < len(frequency) else 0.0


def match_is_right(frequency: Ints, fraction: float) -> float:
    """Return the chance that a unique match is the right person: π n₁ / (π n₁ + 2 (1 − π) n₂), Skinner and Elliot (2002).

    n₁ and n₂ count classes of one and of two people.
    """
    ones, twos = frequency_at(frequency, 1), frequency_at(frequency, 2)
    below = fraction * ones + 2 * (1 - fraction) * twos
    return fraction * ones / below if below else 0.0


def population_uniques(frequency: Ints, fraction: float) -> float:
    """Return how many sample uniques are expected to be unique in the population (Zayatz 1991).

    The sizes of the population's classes are taken to be distributed as the sample's are.
    """
    ones = frequency_at(frequency, 1)
    if not ones:
        return 0.0
    size = np.arange(1, len(frequency))
    chance = frequency[1:] * size * fraction * (1 - fraction) ** (size - 1)
    return float(ones * (ones * fraction) / chance.sum())


def expected_journalist(frequency: Ints, fraction: float, people: int) -> float:
    """Return the expected share of people whom a guess within their population class names (Benedetti and Franconi 1998).

    E[1/F | f] = πᶠ/f · ₂F₁(f, f; f + 1; 1 − π), with F the population size of a class of f in the sample.
    """
    if not people:
        return 0.0
    if fraction == 1:
        return float(frequency[1:].sum()) / people
    size = np.flatnonzero(frequency)
    size = size[size > 0].astype(float)
    small = size <= 50
    chance = fraction / size
    chance[small] = (
        fraction ** size[small]
        / size[small]
        * hyp2f1(size[small], size[small], size[small] + 1, 1 - fraction)
    )
    return float((frequency[size.astype(int)] * size * chance).sum() / people)


def closeness(number: Ints, value: Ints) -> tuple[int, float]:
    """Return the fewest distinct values in any class, and the greatest distance of a class from the whole (0 to 1)."""
    if not len(number):
        return 0, 0.0
    wide = int(value.max()) + 1
    cell, count = np.unique(number * wide + value, return_counts=True)
    owner = cell // wide
    distinct = np.bincount(owner)
    overall = np.bincount(value, minlength=wide) / len(value)
    share = count / np.bincount(number)[owner]
    here = overall[cell % wide]
    # values absent from a class add their overall share: 1 - sum of the overall shares of those present
    absent = 1 - np.bincount(owner, weights=here)
    distance = (np.bincount(owner, weights=np.abs(share - here)) + absent) / 2
    return int(distinct.min()), round(float(distance.max()), 12)


def findings(measured: Risk, limits: Limits) -> tuple[Finding, ...]:
    """Return a finding for each risk above its limit."""
    source = "Data First user guide; ICO anonymisation guidance"
    found: list[Finding] = []

    def add(rule: str, message: str) -> None:
        found.append(
            Finding(
                rule,
                message,
                "Give less detail; the proposals say which costs least.",
                "extract",
                "170",
                source,
            )
        )

    if not measured.people:
        return ()
    if limits.k is not None and measured.k < limits.k:
        below = measured.below_k.get(limits.k)
        how_many = f"; {below:,} people are in smaller groups" if below is not None else ""
        add(
            "risk.k",
            f"Some people share all they show with only {measured.k - 1} others (limit {limits.k - 1}){how_many}.",
        )
    if limits.share_unique is not None and measured.sample_unique > limits.share_unique * measured.people:
        share = measured.sample_unique / measured.people
        add("risk.unique", f"{share:.1%} of people are unique (limit {limits.share_unique:.1%}).")
    expected = measured.expected(limits.intruder)
    if limits.expected_share is not None and expected > limits.expected_share:
        add(
            "risk.expected",
            f"A {limits.intruder} names a person rightly with a chance of {expected:.1%} (limit {limits.expected_share:.1%}).",
        )
    for one in measured.sensitive:
        if limits.l is not None and one.l < limits.l:
            add("risk.l", f"In some group {one.column} takes only {one.l} value(s) (limit {limits.l}).")
        if limits.t is not None and one.t > limits.t:
            add(
                "risk.t",
                f"In some group {one.column} is {one.t:.2f} away from the whole (limit {limits.t:.2f}).",
            )
    return tuple(found)
