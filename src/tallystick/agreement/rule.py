"""A rule: what must hold, where it is asked, which law or guidance it comes from, and from when to when it is in force.

Most rules are of one shape (an answer, a word of a closed list, a yes, a no, a date); they are data, `Need`, and one function,
`unmet`, reads them all. A rule with logic of its own is a function `(subject, case) -> places`. Either way a rule yields only
*where* it is broken; its words and its remedy stand in its row. The rows are in `agreement.rules` and, for the states of
requests, retention, rights and incidents, in `governance`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from tallystick.agreement.dataset import DataField, Dataset
from tallystick.agreement.project import Project, ProjectDataset, ProjectField
from tallystick.agreement.requirements import source_of
from tallystick.agreement.schema import Agreement, Party, Recipient
from tallystick.errors import Finding, Severity

Door = Literal[
    "supply", "link", "review", "deidentify", "extract", "output", "release", "destroy", "publish", "sign", "request", "lab"
]  # fmt: skip
DOORS: tuple[Door, ...] = Door.__args__  # type: ignore[attr-defined]
NAMED = (Party, Dataset, DataField, Recipient, ProjectDataset, ProjectField)
PLACEHOLDERS = ("tbc", "tbd", "to be confirmed", "to be decided")


@dataclass(frozen=True)
class Case:
    """What a rule may know beside its subject: the day, the agreement and the project that apply."""

    on: date
    agreement: Agreement | None = None
    project: Project | None = None
    door: Door | None = None


Condition = Callable[[Any, Case], bool]
Places = Callable[[Any, Case], Iterable[str]]


@dataclass(frozen=True)
class Need:
    """The common shape: the answer at ``path`` must be so.

    ``path`` goes by attribute or key, with ``*`` for each of several (``parties.*.contact``); ``must`` says what the answer must
    be; ``of`` (given the innermost of the several, else the subject) narrows which are asked.
    """

    path: str
    must: Literal[
        "answered", "one of", "yes", "no", "empty", "not later", "not earlier", "at least", "at most"
    ] = "answered"
    value: Any = None
    of: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Rule:
    """One rule. ``requirements`` are its numbers in the requirements; the first gives its source unless ``source`` does.

    ``subject`` names what it reads: the agreement, a project, a movement, an output, a request, and so on. ``starts`` and
    ``ends`` are the first and last day on which it is law; None leaves that side open.
    """

    id: str
    requirements: tuple[int, ...]
    subject: str
    test: Need | Places
    says: str
    do: str
    doors: frozenset[Door] = frozenset()
    when: Condition | None = None
    starts: date | None = None
    ends: date | None = None
    severity: Severity = "refuse"
    source: str = ""
    unverified: bool = False

    def in_force(self, on: date) -> bool:
        """Whether it is law on that day."""
        return (self.starts is None or self.starts <= on) and (self.ends is None or on <= self.ends)

    def findings(self, subject: Any, case: Case) -> Iterator[Finding]:
        """Yield a finding for each place where the subject breaks the rule."""
        if not self.in_force(case.on) or (self.when is not None and not self.when(subject, case)):
            return
        places = unmet(self.test, subject, case) if isinstance(self.test, Need) else self.test(subject, case)
        number = ", ".join(str(item) for item in self.requirements)
        for where in places:
            yield Finding(self.id, self.says, self.do, where, number, self.cited, self.severity)

    @property
    def cited(self) -> str:
        """The document and section, or the law, that it comes from."""
        return self.source or (source_of(self.requirements[0]) if self.requirements else "")


def unmet(need: Need, subject: Any, case: Case) -> Iterator[str]:
    """Yield where the answer that ``need`` asks for is missing or wrong."""
    for where, holder, answer in answers(subject, tuple(need.path.split(".")), holder=subject):
        if (need.of is None or need.of(holder)) and not is_met(need, answer, case.on):
            yield where


def is_met(need: Need, answer: Any, on: date) -> bool:
    """Whether one answer is what ``need`` asks; a date is compared with the day, ``value`` days from it."""
    match need.must:
        case "answered":
            return is_answered(answer)
        case "empty" | "no":
            return not is_answered(answer) or answer is False
        case "yes":
            return answer is True
        case "one of":
            return answer in need.value
        case "not later":
            return isinstance(answer, date) and as_day(answer) <= on
        case "not earlier":
            return isinstance(answer, date) and as_day(answer) >= on
        case "at least":
            return isinstance(answer, int | float) and answer >= need.value
        case "at most":
            return isinstance(answer, int | float) and answer <= need.value


def as_day(moment: date) -> date:
    """Return the day of a date or a moment."""
    return moment.date() if isinstance(moment, datetime) else moment


def is_answered(answer: Any) -> bool:
    """Whether something was said: False and 0 are answers; None, a blank, an ellipsis, TBC and an empty list are not."""
    if isinstance(answer, str):
        said = answer.strip().strip("….?-–—_")
        return bool(said) and said.casefold() not in PLACEHOLDERS
    return answer is not None and answer != () and answer != [] and answer != {}


def answers(
    thing: Any, path: tuple[str, ...], where: str = "", holder: Any = None
) -> Iterator[tuple[str, Any, Any]]:
    """Yield ``(where, the innermost of several, answer)`` for each thing that a path leads to."""
    if not path:
        yield where, holder, thing
        return
    part, rest = path[0], path[1:]
    if part == "*":
        for index, item in enumerate(thing or (), 1):
            name = f" {item.name!r}" if isinstance(item, NAMED) else f" {index}"
            yield from answers(item, rest, where + name, item)
        return
    inner = thing.get(part) if isinstance(thing, Mapping) else getattr(thing, part)
    written = part
    if isinstance(thing, BaseModel):
        written = type(thing).model_fields[part].alias or part if part in type(thing).model_fields else part
    yield from answers(inner, rest, f"{where}, {written}" if where else written, holder)


def broken(rules: Iterable[Rule], subject_name: str, subject: Any, case: Case) -> tuple[Finding, ...]:
    """Return all findings of those rules that read this kind of subject, at the case's door if it names one."""
    return tuple(
        finding
        for rule in rules
        if rule.subject == subject_name and (case.door is None or case.door in rule.doors)
        for finding in rule.findings(subject, case)
    )
