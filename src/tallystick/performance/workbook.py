"""The pack as an ODS workbook after the Analysis Function's guidance: a cover, contents, one table a sheet, shorthand and notes in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tallystick.performance import wording
from tallystick.performance.definitions import UNITS
from tallystick.performance.lines import Line
from tallystick.performance.ods import SheetRows, ods
from tallystick.performance.pack import Pack, Section
from tallystick.performance.page import Told, ahead, growing, in_full, missing, path, shown, status
from tallystick.performance.values import MEANING

Cells = Sequence[Any]


def workbook(made: Pack, told: Told, parts: dict[tuple[str, str, str], Line]) -> bytes:
    """Return the workbook's bytes. Figures are numbers; what has none holds its shorthand."""
    names = {each.measure.id: sheet_name(number, each) for number, each in enumerate(made.sections, 1)}
    sheets = (
        SheetRows("Cover", cover(made, told)),
        SheetRows("Contents", contents(made, names), 2),
        SheetRows("Changes", changes(made), 3),
        SheetRows("Path", on_path(made), 3),
        *(measure_sheet(names[each.measure.id], each, parts) for each in made.sections),
        SheetRows("Missing", missing_rows(made), 3),
        SheetRows("Notes", notes(made, told), 3),
    )
    return ods(f"{made.said.board.title}: performance pack, {made.on}", sheets)


def sheet_name(number: int, each: Section) -> str:
    """Return a sheet's name, short and without signs that spreadsheets refuse."""
    return f"{number}_{each.measure.id[:24].replace('-', '_')}"


def cover(made: Pack, told: Told) -> list[Cells]:
    """Return the rows of the cover: what it is, its state, its caveats."""
    rows: list[Cells] = [
        [f"{made.said.board.title}: performance pack"],
        [f"As known on {in_full(made.on)}"],
        [f"{told.classification}. {status(made)}"],
        [told.caveat],
    ]
    if told.early:
        rows.append(
            [f"Early sight for {told.early} alone: it holds figures under embargo. Do not pass it on."]
        )
    rows += [[line] for line in (*told.not_asked, *told.stopped, told.footer) if line]
    return rows


def contents(made: Pack, names: dict[str, str]) -> list[Cells]:
    """Return the rows of the contents."""
    rows: list[Cells] = [
        ["Contents"],
        ["Sheet", "What it holds"],
        ["Changes", "Lasting changes"],
        ["Path", "The path from offence to completion"],
    ]
    rows += [[names[each.measure.id], each.measure.title] for each in made.sections]
    return [
        *rows,
        ["Missing", "What is missing, and who owes it"],
        ["Notes", "What the words and the shorthand mean"],
    ]


def changes(made: Pack) -> list[Cells]:
    """Return the rows of the lasting changes."""
    rows: list[Cells] = [
        ["What has changed"],
        ["This sheet holds one table."],
        ["Measure", "From", "Level before", "Level after", "Chance of one as clear", "In words"],
    ]
    for each in made.headlines:
        line = each.section.line
        rows.append([
            each.section.measure.title, line.periods[each.step.at].words, round(each.step.before, 2), round(each.step.after, 2),
            float(f"{each.step.p:.2g}"), wording.headline(each),
        ])  # fmt: skip
    return rows if made.headlines else [*rows, ["No lasting change was found in any measure."]]


def on_path(made: Pack) -> list[Cells]:
    """Return the rows of the path."""
    rows: list[Cells] = [
        ["The path from offence to completion"],
        ["Stages count different things: do not subtract or divide one by another."],
        ["Stage", "Counts", "Over", "Figure", "Year before", "What to know"],
    ]
    return rows + [
        [row["title"], row["unit"], row["span"], row["now"], row["before"], row["note"]] for row in path(made)
    ]


def measure_sheet(name: str, each: Section, parts: dict[tuple[str, str, str], Line]) -> SheetRows:
    """Return a measure's sheet: what it is, then every figure of the board, its areas and its groups."""
    measure = each.measure
    said = [
        measure.title, wording.says(each), f"What it is: {measure.definition}",
        f"What is counted: each {measure.counts}: {UNITS[measure.counts]}. {measure.counting_rule}.",
        f"From {measure.agency}: {measure.source}. {measure.validation.capitalize()}.",
        *(f"Caveat: {caveat}" for caveat in measure.caveats),
        *(f"Definition changed in {each.line.periods[at].words}: {one.what}" for at, one in each.line.breaks),
        f"Still growing: {growing(each)}" if growing(each) else "", f"If nothing changes: {ahead(each)}" if ahead(each) else "",
        "Shorthand: " + "; ".join(f"[{mark}] {MEANING[mark]}" for mark in ("c", "x", "z")) + ".",
    ]  # fmt: skip
    rows: list[Cells] = [[line] for line in said if line]
    heading = len(rows) + 1
    rows.append(
        ["Period", "Area", "Group", unit(each), "Count", "Of", "Usual from", "Usual to", "What to know"]
    )
    for key, line in sorted(parts.items(), key=lambda item: (item[0][1] != each.line.area, item[0])):
        if key[0] == measure.id:
            rows += [figure_row(each, line, at) for at in range(len(line.periods))]
    return SheetRows(name, rows, heading)


def unit(each: Section) -> str:
    """Return the heading of a measure's figures."""
    return {"proportion": "Per cent", "rate": f"Per {each.measure.per}", "days": "Days"}.get(each.measure.kind, "Number")  # fmt: skip


def figure_row(each: Section, line: Line, at: int) -> Cells:
    """Return one figure's row; limits and state stand with the board's own line."""
    own = line.area == each.line.area and line.category == each.line.category
    low, high = (each.chart.lower[at], each.chart.upper[at]) if own else (np.nan, np.nan)
    has_of = each.measure.kind != "count"
    return [
        line.periods[at].label, line.area, line.category, round(float(line.shown[at]), 2) if not np.isnan(line.shown[at]) else shown(line, at),
        *((none_or(line.counts[at]), none_or(line.beneath[at])) if has_of else ("[z]", "[z]")),
        none_or(low, 1), none_or(high, 1), wording.state(each, at) if own else "",
    ]  # fmt: skip


def none_or(value: float, digits: int = 2) -> float | str:
    """Return a number, or shorthand where there is none."""
    return "[x]" if np.isnan(value) else round(float(value), digits)


def missing_rows(made: Pack) -> list[Cells]:
    """Return the rows of what is missing."""
    rows: list[Cells] = [
        ["What is missing, and who owes it"],
        [f"As of {in_full(made.on)}"],
        ["Who owes it", "Measure", "What", "Why it is missing", "Was due"],
    ]
    return rows + [
        [row["agency"], row["measure"], row["what"], row["why"], row["due"]] for row in missing(made)
    ]


def notes(made: Pack, told: Told) -> list[Cells]:
    """Return the rows of the notes: words, shorthand, warnings."""
    rows: list[Cells] = [["Notes"], ["What the words and the shorthand mean"], ["Word", "Meaning"]]
    rows += [[each, UNITS[each]] for each in sorted({measure.counts for measure in made.said.measures})]
    rows += [[f"[{mark}]", meaning] for mark, meaning in MEANING.items()]
    return rows + [["Take care", f"{each.message} {each.remedy}"] for each in made.warnings]
