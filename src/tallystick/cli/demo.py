"""`tally demo`: makes a synthetic share, runs it whole, opens nothing, prints where the reports are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import Json, clock, told


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Where to make it; an empty folder, or an earlier demo.")
    ] = Path("demo"),
    people: Annotated[
        float, typer.Option("--people", help="How many pupils; one offender for each five of them.")
    ] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same people.")] = 1,
    as_json: Json = False,
) -> None:
    """Link synthetic offenders to synthetic pupils, and write the report of the share."""
    from tallystick.share.demo import demo as run_demo

    with output.progress("demo") as step:
        done = run_demo(folder, people=int(people), seed=seed, clock=clock("demo"), step=step)
    output.say(asdict(done), as_json=as_json, text=told(done))
