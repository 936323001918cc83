"""`tally output`, before anything leaves: describe, check, protect, audit. What leaves is in ``releases``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tallystick.cli import output
from tallystick.errors import BadInput, Refused

if TYPE_CHECKING:
    from tallystick.disclosure.check import Checked
    from tallystick.disclosure.counts import Counts
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
    from tallystick.share import release as door

    if agreement is None:
        held = limits_of(None, minimum)
        return held if zeros is None else replace(held, zeros_are_disclosive=zeros)
    folder = agreement if agreement.is_dir() else agreement.parent
    own = io.find_project(folder, project) if project else None
    return door.limits(io.load(agreement), own, minimum, bool(zeros))


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
    from tallystick.agreement.io import write_text
    from tallystick.disclosure.about import as_toml, beside
    from tallystick.disclosure.check import describe as guessed

    about = guessed(file)
    text = as_toml(about)
    place = beside(file)
    if write:
        if place.exists() and not force:
            raise BadInput(f"{place.name} is there already. Edit it, or replace it with --force.")
        write_text(place, text)
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
    from tallystick.agreement.io import write_text
    from tallystick.disclosure.check import readings_of, stated_beside
    from tallystick.disclosure.protect import How, as_csv
    from tallystick.disclosure.protect import protect as made_fit
    from tallystick.disclosure.read import read

    if how not in get_args(How):
        raise BadInput(f"--how {how}: use one of {', '.join(get_args(How))}.")
    limits = limits_for(agreement, project, minimum, zeros)
    agreed = io.load(agreement).disclosure.rounding if agreement is not None else None
    readings = [reading for file in files for reading in readings_of(read(file), stated_beside(file))]
    random = None if seed is None else np.random.default_rng(seed)
    made = made_fit(readings, how, limits, base or agreed or 5, random)  # type: ignore[arg-type]
    rows: list[dict[str, Any]] = []
    for each in made:
        stem = Path(each.reading.sheet.file).stem
        part = re.sub(r"[^A-Za-z0-9_-]+", "-", each.reading.sheet.name)
        place = out / (f"{stem}-{part}.csv" if part else f"{stem}.csv")
        if place in {row["file"] for row in rows} or any(place.resolve() == file.resolve() for file in files):
            raise BadInput(f"{place} would be written over. Give another folder with --out.")
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
    out.mkdir(parents=True, exist_ok=True)
    for row, each in zip(rows, made, strict=True):
        write_text(row["file"], as_csv(each))
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
