"""The checks of what is not counts: means, shares, sums, percentiles, models, curves, plots and records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial

from tallystick.disclosure import guess as words
from tallystick.disclosure.about import TableAbout
from tallystick.disclosure.count_checks import pinned, remainders
from tallystick.disclosure.counts import counts_of, ties
from tallystick.disclosure.guess import as_number, tight
from tallystick.disclosure.rules import MOST_NAMED, Limits, finding
from tallystick.disclosure.sheet import Sheet, label
from tallystick.errors import BadInput, Finding


def numbers(sheet: Sheet, name: str) -> list[float | None]:
    """Return a column's numbers, None where there is none."""
    return [value if isinstance(value := as_number(cell), float) else None for cell in sheet.column(name)]


def rows_where(sheet: Sheet, about: TableAbout, at: Sequence[int]) -> list[str]:
    """Return rows in words: their labels."""
    named = [name for name in about.labels if name in sheet.header]
    return [
        ", ".join(f"{name}={label(sheet.column(name)[row])}" for name in named) or f"row {row + 1}"
        for row in at[:MOST_NAMED]
    ] + [""] * max(0, len(at) - MOST_NAMED)


def base_counts(sheet: Sheet, about: TableAbout) -> list[float | None] | None:
    """Return the number of people under each row: the counts column, or the stated n for all; None if neither."""
    if about.counts and about.counts in sheet.header:
        return numbers(sheet, about.counts)
    return [float(about.n)] * len(sheet.rows) if about.n is not None else None


def counts_missing(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield that the table has statistics and no counts."""
    if base_counts(sheet, about) is None:
        yield finding(
            "counts.missing", sheet.where, f"The table gives {about.statistic} figures without their counts."
        )


def few(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the rows whose figures rest on fewer people than the minimum; an empty group shows nothing."""
    base = base_counts(sheet, about) or []
    shown = shown_rows(sheet, about)
    at = [
        i
        for i, n in enumerate(base)
        if n is not None and 0 < n < limits.minimum_cell_count and (shown[i] or about.counts)
    ]
    if at:
        message = f"{len(at)} row(s) rest on fewer than {limits.minimum_cell_count} people."
        yield finding("count.few", sheet.where, message, places=rows_where(sheet, about, at))
    beside = [
        name for name in sheet.header
        if name not in (about.counts, about.largest, about.second, *about.values, *about.labels)
        and name in words.numeric_columns(sheet) and words.whole_numbers(sheet, name) and not words.CODES.search(tight(name))
    ]  # fmt: skip
    for name in beside:
        low = [
            i
            for i, n in enumerate(numbers(sheet, name))
            if n is not None and 0 < n < limits.minimum_cell_count
        ]
        if low:
            message = f"{name}: {len(low)} cell(s) count fewer than {limits.minimum_cell_count}."
            yield finding("count.small", sheet.where, message, places=rows_where(sheet, about, low))
    unknown = [i for i, n in enumerate(base) if n is None and shown[i]]
    if unknown:
        message = f"{len(unknown)} row(s) show a figure and hide its count."
        yield finding("counts.missing", sheet.where, message, places=rows_where(sheet, about, unknown))


def shown_rows(sheet: Sheet, about: TableAbout) -> list[bool]:
    """Return for each row whether any of its statistics is shown."""
    columns = [numbers(sheet, name) for name in about.values if name in sheet.header]
    return [any(column[i] is not None for column in columns) for i in range(len(sheet.rows))]


def same_values(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the rows whose standard deviation, variance or range is nought: everybody has the mean."""
    spread = [
        n
        for n in sheet.header
        if re.search(r"\b(sd|std|stdev|variance|var|range|std dev|iqr)\b", tight(n), re.IGNORECASE)
    ]
    for name in spread:
        at = [i for i, value in enumerate(numbers(sheet, name)) if value == 0]
        if at:
            yield finding(
                "mean.same",
                sheet.where,
                f"{len(at)} group(s) all have one value.",
                places=rows_where(sheet, about, at),
            )


def subtracted(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield totals whose count exceeds their parts' by a small number, and parts hidden under a shown total."""
    if not about.counts or about.counts not in sheet.header or not about.labels:
        return
    try:
        held = ties(
            counts_of(sheet, about.model_copy(update={"statistic": "frequency", "values": (about.counts,)}))
        )
    except BadInput:
        return
    for found in (*remainders(held, limits), *pinned(held, limits)):
        yield finding("mean.subtracted", found.where, found.message)


def dominance(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the sums that one or two contributors make up: the (n, k) and the p-percent rule."""
    if not about.largest or about.largest not in sheet.header:
        yield finding(
            "dominance.unknown", sheet.where, "The table does not give the largest contributions.", "warn"
        )
        return
    total = numbers(sheet, about.values[0])
    first = numbers(sheet, about.largest)
    second = numbers(sheet, about.second) if about.second in sheet.header else [0.0] * len(first)
    by_share, by_percent = [], []
    for i, (x, a, b) in enumerate(zip(total, first, second, strict=True)):
        if x is None or a is None or x <= 0:
            continue
        top = a if limits.dominance_n == 1 else a + (b or 0.0)
        if top > limits.dominance_share * x:
            by_share.append(i)
        if x - a - (b or 0.0) < limits.p_percent * a:
            by_percent.append(i)
    for rule, at, what in (
        (
            "dominance.nk",
            by_share,
            f"the {limits.dominance_n} largest hold over {limits.dominance_share:.0%}",
        ),
        ("dominance.p-percent", by_percent, f"the largest can be estimated within {limits.p_percent:.0%}"),
    ):
        if at:
            yield finding(
                rule, sheet.where, f"In {len(at)} cell(s) {what}.", places=rows_where(sheet, about, at)
            )


def extremes(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the columns that show one person's value."""
    named = [
        name
        for name in sheet.header
        if words.EXTREME.search(tight(name)) and name not in (about.largest, about.second)
    ]
    shown = [name for name in named if any(value is not None for value in numbers(sheet, name))]
    if shown:
        yield finding("extreme.shown", sheet.where, f"Shown: {', '.join(shown)}.")
    at = [
        i for i, row in enumerate(sheet.rows)
        if isinstance(row[0], str) and re.fullmatch(r"(min|max|minimum|maximum|range|mode)", row[0].strip(), re.IGNORECASE)
    ]  # fmt: skip
    if at:
        yield finding(
            "extreme.shown", sheet.where, f"{len(at)} row(s) show a minimum, maximum, range or mode."
        )


def percentiles(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the percentiles beyond which too few people lie."""
    base = base_counts(sheet, about)
    for name in sheet.header:
        p = percentile(tight(name))
        if p is None or base is None:
            continue
        shown = numbers(sheet, name)
        at = [
            i for i, n in enumerate(base)
            if n is not None and shown[i] is not None and n * min(p, 1 - p) < limits.minimum_cell_count
        ]  # fmt: skip
        if at:
            message = (
                f"{name}: in {len(at)} row(s) fewer than {limits.minimum_cell_count} people lie beyond it."
            )
            yield finding("percentile.few", sheet.where, message, places=rows_where(sheet, about, at))


def percentile(name: str) -> float | None:
    """Return which share lies below the percentile that a column's name says, or None."""
    text = name.lower()
    if "median" in text:
        return 0.5
    if re.search(r"\bq1\b|lower quartile|first quartile", text):
        return 0.25
    if re.search(r"\bq3\b|upper quartile|third quartile|\biqr\b", text):
        return 0.75
    found = re.search(
        r"\bp(\d{1,2})\b|(\d{1,2})(?:st|nd|rd|th)(?: per| decile|$)|^(\d{1,2}(?:\.\d+)?)%$", text
    )
    if not found:
        return None
    return float(next(group for group in found.groups() if group)) / 100 or None


def shares(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the shares that, with their base, give a small count or leave a small complement."""
    base = base_counts(sheet, about)
    if base is None:
        return
    for name in about.values:
        if name not in sheet.header or not words.SHARE.search(tight(name)):
            continue
        given = numbers(sheet, name)
        whole = 100.0 if max((v for v in given if v is not None), default=0) > 1 else 1.0
        at = []
        for i, (n, share) in enumerate(zip(base, given, strict=True)):
            if n is None or share is None or not 0 <= share <= whole:
                continue
            part = round(n * share / whole)
            if (
                0 < part < limits.minimum_cell_count
                or 0 < n - part < limits.minimum_cell_count
                or (part == n and n > 0)
            ):
                at.append(i)
        if at:
            message = f"{name}: {len(at)} share(s) stand for fewer than {limits.minimum_cell_count} people, or for all."
            yield finding("share.small", sheet.where, message, places=rows_where(sheet, about, at))


def regressions(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield models without enough residual degrees of freedom, without the figure, or saturated."""
    n, df = about.n, about.degrees_of_freedom
    fit = None
    for row in sheet.rows:
        name = label(row[0]).lower()
        value = next((v for v in (as_number(c) for c in row[1:]) if isinstance(v, float)), None)
        if value is None:
            continue
        if re.search(r"df.?resid|resid.*df|residual.*freedom|^df$|degrees of freedom", name):
            df = int(value) if df is None else df
        elif re.fullmatch(
            r"(n|no\.? ?obs.*|nobs|number of obs.*|observations|obs|num.*obs.*|sample size)\.?", name
        ):
            n = int(value) if n is None else n
        elif re.fullmatch(r"(adj\.? ?|adjusted )?r[ -]?(squared|2|²).*", name):
            fit = value
    for at, column in enumerate(sheet.header):
        value = next((v for v in (as_number(r[at]) for r in sheet.rows) if isinstance(v, float)), None)
        if value is not None and re.search(r"df.?resid|residual df|^df$", tight(column), re.IGNORECASE):
            df = int(value) if df is None else df
        elif value is not None and words.COUNT.search(tight(column)):
            n = int(value) if n is None else n
    errors = [
        name
        for name in sheet.header
        if re.search(r"std\.?[ _]*err|standard[ _]*error|^se$", name, re.IGNORECASE)
    ]
    terms = sum(
        any(isinstance(as_number(r[sheet.header.index(e)]), float) for e in errors) for r in sheet.rows
    ) or len(sheet.rows)
    df = n - terms if df is None and n is not None else df
    if df is None:
        yield finding("regression.df-missing", sheet.where, "The model's degrees of freedom are not given.")
    elif df <= 0:
        yield finding("regression.saturated", sheet.where, "The model has no residual degrees of freedom.")
    elif df < limits.minimum_degrees_of_freedom:
        message = (
            f"The model has {df} residual degrees of freedom (limit {limits.minimum_degrees_of_freedom})."
        )
        yield finding("regression.df", sheet.where, message)
    nought = (
        errors
        and all(value == 0 for e in errors for value in numbers(sheet, e) if value is not None)
        and any(value is not None for e in errors for value in numbers(sheet, e))
    )
    if (fit is not None and fit >= 1 - 1e-9) or nought:
        yield finding("regression.saturated", sheet.where, "The model leaves no residual variation.")


def survivals(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the steps of a curve that show few people's events, and the times with few at risk. Groups are told by labels."""
    if not about.counts or about.counts not in sheet.header:
        yield finding("counts.missing", sheet.where, "The curve does not give the number at risk.")
        return
    at_risk = numbers(sheet, about.counts)
    low = [i for i, n in enumerate(at_risk) if n is not None and 0 < n < limits.minimum_cell_count]
    if low:
        message = f"At {len(low)} time(s) fewer than {limits.minimum_cell_count} are at risk."
        yield finding("survival.at-risk", sheet.where, message)
    group = [
        tuple(label(sheet.column(name)[i]) for name in about.labels if name in sheet.header)
        for i in range(len(sheet.rows))
    ]
    events = numbers(sheet, about.variable) if about.variable in sheet.header else None
    curve = numbers(sheet, about.values[0]) if about.values else None
    steps = []
    for i in range(len(sheet.rows)):
        happened = events[i] if events else None
        before = i - 1 if i and group[i - 1] == group[i] else None
        if happened is None and curve and before is not None:
            a, b, n = curve[before], curve[i], at_risk[i]
            happened = n * (a - b) / a if a and b is not None and n is not None else None
        if happened is not None and 0.5 <= happened < limits.minimum_cell_count:
            steps.append(i)
    if steps:
        message = f"{len(steps)} step(s) show fewer than {limits.minimum_cell_count} events."
        yield finding("survival.step", sheet.where, message)


def histograms(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield the bins that hold few people."""
    count = numbers(sheet, about.values[0])
    at = [i for i, n in enumerate(count) if n is not None and 0 < n < limits.minimum_cell_count]
    if at:
        message = f"{len(at)} bin(s) hold fewer than {limits.minimum_cell_count} people."
        yield finding("histogram.small", sheet.where, message, places=rows_where(sheet, about, at))


def points(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield that the file holds single points."""
    yield finding(
        "points.shown",
        sheet.where,
        f"{len(sheet.rows)} row(s) are points of single people ({', '.join(about.values)}).",
    )


def records(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield that the file holds people."""
    yield finding("aggregate.records", sheet.where, f"{len(sheet.rows)} row(s) look like single records.")


def unknown(sheet: Sheet, about: TableAbout, limits: Limits) -> Iterable[Finding]:
    """Yield that the table could not be read."""
    yield finding("table.unknown", sheet.where, "It is not plain what this table holds.")


SHEET_CHECKS = {
    "mean": (counts_missing, few, same_values, subtracted, extremes, percentiles, shares),
    "percentile": (counts_missing, few, subtracted, extremes, percentiles, shares),
    "extreme": (counts_missing, few, same_values, extremes, percentiles),
    "ratio": (counts_missing, few, subtracted, shares, extremes),
    "magnitude": (counts_missing, few, subtracted, dominance, extremes),
    "regression": (regressions,),
    "survival": (survivals,),
    "histogram": (histograms,),
    "points": (points,),
    "records": (records,),
    "unknown": (unknown,),
}


def sheet_findings(sheet: Sheet, about: TableAbout, limits: Limits) -> list[Finding]:
    """Return what the checks of the sheet's statistic find."""
    return [
        found for check in SHEET_CHECKS[about.statistic] for found in partial(check, sheet, about)(limits)
    ]
