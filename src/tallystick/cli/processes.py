"""The commands of a governance process, made from its table of acts: one for each act, and `list`, `show` and `form`.

One function, `perform`, does every act. A person acts in a role (``--role``) for an organisation (``--organisation``); both may be left
out where the register of offices says who they are.
"""

from __future__ import annotations

import getpass
import json
import tomllib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import output
from tallystick.errors import BadInput

if TYPE_CHECKING:
    from tallystick.governance.cases import Case, Registry
    from tallystick.governance.journal import Journal

Subject = Annotated[str, typer.Argument(metavar="ID", help="The case's id: yours to choose when it begins.")]
Folder = Annotated[Path, typer.Argument(help="The share's folder.")]
Answer = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="QUESTION=ANSWER", help="One answer; several of a list with commas."),
]
Answers = Annotated[
    Path | None,
    typer.Option("--answers", help="A file of answers (TOML or JSON); `form` prints a blank one."),
]
Who = Annotated[str | None, typer.Option("--as", help="Who acts (default: your account).")]
Role = Annotated[str | None, typer.Option("--role", help="The office in which they act.")]
Organisation = Annotated[str | None, typer.Option("--organisation", help="The body for which they act.")]
At = Annotated[
    str | None, typer.Option("--at", help="When, with its zone: 2026-06-30T09:00:00Z (default: now).")
]
EventId = Annotated[
    str | None, typer.Option("--event-id", help="The act's own id: the same twice is done once.")
]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]


def group(text: str) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(help=text, rich_markup_mode=None, no_args_is_help=True, add_completion=False)


def process_app(name: str) -> typer.Typer:
    """Return the commands of a process: one for each of its acts, and `list`, `show` and `form`."""
    from tallystick.governance.tables.processes import PROCESSES

    process = PROCESSES[name]
    app = group(f"{process.title}: {', '.join(process.states)}.")
    for act in process.acts:
        app.command(act, help=act_help(name, act))(act_command(name, act))
    app.command("list", help="List the cases and their states.")(list_command(name))
    app.command("show", help="Show one case: its answers, its history, and what it can do now.")(
        show_command(name)
    )
    app.command("form", help="Print the questions of an act as a file to fill in.")(form_command(name))
    return app


def act_help(name: str, act: str) -> str:
    """Return what `--help` says of an act: from which states, by whom."""
    from tallystick.governance.tables.processes import NEW, PROCESSES

    process = PROCESSES[name]
    before = [state for state, row in process.table.items() if act in row and state != NEW]
    start = f"From {', '.join(before)}. " if before else "Begins the case. "
    return f"{start}By: {', '.join(sorted(process.may[act]))}."


def act_command(name: str, act: str) -> Callable[..., None]:
    """Return the command of one act."""

    def command(
        subject: Subject,
        folder: Folder = Path(),
        answer: Answer = None,
        answers: Answers = None,
        who: Who = None,
        role: Role = None,
        organisation: Organisation = None,
        at: At = None,
        event_id: EventId = None,
        as_json: Json = False,
    ) -> None:
        given = {**read_answers(answers), **dict(map(split_answer, answer or []))}
        perform(name, act, subject, folder, given, who, role, organisation, at, event_id, as_json)

    return command


def perform(
    name: str,
    act: str,
    subject: str,
    folder: Path,
    answers: Mapping[str, Any],
    who: str | None = None,
    role: str | None = None,
    organisation: str | None = None,
    at: str | None = None,
    event_id: str | None = None,
    as_json: bool = False,
) -> None:
    """Do one act, on the disk and in the ledger, and say what came of it."""
    from pydantic import ValidationError

    from tallystick.governance.cases import Command

    journal, now = journal_of(folder), moment(at)
    declared = declared_by(folder, now, holdings=name == "holding")
    by = acting(who or getpass.getuser())
    if role is None or organisation is None:
        role, organisation = office_of(journal.registry(declared), name, act, by, role, organisation, now)
    if (name, act) == ("holding", "audit"):
        answers = audited(journal, find(journal.registry(declared), name, subject), answers)
    if (name, act) == ("holding", "dispose"):
        refuse_while_there(journal, str(answers.get("place", "")))
    try:
        command = Command(
            event_id=event_id or uuid.uuid4().hex, process=name, subject=subject, act=act, at=now, by=by,
            role=role, organisation=organisation, answers=dict(answers),
        )  # fmt: skip
    except ValidationError as error:
        raise BadInput(wrong(error)) from None
    events, registry = journal.act(command, lambda: declared)
    case = registry.cases[name][subject]
    output.say(
        {
            "case": subject, "process": name, "act": act, "state": case.state, "done": bool(events),
            "noted": {key: case.get(key) for key in ("path", "regime", "risk_band", "route", "agreement") if case.get(key)},
            "warnings": list(events[0].warnings) if events else [],
            "followed_by": [f"{e.process} {e.subject}: {e.act}" for e in events[1:]],
            "can_now": acts_of(case),
        },
        as_json=as_json, text=said(case, events),
    )  # fmt: skip


def audited(journal: Journal, holding: Case, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of an audit, with what the software found when it looked at the files itself (256)."""
    from tallystick.governance.retention import looked_at

    looked = looked_at(holding, journal.is_there, journal.copies())
    given = {key: answers.get(key) or [] for key in looked}
    said = {key: value.split(",") if isinstance(value, str) else value for key, value in given.items()}
    return {**answers, **{key: list(dict.fromkeys([*found, *said[key]])) for key, found in looked.items()}}


def refuse_while_there(journal: Journal, place: str) -> None:
    """Raise Refused where a place that is to be recorded as cleared still holds a file (255, 261)."""
    from tallystick.errors import Refused
    from tallystick.governance.retention import differs

    if "/" in place and journal.is_there(place):
        remedy = "Destroy it (`tally destroy`), then record its disposal."
        raise Refused([differs(place, "is still there", remedy)], "Nothing was recorded.")


def acting(name: str) -> str:
    """Return the id under which somebody acts: an officer's name as the agreement writes it is turned into one."""
    from tallystick.governance.declared import person_id

    return person_id(name) if " " in name else name


def said(case: Case, events: tuple[Any, ...]) -> str:
    """Return what an act came to, for a person."""
    if not events:
        return f"That was done before: the {case.process} {case.id} is {case.state}."
    lines = [f"The {case.process} {case.id} is now: {case.state}."]
    lines += [f"  warning: {warning}" for warning in events[0].warnings]
    lines += [f"  and so: {event.process} {event.subject}, {event.act}" for event in events[1:]]
    lines.append(f"  next: {', '.join(acts_of(case)) or 'nothing more'}")
    return "\n".join(lines)


def acts_of(case: Case) -> list[str]:
    """Return the acts that a case's state allows."""
    from tallystick.governance.tables.processes import PROCESSES

    return list(PROCESSES[case.process].table[case.state])


def wrong(error: Any) -> str:
    """Return what is wrong with a command's words, without the words."""
    names = {"subject": "ID", "by": "--as", "event_id": "--event-id", "organisation": "--organisation"}
    bad = sorted({names.get(str(problem["loc"][0]), str(problem["loc"][0])) for problem in error.errors()})
    return (
        f"{', '.join(bad)}: write letters, figures and . _ : @ + - only, at most 120 of them, "
        "beginning with a letter or a figure."
    )


def office_of(
    registry: Registry,
    name: str,
    act: str,
    by: str,
    role: str | None,
    organisation: str | None,
    now: datetime,
) -> tuple[str, str]:
    """Return the role and the organisation in which somebody acts, from the offices that they hold where not said."""
    from tallystick.governance.clocks import london_day
    from tallystick.governance.people import appointments, holds
    from tallystick.governance.tables.processes import PROCESSES

    may, on = PROCESSES[name].may[act], london_day(now)
    held = {
        (str(case.get("office")), str(case.get("body")))
        for case in appointments(registry, by)
        if holds(case, on) and case.get("office") in may
    }
    fits = {pair for pair in held if role in (None, pair[0]) and organisation in (None, pair[1])}
    if len(fits) == 1:
        return fits.pop()
    if role is None:
        raise BadInput(
            f"In which role? Say it with --role: {', '.join(sorted(may))}."
            if not fits else "Several offices fit: say which with --role and --organisation."
        )  # fmt: skip
    return role, organisation or ""


def split_answer(text: str) -> tuple[str, str]:
    """Return a ``question=answer`` as a pair."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadInput("--set takes QUESTION=ANSWER: did you leave out the `=`?")
    return key.strip(), value


def read_answers(path: Path | None) -> dict[str, Any]:
    """Return the answers in a TOML or JSON file; dates become text."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, ValueError):
        raise BadInput(f"{path.name} is not a file of answers in TOML or JSON (UTF-8).") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path.name} must hold questions and their answers.")
    return dict(json.loads(json.dumps(found, default=str)))


def moment(text: str | None) -> datetime:
    """Return the moment that was named, or the present one."""
    from tallystick.governance.forms import as_moment

    if text is None:
        return datetime.now(UTC)
    try:
        return as_moment(text)
    except ValueError:
        raise BadInput("--at takes a time with its zone, as 2026-06-30T09:00:00Z.") from None


def journal_of(folder: Path) -> Journal:
    """Return the governance of a folder; raise BadInput where there is no such folder."""
    from tallystick.governance.journal import Journal

    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}. Name the share's folder after the id.")
    return Journal(folder.resolve())


def declared_by(folder: Path, now: datetime, *, holdings: bool = False) -> tuple[Case, ...]:
    """Return what the folder's agreement already says, and with ``holdings`` its ledger; nothing without an agreement."""
    from tallystick.agreement.io import load, load_projects
    from tallystick.governance.clocks import london_day
    from tallystick.governance.declared import from_agreement, from_ledger

    if not (folder / "agreement.toml").is_file():
        return ()
    agreement = load(folder)
    declared = from_agreement(agreement, london_day(now))
    if not holdings:
        return declared
    entries = journal_of(folder).entries_of_files()
    return (*declared, *from_ledger(entries, agreement, load_projects(folder)))


def registry_of(folder: Path, now: datetime, *, holdings: bool = False) -> Registry:
    """Return all cases of a folder; the files that its ledger names are among them only with ``holdings``."""
    return journal_of(folder).registry(declared_by(folder, now, holdings=holdings))


def find(registry: Registry, name: str, subject: str) -> Case:
    """Return a case; raise BadInput where there is none of that id."""
    case = registry.find(name, subject)
    if case is None:
        raise BadInput(f"There is no {name} of that id here. `list` names them.")
    return case


def list_command(name: str) -> Callable[..., None]:
    """Return the command that lists the cases of a process."""

    def command(
        folder: Folder = Path(),
        state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
        at: At = None,
        as_json: Json = False,
    ) -> None:
        cases = [
            case
            for case in registry_of(folder, moment(at), holdings=name == "holding").all(name)
            if state in (None, case.state)
        ]  # fmt: skip
        if as_json:
            output.say(
                [{"id": case.id, "state": case.state, "about": case.get("about")} for case in cases],
                as_json=True,
            )
            return
        output.table(
            [(case.id, case.state, case.get("about", "")) for case in cases], ("id", "state", "about")
        )

    return command


def show_command(name: str) -> Callable[..., None]:
    """Return the command that shows a case, or prints it as a page."""

    def command(
        subject: Subject,
        folder: Folder = Path(),
        page: Annotated[Path | None, typer.Option("--html", help="Write it as a page here.")] = None,
        at: At = None,
        as_json: Json = False,
    ) -> None:
        now = moment(at)
        registry = registry_of(folder, now, holdings=name == "holding")
        case = find(registry, name, subject)
        if page is not None:
            write_page(case, page, now)
        output.say(facts(registry, case, now), as_json=as_json, text=told(registry, case, now))

    return command


def write_page(case: Case, page: Path, now: datetime) -> None:
    """Write a case as an HTML page."""
    from tallystick.agreement.io import write_text
    from tallystick.governance.pages import as_html, paper
    from tallystick.governance.tables.processes import PROCESSES

    write_text(page, as_html(*paper(case, now), title=f"{PROCESSES[case.process].title}: {case.id}"))


def facts(registry: Registry, case: Case, now: datetime) -> dict[str, Any]:
    """Return a case as plain values."""
    return {
        "id": case.id, "process": case.process, "state": case.state, "declared": case.is_declared,
        "answers": dict(case.answers), "can_now": acts_of(case), "deciders": waiting_for(registry, case),
        "days_in_state": {state: round(time.total_seconds() / 86400, 2) for state, time in case.times(now).items()},
        "history": [event.model_dump(mode="json", exclude={"answers"}) for event in case.history],
    }  # fmt: skip


def waiting_for(registry: Registry, case: Case) -> list[str]:
    """Return the bodies that must still decide a request that is under review."""
    from tallystick.governance.people import undecided

    if case.process != "request" or case.state != "under-review":
        return []
    return [f"{body.office} of {body.name} (stage {body.stage})" for body in undecided(registry, case)]


def told(registry: Registry, case: Case, now: datetime) -> str:
    """Return a case as text for a person."""
    lines = [f"{case.process} {case.id}: {case.state}"]
    lines += [f"  {key}: {value}" for key, value in case.answers.items()]
    lines += [
        f"  {event.at:%Y-%m-%d %H:%M} {event.act} by {event.by} ({event.role})" for event in case.history
    ]
    lines += [f"  waits for {body}" for body in waiting_for(registry, case)]
    lines.append(f"  next: {', '.join(acts_of(case)) or 'nothing more'}")
    return "\n".join(lines)


def form_command(name: str) -> Callable[..., None]:
    """Return the command that prints an act's questions."""

    def command(
        act: Annotated[str, typer.Argument(help="The act.")],
        folder: Folder = Path(),
        as_json: Json = False,
    ) -> None:
        from tallystick.agreement.io import load
        from tallystick.governance.assessments import known_answers
        from tallystick.governance.decisions import form
        from tallystick.governance.tables.processes import PROCESSES

        process = PROCESSES[name]
        if act not in process.acts:
            raise BadInput(f"A {name} has no such act. It has: {', '.join(process.acts)}.")
        questions = form(process, act)
        known = known_answers(load(folder), name) if (folder / "agreement.toml").is_file() else {}
        if as_json:
            output.say([{**asdict(q), "known": known.get(q.key)} for q in questions.values()], as_json=True)
            return
        for question in questions.values():
            output.line(as_toml(question, known.get(question.key)))

    return command


def as_toml(question: Any, known: Any) -> str:
    """Return a question as a line to fill in, or filled in with what is known already."""
    import tomli_w

    words = f" One of: {', '.join(question.words)}." if question.words else ""
    asked = (
        f" Asked when: {question.when}." if question.when else "" if question.required else " May stay empty."
    )
    filled = tomli_w.dumps({question.key: known}).strip() if known else f"# {question.key} = "
    return f"# {question.text}{words}{asked}\n{filled}\n"
