"""`tally link index` and `tally link cohort`: a few records against a large file made ready once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import Json


def index(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The large file: CSV or Parquet.")],
    model: Annotated[
        Path,
        typer.Option(help="A trained Splink settings file (`tally link files --save-model` writes one)."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder that the index becomes.")],
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record in its file.")
    ] = "record_id",
    as_json: Json = False,
) -> None:
    """Make a large file ready once, so that cohorts are linked with it in seconds.

    The index holds what the file holds of people: keep it, and destroy it, as you do the file.
    """
    from tallystick.linkage import files as plain
    from tallystick.linkage.cohort import index_table

    settings = plain.read_model(model)
    with output.progress("indexing") as step:
        step(0.1, "")
        made = index_table(plain.read(path, id_column), settings, out, source=path.stem, id_column=id_column)
    size = sum(part.stat().st_size for part in out.iterdir())
    output.say(
        {"source": made.source, "records": len(made.codes), "bytes": size, "index": str(out)},
        as_json=as_json,
        text=f"{len(made.codes):,} records of {made.source} are ready in {out} ({size / 1e6:,.0f} MB).",
    )


def cohort(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The few records: CSV or Parquet.")],
    folder: Annotated[Path, typer.Option("--index", help="The folder that `tally link index` made.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the links go (Parquet).")],
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The match probability from which a pair is a link.")
    ] = 0.5,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id", help="The column that identifies a record in FILE, if not called as in the index."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Link a few records with an indexed file, under the index's model. Writes the links that a linkage of both files gives."""
    import pyarrow.compute as pc

    from tallystick.linkage import files as plain
    from tallystick.linkage.cohort import link_cohort

    plain.require_place(out)
    table = plain.read(path)
    with output.progress("linking") as step:
        links = link_cohort(table, folder, threshold, source=path.stem, id_column=id_column, progress=step)
    plain.write(links, out)
    side = next(
        (end for end in "lr" if links.num_rows and links[f"source_{end}"][0].as_py() == path.stem), "l"
    )
    ids = next(name for name in links.column_names if name.endswith(f"_{side}") and name != f"source_{side}")
    found = pc.value_counts(links[ids].combine_chunks())
    several = int(pc.sum(pc.greater(found.field("counts"), 1)).as_py() or 0)
    counts = {"records": table.num_rows, "links": links.num_rows, "linked": len(found), "several": several}
    output.say(
        counts,
        as_json=as_json,
        text=(
            f"{counts['linked']:,} of {counts['records']:,} records have a link, {several:,} of them more than one; "
            f"{counts['links']:,} links in {out}."
        ),
    )
