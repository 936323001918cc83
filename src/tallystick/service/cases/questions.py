"""The questions of an act, for one case and what was answered so far: which are asked, which are open, what was typed.

Pure, but for nothing: conditions and kinds are the core's; here a form's fields become an answer, and an answer a form's fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from tallystick.governance.cases import Case, Command, Registry, stepped
from tallystick.governance.clocks import LONDON
from tallystick.governance.conditions import Asking, is_asked
from tallystick.governance.decisions import as_event, form
from tallystick.governance.forms import Question, read
from tallystick.governance.projects import COVERAGE, justifications
from tallystick.governance.rules import SAYS, is_unmet
from tallystick.governance.tables.processes import PROCESSES

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Sheet:
    """An act on a case with the answers so far: what `Asking` is to the rules, to the pages."""

    asking: Asking
    act: str
    answers: Answers

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return the questions of the act itself that are asked now, in order."""
        process = PROCESSES[self.asking.command.process]
        return tuple(
            question
            for question in form(process, self.act).values()
            if question.act == self.act and is_asked(question.when, self.asking)
        )

    def question(self, key: str) -> Question | None:
        """Return the question of this key if it is asked now."""
        return next((question for question in self.questions if question.key == key), None)

    def answer(self, question: Question) -> Any:
        """Return the answer that counts: what was typed now, or an earlier one where the form is filled in bit by bit."""
        if question.key in self.answers:
            return self.answers[question.key]
        return self.asking.before.get(question.key) if keeps(question) else None

    def open(self) -> Question | None:
        """Return the first question that must be answered and is not yet, or None."""
        return next((q for q in self.questions if q.required and is_unmet(q, self.asking)), None)

    def problem(self, question: Question) -> str:
        """Return what the core says of the answer to a question; empty where it may stand."""
        if not is_unmet(question, self.asking):
            return ""
        missing = self.answer(question) is None
        return _("Answer this question.") if missing else _(SAYS.get(question.kind, "Answer this question."))


def keeps(question: Question) -> bool:
    """Return whether an earlier answer to a question counts."""
    return question.act in PROCESSES[question.process].early.values() or question.stays


def sheet(registry: Registry, case: Case, command: Command, answers: Answers) -> Sheet:
    """Return the sheet of an act with these answers."""
    event = as_event(command, answers, case.state)
    return Sheet(Asking(registry, case, stepped(case, event), command), command.act, answers)


def parts(question: Question, answer: Answers) -> tuple[str, ...]:
    """Return what a question asks about one by one, where it does: the fields that are asked for, and the rows and years."""
    if question.id != "request.submit.field_justification":
        return ()
    return (*(str(name) for name in answer.get("fields") or ()), COVERAGE)


def shown_parts(names: tuple[str, ...], answer: Any) -> list[tuple[str, str]]:
    """Return each part with its answer."""
    said = justifications(str(answer or ""))
    return [(name, said.get(name, "")) for name in names]


def typed_parts(question: Question, names: tuple[str, ...], fields: Mapping[str, Any]) -> str:
    """Return the answer that the boxes of its parts make, a line for each; raise ValueError where one is empty."""
    said = [" ".join(str(fields.get(f"{question.key}-{at}", "")).split()) for at in range(len(names))]
    missing = [name for name, reason in zip(names, said, strict=True) if not reason]
    if missing:
        raise ValueError(f"say why {missing[0]} is needed; each needs its own reason")
    return "\n".join(f"{name}: {reason}" for name, reason in zip(names, said, strict=True))


def typed(question: Question, fields: Mapping[str, Any]) -> Any:
    """Return the answer that the fields of a form hold, None for none; raise ValueError saying what it should be.

    ``fields`` maps names of fields to what was typed: text, or a list of the boxes that were ticked.
    """
    name = question.key
    if question.kind == "words":
        return read(question, fields.get(name) or None)
    if question.kind == "list":
        lines = str(fields.get(name, "")).replace("\r", "").replace("\n", ",")
        return read(question, lines)
    if question.kind in ("date", "moment"):
        parts = [str(fields.get(f"{name}-{part}", "")).strip() for part in ("day", "month", "year")]
        clock = str(fields.get(f"{name}-time", "")).strip()
        if not any((*parts, clock)):
            return None
        try:
            numbers = [int(part) for part in parts]
            on = datetime(numbers[2], numbers[1], numbers[0], tzinfo=LONDON)
        except ValueError:
            raise ValueError("enter a real date, such as 27 3 2026") from None
        if question.kind == "date":
            return read(question, on.date())
        try:
            at = time.fromisoformat(clock.replace(".", ":").zfill(5))
        except ValueError:
            raise ValueError("enter the time of day, such as 14:30") from None
        return read(question, datetime.combine(on.date(), at, tzinfo=LONDON).astimezone(UTC))
    return read(question, fields.get(name))


def shown(question: Question, answer: Any) -> dict[str, Any]:
    """Return an answer as the fields of a form."""
    name = question.key
    if answer is None:
        return {}
    if question.kind in ("yes-no", "must-be-yes", "must-be-no"):
        return {name: "yes" if answer is True else "no"}
    if question.kind == "list":
        return {name: "\n".join(answer)}
    if question.kind in ("date", "moment"):
        text = str(answer)
        at = datetime.fromisoformat(text).astimezone(LONDON) if question.kind == "moment" else None
        year, month, day = (f"{at:%Y-%m-%d}" if at else text[:10]).split("-")
        fields = {f"{name}-day": str(int(day)), f"{name}-month": str(int(month)), f"{name}-year": year}
        return fields | ({f"{name}-time": f"{at:%H:%M}"} if at else {})
    return {name: answer if isinstance(answer, list) else str(answer)}


def in_words(question: Question, answer: Any) -> str:
    """Return an answer as people read it."""
    if answer is None or answer == []:
        return _("Not answered")
    if isinstance(answer, bool):
        return _("Yes") if answer else _("No")
    if isinstance(answer, list):
        return "; ".join(map(str, answer))
    if question.kind == "moment":
        at = datetime.fromisoformat(str(answer)).astimezone(LONDON)
        return f"{at.day} {_(f'{at:%B}')} {at:%Y, %H:%M}"
    if question.kind == "date":
        on = datetime.fromisoformat(str(answer))
        return f"{on.day} {_(f'{on:%B}')} {on.year}"
    return str(answer)
