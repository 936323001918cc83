"""``decide(registry, command)`` gives the events that a command causes, or refuses with every finding.

Processes, forms, permissions and rules are data; this module reads them. May this person (`may_person`: the role; a rule asks
for the office) and may this thing (`may_thing`: the state) are two questions, asked in two places.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from tallystick.errors import BadInput, Finding, Refused
from tallystick.governance.cases import Case, Command, Event, Registry, act_of, evolve, stepped
from tallystick.governance.conditions import Asking
from tallystick.governance.forms import Question, read_all
from tallystick.governance.outcomes import consequences, outcome
from tallystick.governance.rules import ask
from tallystick.governance.tables.processes import NEW, PROCESSES, Process
from tallystick.governance.tables.questions import QUESTIONS


def decide(registry: Registry, command: Command) -> tuple[Event, ...]:
    """Return the events that a command causes; raise Refused with every finding, or BadInput.

    The first event is the act itself; those after it are acts on other cases that follow from it. A command whose
    ``event_id`` is known already causes nothing: asking twice is harmless.
    """
    known = registry.seen.get(command.event_id)
    if known == act_of(command):
        return ()
    if known is not None:
        raise BadInput("That event id stands for another act already. Give this act its own.")
    process = process_of(command)
    case = registry.find(command.process, command.subject) or Case(command.process, command.subject)
    check_thing(process, case, command)
    check_person(process, command)
    given = read_all(form(process, command.act), command.answers, f"To {command.act} a {process.name}")
    asking = Asking(registry, case, stepped(case, as_event(command, given, case.state)), command)
    found = ask(asking)
    refusals = [finding for finding in found if finding.severity == "refuse"]
    if refusals:
        raise Refused(refusals)
    state, noted = outcome(asking, process.table[case.state][command.act])
    event = as_event(command, {**given, **noted}, state, tuple(str(finding) for finding in found))
    world = evolve(registry, event)
    after = tuple(
        as_event(follow, follow.answers, str(PROCESSES[follow.process].table[now][follow.act]))
        for follow, now in consequences(world, asking, event)
    )
    return event.model_copy(update={"followed_by": len(after)}), *after


def form(process: Process, act: str) -> Mapping[str, Question]:
    """Return the questions that may be answered at an act, by key: its own, and those of a form that it fills in early."""
    acts = {act, process.early.get(act, act)}
    return {
        question.key: question
        for question in QUESTIONS
        if question.process == process.name and question.act in acts
    }


def process_of(command: Command) -> Process:
    """Return the command's process; raise BadInput when there is none, or it has no such act."""
    process = PROCESSES.get(command.process)
    if process is None:
        raise BadInput(f"There is no process {command.process!r}. There are: {', '.join(PROCESSES)}.")
    if command.act not in process.acts:
        raise BadInput(f"A {process.name} has no act {command.act!r}. It has: {', '.join(process.acts)}.")
    return process


def may_thing(process: Process, case: Case) -> tuple[str, ...]:
    """Return the acts that the case's state allows."""
    return tuple(process.table[case.state])


def may_person(process: Process, act: str) -> frozenset[str]:
    """Return the roles that may do an act."""
    return process.may[act]


def check_thing(process: Process, case: Case, command: Command) -> None:
    """Raise Refused unless the case's state allows the act, and time does not run backwards."""
    if command.act not in may_thing(process, case):
        now = "does not exist yet" if case.state == NEW else f"is {case.state}"
        acts = ", ".join(may_thing(process, case)) or "nothing more"
        raise refused(
            "state", f"The {process.name} {now}: it cannot {command.act}.", f"It can: {acts}.", command,
            process.requirement,
        )  # fmt: skip
    if case.history and command.at.astimezone(UTC) < case.history[-1].at.astimezone(UTC):
        raise refused(
            "time", "The act would lie before the last one.", "Give the time of the act.", command, "321"
        )


def check_person(process: Process, command: Command) -> None:
    """Raise Refused unless the role may do the act; whether the person holds the office is a rule's question."""
    roles = may_person(process, command.act)
    if command.role not in roles:
        raise refused(
            "role", f"Somebody with this role may not {command.act} a {process.name}.",
            f"It takes one of: {', '.join(sorted(roles))}.", command, "149",
        )  # fmt: skip


def refused(rule: str, message: str, remedy: str, command: Command, requirement: str) -> Refused:
    """Return the refusal with one finding about the command's case."""
    return Refused([Finding(rule, message, remedy, command.subject, requirement)])


def as_event(
    command: Command, answers: Mapping[str, Any], state: str, warnings: tuple[str, ...] = ()
) -> Event:
    """Return the event of a command."""
    return Event(
        **command.model_dump(exclude={"answers", "at"}),
        at=command.at.astimezone(UTC),
        answers=dict(answers),
        state=state,
        warnings=warnings,
    )
