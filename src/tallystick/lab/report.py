"""The standard report of an analysis: one view of the answer under disclosure control, and from it HTML, Word, workbook and JSON."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from tallystick.lab.attrition import Stage
from tallystick.lab.evaluate import Evaluation, interaction
from tallystick.lab.request import Request

__all__ = ["SCHEMA", "Table", "View", "html", "ods", "summary", "view", "word", "workbook"]

SCHEMA = "tallystick-lab-summary/1"


@dataclass(frozen=True)
class Table:
    """A titled table; ``chart`` is the SVG that shows the same, or empty; ``alt`` says in words what the chart shows."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chart: str = ""
    alt: str = ""


@dataclass(frozen=True)
class View:
    """Everything that a report shows, already rounded and suppressed; every format is made from it alone."""

    title: str
    programme: str
    made: str
    headline: str
    sentences: tuple[str, ...]
    can_say: str
    cannot_say: str
    numbers: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]


def count(value: float, smallest: int, base: int) -> str:
    """Return a count as it may be shown: hidden under ``smallest`` (but for nought), else rounded to ``base``."""
    if 0 < value < smallest:
        return f"fewer than {smallest}"
    return f"{int(math.floor(value / base + 0.5) * base):,}" if base > 1 else f"{int(value):,}"


def view(
    request: Request,
    found: Evaluation,
    stages: tuple[Stage, ...],
    match_rate: float,
    *,
    made: date,
    smallest: int,
    base: int,
) -> View:
    """Return what the report may show, counts under ``smallest`` hidden and rounded to ``base``."""
    e = found.estimate
    stages = (*stages, _matched(stages, e.n_treated))

    def shown(value: float) -> str:
        return count(value, smallest, base)

    chosen = next(one for one in found.tried if one.chosen)
    numbers = (
        ("People analysed who took part", shown(e.n_treated)),
        ("People in the comparison group", shown(e.n_comparison)),
        ("Comparison people that the weights amount to", shown(e.ess_comparison)),
        ("Rate among those who took part", f"{found.rate:.0%}"),
        ("Rate in the comparison group", f"{found.comparison_rate:.0%}"),
        ("Difference, in percentage points", f"{e.estimate * 100:.1f}"),
        ("95% interval, in percentage points", f"{e.ci_low * 100:.1f} to {e.ci_high * 100:.1f}"),
        ("The same by the plain Welch test", f"{found.welch[0] * 100:.1f} to {found.welch[1] * 100:.1f}"),
        ("p-value", "under 0.001" if e.p_value < 0.001 else f"{e.p_value:.3f}"),
        ("Matched to police records", f"{match_rate:.0%} of those submitted"),
    )
    return View(
        request.title, request.programme, made.isoformat(), found.finding.headline, found.finding.sentences, found.finding.can_say,
        found.finding.cannot_say, numbers,
        tuple(table for table in (
            _interval(found), _waterfall(stages, shown, smallest), _compared(stages, smallest), _love(found), _curve(found),
            _secondary(found, smallest), _subgroups(found, smallest, shown), _tried(found, shown),
        ) if table.rows),
        (
            f"The request was fixed and its hash ({request.hash()[:23]}…) entered in the ledger before any outcome was looked at.",
            f"Comparison people had the same index period and kinds of disposal. {len(found.tried)} specifications were tried, blind to "
            f"outcomes; the one with the best balance was taken: {chosen.run}, {chosen.method}.",
            *e.notes, *_interactions(request, found), _outcome_words(request, found),
        ),
        (
            "People may differ in ways that no record holds, which can explain a difference.",
            "Only offences that were recorded and proven count.",
            "The weights and the links are taken as known; the interval does not widen for wrong links.",
        ),
    )  # fmt: skip


def _outcome_words(request: Request, found: Evaluation) -> str:
    if not found.made_from_events:
        return f"The outcome is the column {request.outcome} of the police data, as given."
    if request.events_are == "events":
        return f"The outcome is an event of the dataset {request.events} within {request.follow_up_months} months after the index date."
    return (
        f"The outcome is proven reoffending as officially defined: an offence within {request.follow_up_months} months after the index date, "
        f"proven by conviction or caution within those months or {request.waiting_months} more, breaches left out. The clock starts at release "
        "from custody, else at the sentence or the caution. Who was not followed for the whole time is left out."
    )


def _matched(stages: tuple[Stage, ...], analysed: int) -> Stage:
    last = stages[-1]
    text = "Nobody in the comparison pool was enough like these people, or the run looked at fewer areas."
    nothing: dict[str, float | None] = dict.fromkeys(last.means)
    return Stage("somebody like them found", analysed, last.left - analysed, text, nothing, nothing)


def summary(request: Request, found: Evaluation, *, smallest: int, base: int) -> dict[str, Any]:
    """Return the machine-readable summary, in the one schema that `tally lab synthesis` reads."""
    e = found.estimate

    def rounded(value: float) -> int | None:
        return None if 0 < value < smallest else int(math.floor(value / base + 0.5) * base)

    return {
        "schema": SCHEMA, "id": request.id, "title": request.title, "programme": request.programme, "outcome": request.outcome,
        "request": request.hash(), "method": e.method, "result": found.finding.kind,
        "n_treated": rounded(e.n_treated), "n_comparison": rounded(e.n_comparison), "rate": round(found.rate, 2),
        "comparison_rate": round(found.comparison_rate, 2), "estimate": round(e.estimate, 4),
        "standard_error": round(e.standard_error, 4), "ci_low": round(e.ci_low, 4), "ci_high": round(e.ci_high, 4),
        "p_value": float(f"{e.p_value:.2g}"), "needed": found.finding.needed,
    }  # fmt: skip


def _interval(found: Evaluation) -> Table:
    e = found.estimate
    rows = tuple((name, f"{m * 100:.1f}", f"{lo * 100:.1f}", f"{hi * 100:.1f}") for name, m, lo, hi in (
        ("Estimate", e.estimate, e.ci_low, e.ci_high), ("Plain Welch", e.estimate, *found.welch),
    ))  # fmt: skip
    values = [{"name": r[0], "at": float(r[1]), "low": float(r[2]), "high": float(r[3])} for r in rows]
    return Table(
        "The difference, in percentage points", ("", "difference", "lowest", "highest"), rows, intervals(values),
        f"The estimate is {rows[0][1]} points, with an interval from {rows[0][2]} to {rows[0][3]}.",
    )  # fmt: skip


def _waterfall(stages: tuple[Stage, ...], shown: Any, smallest: int) -> Table:
    rows = tuple((s.name, shown(s.left), shown(s.lost), s.explanation) for s in stages)
    values = [
        {
            "name": s.name,
            "left": float(shown(s.left).replace(",", "")) if s.left == 0 or s.left >= smallest else 0.0,
        }
        for s in stages
    ]
    return Table(
        "From everybody submitted to everybody analysed", ("stage", "left", "lost", "why people are lost here"), rows, bars(values),
        f"Of {rows[0][1]} people submitted {rows[-1][1]} could be followed up.",
    )  # fmt: skip


def _compared(stages: tuple[Stage, ...], smallest: int) -> Table:
    rows = tuple(
        (s.name, measure.replace("_", " "), _number(s.means[measure], s.left, smallest), _number(s.means_lost[measure], s.lost, smallest))
        for s in stages if s.lost for measure in s.means
    )  # fmt: skip
    return Table(
        "Who was lost: means of those left and those lost", ("stage", "measure", "left", "lost"), rows
    )


def _number(value: float | None, people: int, smallest: int) -> str:
    return "not known" if value is None else "hidden (few)" if people < smallest else f"{value:.1f}"


def _love(found: Evaluation) -> Table:
    light = ("good", "fair", "poor")

    def colour(after: float) -> str:
        return light[(abs(after) > 0.05) + (abs(after) > 0.1)]

    pairs = sorted(found.estimate.smd.items(), key=lambda item: -abs(item[1]["before"]))
    rows = tuple((name, f"{p['before']:.2f}", f"{p['after']:.2f}", colour(p["after"])) for name, p in pairs)
    values = [
        {"name": name, "at": abs(pair[when]), "when": when}
        for name, pair in pairs
        for when in ("before", "after")
    ]
    worst = max((abs(p["after"]) for _, p in pairs), default=0.0)
    return Table(
        "How alike the groups are (standardised mean differences)", ("covariate", "before", "after", "balance"), rows, dots(values),
        f"After matching the largest difference is {worst:.2f} standard deviations.",
    )  # fmt: skip


def _curve(found: Evaluation) -> Table:
    rows = tuple((str(day), f"{own:.0%}", f"{other:.0%}") for day, own, other in found.curve)
    values = [
        {"day": day, "share": round(share, 2), "group": group}
        for day, own, other in found.curve
        for group, share in (("took part", own), ("comparison", other))
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


def _subgroups(found: Evaluation, smallest: int, shown: Any) -> Table:
    rows = tuple(
        (f"{s.column}: {s.group}", shown(s.n), "too few", "", "")
        if s.estimate is None or s.ci_low is None or s.ci_high is None or s.p_holm is None or s.n < smallest
        else (f"{s.column}: {s.group}", shown(s.n), f"{s.estimate * 100:.1f}", f"{s.ci_low * 100:.1f} to {s.ci_high * 100:.1f}", f"{s.p_holm:.3f}")
        for s in found.subgroups
    )  # fmt: skip
    return Table(
        "Sub-analyses (p-values adjusted for all of them by Holm's method)",
        ("group", "people", "difference, points", "95% interval", "p, adjusted"), rows,
    )  # fmt: skip


def _secondary(found: Evaluation, smallest: int) -> Table:
    def said(unit: str, value: float) -> str:
        return (
            f"{value * 100:.1f}%" if unit == "share" else f"{value:.1f}" if unit == "days" else f"{value:.2f}"
        )

    def gap(unit: str, value: float) -> str:
        return f"{value * 100:.1f} points" if unit == "share" else said(unit, value)

    rows = tuple(
        (s.name, said(s.unit, s.mean), said(s.unit, s.other_mean), gap(s.unit, s.estimate),
         f"{gap(s.unit, s.ci_low)} to {gap(s.unit, s.ci_high)}", f"{s.p_holm:.3f}")
        if min(s.cases, s.other_cases) >= smallest else (s.name, *(["hidden (few)"] * 5))
        for s in found.secondary
    )  # fmt: skip
    return Table(
        "Other outcomes (p-values adjusted for all of them by Holm's method)",
        ("outcome", "took part", "comparison", "difference", "95% interval", "p, adjusted"), rows,
    )  # fmt: skip


def _interactions(request: Request, found: Evaluation) -> list[str]:
    tested = [(column, interaction(found.subgroups, column)) for column in request.subgroups]
    return [
        f"That the effect is the same in every group of {column}: p = {p:.2f} (Cochran's Q)."
        for column, p in tested
        if p is not None
    ]


def _tried(found: Evaluation, shown: Any) -> Table:
    rows = tuple(
        (one.run, one.method, "–", "–", "–", one.fault) if one.fault
        else (one.run, one.method, shown(one.kept), shown(one.ess), f"{one.worst_smd:.2f}", "taken" if one.chosen else "")
        for one in found.tried
    )  # fmt: skip
    return Table(
        "Every specification tried, judged on balance alone",
        ("run", "method", "people kept", "comparison people, effective", "largest difference", ""), rows,
    )  # fmt: skip


def _svg(chart: Any) -> str:
    import vl_convert

    # Browsers' sans-serif can be wider than the one that the labels were measured with: leave them room.
    spaced = chart.properties(padding={"left": 40, "right": 10, "top": 5, "bottom": 5})
    text = vl_convert.vegalite_to_svg(spaced.configure(font="sans-serif").to_dict())
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', text, count=1)


def intervals(values: list[dict[str, Any]]) -> str:
    """Return an SVG of points with intervals and a line at nought; ``values`` have name, at, low, high."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0))
    )
    rule = base.mark_rule(strokeWidth=2, color="#1d70b8").encode(
        x=alt.X("low:Q", title="Difference"), x2="high:Q"
    )
    dot = base.mark_point(filled=True, size=80, color="#1d70b8", opacity=1).encode(x="at:Q")
    nought = (
        alt.Chart(alt.InlineData(values=[{"z": 0}]))
        .mark_rule(strokeDash=[4, 3], color="#505a5f")
        .encode(x="z:Q")
    )
    return _svg((rule + dot + nought).properties(width=420, height=max(60, 28 * len(values))))


def bars(values: list[dict[str, Any]]) -> str:
    """Return an SVG of how many were left at each stage; ``values`` have name, left."""
    import altair as alt

    chart = alt.Chart(alt.InlineData(values=values)).mark_bar(color="#1d70b8")
    return _svg(
        chart.encode(x=alt.X("left:Q", title="People left"), y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0)))
        .properties(width=420, height=28 * len(values))
    )  # fmt: skip


def dots(values: list[dict[str, Any]]) -> str:
    """Return a love plot as SVG; ``values`` have name, at, when (before or after)."""
    import altair as alt

    chart = alt.Chart(alt.InlineData(values=values)).mark_point(filled=True, size=60, opacity=1)
    return _svg(
        chart.encode(
            x=alt.X("at:Q", title="Standardised difference, without sign"),
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0)),
            color=alt.Color("when:N", title=None, scale=alt.Scale(domain=["before", "after"], range=["#942514", "#1d70b8"])),
            shape=alt.Shape("when:N", title=None, scale=alt.Scale(domain=["before", "after"])),
        ).properties(width=420, height=max(80, 9 * len(values)))
    )  # fmt: skip


def lines(values: list[dict[str, Any]]) -> str:
    """Return the curves of two groups as SVG; ``values`` have day, share, group."""
    import altair as alt

    scale = alt.Scale(domain=["took part", "comparison"], range=["#1d70b8", "#942514"])
    chart = alt.Chart(alt.InlineData(values=values)).mark_line(interpolate="step-after")
    return _svg(
        chart.encode(
            x=alt.X("day:Q", title="Days after the index date"), y=alt.Y("share:Q", title="Share", axis=alt.Axis(format="%")),
            color=alt.Color("group:N", title=None, scale=scale),
            strokeDash=alt.StrokeDash("group:N", title=None, scale=alt.Scale(domain=["took part", "comparison"])),
        ).properties(width=420, height=200)
    )  # fmt: skip


def html(shown: View) -> str:
    """Return the report as one accessible page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tallystick.lab") / "report.html").read_text(encoding="utf-8")
    return environment.from_string(text).render(view=shown)


def word(shown: View) -> bytes:
    """Return the report as a Word document: headings, paragraphs and tables with header rows."""
    from docx import Document

    document = Document()
    document.core_properties.title = shown.title
    document.add_heading(shown.title, 0)
    document.add_heading(shown.headline, 1)
    for sentence in shown.sentences:
        document.add_paragraph(sentence, style="List Bullet")
    for title, text in (("What you can say", shown.can_say), ("What you cannot say", shown.cannot_say)):
        document.add_heading(title, 2)
        document.add_paragraph(text)
    _word_table(document, "The figures", ("figure", "value"), shown.numbers)
    for table in shown.tables:
        _word_table(document, table.title, table.header, table.rows)
        if table.alt:
            document.add_paragraph(table.alt)
    for title, texts in (("Method", shown.method), ("Limits", shown.limits)):
        document.add_heading(title, 2)
        for text in texts:
            document.add_paragraph(text, style="List Bullet")
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


def _word_table(
    document: Any, title: str, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    document.add_heading(title, 2)
    made = document.add_table(rows=1, cols=len(header), style="Table Grid")
    for cell, text in zip(made.rows[0].cells, header, strict=True):
        cell.text = text
    for row in rows:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            cell.text = text


def ods(shown: View) -> bytes:
    """Return the annex as ODS: the same sheets as the workbook's."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table as Sheet
    from odf.table import TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    for number, table in enumerate(_annex(shown), 1):
        sheet = Sheet(name=f"Table {number}")
        for row in ((table.title,), table.header, *table.rows):
            line = TableRow()
            for text in row:
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=text))
                line.addElement(cell)
            sheet.addElement(line)
        document.spreadsheet.addElement(sheet)
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()


def _annex(shown: View) -> tuple[Table, ...]:
    return (Table("The figures", ("figure", "value"), shown.numbers), *shown.tables)


def workbook(shown: View) -> bytes:
    """Return the annex as XLSX: a sheet for each table, its title above it."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for number, table in enumerate(
        (Table("The figures", ("figure", "value"), shown.numbers), *shown.tables), 1
    ):
        sheet = book.create_sheet(f"Table {number}")
        sheet.append([table.title])
        sheet.append(list(table.header))
        for row in table.rows:
            sheet.append(list(row))
        sheet["A1"].font = Font(bold=True, size=14)
        for cell in sheet[2]:
            cell.font = Font(bold=True)
        for column in ("A", "B", "C", "D", "E", "F"):
            sheet.column_dimensions[column].width = 28
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
