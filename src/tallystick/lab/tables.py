"""The tables of a report about people and how they were compared, under the limits of what may leave; `lab.results` has the outcome's."""

from __future__ import annotations

from tallystick.lab import results
from tallystick.lab.attrition import Assembled, Stage
from tallystick.lab.charts import bars, dots
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.leaving import Leaving
from tallystick.lab.strength import Strength
from tallystick.lab.view import HIDDEN, Statistic, Table

__all__ = ["tables"]


def tables(
    found: Evaluation, assembled: Assembled, stages: tuple[Stage, ...], leaving: Leaving
) -> tuple[Table, ...]:
    """Return every table of a report that has rows, in the order in which they are read; ``stages`` are merged already."""
    people = (
        waterfall(stages, leaving),
        compared(stages, leaving),
        matches(assembled.matches, leaving),
        love(found),
    )
    first, last = ((), ()) if leaving.withheld else results.tables(found, leaving)
    return tuple(table for table in (*first, *people, *last, tried(found, leaving)) if table.rows)


def waterfall(stages: tuple[Stage, ...], leaving: Leaving) -> Table:
    """Return how many people were left after each stage, and why the others were lost."""
    rows = tuple((s.name, leaving.count(s.left), leaving.count(s.lost), s.explanation) for s in stages)
    values = [{"name": s.name, "left": float(leaving.rounded(s.left) or 0)} for s in stages]
    return Table(
        "From everybody submitted to everybody analysed", ("stage", "left", "lost", "why people are lost here"), rows,
        Statistic("histogram", ("lost",), ("stage", "why people are lost here")), bars(values),
        f"Of {rows[0][1]} people submitted {rows[-1][1]} were analysed.",
    )  # fmt: skip


def compared(stages: tuple[Stage, ...], leaving: Leaving) -> Table:
    """Return the means of those left and those lost at each stage that lost enough people for a mean."""

    def number(value: float | None) -> str:
        return "not known" if value is None else f"{value:.1f}"

    rows = tuple(
        (s.name, measure.replace("_", " "), number(s.means[measure]), number(s.means_lost[measure]), leaving.count(s.lost))
        for s in stages if s.lost >= leaving.smallest for measure in s.means if s.means[measure] is not None
    )  # fmt: skip
    return Table(
        "Who was lost: means of those left and those lost", ("stage", "measure", "mean of those left", "mean of those lost", "people lost"),
        rows, Statistic("mean", ("mean of those left", "mean of those lost"), ("stage", "measure"), "people lost"),
    )  # fmt: skip


def matches(found: tuple[Strength, ...], leaving: Leaving) -> Table:
    """Return how many people were matched to police records on what, strongest first (requirement 198)."""
    rows = tuple(
        (one.rests_on, HIDDEN, HIDDEN) if ("matches", one.rests_on) in leaving.hidden
        else (one.rests_on, leaving.count(one.people), "not known" if one.probability is None else f"{one.probability:.2f}")
        for one in found
    )  # fmt: skip
    return Table(
        "What the matches to police records rest on, strongest first", ("the strongest evidence", "people", "mean probability of the match"),
        rows, Statistic("mean", ("mean probability of the match",), ("the strongest evidence",), "people"),
    )  # fmt: skip


def love(found: Evaluation) -> Table:
    """Return each covariate's standardised difference before and after, the furthest first."""
    light = ("good", "fair", "poor")

    def colour(after: float) -> str:
        return light[(abs(after) > 0.05) + (abs(after) > 0.1)]

    def number(value: float) -> str:
        return f"{round(value, 2) + 0.0:.2f}"  # no minus before nought

    pairs = sorted(found.smd.items(), key=lambda item: -abs(item[1][0]))
    rows = tuple((name, number(before), number(after), colour(after)) for name, (before, after) in pairs)
    values = [
        {"name": name, "at": round(abs(value), 2), "when": when}
        for name, pair in pairs
        for when, value in zip(("before", "after"), pair, strict=True)
    ]
    worst = max((abs(after) for _, (_, after) in pairs), default=0.0)
    return Table(
        "How alike the groups are (standardised mean differences)", ("covariate", "before", "after", "balance"), rows,
        results.model(found, "before", "after"), dots(values),
        f"After matching the largest difference is {worst:.2f} standard deviations.",
    )  # fmt: skip


def tried(found: Evaluation, leaving: Leaving) -> Table:
    """Return every specification tried, with how it fared on balance."""
    rows = tuple(
        (one.specification.run, one.specification.covariates, one.specification.method, _calliper(one.specification.calliper),
         *(("–", "–", "–", one.fault) if one.fault else
           (leaving.count(one.kept), leaving.count(one.ess), f"{one.worst_smd:.2f}", "taken" if one.chosen else "")))
        for one in found.tried
    )  # fmt: skip
    labels = ("run", "covariates", "method", "calliper")
    return Table(
        "Every specification tried, judged on balance alone",
        (*labels, "people kept", "comparison people (effective)", "largest difference", "note"), rows,
        Statistic("mean", ("largest difference",), (*labels, "note"), "people kept"),
    )  # fmt: skip


def _calliper(value: float | None) -> str:
    return "its own" if value is None else f"{value:g} sd"
