"""`tally output`: what may leave, as files: describe, check, protect, audit, review, release, verify."""

from __future__ import annotations

import getpass
import json
import os
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tallystick.cli import output
from tallystick.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tallystick.disclosure.check import Checked
    from tallystick.disclosure.counts import Counts
    from tallystick.disclosure.release import Release
    from tallystick.disclosure.review import Review
    from tallystick.disclosure.rules import Limits

app = typer.Typer(
    help="Check, protect and release outputs.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)

Files = Annotated[
    list[Path], typer.Argument(help="Output files; those given together are compared with each other.")
]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]
AgreementAt = Annotated[
    Path | None,
    typer.Option(
        "--agreement", "--share", help="The share's folder, or its agreement's file: its limits are used."
    ),
]
ProjectId = Annotated[
    str | None, typer.Option("--project", help="The project, whose own minimum may be higher.")
]
Minimum = Annotated[
    int | None,
    typer.Option("--minimum", min=1, help="Minimum cell count, without an agreement (default 10)."),
]
Zeros = Annotated[
    bool | None,
    typer.Option(
        "--zeros/--no-zeros",
        help="Noughts are disclosive, or not (default: the agreement's word, else they are).",
    ),
]
Releases = Annotated[
    Path | None,
    typer.Option("--releases", help="Folder of earlier releases to compare with (default: the share's)."),
]
Actor = Annotated[str | None, typer.Option("--as", help="Who acts (default: your account).")]


def limits_for(
    agreement: Path | None, project: str | None, minimum: int | None, zeros: bool | None
) -> Limits:
    """Return the limits of the agreement and the project, or the defaults; ``minimum`` may only raise an agreement's."""
    from dataclasses import replace

    from tallystick.agreement import io
    from tallystick.disclosure.check import limits_of

    if agreement is None:
        held = limits_of(None, minimum)
    else:
        own = None
        if project is not None:
            folder = agreement if agreement.is_dir() else agreement.parent
            own = io.load_project(folder / "projects" / f"{project}.toml").minimum_cell_count
        held = limits_of(io.load(agreement).disclosure, max(own or 0, minimum or 0) or None)
    if agreement is None:
        return held if zeros is None else replace(held, zeros_are_disclosive=zeros)
    return replace(held, zeros_are_disclosive=held.zeros_are_disclosive or bool(zeros))


def releases_at(agreement: Path | None, releases: Path | None) -> Path | None:
    """Return the folder of releases: the one named, else the share's."""
    if releases is not None:
        return releases
    return agreement / "releases" if agreement is not None and agreement.is_dir() else None


def released(folder: Path | None) -> tuple[Counts, ...]:
    """Return the tables released before."""
    from tallystick.disclosure.release import released_counts

    return released_counts(folder) if folder is not None and folder.is_dir() else ()


def checked(
    files: list[Path],
    agreement: Path | None,
    project: str | None,
    minimum: int | None,
    zeros: bool | None,
    releases: Path | None,
) -> tuple[Checked, Limits]:
    """Return the verdict on the files, and the limits that it was made under."""
    from tallystick.disclosure.check import check_files

    limits = limits_for(agreement, project, minimum, zeros)
    return check_files(files, limits, released(releases_at(agreement, releases))), limits


def report(verdict: Checked, limits: Limits) -> dict[str, Any]:
    """Return the verdict as JSON."""
    return {
        "files": [str(path) for path in verdict.files],
        "verdict": "refused" if verdict.refusals else "clean",
        "minimum_cell_count": limits.minimum_cell_count,
        "tables": [
            {
                "file": reading.sheet.file,
                "sheet": reading.sheet.name,
                "statistic": reading.about.statistic,
                "described": reading.is_stated,
                "counts": reading.about.counts,
                "labels": list(reading.about.labels),
                "values": list(reading.about.values),
            }
            for reading in verdict.readings
        ],
        "findings": [vars(found) for found in verdict.findings],
    }


@app.command()
def check(
    files: Files,
    agreement: AgreementAt = None,
    project: ProjectId = None,
    minimum: Minimum = None,
    zeros: Zeros = None,
    releases: Releases = None,
    as_json: Json = False,
) -> None:
    """Check outputs: exit 0 if clean, 1 with each finding named, 2 for a file that cannot be read."""
    verdict, limits = checked(files, agreement, project, minimum, zeros, releases)
    if as_json:
        output.say(report(verdict, limits), as_json=True)
        if verdict.refusals:
            raise typer.Exit(Refused.exit_code)
        return
    for reading in verdict.readings:
        how = "as described" if reading.is_stated else "as guessed"
        output.line(f"{reading.sheet.where}: read as {reading.about.statistic} ({how})")
    if verdict.refusals:
        raise Refused(verdict.findings, f"Refused: {len(verdict.refusals)} finding(s).")
    output.findings(verdict.findings)
    output.line("Clean: nothing found that would stop a release.")


@app.command()
def describe(
    file: Annotated[Path, typer.Argument(help="The output to describe.")],
    write: Annotated[
        bool, typer.Option("--write", help="Write it beside the file, as FILE.about.toml.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a description that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write what a table does not say of itself (statistic, counts, population), filled in as guessed, to be corrected."""
    from tallystick.disclosure.about import as_toml, beside
    from tallystick.disclosure.check import describe as guessed

    about = guessed(file)
    text = as_toml(about)
    place = beside(file)
    if write:
        if place.exists() and not force:
            raise BadInput(f"{place.name} is there already. Edit it, or replace it with --force.")
        write_aside(place, text)
    if as_json:
        output.say(about.model_dump(by_alias=True, mode="json"), as_json=True)
    elif write:
        output.line(f"Wrote {place}. Correct it, then check again.")
    else:
        output.line(text.rstrip())


@app.command()
def protect(
    files: Files,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the protected tables.")],
    how: Annotated[
        str, typer.Option("--how", help="suppress, round, random-round or controlled-round.")
    ] = "suppress",
    base: Annotated[
        int | None, typer.Option("--base", min=2, help="What to round to (default: the agreement's, else 5).")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of random rounding.")] = None,
    agreement: AgreementAt = None,
    project: ProjectId = None,
    minimum: Minimum = None,
    zeros: Zeros = None,
    as_json: Json = False,
) -> None:
    """Protect tables of counts, several together, and of sums. Writes CSV in the layout that came in; largest contributions stay behind."""
    import numpy as np

    from tallystick.agreement import io
    from tallystick.disclosure import protect as engine
    from tallystick.disclosure.check import readings_of, stated_beside
    from tallystick.disclosure.read import read

    if how not in get_args(engine.How):
        raise BadInput(f"--how {how}: use one of {', '.join(get_args(engine.How))}.")
    limits = limits_for(agreement, project, minimum, zeros)
    agreed = io.load(agreement).disclosure.rounding if agreement is not None else None
    readings = [reading for file in files for reading in readings_of(read(file), stated_beside(file))]
    random = None if seed is None else np.random.default_rng(seed)
    made = engine.protect(readings, how, limits, base or agreed or 5, random)  # type: ignore[arg-type]
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for each in made:
        stem = Path(each.reading.sheet.file).stem
        part = re.sub(r"[^A-Za-z0-9_-]+", "-", each.reading.sheet.name)
        place = out / (f"{stem}-{part}.csv" if part else f"{stem}.csv")
        if place in {row["file"] for row in rows} or any(place.resolve() == file.resolve() for file in files):
            raise BadInput(f"{place} would be written over. Give another folder with --out.")
        write_aside(place, engine.as_csv(each))
        rows.append(
            {
                "file": place,
                "method": each.method,
                "primary": each.primary,
                "secondary": each.secondary,
                "audited": len(each.audit.cells) if each.audit else 0,
                "exact": each.audit.exact if each.audit else 0,
            }
        )
    if as_json:
        output.say(rows, as_json=True)
        return
    output.table(
        [list(row.values()) for row in rows], ["file", "method", "primary", "secondary", "audited", "exact"]
    )


@app.command()
def audit(files: Files, minimum: Minimum = None, zeros: Zeros = None, as_json: Json = False) -> None:
    """Show to what interval a reader can pin each hidden cell; exit 1 if any is pinned too closely."""
    import numpy as np

    from tallystick.disclosure.attacker import intervals
    from tallystick.disclosure.check import check_files
    from tallystick.disclosure.count_checks import exposed_cells

    limits = limits_for(None, None, minimum, zeros)
    verdict = check_files(files, limits)
    rows: list[dict[str, Any]] = []
    for counts in verdict.counts:
        cells = np.flatnonzero(counts.hidden)
        found = intervals(counts.full_grid().sums(), counts.low, counts.high, cells)
        exposed = exposed_cells(found.low, found.high, counts.low[cells], counts.high[cells], limits)
        for at, cell in enumerate(cells):
            rows.append(
                {
                    "table": counts.where,
                    "cell": counts.grid.label(int(cell)),
                    "low": float(found.low[at]),
                    "high": None if np.isinf(found.high[at]) else float(found.high[at]),
                    "how": "exact" if found.exact[at] else "proven bounds",
                    "exposed": bool(exposed[at]),
                }
            )
    if as_json:
        output.say(rows, as_json=True)
    elif rows:
        output.table([list(row.values()) for row in rows], list(rows[0]))
    else:
        output.line("No cell is hidden in these tables.")
    if any(row["exposed"] for row in rows) or any(f.rule == "difference.hidden" for f in verdict.findings):
        if as_json:
            raise typer.Exit(Refused.exit_code)
        named = [f for f in verdict.findings if f.rule in ("hidden.pinned", "difference.hidden")]
        raise Refused(named, "Hidden cells can be worked out.")


@app.command()
def release(
    files: Files,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder of releases (default: the share's releases/).")
    ] = None,
    release_id: Annotated[
        str | None, typer.Option("--id", help="The release's id (default: the time).")
    ] = None,
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
    """Release files that are clean, or that a review approved: a folder with outputs, hashes, rules, evidence, decisions."""
    from tallystick.disclosure.release import write_release

    folder = to or releases_at(agreement, None)
    if folder is None:
        raise BadInput("Say where releases are kept: --to FOLDER, or --share with a share's folder.")
    verdict, limits = checked(files, agreement, project, minimum, zeros, folder)
    now = datetime.now(UTC)
    name = release_id or now.strftime("%Y%m%dT%H%M%SZ")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", name):
        raise BadInput("A release's id is letters, digits, dots and hyphens.")
    held = load_review(review) if review is not None else None
    by = actor or getpass.getuser()
    written = partial(
        write_release,
        release_id=name,
        checked=verdict,
        limits=limits,
        at=now,
        by=by,
        project=project or "",
        review=held,
    )
    if to is None and agreement is not None:
        made = release_in_share(agreement, name, written, verdict, limits, project, held, by, now, in_scope)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        made = written(folder)
    if as_json:
        output.say(
            {"id": made.id, "folder": str(made.folder), "outputs": made.outputs, "hash": made.hash},
            as_json=True,
        )
    else:
        output.line(f"Released as {made.id} in {made.folder}.")


def release_in_share(
    folder: Path,
    name: str,
    written: Callable[[Path], Release],
    verdict: Checked,
    limits: Limits,
    project: str | None,
    review: Review | None,
    by: str,
    now: datetime,
    in_scope: bool,
) -> Release:
    """Return the release made through the share's door: the agreement is asked, the ledger told, the folder moved into place.

    Raises Refused where a rule guards the door, BadInput where the id is taken.
    """
    from dataclasses import replace

    from tallystick.agreement import gates, io
    from tallystick.agreement.acts import Output
    from tallystick.disclosure.release import read_record
    from tallystick.share.acts import Clock, act, recover
    from tallystick.share.rooms import locked, open_share

    share = open_share(folder)
    agreement = io.load(share.agreement)
    asked = None if project is None else io.load_project(share.root / "projects" / f"{project}.toml")
    small = [counts.grid.values[counts.grid.values > 0].min(initial=1e9) for counts in verdict.counts]
    passing = Output(
        project=project or "",
        aggregate=not any(found.rule in ("aggregate.records", "points.shown") for found in verdict.findings),
        within_scope=in_scope,
        checked_by=tuple(vote.checker for vote in review.votes) if review else (),
        produced_by=review.author if review else "",
        # what a review let out below the minimum it judged; without one nothing below it gets here
        smallest_cell=None if review or not small else int(min(small)),
    )
    with locked(share):
        recover(share)
        gates.ask(agreement, "release", now.date(), project=asked, output=passing)
        if (share.root / "releases" / name).exists():
            raise BadInput(f"There is a release {name} already. Releases are never changed: give another id.")
        details: dict[str, Any] = {"project": project or "", "minimum_cell_count": limits.minimum_cell_count}
        event = f"release/{name}"
        with act(share, event, name="release", subject=name, clock=Clock(by, now), details=details) as aside:
            made = written(aside / "releases")
            details["outputs"] = dict(made.outputs)
            details["record"] = made.hash
            details["checked_by"] = list(passing.checked_by)
    place = share.root / "releases" / name
    read_record(place)
    return replace(made, folder=place)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A published file.")],
    releases: Annotated[Path, typer.Option("--releases", help="Folder of releases.")] = Path("releases"),
    as_json: Json = False,
) -> None:
    """Prove that a published file is what was released; exit 1 if it is not."""
    from tallystick.disclosure.release import intact
    from tallystick.disclosure.release import verify as prove

    if not file.is_file():
        raise BadInput(f"{file.name}: there is no such file.")
    if not releases.is_dir():
        raise BadInput(f"{releases}: there is no such folder of releases. Name it with --releases.")
    found = prove(file, releases)
    changed = intact(releases / found)
    if changed:
        raise Refused(changed)
    output.say(
        {"file": file.name, "release": found},
        as_json=as_json,
        text=f"{file.name} is in release {found}, unchanged.",
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
    """Take a review one step on, or show it as you may see it."""
    from tallystick.disclosure import review as engine
    from tallystick.disclosure.release import sha256

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
        write_aside(
            at, json.dumps([event_json(each) for each in [*events, event]], indent=2, ensure_ascii=False)
        )
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


def narrowings(texts: list[str]) -> tuple[Any, ...]:
    """Return what stays behind, from FILE:PLACE."""
    from tallystick.disclosure.review import Narrowing

    made = []
    for text in texts:
        file, mark, place = text.partition(":")
        if not mark or not place:
            raise BadInput("--without is written FILE:PLACE, such as table.csv:region=North.")
        made.append(Narrowing(file, (place,)))
    return tuple(made)


def event_json(event: Any) -> dict[str, Any]:
    """Return an event of a review as JSON."""
    from dataclasses import asdict

    return {"state": event.state, "command": {**asdict(event.command), "at": event.command.at.isoformat()}}


def load_events(path: Path) -> list[Any]:
    """Return a review's events. Raises BadInput where the file is none, or does not follow from its own beginning."""
    from tallystick.disclosure.review import Command, Event, Narrowing, Review, decide, evolve

    try:
        events = []
        for each in json.loads(path.read_text(encoding="utf-8")):
            command = dict(each["command"])
            command["at"] = datetime.fromisoformat(command["at"])
            parts = tuple(Narrowing(part["file"], tuple(part["without"])) for part in command.pop("narrowed"))
            events.append(Event(Command(**command, narrowed=parts), each["state"]))
        state = Review(path.stem, events[0].command.by)
        for event in events:
            if decide(state, event.command) != event:
                raise ValueError("not what follows")
            state = evolve(state, event)
        return events
    except (ValueError, KeyError, TypeError, IndexError, Refused):
        raise BadInput(f"{path.name}: it is not a review, or was edited by hand.") from None


def load_review(path: Path) -> Any:
    """Return the review that a file's events add up to."""
    from tallystick.disclosure.review import Review, evolve

    if not path.is_file():
        raise BadInput(f"{path.name}: there is no such review.")
    events = load_events(path)
    state = Review(path.stem, events[0].command.by)
    for event in events:
        state = evolve(state, event)
    return state


def write_aside(place: Path, text: str) -> None:
    """Write a file aside and rename it into place."""
    aside = place.with_name(f".{place.name}.part")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, place)  # noqa: PTH105 - atomic
