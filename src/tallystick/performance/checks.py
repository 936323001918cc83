"""What is wrong with figures once they are read: what they cannot be, twice the same, totals that are not their parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal

import pyarrow as pa

from tallystick.errors import Finding
from tallystick.performance.definitions import Measures
from tallystick.performance.series import ALL

Rows = list[dict[str, Any]]


def check(table: pa.Table, said: Measures | None) -> tuple[Finding, ...]:
    """Return what is wrong with the figures, in the order of the checks."""
    rows = table.to_pylist()
    tests: tuple[Callable[[Rows, Measures | None], Iterator[Finding]], ...] = (
        impossible, of_kind, twice, too_early, mixed, gaps, categories_add_up, areas_add_up,
    )  # fmt: skip
    return tuple(found for test in tests for found in test(rows, said))


def finding(
    rule: str, row: dict[str, Any], message: str, remedy: str, severity: Literal["refuse", "warn"] = "refuse"
) -> Finding:
    """Return a finding at a figure's own cell."""
    return Finding(f"figures.{rule}", message, remedy, row["place"], "289", "guidance §6", severity)


def impossible(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Yield figures below nought, and denominators that are."""
    for row in rows:
        if row["value"] is not None and row["value"] < 0:
            yield finding("negative", row, "The figure is negative.", "Give the figure itself, not a change.")
        if row["denominator"] is not None and row["denominator"] < 0:
            yield finding(
                "negative", row, "The denominator is negative.", "Give the count beneath the figure."
            )


def of_kind(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Yield counts that are no whole numbers, and proportions that are none."""
    kinds = {measure.id: measure.kind for measure in said.measures} if said else {}
    for row in rows:
        kind, value, beneath = kinds.get(row["measure"], ""), row["value"], row["denominator"]
        if value is None:
            continue
        if kind in ("count", "proportion", "rate") and not float(value).is_integer():
            yield finding(
                "whole",
                row,
                "A count is no whole number.",
                "Give the count, not a rate, a share or a mean of it.",
            )
        elif kind in ("proportion", "rate") and beneath is None:
            yield finding(
                "denominator", row, "The count beneath it is missing.",
                "Send both counts, not a percentage: only so can small numbers be tested and an interval be shown.",
            )  # fmt: skip
        elif kind == "proportion" and beneath is not None and value > beneath:
            yield finding(
                "part", row, "The part is larger than the whole.", "Check which of the two columns is which."
            )
        elif kind == "rate" and beneath == 0 and value > 0:
            yield finding(
                "part",
                row,
                "There are events and nobody to whom they could happen.",
                "Check the denominator.",
            )
        elif kind == "days" and value > 36525:
            yield finding("days", row, "The time is over a hundred years.", "Give it in days.")


def twice(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Yield figures that are given twice for the same day of publication."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("measure", "area", "period", "category", "published"))
        other = seen.setdefault(key, row)
        if other is not row:
            same = other["value"] == row["value"]
            yield finding(
                "twice", row, f"The same figure stands at {other['place']}{'' if same else ', and differs'}.",
                "Keep one of them; a revision has its own date of publication.",
            )  # fmt: skip


def too_early(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Yield figures of periods that had not begun when they were published, and warn of those that had not ended."""
    for row in rows:
        if "f" in row["mark"].split():
            continue
        if row["starts"] > row["published"]:
            yield finding(
                "future",
                row,
                "The period had not begun when the figure was published.",
                "Correct the period, or mark it [f].",
            )
        elif (
            row["ends"] > row["published"]
            and row["frequency"] == "month"
            and (row["ends"] - row["published"]).days > 2
        ):
            yield finding("unfinished", row, "The period had not ended when the figure was published.",
                          "It counts as incomplete until it is published again.", "warn")  # fmt: skip


def mixed(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Yield a measure of which periods of two kinds overlap in a way that no sum explains (weeks and months)."""
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        kept = first.setdefault(row["measure"], row)
        if "week" in (row["frequency"], kept["frequency"]) and row["frequency"] != kept["frequency"]:
            yield finding("mixed", row, "Weeks and months stand in one series: weeks do not add up to months.",
                          "Send one kind of period for each measure.")  # fmt: skip
            first[row["measure"]] = row


def gaps(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Warn of a month that is missing between months of one series."""
    lines: dict[tuple[Any, ...], dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["frequency"] == "month":
            at = row["starts"].year * 12 + row["starts"].month
            lines[row["measure"], row["area"], row["category"]][at] = row
    for line in lines.values():
        order = sorted(line)
        for before, after in pairwise(order):
            if after - before > 1:
                yield finding("gap", line[after], f"{after - before - 1} month(s) before this one are missing.",
                              "Send them, or write [x] for each.", "warn")  # fmt: skip


def categories_add_up(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Warn where the groups of one dimension are more than the total of all."""
    counts = {m.id for m in said.measures if m.kind != "days"} if said else set()
    whole = {(r["measure"], r["area"], r["period"], r["published"]): r for r in rows if r["category"] == ALL}
    parts: dict[tuple[Any, ...], float] = defaultdict(float)
    for row in rows:
        if (
            row["category"] != ALL
            and ";" not in row["category"]
            and row["value"] is not None
            and row["measure"] in counts
        ):
            dimension = row["category"].split(":")[0]
            parts[(row["measure"], row["area"], row["period"], row["published"], dimension)] += row["value"]
    for (*key, dimension), total in parts.items():
        of_all = whole.get(tuple(key))
        if of_all is not None and of_all["value"] is not None and total > of_all["value"] + 0.5:
            yield finding("sum", of_all, f"The groups by {dimension} add up to more than the total.",
                          "Check the total, and whether somebody is counted in two groups.", "warn")  # fmt: skip


def areas_add_up(rows: Rows, said: Measures | None) -> Iterator[Finding]:
    """Warn where the parts of an area are all there and do not add up to it."""
    if said is None:
        return
    counts = {measure.id for measure in said.measures if measure.kind == "count"}
    held = {(r["measure"], r["period"], r["category"], r["published"], r["area"]): r for r in rows}
    for (measure, period, group, published, area), row in held.items():
        inside = said.parts(area)
        found = [held.get((measure, period, group, published, part)) for part in inside]
        if measure not in counts or row["value"] is None or not inside or not all(found):
            continue
        values = [each["value"] for each in found if each]
        if None not in values and abs(sum(values) - row["value"]) > len(inside) * 0.5 + 0.5:
            yield finding(
                "sum", row, "The areas inside it do not add up to it.", "Check which figure is wrong.", "warn"
            )
