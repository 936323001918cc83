"""A request answered: specifications tried blind to outcomes, one chosen on balance, then the estimate and its sub-groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import stats

from tallystick.errors import BadInput
from tallystick.lab.design import Design, design
from tallystick.lab.estimate import Estimate, Method, estimate, weigh
from tallystick.lab.request import COVARIATES, Request
from tallystick.lab.secondary import Secondary, holm, secondary
from tallystick.lab.wording import Finding, finding, welch

__all__ = ["Evaluation", "Subgroup", "Tried", "evaluate"]

FAIR = 0.1  # the standardised difference above which balance is not good
KEPT = 0.9  # the share of the treated that a specification should keep
SMALLEST = 30


@dataclass(frozen=True)
class Tried:
    """One specification, judged on balance alone."""

    run: str
    method: Method
    kept: int
    ess: float
    worst_smd: float
    poor: int
    chosen: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Subgroup:
    """The result in one group; ``p_holm`` is adjusted for all the groups looked at (Holm 1979)."""

    column: str
    group: str
    n: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    p_holm: float | None


@dataclass(frozen=True)
class Evaluation:
    """The answer: rates from 0 to 1, the estimate with its interval, everything tried, the words for it."""

    rate: float
    comparison_rate: float
    estimate: Estimate
    welch: tuple[float, float]
    tried: tuple[Tried, ...]
    finding: Finding
    subgroups: tuple[Subgroup, ...]
    curve: tuple[tuple[int, float, float], ...]
    secondary: tuple[Secondary, ...] = ()
    made_from_events: bool = False


def evaluate(table: pa.Table, request: Request) -> Evaluation:
    """Return the answer from the analysis table; raises `BadInput` where no honest one can be given."""
    _require_binary(table, request)
    designs = dict(_designs(table, request))
    tried, made = _try_all(designs, request)
    if not made:
        raise BadInput(" ".join(dict.fromkeys(one.fault for one in tried)))
    best = min(made, key=lambda at: _rank(tried[at], designs[tried[at].run]))
    tried = [replace(one, chosen=at == best) for at, one in enumerate(tried)]
    run, method = tried[best].run, tried[best].method
    data = designs[run]
    found = estimate(data, method, calliper=request.calliper)
    weights, classes = weigh(data, method, request.calliper, 1, False)
    t = data.treated
    rate, other = (float(np.average(data.outcome[side], weights=weights[side])) for side in (t, ~t))
    said = finding(
        rate, other, found.ci_low, found.ci_high, programme=request.programme, did=request.outcome_words,
        good_is=request.good_is, ratio=max(found.ess_comparison / found.n_treated, 0.1),
    )  # fmt: skip
    rows = _rows(table, run)
    return Evaluation(
        rate, other, found, welch(rate, found.n_treated, other, found.ess_comparison), tuple(tried), said,
        tuple(_subgroups(rows, request, run, method)), tuple(_curve(rows, weights, t, request)),
        secondary(rows, t, weights, classes, request), "events_count" in table.column_names,
    )  # fmt: skip


def summary(found: Evaluation) -> dict[str, Any]:
    """Return the answer as plain values for JSON."""
    return asdict(found)


def covariates(request: Request) -> tuple[str, ...]:
    """Return the covariates asked for, or the published list without the outcome."""
    return request.covariates or tuple(name for name in COVARIATES if name != request.outcome)


def interaction(found: Sequence[Subgroup], column: str) -> float | None:
    """Return the p-value that a column's groups have the same effect (Cochran's Q), or nothing with fewer than two groups."""
    known = [
        (one.estimate, (one.ci_high - one.ci_low) / 3.92)
        for one in found
        if one.column == column
        and one.estimate is not None
        and one.ci_low is not None
        and one.ci_high is not None
    ]
    if len(known) < 2 or any(error <= 0 for _, error in known):
        return None
    effect, weight = np.array([e for e, _ in known]), np.array([1 / error**2 for _, error in known])
    mean = (weight * effect).sum() / weight.sum()
    return float(stats.chi2.sf((weight * (effect - mean) ** 2).sum(), len(known) - 1))


def _rows(table: pa.Table, run: str) -> pa.Table:
    """Return the rows that a run looks at: the regional one keeps to the treated people's areas."""
    if run != "regional":
        return table
    areas = pc.unique(table.filter(table["treated"])["area"]).drop_null()
    return table.filter(pc.is_in(table["area"], value_set=areas))


def _require_binary(table: pa.Table, request: Request) -> None:
    values = set(table[request.outcome].unique().to_pylist()) - {None}
    if not values <= {True, False}:
        raise BadInput(
            f"The outcome {request.outcome} is not a yes or no. Give a column of true and false, or 1 and 0."
        )
    later = {request.outcome, request.outcome_date} & {
        *request.covariates,
        *request.assessment,
        *request.subgroups,
    }
    if later:
        raise BadInput(
            f"{', '.join(sorted(later))} is the outcome itself: people cannot be compared or grouped on it."
        )


def _designs(table: pa.Table, request: Request) -> list[tuple[str, Design]]:
    names = [name for name in covariates(request) if name in table.column_names]
    absent = set(request.covariates) - set(table.column_names)
    if absent:
        raise BadInput(f"The police data has no covariate {', '.join(sorted(absent))}.")
    assessed = [name for name in request.assessment if name in table.column_names]
    made: list[tuple[str, Design]] = []
    for run in request.runs:
        if (run == "regional" and "area" not in table.column_names) or (run == "assessed" and not assessed):
            continue
        wanted = [*names, *assessed] if run == "assessed" else names
        made.append((run, design(_rows(table, run), "treated", request.outcome, wanted)))
    if not made:
        raise BadInput("No run of the request can be made from this data: it has no areas and no assessment.")
    return made


def _try_all(designs: dict[str, Design], request: Request) -> tuple[list[Tried], list[int]]:
    """Return every specification tried and the places of those that work; each sees an outcome of noughts."""
    tried, works = [], []
    for run, data in designs.items():
        blind = replace(data, outcome=np.zeros(len(data.treated)))
        for method in request.methods:
            try:
                found = estimate(blind, method, calliper=request.calliper)
            except BadInput as fault:
                tried.append(Tried(run, method, 0, 0.0, float("inf"), 0, fault=fault.message))
                continue
            after = np.abs([pair["after"] for pair in found.smd.values()])
            works.append(len(tried))
            tried.append(
                Tried(
                    run,
                    method,
                    found.n_treated,
                    found.ess_comparison,
                    float(after.max()),
                    int((after > FAIR).sum()),
                )
            )
    return tried, works


def _rank(one: Tried, data: Design) -> tuple[bool, bool, float]:
    """Return what a specification is judged by: enough of the treated kept, no covariate poor, then precision."""
    enough = one.kept >= KEPT * data.treated.sum()
    if one.poor:
        return not enough, True, one.worst_smd
    return not enough, False, -one.ess


def _subgroups(table: pa.Table, request: Request, run: str, method: Method) -> list[Subgroup]:
    found: list[tuple[str, str, int, Estimate | None]] = []
    names = [name for name in covariates(request) if name in table.column_names]
    for column in request.subgroups:
        if column not in table.column_names:
            raise BadInput(f"The police data has no column {column} for a sub-analysis.")
        for level in sorted({str(value) for value in table[column].to_pylist() if value is not None}):
            rows = table.filter(pc.equal(table[column].cast(pa.string()), level))
            treated = int(pc.sum(rows["treated"]).as_py() or 0)
            result = None
            if treated >= SMALLEST:
                try:
                    wanted = [name for name in names if name != column]
                    result = estimate(
                        design(rows, "treated", request.outcome, wanted), method, calliper=request.calliper
                    )
                except BadInput:
                    result = None
            found.append((column, level, treated, result))
    adjusted = iter(holm([result.p_value for *_, result in found if result is not None]))
    return [
        Subgroup(column, level, n, None, None, None, None)
        if result is None
        else Subgroup(column, level, n, result.estimate, result.ci_low, result.ci_high, next(adjusted))
        for column, level, n, result in found
    ]


def _curve(
    table: pa.Table, weights: NDArray[np.float64], treated: NDArray[np.bool_], request: Request
) -> list[tuple[int, float, float]]:
    """Return (day, share of the treated, share of the comparison group) who had the event by each month's end."""
    if request.outcome_date not in table.column_names or len(weights) != table.num_rows:
        return []
    starts = table["index_date"].to_pylist()
    ends = table[request.outcome_date].to_pylist()
    days = np.array(
        [
            np.inf if end is None or start is None else (end - start).days
            for end, start in zip(ends, starts, strict=True)
        ]
    )
    sides = [(weights[side], days[side]) for side in (treated, ~treated)]
    return [
        (day, *(float((w * (d <= day)).sum() / w.sum()) for w, d in sides))  # type: ignore[misc]
        for day in (0, *(round(365 * month / 12) for month in range(1, request.follow_up_months + 1)))
    ]
