"""Further outcomes by the weights that are made: a family with adjusted p-values, and a negative control.

`family` gives each secondary outcome its estimate, with p-values adjusted for all that were looked at: Holm (1979) keeps the chance
of any false alarm, Benjamini and Hochberg (1995) the share of false alarms. `negative_control` takes an outcome that the programme
cannot have changed, such as what happened before it: a difference there comes from what the groups do not share (Lipsitch, Tchetgen
Tchetgen and Cohen 2010). Both take the `Design` and the `Weighting` of the primary outcome::

    data, made, found = answer(table, Question("treated", "reoffended", covariates, method="radius"))
    others = {name: outcome_of(table, name)[data.kept] for name in secondary}
    family(data, made, others)
    negative_control(data, made, "arrested before", values)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tallystick.lab.design import Design
from tallystick.lab.estimate import degrees, interval
from tallystick.lab.multiple import benjamini_hochberg, holm
from tallystick.lab.variance import standard_error
from tallystick.lab.weigh import Weighting, classed

__all__ = ["NegativeControl", "Other", "family", "negative_control", "other"]

FEWEST = 10  # people of each group with the outcome known, below which no interval is given

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Other:
    """One further outcome; all but the name and the counts are nothing where no honest estimate can be given.

    ``p_holm`` and ``p_bh`` are adjusted for the whole family.
    """

    outcome: str
    n_treated: int
    n_comparison: int
    treated_mean: float | None = None
    comparison_mean: float | None = None
    estimate: float | None = None
    standard_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    p_bh: float | None = None


@dataclass(frozen=True)
class NegativeControl:
    """The difference in an outcome that the programme cannot have changed; ``passed`` is nothing where none can be given."""

    found: Other
    passed: bool | None
    words: str


def family(data: Design, made: Weighting, outcomes: Mapping[str, Floats]) -> tuple[Other, ...]:
    """Return an estimate for each of ``outcomes``, values in the rows of ``data`` with NaN where one is not known."""
    found = [other(data, made, name, values) for name, values in outcomes.items()]
    known = [one.p_value for one in found if one.p_value is not None]
    adjusted = iter(zip(holm(known), benjamini_hochberg(known), strict=True))
    return tuple(one if one.p_value is None else with_adjusted(one, *next(adjusted)) for one in found)


def with_adjusted(one: Other, by_holm: float, by_bh: float) -> Other:
    """Return the outcome with its adjusted p-values."""
    return replace(one, p_holm=by_holm, p_bh=by_bh)


def other(data: Design, made: Weighting, name: str, values: Floats) -> Other:
    """Return the estimate for one further outcome, by the weights of those in whom it is known."""
    part = known(data, made, np.isfinite(values))
    sides = (part.weights > 0) & data.treated, (part.weights > 0) & ~data.treated
    counts = int(sides[0].sum()), int(sides[1].sum())
    if min(counts) < FEWEST:
        return Other(name, *counts)
    rows = replace(data, outcome=np.where(np.isfinite(values), values, 0.0))
    own, rest = (float(np.average(values[side], weights=part.weights[side])) for side in sides)
    error = standard_error(rows, part)
    if not error > 0:
        return Other(name, *counts, own, rest)
    said = interval(own - rest, error, degrees(rows.outcome, data.treated, part.weights))
    return Other(
        name, *counts, own, rest, said.estimate, said.standard_error, said.ci_low, said.ci_high, said.p_value
    )


def known(data: Design, made: Weighting, there: NDArray[np.bool_]) -> Weighting:
    """Return the weighting of those of whom something is known; a stratum or cell left without one side drops out."""
    if made.method == "cem" and made.classes is not None:
        weights, cell = classed(data.treated, np.where(there, made.classes, -1))
        return replace(made, weights=np.where(made.weights > 0, weights, 0.0), classes=cell)
    there = there & (made.weights > 0)
    sides = [np.bincount(data.strata, there & side) for side in (data.treated, ~data.treated)]
    there &= ((sides[0] > 0) & (sides[1] > 0))[data.strata]
    return replace(made, weights=np.where(there, made.weights, 0.0))


def negative_control(data: Design, made: Weighting, name: str, values: Floats) -> NegativeControl:
    """Return what the weights make of an outcome that the programme cannot have changed; a difference there is a warning."""
    found = other(data, made, name, values)
    if found.ci_low is None or found.ci_high is None:
        return NegativeControl(
            found, None, f"The negative control {name} cannot be judged: too few people have it."
        )
    if found.ci_low > 0 or found.ci_high < 0:
        return NegativeControl(
            found,
            False,
            f"The groups differ in {name}, which the programme cannot have changed: they were not alike in something "
            "that is not among the covariates. The estimate may be due to that.",
        )
    return NegativeControl(
        found,
        True,
        f"The groups show no difference in {name}, which the programme cannot have changed. A difference between "
        f"{found.ci_low:.3g} and {found.ci_high:.3g} cannot be ruled out.",
    )
