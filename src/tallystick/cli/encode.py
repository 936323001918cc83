"""`tally link key` and `tally link encode`: what a supplier does that may not hand over names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import Json


def key(
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the key goes; nothing may stand there.")],
    as_json: Json = False,
) -> None:
    """Make a key for `tally link encode`: one for all suppliers of a linkage, and never for the linker."""
    from tallystick.linkage import files as plain
    from tallystick.linkage import pprl

    plain.require_place(out)
    mark = pprl.make_key(out, os.urandom)
    output.say(
        {"key": str(out), "fingerprint": mark},
        as_json=as_json,
        text=f"A new key is in {out}; its fingerprint is {mark}. Give it to the other suppliers by a safe way, never to the linker.",
    )


def encode(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The supplier's records: CSV or Parquet.")],
    key_file: Annotated[
        Path, typer.Option("--key-file", help="The key that all suppliers of the linkage share.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the encoded records go (Parquet).")],
    fields: Annotated[
        str, typer.Option(help="What is encoded, the same at every supplier: model columns, by commas.")
    ] = "first_name,surname,dob,postcode",
    most: Annotated[
        int, typer.Option(help="How many records may at most be seen to share a name; the same everywhere.")
    ] = 100,
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record; it is not encoded.")
    ] = "record_id",
    as_json: Json = False,
) -> None:
    """Encode records under a key, so that they can be linked with others of that key by somebody who sees no name.

    Every supplier does it alone; the linker then runs `tally link files` on the encoded files. docs/privacy-preserving.md says what a
    linker could still learn.
    """
    from tallystick.errors import BadInput
    from tallystick.linkage import files as plain
    from tallystick.linkage import pprl

    plain.require_place(out)
    if out.resolve() in (path.resolve(), key_file.resolve()):
        raise BadInput(
            f"{out.name} is the file to encode or the key, and would be written over. Name another file."
        )
    secret = pprl.read_key(key_file)
    parameters = pprl.Parameters(tuple(one.strip() for one in fields.split(",")), most)
    with output.progress("encoding") as step:
        step(0.1, "")
        made = pprl.encode(
            plain.read(path), secret, os.urandom, parameters, id_column=id_column, source=path.stem
        )
    plain.write(made.table, out)
    mark = pprl.fingerprint(secret)
    notes = [f"Left out as too common: {name} of {count:,} records." for name, count in made.left_out.items()]
    if pprl.is_open_to_others(key_file):
        notes.append(f"Others on this machine may read the key: `chmod 600 {key_file.name}`.")
    counts = {
        "records": made.table.num_rows,
        "fingerprint": mark,
        "fields": list(parameters.fields),
        "most": most,
        "left_out": dict(made.left_out),
        "notes": notes,
    }
    first = f"{made.table.num_rows:,} records are encoded in {out}, under the key of fingerprint {mark}."
    output.say(counts, as_json=as_json, text="\n".join([first, *notes]))
