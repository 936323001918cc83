"""The search for a specification: every run, set of covariates, method and calliper tried, one chosen on balance, blind to outcomes.

A specification is judged on the run's whole list of covariates, whichever of them it uses: leaving one out cannot make it look better
balanced. The runs are the three of the published reports (national, the cohort's own areas, with the offender assessment).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tallystick.errors import BadInput
from tallystick.lab import balance
from tallystick.lab.design import Design, design
from tallystick.lab.propensity import Fit, fit
from tallystick.lab.request import COVARIATES, Request, Run
from tallystick.lab.weigh import Method, Settings, Weighting, weighting

__all__ = ["Chosen", "Search", "Specification", "Tried", "covariates", "rows_of", "search"]

FAIR = 0.1  # the standardised difference above which balance is not good
KEPT = 0.9  # the share of the treated that a specification should keep
WITH_CALLIPER = ("radius", "nearest", "kernel")
ON_THE_SCORE = (*WITH_CALLIPER, "full", "overlap", "ipw")
BLIND = "outcome not looked at"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Specification:
    """One way to compare: a run, a set of covariates by its name, a method and its calliper (None: the method's own)."""

    run: Run
    covariates: str
    method: Method
    calliper: float | None = None


@dataclass(frozen=True)
class Tried:
    """One specification, judged on balance alone; ``fault`` says why it could not be used."""

    specification: Specification
    kept: int
    ess: float
    worst_smd: float
    poor: int
    chosen: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Chosen:
    """The best specification of a run: its rows, design (with an outcome of noughts), weights and balance over the whole list."""

    specification: Specification
    rows: pa.Table
    data: Design
    made: Weighting
    smd: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Search:
    """Everything tried, and the best of each run, the best of all first."""

    tried: tuple[Tried, ...]
    best: tuple[Chosen, ...]


def search(table: pa.Table, request: Request) -> Search:
    """Return every specification tried and the best of each run; raises `BadInput` where none works. Reads no outcome."""
    treated = int(pc.sum(table["treated"]).as_py() or 0)
    blind = table.drop_columns([request.outcome]).append_column(BLIND, pa.array(np.zeros(table.num_rows)))
    tried: list[Tried] = []
    ranked: list[tuple[tuple[bool, bool, float], int, Chosen]] = []
    for run in runs_of(table, request):
        rows, best = rows_of(blind, request, run), []
        sets = sets_of(rows, request, run)
        try:
            full = design(
                rows, "treated", BLIND, list(dict.fromkeys(name for names in sets.values() for name in names))
            )
        except BadInput as fault:
            tried += [
                Tried(Specification(run, "all", method), 0, 0.0, float("inf"), 0, fault=fault.message)
                for method in request.methods
            ]
            continue
        for name, wanted in sets.items():
            data = full if len(wanted) == len(sets["all"]) else design(rows, "treated", BLIND, wanted)
            fitted = propensity(data)
            for method, calliper in ways(request):
                spec = Specification(run, name, method, calliper)
                one, made, smd = judged(spec, data, full, fitted)
                tried.append(one)
                if made is not None:
                    best.append(
                        (
                            rank(one, treated),
                            len(tried) - 1,
                            Chosen(spec, rows_of(table, request, run), data, made, smd),
                        )
                    )
        if best:
            ranked.append(min(best, key=lambda item: item[:2]))
    if not ranked:
        raise BadInput(" ".join(dict.fromkeys(one.fault for one in tried)))
    ranked.sort(key=lambda item: item[:2])
    tried[ranked[0][1]] = replace(tried[ranked[0][1]], chosen=True)
    return Search(tuple(tried), tuple(chosen for *_, chosen in ranked))


def covariates(request: Request) -> tuple[str, ...]:
    """Return the covariates asked for, or the published list without the outcome."""
    return request.covariates or tuple(name for name in COVARIATES if name != request.outcome)


def rows_of(table: pa.Table, request: Request, run: Run) -> pa.Table:
    """Return the rows that a run looks at: the treated people's areas, or those who were assessed, or all."""
    if run == "assessed":
        missing = [pc.is_null(table[name], nan_is_null=True) for name in assessed(table, request)]
        return table.filter(pc.invert(functools.reduce(pc.and_, missing)))
    if run == "national":
        return table
    areas = pc.unique(table.filter(table["treated"])["area"]).drop_null()
    return table.filter(pc.is_in(table["area"], value_set=areas))


def runs_of(table: pa.Table, request: Request) -> list[Run]:
    """Return the runs that this data lets be made; raises `BadInput` where there is none, or a covariate is missing."""
    absent = {*request.covariates, *(n for names in request.covariate_sets.values() for n in names)} - set(
        table.column_names
    )
    if absent:
        raise BadInput(f"The police data has no covariate {', '.join(sorted(absent))}.")
    found: list[Run] = [
        run for run in request.runs
        if not (run == "regional" and "area" not in table.column_names)
        and not (run == "assessed" and not assessed(table, request))
    ]  # fmt: skip
    if not found:
        raise BadInput("No run of the request can be made from this data: it has no areas and no assessment.")
    return found


def assessed(table: pa.Table, request: Request) -> list[str]:
    """Return the columns of the offender assessment that this data has, of people who took part too."""
    mine = table.filter(table["treated"])
    return [
        name
        for name in request.assessment
        if name in table.column_names and mine[name].null_count < mine.num_rows
    ]


def sets_of(table: pa.Table, request: Request, run: Run) -> dict[str, list[str]]:
    """Return each set of covariates by its name; in the assessed run the assessment stands beside each."""
    extra = assessed(table, request) if run == "assessed" else []
    listed = covariates(request)
    if not request.covariates:
        # of the published list what this data knows; a column that was asked for and is empty is told
        listed = tuple(
            name
            for name in listed
            if name not in table.column_names or table[name].null_count < table.num_rows
        )
    sets = {"all": listed, **request.covariate_sets}
    return {
        name: [*(one for one in names if one in table.column_names), *extra] for name, names in sets.items()
    }


def ways(request: Request) -> Iterator[tuple[Method, float | None]]:
    """Yield each method with each calliper; methods that have none are tried once."""
    for method in request.methods:
        for calliper in request.callipers or (request.calliper,):
            yield method, calliper if method in WITH_CALLIPER else None
            if method not in WITH_CALLIPER:
                break


def propensity(data: Design) -> Fit | BadInput:
    """Return the propensity, or why there is none: every method on the score shares it."""
    try:
        return fit(data.x, data.treated)
    except BadInput as fault:
        return fault


def judged(
    spec: Specification, data: Design, full: Design, fitted: Fit | BadInput
) -> tuple[Tried, Weighting | None, dict[str, tuple[float, float]]]:
    """Return how a specification fares on balance, its weights unless it fails, and each covariate's difference before and after."""
    t = data.treated
    try:
        if isinstance(fitted, BadInput) and spec.method in ON_THE_SCORE:
            raise fitted
        made = weighting(
            data, spec.method, Settings(spec.calliper), None if isinstance(fitted, BadInput) else fitted
        )
        used = made.weights > 0
        if (used & t).sum() < 2 or (used & ~t).sum() < 2:
            raise BadInput(
                "Fewer than two people of a group are left once like is compared with like (no overlap)."
            )
    except BadInput as fault:
        return Tried(spec, 0, 0.0, float("inf"), 0, fault=fault.message), None, {}
    before = balance.smd(full.x, t, np.ones(len(t)))
    after = balance.smd(full.x, t, made.weights)
    size = np.abs(after)
    one = Tried(
        spec, int((used & t).sum()), balance.effective_size(made.weights[used & ~t]), float(size.max()), int((size > FAIR).sum())
    )  # fmt: skip
    pairs = zip(full.names, before, after, strict=True)
    return one, made, {name: (float(b), float(a)) for name, b, a in pairs}


def rank(one: Tried, treated: int) -> tuple[bool, bool, float]:
    """Return what a specification is judged by: enough of all who took part kept, no covariate poor, then precision."""
    enough = one.kept >= KEPT * treated
    return (not enough, True, one.worst_smd) if one.poor else (not enough, False, -one.ess)
