"""`tally link`: who is who, on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import ENGINES, Actor, Folder, Json, clock

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="Link records of people."
)


@app.callback()
def group() -> None:
    """Link records of people."""


@app.command()
def run(
    folder: Folder = Path(),
    engine: Annotated[str, typer.Option("--engine", help="native, splink or spark.")] = "native",
    seed: Annotated[int, typer.Option("--seed", help="For what is sampled in training.")] = 1,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Open a share's door `link`: who is who among its supplies, by supply key."""
    from tallystick.agreement import io
    from tallystick.errors import BadInput
    from tallystick.share import acts
    from tallystick.share.link import EVENT, link
    from tallystick.share.rooms import locked, open_share

    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}. The engines are: {', '.join(ENGINES)}.")
    share = open_share(folder)
    with locked(share), output.progress("link") as step:
        acts.recover(share)
        link(
            share,
            io.load(share.agreement),
            clock=clock(actor),
            engine_name=ENGINES[engine],
            seed=seed,
            step=step,
        )
    details = dict(acts.details_of(share, EVENT))
    output.say(
        details, as_json=as_json, text=f"{details.get('links', 0):,} links; see rooms/linker/quality.html."
    )


@app.command()
def files(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="CSV or Parquet; one is de-duplicated, more are linked."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the links go (Parquet).")],
    persons: Annotated[Path | None, typer.Option(help="Where the persons go (Parquet).")] = None,
    model: Annotated[
        str, typer.Option(help="'person' (trains itself) or a trained Splink settings file.")
    ] = "person",
    threshold: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The match probability from which two records are one person."),
    ] = 0.5,
    engine: Annotated[str, typer.Option(help="native, splink or spark.")] = "native",
    master: Annotated[
        str, typer.Option(help="The Spark cluster's address, for --engine spark.")
    ] = "local[*]",
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record in its file.")
    ] = "record_id",
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--overrides",
            help="What people decided (CSV: source_l, id_l, source_r, id_r, decision: always or never); stands over the model.",
        ),
    ] = None,
    save_model: Annotated[
        Path | None, typer.Option(help="Where the trained model goes (Splink settings, JSON).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Link plain files: who is the same person. Writes source_l, <id>_l, source_r, <id>_r, match_weight, match_probability."""
    from tallystick.errors import BadInput
    from tallystick.linkage import LinkageSpec, overrides
    from tallystick.linkage import files as plain
    from tallystick.linkage import link as linked

    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}. The engines are: {', '.join(ENGINES)}.")
    for place in filter(None, (out, persons, save_model)):
        plain.require_place(place)
    settings = model if model == "person" else plain.read_model(Path(model))
    tables = plain.read_sources(paths)
    decided = overrides.read(decisions) if decisions else overrides.Overrides()
    with output.progress("linking") as step:
        step(0.1, "")
        result = linked(
            tables,
            LinkageSpec(
                model=settings,
                threshold=threshold,
                engine=ENGINES[engine],
                master=master,
                id_column=id_column,
                always=decided.always,
                never=decided.never,
            ),
        )
    plain.write(result.links, out)
    if persons is not None:
        plain.write(result.persons, persons)
    if save_model is not None:
        plain.write_model(result.model, save_model)
    counts = plain.summary(result.links, result.persons, result.quality, result.notes)
    lines = [
        f"{sum(counts['records'].values()):,} records are {counts['persons']:,} persons; {counts['links']:,} links in {out}.",
        *result.notes,
    ]
    output.say(counts, as_json=as_json, text="\n".join(lines))


@app.command()
def advise(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or Parquet.")],
    budget: Annotated[float, typer.Option(help="Candidate pairs a record that may be made.")] = 100.0,
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record.")
    ] = "record_id",
    as_json: Json = False,
) -> None:
    """Say what each blocking rule would cost in pairs and find of the true ones, without making a pair."""
    from tallystick.linkage import files as plain
    from tallystick.linkage.advise import advise as advised

    found = advised(plain.read_sources(paths), id_column=id_column, pairs_per_record=budget)
    if as_json:
        rows = [
            {"rule": one.sql, "pairs": one.pairs, "found": round(one.found, 4), "proposed": one.is_proposed}
            for one in found
        ]
        output.say(rows, as_json=True)
        return
    output.table(
        [
            (
                " + ".join(one.rule),
                f"{one.pairs:,}",
                f"{one.found:.0%}",
                "yes" if one.is_proposed else "too many pairs",
            )
            for one in found
        ],
        header=("rule: equal on", "pairs", "true pairs found (estimate)", "proposed"),
    )
