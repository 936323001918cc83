"""`tally output`, what leaves: review, release, verify; the rest of the command is ``outputs``."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from tallystick.cli import output
from tallystick.cli.outputs import (
    Actor,
    AgreementAt,
    Files,
    Json,
    Minimum,
    ProjectId,
    Zeros,
    app,
    checked,
    releases_at,
)
from tallystick.cli.run import clock
from tallystick.errors import BadInput, Refused

__all__ = ["app"]


@app.command()
def release(
    files: Files,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder of releases (default: the share's releases/).")
    ] = None,
    release_id: Annotated[str, typer.Option("--id", help="The release's id (default: the time).")] = "",
    review: Annotated[Path | None, typer.Option("--review", help="The approved review's file.")] = None,
    in_scope: Annotated[
        bool, typer.Option("--in-scope", help="You say that the outputs are within the project's approval.")
    ] = False,
    agreement: AgreementAt = None,
    project: ProjectId = None,
    minimum: Minimum = None,
    zeros: Zeros = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Release files that are clean, or that a review approved: a folder with outputs, hashes, rules, evidence, decisions.

    Example: tally output release table.csv --share my-share --project alpha --review review.json --in-scope
    """
    from tallystick.disclosure.release import write_release
    from tallystick.disclosure.review_file import load_review
    from tallystick.share import release as door
    from tallystick.share.rooms import open_share

    folder = to or releases_at(agreement, None)
    if folder is None:
        raise BadInput("Say where releases are kept: --to FOLDER, or --share with a share's folder.")
    held = load_review(review) if review is not None else None
    now = clock(actor)
    if to is None and agreement is not None:
        asked = door.Asked(tuple(files), project or "", held, in_scope, minimum, bool(zeros))
        made = door.release(open_share(agreement), asked, release_id=release_id, clock=now)
    else:
        name = door.id_of(release_id, now)
        verdict, limits = checked(files, agreement, project, minimum, zeros, folder)
        folder.mkdir(parents=True, exist_ok=True)
        made = write_release(
            folder, name, verdict, limits, at=now.now, by=now.actor, project=project or "", review=held
        )
    output.say(
        {"id": made.id, "folder": str(made.folder), "outputs": made.outputs, "hash": made.hash},
        as_json=as_json,
        text=f"Released as {made.id} in {made.folder}.",
    )


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A published file.")],
    releases: Annotated[
        Path | None, typer.Option("--releases", help="Folder of releases (default: releases/ here).")
    ] = None,
    share: Annotated[
        Path | None, typer.Option("--share", help="The share's folder: its releases, and its ledger too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove that a published file is what was released; exit 1 if it is not.

    Example: tally output verify table.csv --share my-share
    """
    from tallystick.disclosure.release import intact
    from tallystick.disclosure.release import verify as prove
    from tallystick.share import release as door
    from tallystick.share.rooms import open_share

    folder = releases or (share / "releases" if share else Path("releases"))
    if not file.is_file():
        raise BadInput(f"{file.name}: there is no such file.")
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder of releases. Name it with --releases or --share.")
    found = prove(file, folder)
    changed = [*intact(folder / found), *(door.unlike_ledger(open_share(share), found) if share else ())]
    if changed:
        raise Refused(changed)
    told = "unchanged, and as the ledger says" if share else "unchanged"
    output.say(
        {"file": file.name, "release": found, "ledger": share is not None},
        as_json=as_json,
        text=f"{file.name} is in release {found}, {told}.",
    )


@app.command()
def review(
    at: Annotated[Path, typer.Argument(help="The review's file (JSON); made by --act submit.")],
    act: Annotated[
        str | None, typer.Option("--act", help="submit, assign, vote, change, release, withdraw.")
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--file", help="A file under review; may be given again.")
    ] = None,
    checker: Annotated[str, typer.Option("--checker", help="Whom to assign.")] = "",
    verdict: Annotated[str | None, typer.Option("--verdict", help="approve, change or reject.")] = None,
    comment: Annotated[str, typer.Option("--comment", help="What has to change, or why.")] = "",
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="FILE:PLACE that stays behind, such as t.csv:region=North."),
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Take a review one step on, or show it as you may see it.

    Example: tally output review review.json --act submit --file table.csv
    """
    from tallystick.agreement.io import write_text
    from tallystick.disclosure import review as engine
    from tallystick.disclosure.release import sha256
    from tallystick.disclosure.review_file import as_text, load_events, narrowings

    me = actor or getpass.getuser()
    events = load_events(at) if at.is_file() else []
    if not events and act != "submit":
        raise BadInput(f"{at.name}: there is no such review. Begin one with --act submit --file FILE.")
    author = events[0].command.by if events else me
    held = engine.Review(at.stem, author)
    for event in events:
        held = engine.evolve(held, event)
    if act is not None:
        if act not in get_args(engine.Act) or (
            verdict is not None and verdict not in get_args(engine.Verdict)
        ):
            raise BadInput("--act or --verdict is none of those that there are; see --help.")
        missing = [file.name for file in files or [] if not file.is_file()]
        if missing:
            raise BadInput(f"{missing[0]}: there is no such file.")
        command = engine.Command(
            act,  # type: ignore[arg-type]
            me,
            datetime.now(UTC),
            {file.name: sha256(file) for file in files or []},
            checker,
            verdict,  # type: ignore[arg-type]
            comment,
            narrowings(without or []),
        )
        event = engine.decide(held, command)
        held = engine.evolve(held, event)
        write_text(at, as_text([*events, event]))
    seen = engine.seen_by(held, me)
    shown = {
        "review": seen.id, "state": seen.state, "turn": engine.OWNER[seen.state], "author": seen.author,
        "files": dict(seen.files), "checkers": list(seen.checkers),
        "votes": [{"checker": v.checker, "verdict": v.verdict, "comment": v.comment} for v in seen.votes],
    }  # fmt: skip
    output.say(
        shown,
        as_json=as_json,
        text=f"{seen.id}: {seen.state}; the next turn is with {engine.OWNER[seen.state]}.",
    )
