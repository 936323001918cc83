"""The effect on the treated from a plain table: weights by one method, the difference, its error and the balance.

Errors are those of a weighted regression on the treatment, robust to unequal variance (HC1, MacKinnon and White 1985) and,
for methods that make classes without replacement, clustered by class (Abadie and Spiess 2022). The weights count as fixed.
Left out so far: doubly robust estimates, sensitivity analysis and a choice of specification.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tallystick.errors import BadInput
from tallystick.lab import balance
from tallystick.lab.design import Design
from tallystick.lab.weigh import METHODS, Distance, Method, Settings, weighting

__all__ = ["METHODS", "Distance", "Estimate", "Method", "estimate", "weigh"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """One method's answer; ``smd`` gives each covariate's standardised difference before and after."""

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

    ``calliper`` is in standard deviations of the distance for nearest and radius (0.2 unless told, infinite for none);
    for kernel it is the half-width on the propensity itself (0.06 unless told).
    """
    if (calliper is not None and not calliper > 0) or ratio < 1:
        raise BadInput("The calliper must be above nought and the ratio at least one.")
    made = weighting(data, method, Settings(calliper, ratio, replace, distance))
    weights, classes = made.weights, made.classes
    t = data.treated
    used = weights > 0
    if (used & t).sum() < 2 or (used & ~t).sum() < 2:
        raise BadInput(
            "No estimate can be given: fewer than two treated or comparison people are left once like is compared with "
            "like (no overlap). Widen the calliper, use fewer covariates, or find a comparison group more alike."
        )
    effect, error = difference(data.outcome, t, weights, classes)
    groups = len(np.unique(classes[used])) if classes is not None else int(used.sum())
    half = float(stats.t.ppf(0.975, max(groups - 2, 1))) * error
    p = float(2 * stats.t.sf(abs(effect) / error, max(groups - 2, 1))) if error > 0 else float(effect == 0)
    before = balance.smd(data.x, t, np.ones(len(t)))
    after = balance.smd(data.x, t, weights)
    return Estimate(
        effect, error, effect - half, effect + half, p, method, int((used & t).sum()), int((used & ~t).sum()),
        balance.effective_size(weights[used & ~t]),
        {n: {"before": float(b), "after": float(a)} for n, b, a in zip(data.names, before, after, strict=True)},
        int(t.sum()), data.left_out, data.filled, data.constant, notes(data, weights, method, after),
    )  # fmt: skip


def notes(data: Design, weights: Floats, method: Method, after: Floats) -> tuple[str, ...]:
    """Return what a reader must know before the number is used."""
    said = []
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


def weigh(
    data: Design, method: Method, calliper: float | None, ratio: int, replace: bool
) -> tuple[Floats, NDArray[np.int64] | None]:
    """Return everybody's weight (nought: left out) and, for methods that make classes, each person's class."""
    found = weighting(data, method, Settings(calliper, ratio, replace))
    return found.weights, found.classes


def difference(
    y: Floats, treated: NDArray[np.bool_], weights: Floats, classes: NDArray[np.int64] | None
) -> tuple[float, float]:
    """Return the weighted difference of means and its robust error, by class where there are classes."""
    used = weights > 0
    y, t, w = y[used], treated[used], weights[used]
    sides = [np.average(y[t], weights=w[t]), np.average(y[~t], weights=w[~t])]
    pull = np.where(t, w / w[t].sum() * (y - sides[0]), -w / w[~t].sum() * (y - sides[1]))
    if classes is None:
        n = len(y)
        return float(sides[0] - sides[1]), float(np.sqrt((pull**2).sum() * n / (n - 2)))
    _, code = np.unique(classes[used], return_inverse=True)
    sums = np.bincount(code, pull)
    g = len(sums)
    return float(sides[0] - sides[1]), float(np.sqrt((sums**2).sum() * g / max(g - 1, 1)))
