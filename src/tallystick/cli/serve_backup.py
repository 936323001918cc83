"""`tally backup` and `tally restore`: the web service's database, ledger and shares, kept and brought back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.serve import DEFAULT_HOME, Home, ready
from tallystick.errors import BadInput, Refused

Keys = Annotated[
    str,
    typer.Option("--keys", help="The file of the keys and of the ledgers' heads, to be kept elsewhere."),
]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]


def backup(
    target: Annotated[str, typer.Argument(help="The file to write, or s3://bucket/name.")],
    keys: Keys = "",
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient", help="Seal both to this public key (age1…); in an object store they must be."
        ),
    ] = "",
    home: Home = DEFAULT_HOME,
    as_json: Json = False,
) -> None:
    """Write the database, the ledger and the shares into one file, the keys into another; while the service runs, too."""
    ready(home)
    from tallystick.service.backup import backup as write

    held = write(target, datetime.now(UTC), keys=keys or None, recipient=recipient)
    left = "" if keys else " The keys and the ledgers' heads are not in it: name a file for them with --keys."
    output.say(held, as_json=as_json, text=f"Wrote {Path(target).name}.{left}")


def restore(
    source: Annotated[str, typer.Argument(help="A file that `tally backup` wrote, or s3://bucket/name.")],
    keys: Keys = "",
    identity: Annotated[
        Path | None, typer.Option("--identity", help="The age identity to which they are sealed, in a file.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: Json = False,
) -> None:
    """Bring a backup back into an empty home, and list where its ledger and its database differ."""
    for place in filter(None, (source, keys, str(identity or ""))):
        if not place.startswith("s3://") and not Path(place).is_file():
            raise BadInput(f"There is no file {Path(place).name}.")
    if (home / "ledger.jsonl").exists():
        raise BadInput(f"{home.name} holds a service already. Name an empty folder with --home.")
    ready(home)
    from tallystick.service import prepare
    from tallystick.service.backup import restore as bring_back

    found = bring_back(source, keys=keys or None, identity=identity)
    prepare.database()
    prepare.shares(datetime.now(UTC))
    text = "Restored. " + (
        "The ledger and the database agree." if not found else f"{len(found)} acts differ:\n"
        + "\n".join(f"  {finding}" for finding in found)
    )  # fmt: skip
    output.say({"differences": [vars(one) for one in found]}, as_json=as_json, text=text)


def audit_registry(home: Path, *, as_json: bool) -> None:
    """Compare a service's database with its ledger; raise Refused where they differ."""
    if not home.is_dir():
        raise BadInput(f"There is no folder {home.name}. Name the service's home.")
    ready(home)
    from tallystick.service.backup import differences

    found = differences()
    if found:
        raise Refused(found, "The service's database and its ledger differ.")
    output.say({"sound": True}, as_json=as_json, text="The service's database is as its ledger says.")
