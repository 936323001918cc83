"""`tally synth`: a share of synthetic people whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from tallystick.cli import output
from tallystick.errors import BadInput


def synth(
    preset: Annotated[
        str,
        typer.Argument(
            help="moj-dfe, data-first, learner-register, justice-data-lab, national or local-performance.",
        ),
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the share is made; a new or empty folder.")
    ],
    people: Annotated[
        float | None,
        typer.Option(
            "--people", help="How many, such as 1e5 (the default; local-performance: 600,000 residents)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same people.")] = 1,
    form: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    errors: Annotated[
        Path | None, typer.Option("--errors", help="An error model (TOML) instead of the shipped one.")
    ] = None,
    effect: Annotated[
        float,
        typer.Option("--effect", help="justice-data-lab: the true change in reoffending, such as -0.06."),
    ] = -0.06,
    selection: Annotated[
        float, typer.Option("--selection", help="How far takers differ on what is observed; 0 is not at all.")
    ] = 1.0,
    unobserved: Annotated[
        float, typer.Option("--unobserved", help="How far takers differ on what no column holds.")
    ] = 0.0,
    last_month: Annotated[
        str | None,
        typer.Option("--last-month", help="local-performance: the last of its 36 months (default: 2026-05)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what a program would want.")] = False,
) -> None:
    """Make a share of synthetic people: supplies with errors, the truth beside them, a signed agreement.

    Example: tally synth moj-dfe demo-share --people 1e5 --seed 1
    """
    from tallystick import synth as engine
    from tallystick.synth import presets as kinds

    if people is None:
        people = kinds.preset(preset).people
    if people != people or people in (float("inf"), float("-inf")) or people != int(people):
        raise BadInput("--people must be a whole number, such as 100000 or 1e5.")
    model = engine.load(errors) if errors else None
    asked = engine.Intervention(effect, selection, unobserved)
    with output.progress("synth") as step:
        done = engine.write(
            preset, folder, people=int(people), seed=seed, form=cast(Literal["csv", "parquet"], form), model=model,
            intervention=None if asked == engine.Intervention() else asked, on=datetime.now(UTC).date(),
            last_month=last_month, step=step,
        )  # fmt: skip
    lines = [f"Made {folder}: preset {preset}, seed {seed}."]
    lines += [f"  {source}: {count:,} records" for source, count in done.records.items()]
    lines.append(f"Run it: tally run {folder}")
    output.say(done.as_dict(), as_json=as_json, text="\n".join(lines))
