"""`tally run`, `supply`, `deidentify`, `extract`, `destroy`: a share's doors, all in order or one at a time."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tallystick.cli import output
from tallystick.errors import BadInput

ENGINES: dict[str, Literal["native", "splink", "spark"]] = {
    "native": "native",
    "splink": "splink",
    "spark": "spark",
}

Folder = Annotated[Path, typer.Argument(help="The share's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]
Supplies = Annotated[
    Path | None, typer.Option("--supplies", help="Take the datasets' files from this folder instead.")
]
Actor = Annotated[str | None, typer.Option("--as", help="Who acts, for the ledger (default: your account).")]


def clock(actor: str | None) -> Any:
    """Return who acts and when: the account's name, and the present moment."""
    from tallystick.share.acts import Clock

    return Clock(actor or getpass.getuser(), datetime.now(UTC))


def run(
    folder: Folder = Path(),
    supplies: Supplies = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="Stop after: supply, link, destroy, deidentify, extract, report."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="native, splink or spark.")] = "native",
    seed: Annotated[int, typer.Option("--seed", help="For what is sampled in training.")] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; touch nothing.")
    ] = False,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Do every step that the agreement allows, in order, going on where it stopped.

    The supplies that lie inside the share are destroyed with the identifiers, as the agreement says.
    """
    from tallystick.share import run as share_run
    from tallystick.share.plan import plan
    from tallystick.share.rooms import open_share

    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}. The engines are: {', '.join(ENGINES)}.")
    share = open_share(folder)
    if dry_run:
        planned = plan(share, clock=clock(actor), until=until)
        output.say(
            {"steps": [asdict(step) for step in planned]},
            as_json=as_json,
            text="\n".join(f"{step.name}: {step.outcome}" for step in planned),
        )
        return
    with output.progress("run") as step:
        done = share_run.run(
            share,
            clock=clock(actor),
            supplies=supplies,
            until=until,
            engine=ENGINES[engine],
            seed=seed,
            step=step,
        )
    output.say(asdict(done), as_json=as_json, text=told(done))


def supply(
    folder: Folder = Path(), supplies: Supplies = None, actor: Actor = None, as_json: Json = False
) -> None:
    """Check each supplier's file, split it, and seal each half."""
    run(folder, supplies=supplies, until="supply", actor=actor, as_json=as_json)


def deidentify(folder: Folder = Path(), actor: Actor = None, as_json: Json = False) -> None:
    """Give the steward the attributes of the people who linked."""
    _one_door(folder, "deidentify", actor, as_json)


def extract(folder: Folder = Path(), actor: Actor = None, as_json: Json = False) -> None:
    """Make each approved project's extract; destroy those of projects whose access has ended."""
    _one_door(folder, "extract", actor, as_json)


def risk(
    folder: Folder = Path(),
    project: Annotated[
        str | None, typer.Option("--project", help="One project's id; without it, all.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Who is held back for the attacks.")] = 1,
    as_json: Json = False,
) -> None:
    """Measure how well each extract hides its people: k, uniques, attacks, and the least loss of detail that would mend it.

    Exit 1 where an extract breaks a limit.
    """
    from tallystick.agreement import io
    from tallystick.share.risk import risk as measure
    from tallystick.share.rooms import locked, open_share

    share = open_share(folder)
    agreement = io.load(share.agreement)
    chosen = [one for one in io.load_projects(share.root) if project in (None, one.id)]
    if not chosen:
        raise BadInput(
            "There is no such project in projects/. `tally risk DIR` without --project takes them all."
        )
    told, rows = [], []
    with locked(share):
        for one in chosen:
            found = measure(share, agreement, one, seed=seed)
            rows.append(
                {
                    "project": one.id,
                    "k": found.risk.k,
                    "sample_unique": found.risk.sample_unique,
                    "expected_share": found.risk.expected_prosecutor,
                    "findings": [finding.message for finding in found.findings],
                }
            )
            told += [
                f"{one.id}: see rooms/steward/risk/{one.id}.html.",
                *(f"  {finding.message} {finding.remedy}" for finding in found.findings),
            ]
    output.say(rows, as_json=as_json, text="\n".join(told))
    if any(row["findings"] for row in rows):
        raise typer.Exit(1)


def destroy(
    folder: Folder = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; touch nothing.")] = False,
    unlinked: Annotated[
        bool, typer.Option("--unlinked", help="Also where nothing was linked yet: the supplies are lost.")
    ] = False,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Destroy the identifiers, their keys, and the supplies inside the share. There is no undo."""
    if dry_run:
        from tallystick.share.destroy import due_files
        from tallystick.share.rooms import open_share

        names = due_files(open_share(folder))
        output.say(
            {"would_destroy": names}, as_json=as_json, text="\n".join(names) or "Nothing is left to destroy."
        )
        return
    _one_door(folder, "destroy", actor, as_json, unlinked=unlinked)


def _one_door(folder: Path, name: str, actor: str | None, as_json: bool, *, unlinked: bool = False) -> None:
    from tallystick.agreement import io
    from tallystick.share import acts
    from tallystick.share.deidentify import deidentify as open_deidentify
    from tallystick.share.destroy import destroy as open_destroy
    from tallystick.share.expire import expire, has_ended
    from tallystick.share.extract import extract as open_extract
    from tallystick.share.rooms import locked, open_share

    share = open_share(folder)
    with locked(share):
        acts.recover(share)
        agreement = io.load(share.agreement)
        now = clock(actor)
        done: Any = name
        if name == "deidentify":
            open_deidentify(share, agreement, clock=now)
        elif name == "destroy":
            done = [asdict(c) for c in open_destroy(share, agreement, clock=now, unlinked=unlinked)]
        else:
            projects = io.load_projects(share.root)
            for project in projects:
                if has_ended(agreement, project, now):
                    expire(share, agreement, project, clock=now)
                else:
                    open_extract(share, agreement, project, clock=now)
            done = [project.id for project in projects if not has_ended(agreement, project, now)]
    output.say({name: done}, as_json=as_json, text=f"{name}: done")


def told(done: Any) -> str:
    """Return what a run did, in lines for a person."""
    lines = [*done.recovered, *(f"{step.name}: {step.outcome}" for step in done.steps)]
    if done.accuracy:
        lines.append(
            f"against the known truth: precision {done.accuracy['precision']:.4f}, "
            f"recall {done.accuracy['recall']:.4f}, F1 {done.accuracy['f1']:.4f}"
        )
    if done.report:
        lines.append(f"report: {done.report}")
    return "\n".join(lines)
