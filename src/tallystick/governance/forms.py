"""Questions: one row asks one thing of one act, says what may be answered, and cites why it is asked.

`read` turns what was written into a plain value. A row that is required, or closed, or must be one answer, is a rule
(`tallystick.governance.rules.rule_of`); there is no other code for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from tallystick.agreement.values import PERIOD
from tallystick.errors import BadInput, Finding

Kind = Literal["text", "yes-no", "must-be-yes", "must-be-no", "word", "words", "list", "date", "moment", "number",
               "period"]  # fmt: skip
Answers = Mapping[str, Any]
TRUE = frozenset({"yes", "true", "y", "1"})
FALSE = frozenset({"no", "false", "n", "0"})
LONGEST = 20_000


@dataclass(frozen=True)
class Question:
    """A row: what an act asks.

    ``when`` names the conditions (all must hold) under which it is asked at all; with ``stays`` an earlier answer still counts.
    """

    process: str
    act: str
    key: str
    kind: Kind
    text: str
    requirements: tuple[int, ...] = ()
    required: bool = True
    when: str = ""
    words: tuple[str, ...] = ()
    stays: bool = False

    @property
    def id(self) -> str:
        """Return the rule's identity, such as ``request.submit.purpose``."""
        return f"{self.process}.{self.act}.{self.key}"

    @property
    def is_rule(self) -> bool:
        """Return whether something can be refused because of it."""
        return self.required or bool(self.words) or self.kind.startswith("must")


def read(question: Question, value: Any) -> Any:
    """Return the answer as a plain JSON value of the question's kind; raise ValueError saying what it should be.

    Dates and moments come back as ISO 8601 text, so that an event stays plain.
    """
    kind = question.kind
    if value is None or value == "" or value == []:
        return None
    if kind in ("yes-no", "must-be-yes", "must-be-no"):
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word not in TRUE | FALSE:
            raise ValueError("answer yes or no")
        return word in TRUE
    if kind in ("words", "list"):
        parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()] or None
    if isinstance(value, (dict, list, tuple)):
        raise ValueError("give one answer, not several")
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value).strip()
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters: attach it and give its reference")
    if kind == "date":
        return date.fromisoformat(text[:10]).isoformat()
    if kind == "moment":
        return as_moment(text).isoformat()
    if kind == "period":
        if not PERIOD.fullmatch(text):
            raise ValueError("write a period as ISO 8601 has it, such as P3Y or P28D")
        return text
    if kind == "number":
        number = float(text)
        if number != number or abs(number) == float("inf"):
            raise ValueError("give a number")
        return int(number) if number.is_integer() else number
    return text or None


def as_moment(text: str) -> datetime:
    """Return a moment with its time zone; raise ValueError when it has none."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time must know its time zone: 2026-06-30T09:00:00Z")
    return moment


def read_all(questions: Mapping[str, Question], answers: Answers, what: str) -> dict[str, Any]:
    """Return the answers read by their questions; raise BadInput with one finding for each that cannot be read."""
    found: dict[str, Any] = {}
    faults: list[Finding] = []
    for key, value in answers.items():
        question = questions.get(key)
        if question is None:
            known = ", ".join(sorted(questions)) or "none"
            faults.append(Finding("form.key", f"{what} asks no such question.", f"It asks: {known}.", key))
            continue
        try:
            found[key] = read(question, value)
        except ValueError as error:
            plain = {"date": "write a date as 2026-06-30", "number": "give a number",
                     "moment": "write a time with its zone, as 2026-06-30T09:00:00Z"}  # fmt: skip
            remedy = plain.get(question.kind, str(error))
            faults.append(
                Finding("form.value", "The answer cannot be read.", f"{remedy[0].upper()}{remedy[1:]}.", key)
            )
    if faults:
        raise BadInput(f"{len(faults)} answer(s) cannot be read.", faults)
    return found
