"""`tally link weights`: weights that let the linked stand for those like them who did not link, from a plain table of records."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.bias import column_of, truths
from tallystick.cli.run import Json
from tallystick.errors import BadInput


def weights(
    path: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV or Parquet: a row for each record, linked or not.")
    ],
    linked: Annotated[str, typer.Option("--linked", help="The column that says who linked (true or false).")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Where the weights go (Parquet): the id and linkage_weight.")
    ],
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="A column that linkage may depend on; repeat it for more."),
    ] = None,
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record.")
    ] = "record_id",
    as_json: Json = False,
) -> None:
    """Weigh linked records so that they stand for all: inverse probability of linkage, in classes of like probability.

    Balance is the standardised difference between the linked and all, before and after: under 0.1 is usual to accept.
    """
    import numpy as np
    import pyarrow as pa

    from tallystick.deidentify.selection.groups import grouped
    from tallystick.deidentify.selection.weights import weights as weigh
    from tallystick.linkage import files as plain

    if not by:
        raise BadInput("Name at least one column that linkage may depend on, with --by.")
    plain.require_place(out)
    table = plain.read(path)
    is_linked = np.array(truths(column_of(table, linked), linked, path.name))
    ids = column_of(table, id_column)
    made = weigh(is_linked, {name: grouped(column_of(table, name)) for name in by})
    if made is None:
        raise BadInput(
            f"{path.name}: fewer than ten records linked, or fewer than ten did not: there is nothing to weigh."
        )
    whole = pa.table({id_column: ids, "linkage_weight": made.weight}).filter(pa.array(is_linked))
    plain.write(whole, out)
    said = {
        "records": table.num_rows,
        "linked": whole.num_rows,
        "classes": made.classes,
        "largest": made.largest,
        "effective": made.effective,
        "balance": [asdict(one) for one in made.balance],
    }
    if as_json:
        output.say(said, as_json=True)
        return
    output.table(
        [(one.field, f"{one.before:.3f}", f"{one.after:.3f}") for one in made.balance],
        header=("linked against all, by", "difference before", "under the weights"),
    )
    output.line(
        f"{whole.num_rows:,} of {table.num_rows:,} records linked; weights in {made.classes} classes, the largest {made.largest:g}; "
        f"as precise as {made.effective:,.0f} records unweighted."
    )
