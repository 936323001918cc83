"""Commands, events and the cases that they make: ``evolve(registry, event)`` gives the state after an event.

Time, ids and the actor come with the command. Events are plain and frozen, so that a file, a database or a queue can keep
them; folding them again gives the same state wherever they were kept. What may happen is in `…governance.decisions`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from tallystick.governance.clocks import london_day
from tallystick.governance.tables.processes import NEW

Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@+-]*$", max_length=120)]


class Plain(BaseModel):
    """A frozen record; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Command(Plain):
    """What somebody asks to be done: ``act`` on the case ``subject`` of a process, by a person in a role, at a moment."""

    event_id: Identity
    process: str
    subject: Identity
    act: str
    at: AwareDatetime
    by: Identity
    role: str
    organisation: str = Field(default="", max_length=200)
    answers: dict[str, JsonValue] = Field(default_factory=dict)


class Event(Command):
    """What was done: the command with its answers read, and the state that the case is in since.

    ``followed_by`` counts the events after it that belong to the same act.
    """

    state: str
    warnings: tuple[str, ...] = ()
    followed_by: int = 0


@dataclass(frozen=True)
class Case:
    """One thing in one process: its state, the latest answer to each question, and all that happened to it.

    ``is_declared`` marks what was read from a signed agreement and not from events.
    """

    process: str
    id: str
    state: str = NEW
    answers: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    history: tuple[Event, ...] = ()
    is_declared: bool = False

    def get(self, key: str, otherwise: Any = None) -> Any:
        """Return the latest answer to a question."""
        value = self.answers.get(key)
        return otherwise if value is None else value

    def day(self, key: str) -> date | None:
        """Return the latest answer to a question as a date."""
        value = self.answers.get(key)
        return date.fromisoformat(str(value)[:10]) if value else None

    def acts(self, *names: str) -> tuple[Event, ...]:
        """Return the events of these acts, in order."""
        return tuple(event for event in self.history if event.act in names)

    def last(self, *names: str) -> Event | None:
        """Return the latest event of these acts."""
        return next((event for event in reversed(self.history) if event.act in names), None)

    def after(self, act: str) -> tuple[Event, ...]:
        """Return the events after the last one of this act; all of them when there is none."""
        for index in range(len(self.history) - 1, -1, -1):
            if self.history[index].act == act:
                return self.history[index + 1 :]
        return self.history

    def times(self, until: datetime) -> dict[str, timedelta]:
        """Return how long the case has been in each state, up to ``until`` (requirement 325)."""
        spent: dict[str, timedelta] = {}
        for index, event in enumerate(self.history):
            end = self.history[index + 1].at if index + 1 < len(self.history) else until
            spent[event.state] = spent.get(event.state, timedelta()) + (end - event.at)
        return spent


Cases = Mapping[str, Mapping[str, Case]]
Act = tuple[str, str, str]
"""Process, case and act."""


@dataclass(frozen=True)
class Registry:
    """All cases by process and id, and every event's id with the act that it stands for."""

    cases: Cases = field(default_factory=lambda: MappingProxyType({}))
    seen: Mapping[str, Act] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, process: str, subject: str) -> Case | None:
        """Return a case, or None."""
        return self.cases.get(process, {}).get(subject)

    def all(self, process: str) -> Iterable[Case]:
        """Return the cases of a process, in the order in which they were opened."""
        return self.cases.get(process, {}).values()

    def about(self, process: str, *subjects: str) -> tuple[Case, ...]:
        """Return the cases of a process that say they are about one of these things."""
        return tuple(case for case in self.all(process) if case.get("about") in subjects)

    def having(self, *cases: Case) -> Registry:
        """Return the registry with these cases put in, such as those that a signed agreement declares."""
        table = {process: dict(rows) for process, rows in self.cases.items()}
        for case in cases:
            table.setdefault(case.process, {}).setdefault(case.id, case)
        return replace(self, cases=table)


EMPTY = Registry()


def evolve(registry: Registry, event: Event) -> Registry:
    """Return the registry after an event; nothing that was given is changed."""
    rows = registry.cases.get(event.process, {})
    now = {event.subject: stepped(rows.get(event.subject), event)}
    # laid over what was given, which may be a database that nobody wants to read whole
    return Registry(
        {**registry.cases, event.process: over(rows, now)},
        over(registry.seen, {event.event_id: act_of(event)}),
    )


def over(below: Mapping[str, Any], above: dict[str, Any]) -> Mapping[str, Any]:
    """Return a mapping with what lies above before what lies below; its order is that of what lies below, then the rest."""
    return ChainMap(above, *(below.maps if isinstance(below, ChainMap) else [cast(dict[str, Any], below)]))


def fold(events: Iterable[Event], start: Registry = EMPTY) -> Registry:
    """Return the registry after many events: what `evolve` gives one after the other, in one go."""
    table = {process: dict(rows) for process, rows in start.cases.items()}
    seen = dict(start.seen)
    pending: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        seen[event.event_id] = act_of(event)
        pending.setdefault((event.process, event.subject), []).append(event)
    for (process, subject), mine in pending.items():
        rows = table.setdefault(process, {})
        rows[subject] = stepped(rows.get(subject), *mine)
    return Registry(table, seen)


def stepped(case: Case | None, *events: Event) -> Case:
    """Return a case after these events."""
    first = events[0]
    known = case or Case(first.process, first.subject)
    answers = dict(known.answers)
    for event in events:
        for key, value in event.answers.items():
            if value is None:
                answers.pop(key, None)
            else:
                answers[key] = value
    return replace(
        known, state=events[-1].state, answers=answers, history=known.history + events, is_declared=False
    )


def act_of(event: Command) -> Act:
    """Return the process, the case and the act of an event."""
    return event.process, event.subject, event.act


def today(command: Command) -> date:
    """Return the day in London on which an act is done."""
    return london_day(command.at)
