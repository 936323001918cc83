"""Many reports together: a random-effects meta-analysis with the Hartung and Knapp interval, and its forest plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from tallystick.errors import BadInput
from tallystick.lab.charts import intervals
from tallystick.lab.summary import SCHEMA
from tallystick.lab.view import Statistic, Table, View

__all__ = ["Study", "Synthesis", "studies", "synthesis", "view"]

Floats = NDArray[np.float64]
Method = Literal["reml", "dl"]


@dataclass(frozen=True)
class Study:
    """One report's estimate (a difference of rates, 0 to 1) with its standard error."""

    name: str
    estimate: float
    standard_error: float


@dataclass(frozen=True)
class Synthesis:
    """The mean effect with its interval, how much effects differ between reports, and where a new one's would lie.

    ``tau_squared`` is the variance between reports, ``i_squared`` its share (0 to 1) as Higgins and Thompson (2002) give it from Q.
    """

    studies: tuple[Study, ...]
    weights: tuple[float, ...]
    method: str
    estimate: float
    standard_error: float
    ci_low: float
    ci_high: float
    p_value: float
    tau_squared: float
    q: float
    q_p_value: float
    i_squared: float
    prediction_low: float | None
    prediction_high: float | None


def synthesis(found: Sequence[Study], method: Method = "reml") -> Synthesis:
    """Return the meta-analysis; raises `BadInput` for fewer than two reports.

    ``dl`` is DerSimonian and Laird (1986), ``reml`` restricted maximum likelihood (Viechtbauer 2005). The interval is Hartung and
    Knapp's (2001), never narrower than the plain one; the prediction interval is that of Higgins, Thompson and Spiegelhalter (2009).
    """
    if len(found) < 2:
        raise BadInput("A synthesis needs at least two reports.")
    y = np.array([one.estimate for one in found])
    v = np.array([one.standard_error for one in found]) ** 2
    fixed = 1 / v
    mean = float((fixed * y).sum() / fixed.sum())
    q, k = float((fixed * (y - mean) ** 2).sum()), len(found)
    tau = _reml(y, v) if method == "reml" else _dersimonian_laird(fixed, q, k)
    w = 1 / (v + tau)
    centre = float((w * y).sum() / w.sum())
    # Hartung and Knapp's error can fall below the plain one by chance, most with few reports: then the plain one stands.
    knapp = float((w * (y - centre) ** 2).sum()) / (k - 1)
    error = math.sqrt(max(knapp, 1.0) / float(w.sum()))
    half = float(stats.t.isf(0.025, k - 1)) * error
    wide = float(stats.t.isf(0.025, k - 2)) * math.sqrt(tau + error**2) if k > 2 else None
    return Synthesis(
        tuple(found), tuple(float(x) for x in w / w.sum()), method, centre, error, centre - half, centre + half,
        float(2 * stats.t.sf(abs(centre) / error, k - 1)), tau, q, float(stats.chi2.sf(q, k - 1)),
        max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0,
        None if wide is None else centre - wide, None if wide is None else centre + wide,
    )  # fmt: skip


def _dersimonian_laird(w: Floats, q: float, k: int) -> float:
    return max(0.0, (q - (k - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _reml(y: Floats, v: Floats) -> float:
    """Return the variance between reports that makes the restricted likelihood greatest."""

    def loss(tau: float) -> float:
        w = 1 / (v + tau)
        centre = (w * y).sum() / w.sum()
        return float((np.log(v + tau).sum() + np.log(w.sum()) + (w * (y - centre) ** 2).sum()) / 2)

    top = float(np.var(y, ddof=1) + v.max()) * 10
    # The likelihood may have its top at nought, or be flat there: look on a grid first, then around the best of it.
    grid = np.concatenate([[0.0], np.geomspace(top * 1e-8, top, 200)])
    best = int(np.argmin([loss(float(tau)) for tau in grid]))
    if best == 0:
        return 0.0
    low, high = float(grid[best - 1]), float(grid[min(best + 1, len(grid) - 1)])
    return float(
        optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    )


def studies(summaries: Mapping[str, Any]) -> list[Study]:
    """Return the studies in these summaries (by the name of their file); raises `BadInput` where they do not add up."""
    found, outcomes, requests = [], set(), set()
    for name, said in summaries.items():
        if not isinstance(said, dict) or said.get("schema") != SCHEMA:
            raise BadInput(
                f"{name}: it is no summary of a report ({SCHEMA}). Give the report's summary.json."
            )
        estimate, error = _number(said.get("estimate")), _number(said.get("standard_error"))
        if said.get("withheld") is True:
            raise BadInput(f"{name}: its figures tell of few people and were withheld. Leave it out.")
        if estimate is None or error is None or error <= 0:
            raise BadInput(f"{name}: it has no estimate with a standard error above nought.")
        if said.get("request") in requests:
            raise BadInput(f"{name}: this report is given twice. Count each once.")
        requests |= {said.get("request")} - {None}
        outcomes.add((said.get("outcome"), said.get("follow_up_months")))
        found.append(Study(str(said.get("title") or name), estimate, error))
    if len(outcomes) > 1:
        raise BadInput(
            "The reports have different outcomes or follow-ups, which do not add up. Give those of one outcome and follow-up."
        )
    return found


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def view(found: Synthesis, *, made: str) -> View:
    """Return the synthesis as a page may show it, with the forest plot and its table."""

    def points(*values: float) -> tuple[str, ...]:
        return tuple(f"{value * 100:.1f}" for value in values)

    rows = [
        (
            s.name,
            *points(s.estimate, s.estimate - 1.96 * s.standard_error, s.estimate + 1.96 * s.standard_error),
            f"{w:.0%}",
        )
        for s, w in zip(found.studies, found.weights, strict=True)
    ]
    rows.append(("All together", *points(found.estimate, found.ci_low, found.ci_high), "100%"))
    plot = [
        {
            "name": f"{i + 1}. {r[0]}" if i < len(rows) - 1 else r[0],
            "at": float(r[1]),
            "low": float(r[2]),
            "high": float(r[3]),
        }
        for i, r in enumerate(rows)
    ]
    kind = (
        "lower"
        if found.ci_high < 0
        else "higher"
        if found.ci_low > 0
        else "neither surely lower nor surely higher"
    )
    numbers = [
        ("Reports", str(len(found.studies))),
        ("Mean difference, in percentage points", f"{rows[-1][1]} ({rows[-1][2]} to {rows[-1][3]})"),
        (
            "Spread of the true effects (standard deviation), points",
            f"{math.sqrt(found.tau_squared) * 100:.1f}",
        ),
        ("Share of the spread that is not chance", f"{found.i_squared:.0%}"),
    ]
    if found.prediction_low is not None and found.prediction_high is not None:
        low, high = points(found.prediction_low, found.prediction_high)
        numbers.append(("Where a new programme's effect would lie", f"{low} to {high}"))
    return View(
        "Synthesis of Justice Data Lab reports", f"{len(found.studies)} programmes", made, f"Over all reports the rate is {kind}.",
        (f"The mean difference is {rows[-1][1]} percentage points, from {rows[-1][2]} to {rows[-1][3]}.",),
        "What holds on average over programmes like these.", "That every programme has this effect: see how far they differ.",
        tuple(numbers),
        (Table("Forest plot, in percentage points", ("report", "difference", "lowest", "highest", "weight"), tuple(rows),
            Statistic("regression", ("difference", "lowest", "highest", "weight")), intervals(plot),
            f"All together: {rows[-1][1]}, from {rows[-1][2]} to {rows[-1][3]}."),),
        (f"Random effects, between-report variance by {found.method.upper()}, interval by Hartung and Knapp.",),
        ("Reports that were never published are not here, which can flatter the mean.",),
    )  # fmt: skip
