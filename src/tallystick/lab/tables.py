"""The tables and figures of a report, each under the limits of what may leave."""

from __future__ import annotations

from tallystick.lab.attrition import Assembled, Stage
from tallystick.lab.charts import bars, dots, intervals, lines
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.family import Other
from tallystick.lab.leaving import Leaving, thinned
from tallystick.lab.strength import Strength
from tallystick.lab.view import Table

__all__ = ["tables"]

HIDDEN = "hidden (few)"


def tables(
    found: Evaluation, assembled: Assembled, stages: tuple[Stage, ...], leaving: Leaving
) -> tuple[Table, ...]:
    """Return every table of a report that has rows, in the order in which they are read; ``stages`` are merged already."""
    people = (waterfall(stages, leaving), compared(stages), matches(assembled.matches, leaving), love(found))
    outcomes = () if leaving.withheld else (interval(found), runs(found, leaving))
    others = () if leaving.withheld else (
        hidden_cause(found), curve(found, leaving), secondary(found, leaving), subgroups(found, leaving)
    )  # fmt: skip
    made = (*outcomes, *people, *others, tried(found, leaving))
    return tuple(table for table in made if table.rows)


def points(value: float) -> str:
    """Return a difference of rates in percentage points."""
    return f"{value * 100:.1f}"


def interval(found: Evaluation) -> Table:
    """Return the estimate with its interval, by the plain Welch test, doubly robust, and with the linkage's error in it."""
    e, linked = found.estimate, found.linked
    shown = [("Estimate", e.estimate, e.ci_low, e.ci_high), ("Plain Welch", e.estimate, e.welch.ci_low, e.welch.ci_high),
             ("Doubly robust", e.doubly_robust.estimate, e.doubly_robust.ci_low, e.doubly_robust.ci_high)]  # fmt: skip
    if not isinstance(linked, str):
        shown.append(("With wrong matches allowed for", linked.estimate, linked.ci_low, linked.ci_high))
    rows = tuple((name, points(m), points(lo), points(hi)) for name, m, lo, hi in shown)
    values = [{"name": r[0], "at": float(r[1]), "low": float(r[2]), "high": float(r[3])} for r in rows]
    return Table(
        "The difference, in percentage points", ("", "difference", "lowest", "highest"), rows, intervals(values),
        f"The estimate is {rows[0][1]} points, with an interval from {rows[0][2]} to {rows[0][3]}.",
    )  # fmt: skip


RUNS = {
    "national": "the whole country",
    "regional": "the areas of those who took part",
    "assessed": "those who were assessed, the assessment among what is compared",
}


def runs(found: Evaluation, leaving: Leaving) -> Table:
    """Return the result of every run by its best specification; the first is the one that the answer is taken from."""
    rows = tuple(
        (RUNS[one.specification.run], one.specification.method, leaving.count(one.estimate.n_treated), f"{one.rate:.0%}",
         f"{one.comparison_rate:.0%}", points(one.estimate.estimate), f"{points(one.estimate.ci_low)} to {points(one.estimate.ci_high)}")
        for one in found.runs
    )  # fmt: skip
    return Table(
        "The same against other comparison groups; the answer is taken from the first",
        ("compared with people of", "method", "people", "took part", "comparison", "difference, points", "95% interval"), rows,
    )  # fmt: skip


def waterfall(stages: tuple[Stage, ...], leaving: Leaving) -> Table:
    """Return how many people were left after each stage, and why the others were lost."""
    rows = tuple((s.name, leaving.count(s.left), leaving.count(s.lost), s.explanation) for s in stages)
    values = [{"name": s.name, "left": float(leaving.rounded(s.left) or 0)} for s in stages]
    return Table(
        "From everybody submitted to everybody analysed", ("stage", "left", "lost", "why people are lost here"), rows, bars(values),
        f"Of {rows[0][1]} people submitted {rows[-1][1]} were analysed.",
    )  # fmt: skip


def compared(stages: tuple[Stage, ...]) -> Table:
    """Return the means of those left and those lost at each stage that lost anybody; merged stages lost enough to be shown."""

    def number(value: float | None) -> str:
        return "not known" if value is None else f"{value:.1f}"

    rows = tuple(
        (s.name, measure.replace("_", " "), number(s.means[measure]), number(s.means_lost[measure]))
        for s in stages if s.lost for measure in s.means if s.means[measure] is not None
    )  # fmt: skip
    return Table(
        "Who was lost: means of those left and those lost", ("stage", "measure", "left", "lost"), rows
    )


def matches(found: tuple[Strength, ...], leaving: Leaving) -> Table:
    """Return how many people were matched to police records on what, strongest first (requirement 198)."""
    rows = tuple(
        (one.rests_on, HIDDEN, HIDDEN) if ("matches", one.rests_on) in leaving.hidden
        else (one.rests_on, leaving.count(one.people), "not known" if one.probability is None else f"{one.probability:.2f}")
        for one in found
    )  # fmt: skip
    return Table(
        "What the matches to police records rest on, strongest first",
        ("the strongest evidence", "people", "mean probability of the match"),
        rows,
    )


def love(found: Evaluation) -> Table:
    """Return each covariate's standardised difference before and after, the furthest first."""
    light = ("good", "fair", "poor")

    def colour(after: float) -> str:
        return light[(abs(after) > 0.05) + (abs(after) > 0.1)]

    pairs = sorted(found.smd.items(), key=lambda item: -abs(item[1][0]))
    rows = tuple((name, f"{before:.2f}", f"{after:.2f}", colour(after)) for name, (before, after) in pairs)
    values = [
        {"name": name, "at": round(abs(value), 2), "when": when}
        for name, pair in pairs
        for when, value in zip(("before", "after"), pair, strict=True)
    ]
    worst = max((abs(after) for _, (_, after) in pairs), default=0.0)
    return Table(
        "How alike the groups are (standardised mean differences)", ("covariate", "before", "after", "balance"), rows, dots(values),
        f"After matching the largest difference is {worst:.2f} standard deviations.",
    )  # fmt: skip


def hidden_cause(found: Evaluation) -> Table:
    """Return how strong something hidden would have to be to explain the result away."""
    s = found.estimate.sensitivity
    rows = tuple(
        (name, "already at 1: it may be chance as it stands" if value <= 1 + 1e-9 else f"{value:.2f}")
        for name, value in (
            ("Odds of taking part, each matched set (Rosenbaum's gamma)", s.gamma),
            ("Odds of taking part, any weights (Tan's marginal model)", s.lambda_ci),
            ("Risk of taking part and of the outcome (E-value of the interval)", s.e_value_ci),
        )
        if value is not None
    )
    title = "How strong a hidden cause would have to be to explain the result"
    return Table(title, ("what it would multiply", "by this factor"), rows)


def curve(found: Evaluation, leaving: Leaving) -> Table:
    """Return the share of each group with the event by each day, at days between which enough people had it."""
    kept = thinned(found.curve, leaving.smallest)
    rows = tuple((str(one.day), f"{one.share:.0%}", f"{one.other_share:.0%}") for one in kept)
    values = [
        {"day": one.day, "share": round(share, 2), "group": group}
        for one in kept
        for group, share in (("took part", one.share), ("comparison", one.other_share))
    ]
    alt = (
        f"By day {rows[-1][0]}: {rows[-1][1]} of those who took part, {rows[-1][2]} of the comparison group."
        if rows
        else ""
    )
    return Table(
        "Share with the event by each day",
        ("day", "took part", "comparison"),
        rows,
        lines(values) if rows else "",
        alt,
    )


def secondary(found: Evaluation, leaving: Leaving) -> Table:
    """Return the other outcomes; what would tell of few people stays, and what would give that away."""

    rows = tuple(
        (s.found.outcome, *[HIDDEN] * 6)
        if (f"first {s.kind}", s.found.outcome) in leaving.hidden or min(s.cases, s.other_cases) < leaving.smallest
        else _other(s.unit, s.found)
        for s in found.secondary
    )  # fmt: skip
    return Table(
        "Other outcomes (p-values adjusted for all of them: Holm for any false alarm, Benjamini and Hochberg for the share of them)",
        ("outcome", "took part", "comparison", "difference", "95% interval", "p (Holm)", "p (Benjamini-Hochberg)"), rows,
    )  # fmt: skip


def _other(unit: str, one: Other) -> tuple[str, ...]:
    """Return a row for one outcome, in its unit."""
    digits, scale, sign = {"share": (1, 100, "%"), "days": (1, 1, "")}.get(unit, (2, 1, ""))

    def said(value: float | None) -> str:
        return "" if value is None else f"{value * scale:.{digits}f}"

    gap = " points" if unit == "share" else ""
    return (
        one.outcome, f"{said(one.treated_mean)}{sign}", f"{said(one.comparison_mean)}{sign}", f"{said(one.estimate)}{gap}",
        f"{said(one.ci_low)} to {said(one.ci_high)}{gap}", _p(one.p_holm), _p(one.p_bh),
    )  # fmt: skip


def _p(value: float | None) -> str:
    return "" if value is None else "under 0.001" if value < 0.001 else f"{value:.3f}"


def subgroups(found: Evaluation, leaving: Leaving) -> Table:
    """Return the sub-analyses, with the intervals drawn."""
    rows, plot = [], []
    for said in found.subgroups:
        for one in said.groups:
            name = f"{said.column.replace('_', ' ')}: {one.group}"
            if (f"sub-group {said.column}", one.group) in leaving.hidden:
                rows.append((name, *[HIDDEN] * 4))
            elif one.estimate is None or one.ci_low is None or one.ci_high is None:
                rows.append((name, leaving.count(one.n_treated), "too few, or nobody like them", "", ""))
            else:
                at, low, high = points(one.estimate), points(one.ci_low), points(one.ci_high)
                rows.append((name, leaving.count(one.n_treated), at, f"{low} to {high}", _p(one.p_holm)))
                plot.append({"name": name, "at": float(at), "low": float(low), "high": float(high)})
    return Table(
        "Sub-analyses (p-values adjusted for all of them by Holm's method)",
        ("group", "people", "difference, points", "95% interval", "p, adjusted"), tuple(rows), intervals(plot) if plot else "",
        " ".join(said.words for said in found.subgroups),
    )  # fmt: skip


def tried(found: Evaluation, leaving: Leaving) -> Table:
    """Return every specification tried, with how it fared on balance."""
    rows = tuple(
        (one.specification.run, one.specification.covariates, one.specification.method, _calliper(one.specification.calliper),
         *(("–", "–", "–", one.fault) if one.fault else
           (leaving.count(one.kept), leaving.count(one.ess), f"{one.worst_smd:.2f}", "taken" if one.chosen else "")))
        for one in found.tried
    )  # fmt: skip
    return Table(
        "Every specification tried, judged on balance alone",
        ("run", "covariates", "method", "calliper", "people kept", "comparison people, effective", "largest difference", ""), rows,
    )  # fmt: skip


def _calliper(value: float | None) -> str:
    return "its own" if value is None else f"{value:g}"
