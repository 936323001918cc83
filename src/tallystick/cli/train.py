"""`tally link train`: m, u and the prior of a Splink model, from the records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import Json

Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        metavar="[FILE=]COLUMN",
        help="The column that identifies a record in its file, of all files or (justice=record_no) of one; several (default: record_id).",
    ),
]


def train(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="CSV or Parquet: the files to be linked, or one to be de-duplicated."
        ),
    ],
    model: Annotated[Path, typer.Option(help="A Splink settings file (JSON), trained or not.")],
    rules: Annotated[
        list[str],
        typer.Option(
            "--rule",
            help="A blocking rule to learn m from, such as 'l.dob = r.dob': of the comparisons that read other columns. Several.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the trained model goes (JSON).")],
    sure: Annotated[
        list[str] | None,
        typer.Option(
            "--sure", help="A rule whose pairs are nearly all true, for the prior. Several. Needs --recall."
        ),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=1.0,
            help="The share of all true pairs that the sure rules find, as you estimate it.",
        ),
    ] = None,
    random_pairs: Annotated[int, typer.Option(min=1000, help="Pairs drawn at random, for u.")] = 5_000_000,
    most_pairs: Annotated[
        int,
        typer.Option(
            "--rule-pairs", min=100, help="Pairs of one rule at most; of more, as many are drawn at random."
        ),
    ] = 20_000_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 1,
    ids: Ids = None,
    as_json: Json = False,
) -> None:
    """Train a Splink model on the files themselves: u from random pairs, m by expectation-maximisation, the prior from sure rules."""
    from dataclasses import asdict

    from tallystick.errors import BadInput
    from tallystick.linkage import files as plain
    from tallystick.linkage.own_model import train as trained
    from tallystick.linkage.score.estimate import Training

    if bool(sure) != (recall is not None):
        raise BadInput(
            "--sure and --recall go together: rules whose pairs are true, and the share of all true pairs they find."
        )
    plain.require_place(out)
    settings = plain.read_model(model, is_trained=False)
    id_column, own_ids = plain.id_columns(ids or (), paths)
    tables = plain.read_sources(paths, id_column, own_ids)
    training = Training(tuple(rules), tuple(sure or ()), recall, random_pairs, most_pairs, seed)
    with output.progress("training") as step:
        made = trained(tables, settings, training, id_column=id_column, progress=step)
    plain.write_model(made.settings, out)
    lines = [
        f"u from {made.random_pairs:,} random pairs; one pair in {1 / made.prior:,.0f} is taken for true."
    ]
    for session in made.sessions:
        settled = "" if session.is_settled else ", not settled yet: raise max_iterations in the model"
        lines.append(
            f"{session.rule}: {session.pairs:,} pairs, {session.true_share:.1%} of them true, {session.iterations} rounds{settled}; "
            f"says m of {', '.join(session.comparisons)}."
        )
    if not sure:
        lines.append("The prior is the model's own: --sure and --recall estimate it.")
    output.say(
        {
            "model": str(out),
            "random_pairs": made.random_pairs,
            "prior": made.prior,
            "sessions": [asdict(session) for session in made.sessions],
            "notes": list(made.notes),
        },
        as_json=as_json,
        text="\n".join([*lines, *made.notes, f"The model is in {out}."]),
    )
