"""What a cohort could show: the smallest detectable change for a size, and the size needed for a change.

Two independent proportions, normal approximation, pooled variance under no difference and separate variances under the
difference, without continuity correction: Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions,
section 4.2. Matching lowers the variance a little and uneven weights raise it: ``ratio`` counts effective comparison people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import optimize, stats

from tallystick.errors import BadInput

__all__ = ["MINIMUM_COHORT", "Power", "detectable", "needed", "power", "study"]

MINIMUM_COHORT = 60
Direction = Literal["fall", "rise"]


@dataclass(frozen=True)
class Power:
    """What one cohort can show; proportions throughout, ``None`` where no value of it exists.

    ``detectable_fall`` and ``detectable_rise`` are found with probability ``power``; ``needed`` is the treated people that
    ``effect`` needs and ``power_for_effect`` the probability of finding it with ``n``.
    """

    n: int | None
    base_rate: float
    ratio: float
    alpha: float
    power: float
    detectable_fall: float | None = None
    detectable_rise: float | None = None
    effect: float | None = None
    needed: int | None = None
    power_for_effect: float | None = None
    words: tuple[str, ...] = ()


def power(n: float, base: float, effect: float, *, ratio: float = 1.0, alpha: float = 0.05) -> float:
    """Return the probability (0 to 1) that a two-sided test finds ``effect`` with ``n`` treated people."""
    treated = base + effect
    pooled = (treated + ratio * base) / (1 + ratio)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio) / n)
    actual = math.sqrt((treated * (1 - treated) + base * (1 - base) / ratio) / n)
    line = float(stats.norm.isf(alpha / 2)) * null
    if actual == 0:
        return float(abs(effect) > line)
    return float(stats.norm.sf((line - effect) / actual) + stats.norm.cdf((-line - effect) / actual))


def needed(
    base: float, effect: float, *, ratio: float = 1.0, alpha: float = 0.05, wanted: float = 0.8
) -> int:
    """Return how many treated people a two-sided test needs to find ``effect`` with probability ``wanted``."""
    treated = base + effect
    pooled = (treated + ratio * base) / (1 + ratio)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    actual = math.sqrt(treated * (1 - treated) + base * (1 - base) / ratio)
    found = float(stats.norm.isf(alpha / 2) * null + stats.norm.isf(1 - wanted) * actual) / abs(effect)
    return max(2, math.ceil(found**2 - 1e-9))


def detectable(
    n: int, base: float, direction: Direction, *, ratio: float = 1.0, alpha: float = 0.05, wanted: float = 0.8
) -> float | None:
    """Return the smallest change (signed) found with probability ``wanted``, or nothing where no rate is extreme enough."""
    sign, room = (-1.0, base) if direction == "fall" else (1.0, 1 - base)
    widest = room - 1e-12

    def short(size: float) -> float:
        return power(n, base, sign * size, ratio=ratio, alpha=alpha) - wanted

    if widest <= 0 or short(widest) < 0:
        return None
    return sign * float(optimize.brentq(short, 1e-9, widest, xtol=1e-10))


def study(
    *,
    base: float,
    n: int | None = None,
    effect: float | None = None,
    ratio: float = 1.0,
    alpha: float = 0.05,
    wanted: float = 0.8,
) -> Power:
    """Return what a request could show, in numbers and in words; raises `BadInput` for what is no rate or size."""
    _check(base, n, effect, ratio, alpha, wanted)
    fall = rise = reached = None
    size = None
    if n is not None:
        fall = detectable(n, base, "fall", ratio=ratio, alpha=alpha, wanted=wanted)
        rise = detectable(n, base, "rise", ratio=ratio, alpha=alpha, wanted=wanted)
    if effect is not None:
        size = needed(base, effect, ratio=ratio, alpha=alpha, wanted=wanted)
        reached = power(n, base, effect, ratio=ratio, alpha=alpha) if n is not None else None
    made = Power(n, base, ratio, alpha, wanted, fall, rise, effect, size, reached)
    return Power(**{**vars(made), "words": tuple(_words(made))})


def _check(
    base: float, n: int | None, effect: float | None, ratio: float, alpha: float, wanted: float
) -> None:
    faults = []
    if not 0 < base < 1:
        faults.append("--rate: give the expected rate of reoffending between 0 and 1, such as 0.3")
    if n is None and effect is None:
        faults.append("give --n (how many people), --effect (the change looked for), or both")
    if n is not None and n < 2:
        faults.append("--n: at least 2 people")
    if effect is not None and (not math.isfinite(effect) or effect == 0):
        faults.append("--effect: a change other than nought, such as -0.05")
    elif effect is not None and 0 < base < 1 and not 0 <= base + effect <= 1:
        faults.append("--effect: the rate with the effect must stay between 0 and 1")
    if not (math.isfinite(ratio) and ratio > 0):
        faults.append("--ratio: comparison people for each treated one, above nought")
    if not 0 < alpha < 0.5:
        faults.append("--alpha: between 0 and 0.5, such as 0.05")
    if not alpha < wanted < 1:
        faults.append("--power: above alpha and below 1, such as 0.8")
    if faults:
        raise BadInput("No power can be given: " + "; ".join(faults) + ".")


def _words(made: Power) -> list[str]:
    said = []
    chance = f"{made.power:.0%}"
    if made.n is not None:
        if made.n < MINIMUM_COHORT:
            said.append(f"{made.n} people are too few: a cohort of at least {MINIMUM_COHORT} is analysed.")
        if made.detectable_fall is None:
            said.append(f"With {made.n:,} people no fall from {made.base_rate:.1%} could be shown reliably.")
        else:
            said.append(
                f"With {made.n:,} people, and {made.base_rate:.1%} of people like them reoffending, a fall of "
                f"{-made.detectable_fall * 100:.1f} percentage points or more would be found {chance} of the time."
            )
        if made.detectable_rise is not None:
            said.append(
                f"A rise of {made.detectable_rise * 100:.1f} percentage points or more would be found as often."
            )
        said.append(
            "A smaller change would most likely come back inconclusive, which does not mean that nothing changed."
        )
    if made.effect is not None and made.needed is not None:
        kind = "fall" if made.effect < 0 else "rise"
        said.append(
            f"To find a {kind} of {abs(made.effect) * 100:.1f} percentage points {chance} of the time, "
            f"{made.needed:,} people would be needed after matching; people are lost before that, so submit more."
        )
        if made.power_for_effect is not None:
            said.append(f"With {made.n:,} people it would be found {made.power_for_effect:.0%} of the time.")
    return said
