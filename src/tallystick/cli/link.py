"""`tally link`: who is who, on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import bias, calibrate, cohort, encode, output, train, weights
from tallystick.cli.run import ENGINES, Actor, Folder, Json, clock
from tallystick.cli.train import Ids

OwnIds = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        metavar="FILE=COLUMN",
        help="The id column of a file that calls it otherwise than before; several.",
    ),
]

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
    details = dict(acts.last_details(share, EVENT))
    output.say(
        details, as_json=as_json, text=f"{details.get('links', 0):,} links; see rooms/linker/quality.html."
    )


@app.command()
def quality(folder: Folder = Path(), actor: Actor = None, as_json: Json = False) -> None:
    """Report on the quality of a share's linkage: reports/linkage-quality.html, and .json beside it.

    Populations, method, links by stage, precision and recall from the judged sample, linked against unlinked, bias, the threshold, limits.
    """
    from tallystick.agreement import io
    from tallystick.share import acts
    from tallystick.share.quality import quality as report
    from tallystick.share.rooms import locked, open_share

    share = open_share(folder)
    with locked(share):
        acts.recover(share)
        found = report(share, io.load(share.agreement), clock=clock(actor))
    lines = ["reports/linkage-quality.html", *(f"- {text}" for text in found["limitations"])]
    output.say(found, as_json=as_json, text="\n".join(lines))


@app.command()
def files(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="CSV or Parquet; one is de-duplicated, more are linked."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the links go (Parquet).")],
    persons: Annotated[Path | None, typer.Option(help="Where the persons go (Parquet).")] = None,
    model: Annotated[
        str,
        typer.Option(
            help="'person' (trains itself; on encoded files by their codes) or a trained Splink settings file."
        ),
    ] = "person",
    threshold: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The match probability from which two records are one person."),
    ] = 0.5,
    thresholds: Annotated[
        str,
        typer.Option(
            help="Further thresholds (0.95,0.99): each gives the persons a column of ids, person_id_at_0_95 and so on."
        ),
    ] = "",
    layers: Annotated[
        bool,
        typer.Option("--layers", help="Ids within each source too (source_person_id in the persons)."),
    ] = False,
    fractures: Annotated[
        Path | None,
        typer.Option(
            help="Where the joins and fractures between layers and thresholds go (Parquet); with --layers or --thresholds."
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="native, splink or spark.")] = "native",
    master: Annotated[
        str, typer.Option(help="The Spark cluster's address, for --engine spark.")
    ] = "local[*]",
    ids: Ids = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--overrides",
            help="What people decided (CSV: source_l, id_l, source_r, id_r, decision: always or never); stands over the model.",
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A match key, parts joined by + (first_root+surname+dob); give it again for the next stage, the strictest first."
        ),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The match keys in a TOML file: [[key]] with on = [parts] and a name.")
    ] = None,
    stages: Annotated[
        str, typer.Option(help="keys-then-model, or keys: the match keys alone.")
    ] = "keys-then-model",
    save_model: Annotated[
        Path | None, typer.Option(help="Where the trained model goes (Splink settings, JSON).")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="A folder for what `tally link refresh` goes on from. It holds identifiers: guard it as the files."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Link plain files: who is the same person. Writes source_l, <id>_l, source_r, <id>_r, match_weight, match_probability.

    With match keys, also stage: the key that made a link, model or decided.
    """
    from tallystick.errors import BadInput
    from tallystick.linkage import LinkageSpec, levels, overrides, pprl, state
    from tallystick.linkage import files as plain
    from tallystick.linkage import keys as match_keys
    from tallystick.linkage import link as linked

    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}. The engines are: {', '.join(ENGINES)}.")
    staged = match_keys.asked(key or (), keys, stages)
    at = output.probabilities(thresholds, "--thresholds")
    if fractures is not None and not (at or layers):
        raise BadInput("Joins and fractures lie between levels: give --layers, or further --thresholds.")
    for place in filter(None, (out, persons, fractures, save_model)):
        plain.require_place(place)
    if keep is not None:
        state.require_place(keep)
    settings = model if model == "person" else plain.read_model(Path(model))
    id_column, own_ids = plain.id_columns(ids or (), paths)
    tables = plain.read_sources(paths, id_column, own_ids)
    if keep is not None and pprl.are_encoded(tables):
        raise BadInput("Encoded files are linked anew each time. Leave out --keep.")
    decided = overrides.read(decisions) if decisions else overrides.Overrides()
    with output.progress("linking") as step:
        step(0.1, "")
        spec = LinkageSpec(
            model=settings,
            threshold=threshold,
            engine=ENGINES[engine],
            master=master,
            id_column=id_column,
            always=decided.always,
            never=decided.never,
            keys=staged,
            stages="keys" if stages == "keys" else "keys-then-model",
            at=at,
            layers=layers,
        )
        result = linked(tables, spec)
    if keep is not None:
        state.write(state.after(result, tables, spec), keep)
    plain.write(result.links, out)
    if persons is not None:
        plain.write(result.persons, persons)
    if fractures is not None:
        plain.write(levels.breaks(result.persons, levels.steps(result.persons, threshold, at)), fractures)
    if save_model is not None:
        plain.write_model(result.model, save_model)
    counts = plain.summary(result.links, result.persons, result.quality, result.notes)
    lines = [
        f"{sum(counts['records'].values()):,} records are {counts['persons']:,} persons; {counts['links']:,} links in {out}.",
        *match_keys.said(counts),
        *result.notes,
    ]
    output.say(counts, as_json=as_json, text="\n".join(lines))


@app.command()
def refresh(
    kept: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `tally link files --keep` wrote.")],
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="The sources that changed, each as it stands now, or new ones."
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the links go (Parquet).")],
    persons: Annotated[Path | None, typer.Option(help="Where the persons go (Parquet).")] = None,
    ids: OwnIds = None,
    lineage: Annotated[
        Path | None, typer.Option(help="Where the lineage of the person ids goes (Parquet).")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Another threshold than before.")
    ] = None,
    engine: Annotated[str, typer.Option(help="native, splink or spark.")] = "native",
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--overrides", help="Decisions in the place of those given before, which else still hold."
        ),
    ] = None,
    adds: Annotated[
        bool,
        typer.Option(
            "--adds", help="The files hold only what is new or changed: no earlier record is withdrawn."
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--train-again",
            help="Link the files from the start, with a model trained anew; only the ids are kept.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a linkage up to date: compare what is new with all, keep the rest, and keep the person ids.

    A file takes the place of the source of its name, a file of another name is a new source, and sources without a file stay.
    FOLDER is brought up to date too.
    """
    from dataclasses import replace

    from tallystick.errors import BadInput
    from tallystick.linkage import files as plain
    from tallystick.linkage import link as linked
    from tallystick.linkage import overrides, state
    from tallystick.linkage import refresh as refreshed

    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}. The engines are: {', '.join(ENGINES)}.")
    for place in filter(None, (out, persons, lineage)):
        plain.require_place(place)
    earlier = state.read(kept)
    spec = replace(earlier.spec, engine=ENGINES[engine])
    if threshold is not None:
        spec = replace(spec, threshold=threshold)
    if decisions is not None:
        decided = overrides.read(decisions)
        spec = replace(spec, always=decided.always, never=decided.never)
    common, own_ids = plain.id_columns(ids or (), paths)
    if common != plain.ID_COLUMN:
        raise BadInput(
            f"--id {common}: FOLDER knows the id column. Give --id FILE=COLUMN for a file that calls it otherwise."
        )
    tables = plain.read_sources(paths, earlier.spec.id_column, own_ids)
    with output.progress("linking") as step:
        step(0.1, "")
        if again:
            if adds:
                raise BadInput("--train-again links the files as a whole. Leave out --adds.")
            if missing := sorted(set(earlier.records) - set(tables)):
                raise BadInput(
                    f"--train-again needs every source: {', '.join(missing)} is not among the files."
                )
            spec = spec if earlier.offsets is None else replace(spec, model="person")
            result = linked(tables, spec, earlier.earlier)
        else:
            result = refreshed(earlier, tables, spec, adds=tables if adds else ())
    plain.write(result.links, out)
    if persons is not None:
        plain.write(result.persons, persons)
    if lineage is not None:
        plain.write(result.lineage, lineage)
    state.write(state.after(result, tables, spec, earlier), kept)
    change = result.quality.get("refresh", {"new": sum(t.num_rows for t in tables.values())})
    changed_ids = result.lineage.num_rows - earlier.lineage.num_rows
    counts = plain.summary(result.links, result.persons, result.quality, result.notes)
    counts |= {"refresh": change, "lineage": changed_ids}
    said = (
        ", ".join(f"{count:,} {kind}" for kind, count in change.items())
        + " records; "
        + f"{counts['persons']:,} persons, {counts['links']:,} links in {out}; {changed_ids:,} rows of lineage."
        if any(change.values()) or changed_ids
        else f"There is nothing new: every record is as it was, and so are the {counts['persons']:,} persons."
    )
    output.say(counts, as_json=as_json, text="\n".join([said, *result.notes]))


@app.command()
def advise(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV or Parquet.")],
    budget: Annotated[
        float, typer.Option(min=0.1, help="Candidate pairs a record that may be made.")
    ] = 100.0,
    ids: Ids = None,
    as_json: Json = False,
) -> None:
    """Say what each blocking rule would cost in pairs and find of the true ones, without making a pair."""
    from tallystick.linkage import files as plain
    from tallystick.linkage.advise import advise as advised

    id_column, own_ids = plain.id_columns(ids or (), paths)
    found = advised(
        plain.read_sources(paths, id_column, own_ids), id_column=id_column, pairs_per_record=budget
    )
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


app.command()(encode.key)
app.command()(encode.encode)
app.command()(cohort.index)
app.command()(cohort.cohort)
app.command()(train.train)
app.command()(calibrate.calibrate)
app.command()(bias.bias)
app.command()(weights.weights)
