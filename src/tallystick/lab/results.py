"""The tables and figures of a report about the outcome, under the limits of what may leave."""

from __future__ import annotations

from tallystick.lab.charts import intervals, lines
from tallystick.lab.evaluate import Evaluation, RunResult
from tallystick.lab.family import Other
from tallystick.lab.leaving import Leaving, thinned
from tallystick.lab.view import HIDDEN, Statistic, Table

__all__ = ["model", "points", "tables"]

RUNS = {
    "national": "the whole country",
    "regional": "the areas of those who took part",
    "assessed": "those who were assessed",
}


def tables(found: Evaluation, leaving: Leaving) -> tuple[tuple[Table, ...], tuple[Table, ...]]:
    """Return the tables that a report begins with, and those that come after the ones about people."""
    return (
        (interval(found), groups(found, leaving), runs(found, leaving)),
        (
            hidden_cause(found),
            curve(found, leaving),
            soon(found),
            secondary(found, leaving),
            subgroups(found, leaving),
        ),
    )


def points(value: float) -> str:
    """Return a difference of rates in percentage points."""
    return f"{round(value * 100, 1) + 0.0:.1f}"


def model(found: Evaluation, *values: str) -> Statistic:
    """Return that the figures are of a model of all who were analysed."""
    return Statistic("regression", values, n=found.estimate.n_treated + found.estimate.n_comparison)


def interval(found: Evaluation) -> Table:
    """Return the estimate with its interval, by the plain Welch test, doubly robust, and with the linkage's error in it."""
    e, linked = found.estimate, found.linked
    shown = [
        ("Estimate", e.estimate, e.ci_low, e.ci_high),
        ("Plain Welch", e.estimate, e.welch.ci_low, e.welch.ci_high),
        ("Doubly robust", e.doubly_robust.estimate, e.doubly_robust.ci_low, e.doubly_robust.ci_high),
    ]
    if not isinstance(linked, str):
        shown.append(("With wrong matches allowed for", linked.estimate, linked.ci_low, linked.ci_high))
    rows = tuple((name, points(m), points(lo), points(hi)) for name, m, lo, hi in shown)
    return _intervals(found, "The difference, in percentage points", "by", rows,
        f"The estimate is {rows[0][1]} points, with an interval from {rows[0][2]} to {rows[0][3]}.")  # fmt: skip


def groups(found: Evaluation, leaving: Leaving) -> Table:
    """Return each group's size and rate, in every run."""
    rows = []
    for one in shown(found, leaving):
        e, name = one.estimate, RUNS[one.specification.run]
        sizes = (
            (leaving.count(e.n_treated), leaving.count(e.n_treated)),
            (leaving.count(e.n_comparison), leaving.count(e.ess_comparison)),
        )
        for group, rate, size in zip(
            ("took part", "comparison"), (one.rate, one.comparison_rate), sizes, strict=True
        ):
            rows.append((name, group, *size, f"{rate:.0%}"))
    return Table(
        "The groups; the answer is taken from the first two", ("compared with people of", "group", "people", "people (effective)", "rate"),
        tuple(rows), Statistic("ratio", ("rate",), ("compared with people of", "group"), "people"),
    )  # fmt: skip


def shown(found: Evaluation, leaving: Leaving) -> tuple[RunResult, ...]:
    """Return the runs whose rates do not tell of few people."""
    return tuple(one for one in found.runs if ("run", one.specification.run) not in leaving.hidden)


def runs(found: Evaluation, leaving: Leaving) -> Table:
    """Return the difference of every run by its best specification, where no rate tells of few people."""
    rows = tuple(
        (f"{RUNS[one.specification.run]}, {one.specification.method}", points(one.estimate.estimate), points(one.estimate.ci_low),
         points(one.estimate.ci_high))
        for one in shown(found, leaving)
    )  # fmt: skip
    alt = (
        f"{len(rows)} runs, the answer first: "
        + "; ".join(f"{r[0]} {r[1]} ({r[2]} to {r[3]})" for r in rows)
        + "."
    )
    return _intervals(found, "The difference against each comparison group, in percentage points", "compared with people of", rows, alt)  # fmt: skip


def _intervals(
    found: Evaluation, title: str, what: str, rows: tuple[tuple[str, ...], ...], alt: str
) -> Table:
    drawn = [{"name": r[0], "at": float(r[1]), "low": float(r[2]), "high": float(r[3])} for r in rows]
    header = (what, "difference", "from (95% interval)", "to (95% interval)")
    return Table(title, header, rows, model(found, *header[1:]), intervals(drawn), alt)


def hidden_cause(found: Evaluation) -> Table:
    """Return how strong something hidden would have to be to explain the result away."""
    s = found.estimate.sensitivity
    rows = tuple(
        (name, f"{value:.2f}", "it may be chance as it stands" if value <= 1 + 1e-9 else "")
        for name, value in (
            ("Odds of taking part within each matched set (Rosenbaum's gamma)", s.gamma),
            ("Odds of taking part, any weights (Tan's marginal model)", s.lambda_ci),
            ("Risk of taking part and of the outcome (E-value of the interval)", s.e_value_ci),
        )
        if value is not None
    )
    title = "How strong a hidden cause would have to be to explain the result"
    return Table(title, ("what it would multiply", "factor", "note"), rows, model(found, "factor"))


def curve(found: Evaluation, leaving: Leaving) -> Table:
    """Return the share of each group with the event by each day, at days between which enough people had it."""
    kept = thinned(found.curve, leaving.smallest)
    e = found.estimate
    rows, drawn = [], []
    for group, n, at in (("took part", e.n_treated, 0), ("comparison", e.n_comparison, 1)):
        before = 0
        for one in kept:
            people, share = (one.people, one.share) if at == 0 else (one.other_people, one.other_share)
            rows.append(
                (
                    group,
                    str(one.day),
                    f"{share:.0%}",
                    leaving.count(n - before),
                    leaving.count(people - before),
                )
            )
            drawn.append({"day": one.day, "share": round(share, 2), "group": group})
            before = people
    alt = (
        f"By day {kept[-1].day}: {kept[-1].share:.0%} of those who took part, {kept[-1].other_share:.0%} of the comparison group."
        if kept
        else ""
    )
    return Table(
        "Share with the event by each day", ("group", "day", "share with the event", "at risk", "events since the row before"), tuple(rows),
        Statistic("survival", ("share with the event",), ("group",), "at risk", moves="events since the row before", along="day"),
        lines(drawn) if rows else "", alt,
    )  # fmt: skip


def soon(found: Evaluation) -> Table:
    """Return how soon the event came: the hazard ratio, and the log-rank test."""
    header = ("measure", "ratio", "from (95% interval)", "to (95% interval)", "p (log-rank)")
    rows: tuple[tuple[str, ...], ...] = ()
    if found.soon is not None:
        h = found.soon.hazard
        rows = (
            (
                "Hazard ratio",
                f"{h.ratio:.2f}",
                f"{h.ci_low:.2f}",
                f"{h.ci_high:.2f}",
                _p(found.soon.log_rank_p),
            ),
        )
    return Table("How soon, of those who had not had the event yet", header, rows, model(found, *header[1:]))


def secondary(found: Evaluation, leaving: Leaving) -> Table:
    """Return the other outcomes; what would tell of few people stays, and what would give that away."""
    rows = tuple(
        (*_other(s.unit, s.found), leaving.count(min(s.cases, s.other_cases))) if leaving.may_show(s)
        else (s.found.outcome, *[HIDDEN] * 8)
        for s in found.secondary
    )  # fmt: skip
    values = (
        "took part",
        "comparison",
        "difference",
        "from (95% interval)",
        "to (95% interval)",
        "p (Holm)",
        "p (Benjamini-Hochberg)",
    )
    return Table(
        "Other outcomes, p-values adjusted for all of them", ("outcome", *values, "people with it, smaller group"), rows,
        Statistic("mean", values, ("outcome",), "people with it, smaller group"),
    )  # fmt: skip


def _other(unit: str, one: Other) -> tuple[str, ...]:
    """Return a row for one outcome, in its unit."""
    digits, scale, sign = {"share": (1, 100, "%"), "days": (1, 1, "")}.get(unit, (2, 1, ""))

    def said(value: float | None) -> str:
        return "" if value is None else f"{round(value * scale, digits) + 0.0:.{digits}f}"

    return (
        f"{one.outcome}{', per cent and points' if sign else ''}", *(f"{said(v)}{sign}" for v in (one.treated_mean, one.comparison_mean)),
        said(one.estimate), said(one.ci_low), said(one.ci_high), _p(one.p_holm), _p(one.p_bh),
    )  # fmt: skip


def _p(value: float | None) -> str:
    return "" if value is None else "0.001 or less" if value < 0.001 else f"{value:.3f}"


def subgroups(found: Evaluation, leaving: Leaving) -> Table:
    """Return the sub-analyses, with the intervals drawn."""
    rows, plot = [], []
    for said in found.subgroups:
        for one in said.groups:
            name = f"{said.column.replace('_', ' ')}: {one.group}"
            if (f"sub-group {said.column}", one.group) in leaving.hidden:
                rows.append((name, *[HIDDEN] * 5, ""))
            elif one.estimate is None or one.ci_low is None or one.ci_high is None:
                rows.append(
                    (name, leaving.count(one.n_treated), "", "", "", "", "too few, or nobody like them")
                )
            else:
                at, low, high = points(one.estimate), points(one.ci_low), points(one.ci_high)
                rows.append((name, leaving.count(one.n_treated), at, low, high, _p(one.p_holm), ""))
                plot.append({"name": name, "at": float(at), "low": float(low), "high": float(high)})
    values = ("difference, points", "from (95% interval)", "to (95% interval)", "p (Holm)")
    return Table(
        "Sub-analyses, p-values adjusted for all of them", ("group", "people", *values, "note"), tuple(rows),
        Statistic("mean", values, ("group", "note"), "people"), intervals(plot) if plot else "",
        " ".join(said.words for said in found.subgroups),
    )  # fmt: skip
