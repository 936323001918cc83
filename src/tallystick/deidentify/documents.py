"""What goes with an extract: its data dictionary and the page of conditions, as Markdown and as HTML.

Requirements 184 (each release states its cut-offs), 194 (false matches are expected; analytical, not administrative),
207 (pseudonymised data is personal data), 227 (caveats travel with the extract).
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import pyarrow as pa

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.project import Project, ProjectDataset
from tallystick.agreement.schema import Agreement


@dataclass(frozen=True)
class DictionaryRow:
    """One column of an extract: what it holds, in what detail, and why the project has it."""

    dataset: str
    column: str
    type: str
    description: str
    detail: str
    how: str
    missing_share: float
    special_category: bool
    justification: str


@dataclass(frozen=True)
class Conditions:
    """The page of conditions, twice."""

    markdown: str
    html: str


def dictionary_row(
    name: str, column: str, how: str, table: pa.Table, dataset: Dataset, part: ProjectDataset
) -> DictionaryRow:
    """Return the dictionary's row of one column; a withheld column has the type ``withheld``."""
    held = dataset.field(column)
    asked = next((field for field in part.fields if field.name == column), None)
    here = column in table.column_names
    missing = table[column].null_count / table.num_rows if here and table.num_rows else 0.0
    return DictionaryRow(
        dataset=name,
        column=column,
        type=str(table[column].type) if here else "withheld",
        description=held.description if held else "made by Tallystick",
        detail=asked.detail if asked else "made",
        how=how,
        missing_share=round(missing, 3),
        special_category=bool(held.special_category) if held else False,
        justification=(asked.justification if asked else "") or (held.justification if held else ""),
    )


def dictionary_csv(rows: Sequence[DictionaryRow]) -> str:
    """Return the dictionary as CSV text with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(DictionaryRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue()


def conditions(project: Project, agreement: Agreement, rows: Mapping[str, int]) -> Conditions:
    """Return the page of conditions of a project's extract; ``rows`` counts the rows of each table."""
    title = f"Conditions of use: {project.title or project.id}"
    markdown = [f"# {title}", ""]
    page = [f"<h1>{html.escape(title)}</h1>"]
    for heading, lines in conditions_by_heading(project, agreement, rows):
        markdown += [f"## {heading}", "", *[f"- {line}" for line in lines], ""]
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        page.append(f"<h2>{html.escape(heading)}</h2>\n<ul>{items}</ul>")
    body = "\n".join(page)
    return Conditions("\n".join(markdown), PAGE.format(title=html.escape(title), body=body))


def conditions_by_heading(
    project: Project, agreement: Agreement, rows: Mapping[str, int]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what the page of conditions says: each heading with its lines."""
    return (
        ("What this is", about(project, agreement)),
        ("What it holds and up to when", coverage(project, agreement, rows)),
        ("What you may do", permitted(project, agreement)),
        ("What you must not do", FORBIDDEN),
        (
            "What the link can get wrong",
            CAVEATS + tuple(text for text in (agreement.disclosure.caveat,) if text),
        ),
        ("When it ends", ending(project, agreement)),
    )


FORBIDDEN = (
    "Do not try to find out who anyone is, and do not ask others to. If you recognise somebody, say nothing and tell the "
    "data owner.",
    "Do not join these tables to other data, to another project's extract or to a later extract unless this approval says so.",
    "Do not take rows out of the setting. Results leave only after an output check.",
    "Do not use the data to decide anything about a person: it is analytical, not administrative.",
)
CAVEATS = (
    "Records were linked by probability. Some pairs are false and some are missing; both differ between groups of people.",
    "The column link_quality says how sure each record's link is; try your results without the less sure ones.",
    "The data is pseudonymised and therefore still personal data: the agreement and data protection law apply in full.",
)
PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 Arial, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #0b0c0c }}
h1, h2 {{ line-height: 1.2 }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def about(project: Project, agreement: Agreement) -> tuple[str, ...]:
    """Return who may use the extract, under what."""
    people = ", ".join(person.name for person in project.people)
    return tuple(
        line
        for line in (
            f"An extract for project {project.id} under the agreement {agreement.about.id} ({agreement.about.title}).",
            f"Aim: {project.aim}" if project.aim else "",
            f"People who may use it: {people}." if people else "",
            f"Setting: {project.setting}." if project.setting else "",
        )
        if line
    )


def coverage(project: Project, agreement: Agreement, rows: Mapping[str, int]) -> tuple[str, ...]:
    """Return what each table holds and its cut-off date."""
    lines = []
    for part in project.datasets:
        dataset = next(d for d in agreement.datasets if d.name == part.name)
        until = (
            f", covering to {dataset.covers_to.isoformat()}" if dataset.covers_to else ", cut-off not stated"
        )
        kept = f"; rows where {part.rows}" if part.rows else ""
        lines.append(f"{part.name}: {rows.get(part.name, 0):,} rows{until}{kept}.")
    who = (
        "everybody in these datasets"
        if project.coverage == "all"
        else "people found in more than one of these datasets"
    )
    return (*lines, f"Coverage: {who}.")


def permitted(project: Project, agreement: Agreement) -> tuple[str, ...]:
    """Return what the approval allows."""
    fewest = max(project.minimum_cell_count or 0, agreement.disclosure.minimum_cell_count or 0)
    outputs = f" of at least {fewest} people a cell" if fewest else ""
    conditions_set = [text for approval in project.approvals for text in approval.conditions]
    return (
        "Use the tables for the aim above and for nothing else.",
        f"Publish aggregate results{outputs} once they have passed the output check.",
        *conditions_set,
    )


def ending(project: Project, agreement: Agreement) -> tuple[str, ...]:
    """Return when access ends and what happens then."""
    last = project.ends or agreement.about.ends
    until = f"Access ends on {last.isoformat()}, by itself." if last else "No last day of access is stated."
    return (until, "The key that made the ids is then destroyed, and the ledger holds the certificate.")
