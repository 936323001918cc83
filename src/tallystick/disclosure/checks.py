"""The checks: one function each, from a table and the limits to findings. ``rules.toml`` says which is run on what, and why."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Literal

import numpy as np

from tallystick.disclosure import about as words
from tallystick.disclosure.about import TableAbout, as_number, tight
from tallystick.disclosure.attacker import SLACK, intervals
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.grid import Ints
from tallystick.disclosure.sheet import Sheet, label
from tallystick.errors import Finding

MOST_NAMED = 10
"""Cells that one finding names; the count says how many more there are."""


@dataclass(frozen=True)
class Limits:
    """What the agreement lets out."""

    minimum_cell_count: int = 10
    zeros_are_disclosive: bool = False
    dominance_n: int = 2
    dominance_share: float = 0.9
    p_percent: float = 0.1
    minimum_degrees_of_freedom: int = 10


@dataclass(frozen=True)
class Rule:
    """One rule as ``rules.toml`` holds it."""

    id: str
    statistic: str
    risk: str
    check: str
    evidence: str
    remedy: str
    requirement: str


def rules() -> dict[str, Rule]:
    """Return the rules by their identity, in the file's order."""
    text = resources.files("tallystick.disclosure").joinpath("rules.toml").read_text(encoding="utf-8")
    return {each["id"]: Rule(**each) for each in tomllib.loads(text)["rule"]}


def finding(
    rule: str,
    where: str,
    message: str,
    severity: Literal["refuse", "warn"] = "refuse",
    places: Sequence[str] = (),
) -> Finding:
    """Return a finding of a rule of the file; ``places`` are named up to ten."""
    held = rules()[rule]
    named = "; ".join(places[:MOST_NAMED]) + (
        f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    )
    full = f"{where}: {named}" if named else where
    return Finding(rule, message, held.remedy, full, held.requirement, "SDC handbook", severity)


def labelled(counts: Counts, cells: Ints) -> list[str]:
    """Return the places of cells in words."""
    return [counts.grid.label(int(cell)) for cell in cells[: MOST_NAMED + 1]] + [""] * max(
        0, len(cells) - MOST_NAMED - 1
    )


def small_counts(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the cells from 1 to the minimum less one; rounded figures count as their base says."""
    values = counts.grid.values.reshape(-1)
    with np.errstate(invalid="ignore"):
        cells = np.flatnonzero((values > 0) & (values < limits.minimum_cell_count))
    if counts.rounded_to and counts.rounded_to >= limits.minimum_cell_count:
        return
    if len(cells):
        message = f"{len(cells)} cell(s) count fewer than {limits.minimum_cell_count}."
        yield finding("count.small", counts.where, message, places=labelled(counts, cells))


def zeros(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the cells of nought: refused where the agreement holds them disclosive, else a warning."""
    cells = np.flatnonzero(counts.grid.values.reshape(-1) == 0)
    if len(cells):
        severity: Literal["refuse", "warn"] = "refuse" if limits.zeros_are_disclosive else "warn"
        yield finding(
            "count.zero", counts.where, f"{len(cells)} cell(s) are nought.", severity, labelled(counts, cells)
        )


def full_cells(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the lines (two or more categories, no total among them) of which one cell holds everybody."""
    full: list[int] = []
    index = np.arange(counts.grid.size).reshape(counts.grid.values.shape)
    present = counts.present.reshape(index.shape)
    values = counts.full_grid().values
    hidden = counts.hidden.reshape(index.shape)
    for axis, dimension in enumerate(counts.grid.dimensions):
        families = list(dimension.parts().values()) or [list(range(len(dimension.codes)))]
        for parts in families:
            if len(parts) < 2:
                continue
            lines, here = np.take(values, parts, axis=axis), np.take(index, parts, axis=axis)
            known = np.take(present & ~hidden, parts, axis=axis).all(axis=axis)
            whole = ((lines > 0).sum(axis=axis) == 1) & known
            place = np.expand_dims(lines.argmax(axis=axis), axis)
            full += np.take_along_axis(here, place, axis=axis).squeeze(axis)[whole].reshape(-1).tolist()
    if full:
        cells = np.unique(np.array(full, dtype=np.int64))
        message = f"{len(cells)} cell(s) hold everybody of their line."
        yield finding("count.full", counts.where, message, places=labelled(counts, cells))


def remainders(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the totals that exceed the sum of their shown parts by a small number: the rest is a group."""
    grid = counts.full_grid()
    base = counts.rounded_to or 1
    if base > 1:
        return
    sums = grid.sums()
    if not sums.shape[0]:
        return
    filled = np.nan_to_num(grid.values.reshape(-1))
    through_hidden = (abs(sums) @ counts.hidden.astype(float)) > 0
    rest = sums @ filled
    lines = np.flatnonzero((rest > 0.5) & (rest < limits.minimum_cell_count) & ~through_hidden)
    if len(lines):
        wholes = sums[lines].tocoo()
        cells = np.unique(wholes.col[wholes.data > 0])
        message = (
            f"{len(lines)} total(s) exceed the sum of their parts by fewer than {limits.minimum_cell_count}."
        )
        yield finding("count.remainder", counts.where, message, places=labelled(counts, cells))


def pinned(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the hidden cells that the rest of the table pins to a small count."""
    cells = np.flatnonzero(counts.hidden)
    if not len(cells):
        return
    found = intervals(counts.full_grid().sums(), counts.low, counts.high, cells)
    exposed = exposed_cells(found.low, found.high, counts.low[cells], counts.high[cells], limits)
    if exposed.any():
        message = f"{int(exposed.sum())} hidden cell(s) can be worked out from the table."
        yield finding("hidden.pinned", counts.where, message, places=labelled(counts, cells[exposed]))


def exposed_cells(
    low: np.ndarray, high: np.ndarray, said_low: np.ndarray, said_high: np.ndarray, limits: Limits
) -> np.ndarray:
    """Return which hidden cells are pinned too closely: to within less than the minimum, and perhaps to a small count.

    A mark such as ``<10`` says a range itself; there the interval must keep at least half of it.
    """
    width = high - low
    minimum = limits.minimum_cell_count
    said = said_high - said_low
    need = np.where(np.isfinite(said), np.minimum(minimum, said) / 2, minimum)
    somebody = (high > SLACK) | limits.zeros_are_disclosive
    fits = width > -SLACK
    return np.asarray(fits & (width < need - SLACK) & (low < minimum - SLACK) & somebody)


def rounding_undone(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield the rounded small cells whose true count the totals give away, to the very number or nearly."""
    if not counts.rounded_to or counts.rounded_to < 2:
        return
    shown = counts.present & ~counts.hidden
    small = np.flatnonzero(shown & (counts.grid.values.reshape(-1) <= limits.minimum_cell_count))
    if not len(small):
        return
    found = intervals(counts.full_grid().sums(), counts.low, counts.high, small)
    low, high = np.ceil(found.low - SLACK), np.floor(found.high + SLACK)
    undone = (
        (high >= low)
        & (high - low < 1)
        & (high > 0)
        & (low < limits.minimum_cell_count)
        & (counts.high[small] > counts.low[small])
    )
    if undone.any():
        message = f"{int(undone.sum())} rounded cell(s) can be worked out exactly."
        yield finding("rounding.undone", counts.where, message, places=labelled(counts, small[undone]))


def uneven_rounding(counts: Counts, limits: Limits) -> Iterable[Finding]:
    """Yield tables whose parts are all multiples of 5 or 10 and whose totals are not: the totals are unrounded.

    Only when the description says nothing of rounding; then the interval of each small cell is worked out for that base.
    """
    if counts.rounded_to:
        return
    values = counts.grid.values.reshape(-1)
    shown = ~np.isnan(values)
    inner = np.ones(counts.grid.values.shape, dtype=bool)
    for axis, dimension in enumerate(counts.grid.dimensions):
        leaf = np.isin(np.arange(len(dimension.codes)), dimension.leaves)
        inner &= leaf.reshape([-1 if a == axis else 1 for a in range(inner.ndim)])
    inside, outside = shown & inner.reshape(-1), shown & ~inner.reshape(-1)
    for base in (10, 5, 3):
        if (
            inside.sum() >= 4
            and outside.any()
            and (values[inside] % base == 0).all()
            and (values[outside] % base != 0).any()
        ):
            low, high = counts.low.copy(), counts.high.copy()
            low[inside] = np.maximum(0, values[inside] - base / 2)
            high[inside] = values[inside] + base / 2
            small = np.flatnonzero(inside & (values < limits.minimum_cell_count + base))
            if len(small):
                found = intervals(counts.full_grid().sums(), low, high, small)
                a, b = np.ceil(found.low - SLACK), np.floor(found.high + SLACK)
                undone = (b >= a) & (b - a < min(base, 5) / 2) & (a < limits.minimum_cell_count) & (b > 0)
                if undone.any():
                    message = f"Rounded to {base} with totals that are not: {int(undone.sum())} small cell(s) follow."
                    yield finding(
                        "rounding.undone", counts.where, message, places=labelled(counts, small[undone])
                    )
            return


COUNT_CHECKS = (small_counts, zeros, full_cells, remainders, pinned, rounding_undone, uneven_rounding)


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
    from tallystick.disclosure.counts import counts_of, ties

    try:
        held = ties(
            counts_of(sheet, about.model_copy(update={"statistic": "frequency", "values": (about.counts,)}))
        )
    except Exception:
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


def count_findings(counts: Counts, limits: Limits) -> list[Finding]:
    """Return what the checks of counts find."""
    return [found for check in COUNT_CHECKS for found in check(counts, limits)]
