"""A request answered: a specification chosen blind to outcomes, then the estimate, each run's beside it, sub-groups and other outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tallystick.errors import BadInput
from tallystick.lab.columns import outcome_of
from tallystick.lab.estimate import Estimate, Question, given
from tallystick.lab.family import NegativeControl, negative_control
from tallystick.lab.link_error import LinkError, link_error
from tallystick.lab.multiple import holm
from tallystick.lab.request import Request
from tallystick.lab.secondary import Secondary, secondary
from tallystick.lab.specify import Chosen, Specification, Tried, covariates, search
from tallystick.lab.subgroups import Subgroups, subgroups
from tallystick.lab.survival import Hazard, cox, hazard, log_rank
from tallystick.lab.weigh import Settings
from tallystick.lab.wording import Finding, finding

__all__ = ["Evaluation", "RunResult", "evaluate"]

PROBABILITY = "link_probability"

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """How many people, unweighted, had the event and had not: among those analysed who took part, and in the comparison group."""

    treated: int
    treated_without: int
    comparison: int
    comparison_without: int


@dataclass(frozen=True)
class RunResult:
    """The result of one run by its best specification; rates from 0 to 1."""

    specification: Specification
    rate: float
    comparison_rate: float
    estimate: Estimate
    cases: Cases


@dataclass(frozen=True)
class Point:
    """The share of each group (weighted) who had the event by a day, and how many people that was."""

    day: int
    share: float
    other_share: float
    people: int
    other_people: int


@dataclass(frozen=True)
class Soon:
    """How soon the event came: the hazard ratio of the weighted groups, and the log-rank test's p-value."""

    hazard: Hazard
    log_rank_p: float


@dataclass(frozen=True)
class Evaluation:
    """The answer: rates from 0 to 1, the estimate with its interval, everything tried, the words for it.

    ``runs`` has the result of every run, the one that the answer is taken from first. ``smd`` is its balance over the whole list.
    ``linked`` has the links' error, or says why it cannot be had.
    """

    rate: float
    comparison_rate: float
    estimate: Estimate
    tried: tuple[Tried, ...]
    finding: Finding
    subgroups: tuple[Subgroups, ...]
    curve: tuple[Point, ...]
    runs: tuple[RunResult, ...]
    smd: dict[str, tuple[float, float]]
    linked: LinkError | str
    secondary: tuple[Secondary, ...] = ()
    made_from_events: bool = False
    control: NegativeControl | None = None
    soon: Soon | None = None


def evaluate(table: pa.Table, request: Request) -> Evaluation:
    """Return the answer from the analysis table; raises `BadInput` where no honest one can be given.

    Its column ``link_probability`` says of the treated how surely their police record is their own.
    """
    _require_binary(table, request)
    found = search(table, request)
    runs = tuple(_result(chosen, request) for chosen in found.best)
    best, first = found.best[0], runs[0]
    e = first.estimate
    said = finding(
        first.rate, first.comparison_rate, e.ci_low, e.ci_high, programme=request.programme, did=request.did,
        good_is=request.good_is, ratio=max(e.ess_comparison / e.n_treated, 0.1),
    )  # fmt: skip
    return Evaluation(
        first.rate, first.comparison_rate, e, found.tried, said, _subgroups(best, request), tuple(_curve(best, request)), runs,
        dict(best.smd),
        _link_error(e, best),
        secondary(best.rows, best.data, best.made, request), "events_count" in table.column_names, _control(best, request), _soon(best, request),
    )  # fmt: skip


def _result(chosen: Chosen, request: Request) -> RunResult:
    """Return a run's result: here, and not before, the outcome is looked at."""
    y = outcome_of(chosen.rows, request.outcome)
    found = given(replace(chosen.data, outcome=y), chosen.made)
    cases = _cases(y, chosen.data.treated, chosen.made.weights)
    return RunResult(chosen.specification, found.treated_mean, found.comparison_mean, found, cases)


def _control(best: Chosen, request: Request) -> NegativeControl | None:
    name = request.negative_control
    if not name:
        return None
    return negative_control(best.data, best.made, name.replace("_", " "), outcome_of(best.rows, name))


def _cases(y: Floats, treated: Flags, weights: Floats) -> Cases:
    counts = [
        int(((y > 0) == had)[side & (weights > 0)].sum())
        for side in (treated, ~treated)
        for had in (True, False)
    ]
    return Cases(*counts)


def _require_binary(table: pa.Table, request: Request) -> None:
    values = set(table[request.outcome].unique().to_pylist()) - {None}
    if not values <= {True, False}:
        raise BadInput(
            f"The outcome {request.outcome} is not a yes or no. Give a column of true and false, or 1 and 0."
        )
    looked_at = {
        *request.covariates,
        *request.assessment,
        *request.subgroups,
        *(n for s in request.covariate_sets.values() for n in s),
        request.negative_control,
    }
    if request.negative_control and request.negative_control not in table.column_names:
        raise BadInput(f"The police data has no column {request.negative_control} for a negative control.")
    later = {request.outcome, request.outcome_date} & looked_at
    if later:
        raise BadInput(
            f"{', '.join(sorted(later))} is the outcome itself: people cannot be compared or grouped on it."
        )


def _subgroups(best: Chosen, request: Request) -> tuple[Subgroups, ...]:
    """Return each sub-analysis, its p-values adjusted for all groups of all columns; a column without groups says so."""
    spec = best.specification
    names = [name for name in covariates(request) if name in best.rows.column_names]
    asked = Question("treated", request.outcome, names, method=spec.method, settings=Settings(spec.calliper))
    found = []
    for column in request.subgroups:
        if column not in best.rows.column_names:
            raise BadInput(f"The police data has no column {column} for a sub-analysis.")
        try:
            found.append(subgroups(best.rows, column, asked))
        except BadInput as fault:
            found.append(Subgroups(column, (), None, fault.message))
    adjusted = iter(holm([one.p_value for said in found for one in said.groups if one.p_value is not None]))
    return tuple(
        replace(
            said,
            groups=tuple(
                one if one.p_value is None else replace(one, p_holm=next(adjusted)) for one in said.groups
            ),
        )
        for said in found
    )


def _link_error(found: Estimate, best: Chosen) -> LinkError | str:
    """Return the estimate with the links' error in it, or why there is none."""
    if PROBABILITY not in best.rows.column_names:
        return "How sure the matches are is not known; the interval does not widen for wrong ones."
    t = best.data.treated & (best.made.weights > 0)
    chances = outcome_of(best.rows, PROBABILITY)[t]
    try:
        return link_error(found.estimate, found.standard_error, best.made.weights[t], chances)
    except BadInput as fault:
        return fault.message


def _soon(best: Chosen, request: Request) -> Soon | None:
    """Return the log-rank test and the hazard ratio over the follow-up; nothing without dates, or where a group has no event."""
    days, used = _days(best.rows, request), best.made.weights > 0
    if days is None:
        return None
    whole = 365.25 * request.follow_up_months / 12
    t, w = best.data.treated[used], best.made.weights[used]
    time, event = np.clip(days[used], 0, whole), days[used] <= whole
    if not (event & t).any() or not (event & ~t).any():
        return None
    try:
        ratio, error = cox(time, event, t[:, None].astype(float), w)
        return Soon(hazard(float(ratio[0]), float(error[0])), log_rank(time, event, t, w)[1])
    except BadInput:
        return None


def _days(table: pa.Table, request: Request) -> Floats | None:
    """Return the days from the index date to the event, infinite where there was none; nothing where the table has no dates."""
    if request.outcome_date not in table.column_names or "index_date" not in table.column_names:
        return None
    pairs = zip(table["index_date"].to_pylist(), table[request.outcome_date].to_pylist(), strict=True)
    return np.array(
        [np.inf if end is None or start is None else float((end - start).days) for start, end in pairs]
    )


def _curve(best: Chosen, request: Request) -> list[Point]:
    """Return the share of each group, and the people, who had the event by the end of each month; none without dates."""
    treated, weights, days = best.data.treated, best.made.weights, _days(best.rows, request)
    if days is None:
        return []
    sides = [(weights[side], days[side]) for side in (treated, ~treated)]
    points = []
    for day in (0, *(round(365.25 * month / 12) for month in range(1, request.follow_up_months + 1))):
        shares = [float((w * (d <= day)).sum() / w.sum()) for w, d in sides]
        people = [int(((w > 0) & (d <= day)).sum()) for w, d in sides]
        points.append(Point(day, shares[0], shares[1], people[0], people[1]))
    return points
