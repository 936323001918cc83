"""The effect on the treated from a plain table: weights by one method, the difference, its error, the balance and the doubts.

The standard error is that of `lab.variance`, which knows how the weights were made. Beside it stand the error that takes the
weights as fixed (HC1, MacKinnon and White 1985), by class where there are classes (Abadie and Spiess 2022), and Welch's test
on the weighted groups, with which published reports were made. Beside the estimate stand `lab.family` (further outcomes, a negative
control), `lab.subgroups` (interaction) and `lab.link_error`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from tallystick.errors import BadInput
from tallystick.lab import balance
from tallystick.lab.design import Design, design
from tallystick.lab.sensitivity import Hidden, hidden
from tallystick.lab.variance import SOURCES, adjusted, standard_error
from tallystick.lab.weigh import METHODS, Distance, Method, Settings, Weighting, weighting

__all__ = [
    "METHODS",
    "MOVED",
    "Distance",
    "Estimate",
    "Interval",
    "Method",
    "Question",
    "answer",
    "degrees",
    "difference",
    "estimate",
    "given",
    "interval",
]

MOST = 1000  # comparison people for each treated one
MOVED = (
    "A regression on the covariates moves the estimate by more than its standard error: the groups are not alike enough "
    "for either to be trusted. Mend the balance first."
)
FEW = 10  # people, or events, in a group, below which the normal law is far off

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate by another way, beside the main one."""

    estimate: float
    standard_error: float
    ci_low: float
    ci_high: float
    p_value: float


@dataclass(frozen=True)
class Estimate:
    """One method's answer; ``smd`` gives each covariate's standardised difference before and after.

    ``balance`` gives each covariate's variance ratio (nothing for a share) and the mean and the greatest distance of the
    distribution functions, before and after.
    """

    estimate: float
    standard_error: float
    ci_low: float
    ci_high: float
    p_value: float
    method: str
    n_treated: int
    n_comparison: int
    ess_comparison: float
    smd: dict[str, dict[str, float]]
    n_treated_submitted: int
    left_out_missing: int
    filled_missing: dict[str, int]
    constant_covariates: tuple[str, ...]
    notes: tuple[str, ...]
    treated_mean: float
    comparison_mean: float
    error_source: str
    fixed_weights: Interval
    welch: Interval
    doubly_robust: Interval
    sensitivity: Hidden
    balance: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What is asked of a table: the columns and the method; with ``on`` a date after that day is bad input."""

    treatment: str
    outcome: str
    covariates: Sequence[str]
    exact: Sequence[str] = ()
    method: Method = "radius"
    settings: Settings = field(default_factory=Settings)
    on: date | None = None
    categories: Sequence[str] = ()

    def of(self, table: pa.Table) -> Design:
        """Return the table as numbers; raises `BadInput` as `design` does."""
        return design(
            table, self.treatment, self.outcome, self.covariates, self.exact, self.on, self.categories
        )


def answer(table: pa.Table, asked: Question) -> tuple[Design, Weighting, Estimate]:
    """Return the table as numbers, everybody's weight and the estimate; raises `BadInput` where none can be given."""
    check(asked.settings)
    data = asked.of(table)
    made = weighting(data, asked.method, asked.settings)
    return data, made, with_balance(honest(given(data, made)), data, made)


def honest(found: Estimate) -> Estimate:
    """Return the estimate; raises `BadInput` where the outcome is the same for everybody, or for everybody in each group."""
    if not found.standard_error > 0:
        raise BadInput(
            "No estimate can be given: within each group the outcome is the same for everybody, which leaves nothing to "
            "tell chance by."
        )
    return found


def check(settings: Settings) -> None:
    """Raise `BadInput` for a calliper or a ratio that is none."""
    if (settings.calliper is not None and not settings.calliper > 0) or not 1 <= settings.ratio <= MOST:
        raise BadInput(f"The calliper must be above nought and the ratio from one to {MOST}.")


def estimate(
    data: Design,
    method: Method,
    *,
    calliper: float | None = None,
    ratio: int = 1,
    replace: bool = False,
    distance: Distance = "logit",
) -> Estimate:
    """Return the estimate by ``method``; raises `BadInput` where none can be given.

    ``calliper`` is in standard deviations of the distance, infinite for none: 0.1 unless told (for kernel the
    half-width).
    """
    settings = Settings(calliper, ratio, replace, distance)
    check(settings)
    made = weighting(data, method, settings)
    return with_balance(given(data, made), data, made)


def given(data: Design, made: Weighting) -> Estimate:
    """Return the estimate from weights that are made; its distribution functions are not compared yet."""
    weights, t = made.weights, data.treated
    used = weights > 0
    if (used & t).sum() < 2 or (used & ~t).sum() < 2:
        raise BadInput(
            "No estimate can be given: fewer than two treated or comparison people are left once like is compared with "
            "like (no overlap). Widen the calliper, use fewer covariates, or find a comparison group more alike."
        )
    own = float(np.average(data.outcome[used & t], weights=weights[used & t]))
    other = float(np.average(data.outcome[used & ~t], weights=weights[used & ~t]))
    effect, freedom = own - other, degrees(data.outcome, t, weights)
    main = interval(effect, standard_error(data, made), freedom)
    by_class = None if made.classes is None or made.method == "cem" else made.classes
    checked = interval(*adjusted(data, weights), freedom)
    moved = abs(checked.estimate - effect) > main.standard_error
    before = balance.smd(data.x, t, np.ones(len(t))).tolist()
    after = balance.smd(data.x, t, weights)
    return Estimate(
        estimate=main.estimate,
        standard_error=main.standard_error,
        ci_low=main.ci_low,
        ci_high=main.ci_high,
        p_value=main.p_value,
        method=made.method,
        n_treated=int((used & t).sum()),
        n_comparison=int((used & ~t).sum()),
        ess_comparison=balance.effective_size(weights[used & ~t]),
        smd={
            name: {"before": was, "after": now}
            for name, was, now in zip(data.names, before, after.tolist(), strict=True)
        },
        n_treated_submitted=int(t.sum()),
        left_out_missing=data.left_out,
        filled_missing=data.filled,
        constant_covariates=data.constant,
        notes=notes(data, weights, made.method, after) + (MOVED,) * moved,
        treated_mean=own,
        comparison_mean=other,
        error_source=SOURCES[made.method],
        fixed_weights=interval(*difference(data.outcome, t, weights, by_class), freedom),
        welch=welch(data.outcome, t, weights),
        doubly_robust=checked,
        sensitivity=hidden(data.outcome, t, weights, made.classes, effect, main.standard_error),
    )


def with_balance(found: Estimate, data: Design, made: Weighting) -> Estimate:
    """Return the estimate with variance ratios and distances of the distribution functions, before and after."""
    both = [np.ones(len(data.treated)), made.weights]
    ratios = [balance.variance_ratio(data.x, data.treated, weights) for weights in both]
    gaps = balance.ecdfs(data.x, data.treated, both)
    sides = [(ratio, *gap) for ratio, gap in zip(ratios, gaps, strict=True)]
    measures = ("variance_ratio", "ecdf_mean", "ecdf_max")
    said = {
        name: {
            f"{measure}_{when}": float(values[k]) if np.isfinite(values[k]) else None
            for when, measured in zip(("before", "after"), sides, strict=True)
            for measure, values in zip(measures, measured, strict=True)
        }
        for k, name in enumerate(data.names)
    }
    return replace(found, balance=said)


def notes(data: Design, weights: Floats, method: Method, after: Floats) -> tuple[str, ...]:
    """Return what a reader must know before the number is used."""
    said = []
    used = weights > 0
    if data.constant:
        said.append(f"The same for everybody, and so left out: {', '.join(data.constant)}.")
    alone = [
        name
        for name, column, share in zip(data.names, data.x.T, balance.two_valued(data.x), strict=True)
        if share and np.ptp(column[~data.treated]) == 0
    ]
    if alone:
        said.append(
            f"No comparison person has one of the values of {', '.join(alone)}: treated people who have it cannot be compared."
        )
    if min((used & data.treated).sum(), (used & ~data.treated).sum()) < FEW:
        said.append(f"Fewer than {FEW} people are left in a group: do not rely on the interval.")
    elif few_events(data.outcome[used], data.treated[used]):
        said.append(
            f"Fewer than {FEW} people of a group have the outcome, or lack it: do not rely on the interval."
        )
    lost = int((data.treated & (weights <= 0)).sum())
    if lost:
        said.append(
            f"{lost} treated people had nobody like them and are left out: the estimate is not about them."
        )
    if method == "overlap":
        said.append("The estimate is about people who could have been in either group, not all the treated.")
    poor = int((np.abs(after) > 0.1).sum())
    if poor:
        said.append(
            f"{poor} covariates still differ by more than 0.1 standard deviations: read with caution."
        )
    return tuple(said)


def few_events(y: Floats, treated: NDArray[np.bool_]) -> bool:
    """Return whether a yes-or-no outcome has too few of either in a group."""
    values = np.unique(y)
    if len(values) != 2:
        return False
    return bool(min((y[side] == value).sum() for side in (treated, ~treated) for value in values) < FEW)


def interval(effect: float, error: float, freedom: float) -> Interval:
    """Return the 95 % interval and the two-sided p-value by Student's law."""
    half = float(stats.t.ppf(0.975, max(freedom, 1))) * error
    p = float(2 * stats.t.sf(abs(effect) / error, max(freedom, 1))) if error > 0 else float(effect == 0)
    return Interval(effect, error, effect - half, effect + half, p)


def difference(
    y: Floats, treated: NDArray[np.bool_], weights: Floats, classes: NDArray[np.int64] | None
) -> tuple[float, float]:
    """Return the weighted difference of means and its error with the weights taken as fixed, by class where classes are given."""
    used = weights > 0
    y, t, w = y[used], treated[used], weights[used]
    sides = [np.average(y[t], weights=w[t]), np.average(y[~t], weights=w[~t])]
    pull = np.where(t, w / w[t].sum() * (y - sides[0]), -w / w[~t].sum() * (y - sides[1]))
    if classes is None:
        n = len(y)
        return float(sides[0] - sides[1]), float(np.sqrt((pull**2).sum() * n / max(n - 2, 1)))
    _, code = np.unique(classes[used], return_inverse=True)
    sums = np.bincount(code, pull)
    g = len(sums)
    return float(sides[0] - sides[1]), float(np.sqrt((sums**2).sum() * g / max(g - 1, 1)))


def degrees(y: Floats, treated: NDArray[np.bool_], weights: Floats) -> float:
    """Return Satterthwaite's degrees of freedom of the difference, the size of each group being its effective size: few people, wide intervals."""
    (_, one, n), (_, other, m) = sides(y, treated, weights)
    spread = one**2 / max(n - 1, 1.0) + other**2 / max(m - 1, 1.0)
    return (one + other) ** 2 / spread if spread else 1.0


def sides(y: Floats, treated: NDArray[np.bool_], weights: Floats) -> list[tuple[float, float, float]]:
    """Return of the treated and of the comparison group the weighted mean, its squared error and the effective size."""
    found = []
    for side in (treated & (weights > 0), ~treated & (weights > 0)):
        w = weights[side]
        mean, size = float(np.average(y[side], weights=w)), balance.effective_size(w)
        found.append((mean, float(np.average((y[side] - mean) ** 2, weights=w)) / max(size - 1, 1.0), size))
    return found


def welch(y: Floats, treated: NDArray[np.bool_], weights: Floats) -> Interval:
    """Return Welch's test on the two weighted groups, the size of each being its effective size."""
    (own, one, _), (rest, other, _) = sides(y, treated, weights)
    return interval(own - rest, float(np.sqrt(one + other)), degrees(y, treated, weights))
