"""`tally link bias`: whether a linkage fails some groups more than others, from a plain table of people."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import output
from tallystick.cli.run import Json
from tallystick.errors import BadInput

if TYPE_CHECKING:
    import pyarrow as pa

TRUTHS = {
    "true": True,
    "1": True,
    "yes": True,
    "t": True,
    "false": False,
    "0": False,
    "no": False,
    "f": False,
}


def bias(
    path: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet: a row for each record.")],
    by: Annotated[
        list[str] | None, typer.Option("--by", help="A column whose groups are compared; repeat it for more.")
    ] = None,
    error: Annotated[
        str | None,
        typer.Option("--error", help="The column that says for whom the linkage erred (true or false)."),
    ] = None,
    linked: Annotated[
        str | None,
        typer.Option("--linked", help="The column that says who linked, of people who all should have."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            "--person", help="The column that says whose record it is: people are counted, not records."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the groups for which a linkage erred more often than for the rest.

    Exact tests, adjusted for their number: where all are treated alike, a group is named in at most one of twenty reports. Named is what
    is 1.25 times the rest or more.
    """
    import numpy as np
    import pyarrow as pa

    from tallystick.deidentify.selection.bias import counted, verdicts
    from tallystick.deidentify.selection.groups import grouped
    from tallystick.linkage import files as plain

    if (error is None) == (linked is None):
        raise BadInput("Say for whom it erred with one of --error or --linked, and a column's name.")
    if not by:
        raise BadInput("Name at least one column to compare by, with --by.")
    table = plain.read(path)
    truth = np.array(truths(column_of(table, error or linked or ""), error or linked or "", path.name))
    errors = truth if error else ~truth
    who = column_of(table, person) if person else pa.array(np.arange(table.num_rows))
    groups = counted(errors, who, {name: grouped(column_of(table, name)) for name in by}, path.stem)
    found = verdicts(groups)
    worse = [one for one in found if one.is_worse]
    said: dict[str, Any] = {
        "people": len(who.unique()),
        "tested": len(found),
        "worse": [asdict(one.group) | _figures(one) for one in worse],
        "groups": [asdict(one.group) | _figures(one) for one in found],
    }
    if as_json:
        output.say(said, as_json=True)
        return
    output.table(
        [
            (one.group.field, one.group.group, f"{one.group.people:,}", f"{one.rate:.1%}", f"{one.rest:.1%}",
             f"{one.ratio:.2f} ({one.low:.2f} to {one.high:.2f})", f"{one.p_adjusted:.3f}", "WORSE" if one.is_worse else "")
            for one in found
        ],
        header=("by", "group", "people", "errors", "of the rest", "times (95 % interval)", "p, adjusted", ""),
    )  # fmt: skip
    output.line(
        f"{len(worse)} of {len(found)} groups fare worse."
        if worse
        else f"No group of {len(found)} fares worse."
    )


def _figures(one: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "group"}


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column of a plain table; raise BadInput where it is not there."""
    if name not in table.column_names:
        raise BadInput(f"There is no column {name!r}. Columns there: {', '.join(table.column_names)}.")
    return table[name]


def truths(column: pa.ChunkedArray, name: str, file: str) -> list[bool]:
    """Return a column of yes and no as booleans; raise BadInput, by row, for anything else."""
    found = []
    for row, value in enumerate(column.to_pylist(), 2):
        told = TRUTHS.get(str(value).strip().lower())
        if told is None:
            raise BadInput(
                f"{file}, row {row}, column {name!r}: neither true nor false. Write one of the two."
            )
        found.append(told)
    return found
