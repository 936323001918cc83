"""`tally request`, `approve`, `retain`, `incident`, `rights`, `assess`: governance on a share's folder.

Most of their commands are made from tables of acts by ``processes``; those here look, draft and remind.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.processes import (
    Answer,
    Answers,
    At,
    Folder,
    Json,
    Subject,
    act_command,
    find,
    group,
    journal_of,
    moment,
    process_app,
    read_answers,
    registry_of,
    split_answer,
)

request_app = process_app("request")
request_app.add_typer(process_app("dispute"), name="dispute")
rights_app = process_app("rights")
rights_app.add_typer(process_app("complaint"), name="complaint")
incident_app = process_app("incident")
retain_app = process_app("holding")
assess_app = group("DPIA screening, DPIA, equality impact assessment, privacy notice.")
for paper_name in ("screening", "dpia", "eia", "notice"):
    assess_app.add_typer(process_app(paper_name), name=paper_name)


@request_app.command("triage")
def triage_command(
    folder: Folder = Path(),
    answer: Answer = None,
    answers: Answers = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Say where a request would go, and why, before it is made: law, risk, and the lightest lawful path."""
    from tallystick.governance.clocks import london_day
    from tallystick.governance.decisions import form
    from tallystick.governance.forms import read_all
    from tallystick.governance.tables.processes import PROCESSES
    from tallystick.governance.triage import triage

    now = moment(at)
    given = {**read_answers(answers), **dict(map(split_answer, answer or []))}
    read = read_all(form(PROCESSES["request"], "submit"), given, "A request")
    found = triage(registry_of(folder, now), read, london_day(now))
    output.say(asdict(found), as_json=as_json, text="\n".join(found.explanation))


approve = act_command("request", "approve")
approve.__doc__ = "Approve a request for the owner or panel whose office you hold; all of them must."


@retain_app.command("due")
def retain_due(folder: Folder = Path(), at: At = None, as_json: Json = False) -> None:
    """List what asks for an act now: an end, a review or an audit that is due."""
    from tallystick.governance.retention import to_do

    now = moment(at)
    lines = list(to_do(registry_of(folder, now, holdings=True), now))
    if as_json:
        output.say([asdict(line) for line in lines], as_json=True)
        return
    output.table(
        [
            (line.id, line.what, line.status, line.end or "", line.audit_due or "", line.basis)
            for line in lines
        ],
        ("holding", "what", "status", "keep until", "audit due", "why"),
    )


@retain_app.command("look")
def retain_look(folder: Folder = Path(), at: At = None, as_json: Json = False) -> None:
    """Look for the files themselves: what the register says is gone, and is there; what it says is there, and is gone."""
    from tallystick.errors import Refused
    from tallystick.governance.retention import looked_for

    journal = journal_of(folder)
    found = looked_for(registry_of(folder, moment(at), holdings=True), journal.is_there, journal.copies())
    if found:
        raise Refused(found, "The register and the files differ.")
    output.say({"sound": True}, as_json=as_json, text="The files are as the register says.")


@incident_app.command("clock")
def incident_clock(subject: Subject, folder: Folder = Path(), at: At = None, as_json: Json = False) -> None:
    """Say until when the regulator must be told, and who else must be."""
    from tallystick.governance.assessments import duties

    now = moment(at)
    found = duties(find(registry_of(folder, now), "incident", subject), now)
    lines = "\n".join(
        f"{duty.who}: {duty.by:%Y-%m-%d %H:%M} UTC, {duty.state} ({duty.law})" for duty in found
    )
    output.say([asdict(duty) for duty in found], as_json=as_json, text=lines)


@incident_app.command("draft")
def incident_draft(
    subject: Subject,
    folder: Folder = Path(),
    page: Annotated[Path | None, typer.Option("--html", help="Write it as a page here.")] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Draft the notification to the regulator, to copy from; nothing is sent."""
    from tallystick.agreement.io import load, write_text
    from tallystick.governance.assessments import regulator_form
    from tallystick.governance.pages import as_html
    from tallystick.governance.pages import as_json as plain

    now = moment(at)
    agreement = load(folder) if (folder / "agreement.toml").is_file() else None
    draft = regulator_form(find(registry_of(folder, now), "incident", subject), agreement, now)
    if page is not None:
        write_text(page, as_html(draft))
    text = "\n".join(f"{question}: {answer}" for question, answer in draft.rows)
    output.say(plain(draft), as_json=as_json, text=text)
