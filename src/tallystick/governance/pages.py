"""Registers and papers as CSV, JSON and HTML: one page that stands alone, without script or network, and prints well."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tallystick.governance.cases import Case
from tallystick.governance.forms import Question
from tallystick.governance.registers import Column, Register, shown
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import QUESTIONS

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run: such a cell is written behind an apostrophe."""


def as_csv(register: Register) -> str:
    """Return a register as CSV with a header of column names; cells that a spreadsheet would run are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(column.name for column in register.columns)
    for row in register.rows:
        writer.writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row)
    return out.getvalue()


def as_json(register: Register) -> dict[str, Any]:
    """Return a register as plain values: its name, title, time, and a mapping for each line."""
    names = [column.name for column in register.columns]
    return {
        "register": register.name,
        "title": register.title,
        "as_of": shown(register.as_of),
        "rows": [dict(zip(names, row, strict=True)) for row in register.rows],
    }


def as_json_text(register: Register) -> str:
    """Return a register as JSON text."""
    return json.dumps(as_json(register), indent=2, ensure_ascii=False) + "\n"


def as_html(*registers: Register, title: str = "") -> str:
    """Return one or more registers as an HTML page; headings run in order and every table has its headings."""
    environment = Environment(
        loader=PackageLoader("tallystick.governance", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    first = registers[0]
    return environment.get_template("register.html").render(
        title=title or first.title, subtitle=f"As of {when(first.as_of)}", registers=registers
    )


def when(moment: datetime) -> str:
    """Return a moment as people write it."""
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


ANSWERS = (Column("question", "Question"), Column("answer", "Answer"))


def paper(case: Case, now: datetime) -> tuple[Register, ...]:
    """Return a case as tables: what was answered, act by act, its risks where it has any, and what happened to it.

    Requirements 128 to 133 and 138 for a DPIA, 143 for an equality impact assessment, 285 for the regulator's form: whoever
    prints a case prints what its form asks, in its order, and what is still open.
    """
    process = PROCESSES[case.process]
    tables = [
        Register(act, f"{process.title}: {act}", ANSWERS, tuple(lines), now)
        for act in process.acts
        if act != "add-risk" and (lines := answered(case, act))
    ]
    if risks := case.acts("add-risk"):
        asked = [q for q in QUESTIONS if (q.process, q.act) == (case.process, "add-risk")]
        columns = tuple(Column(q.key, q.text) for q in asked)
        rows = tuple(tuple(shown(event.answers.get(q.key)) for q in asked) for event in risks)
        tables.insert(1, Register("risks", "Risks and what is done about them", columns, rows, now))
    history = tuple(
        (shown(event.at), event.act, event.by, event.role, event.organisation, event.state)
        for event in case.history
    )
    columns = tuple(
        Column(name.lower(), name) for name in ("When", "Act", "Who", "Role", "Organisation", "State")
    )
    return (*tables, Register("history", "What happened", columns, history, now))


def answered(case: Case, act: str) -> list[tuple[str, str]]:
    """Return the questions of an act with the latest answers; of a form filled in bit by bit, the open ones too."""
    asked = [q for q in QUESTIONS if (q.process, q.act) == (case.process, act)]
    is_form = act in PROCESSES[case.process].early.values()
    if (
        not is_form
        and not case.acts(act)
        and not (case.is_declared and any(q.key in case.answers for q in asked))
    ):
        return []
    return [
        (question.text, shown(case.get(question.key)) or "Not answered")
        for question in asked
        if case.get(question.key) is not None or (question.required and is_open(question))
    ]


def is_open(question: Question) -> bool:
    """Return whether a question without an answer is worth showing: it is asked whatever else was answered."""
    return not question.when
