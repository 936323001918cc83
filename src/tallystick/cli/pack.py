"""`tally pack`: a local board's performance pack, from the agencies' returns to one page and one workbook."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.cli.run import clock
from tallystick.errors import BadInput

app = typer.Typer(
    help="A local board's performance pack: figures about nobody, side by side.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[Path, typer.Argument(help="The share's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]
Actor = Annotated[str | None, typer.Option("--as", help="Who acts, for the ledger (default: your account).")]
On = Annotated[str | None, typer.Option("--on", help="As known on this day, such as 2026-07-01 (default: today).")]  # fmt: skip


def day_of(text: str | None) -> date | None:
    """Return the day that an option names."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput("--on is not a day. Write it as 2026-07-01.") from None


@app.command()
def build(
    folder: Folder = Path(),
    on: On = None,
    early: Annotated[
        str, typer.Option("--early", help="An early sight for this recipient, whom the agreement lists.")
    ] = "",
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Make the pack: one accessible page (HTML) and one workbook (ODS) under packs/.

    Example: tally pack build my-board --on 2026-07-01
    """
    from tallystick.share.pack import build as make
    from tallystick.share.rooms import open_share

    made = make(open_share(folder), clock=clock(actor), on=day_of(on), early=early)
    found = made.summary()
    if not as_json:
        output.findings(made.warnings)
    lines = [each["words"] for each in found["changes"]] or ["No lasting change was found in any measure."]
    lines += [f"missing: {each['agency']}, {each['measure']}: {each['what']} ({each['why']})" for each in found["missing"]]  # fmt: skip
    lines += [f"under embargo until {each['until']}: {each['measure']}" for each in found["withheld"]]
    lines += [
        f"{made.hidden} small figures and those that would give them away are hidden." if made.hidden else ""
    ]
    lines += [f"page: {found['page']}", f"workbook: {found['workbook']}"]
    output.say(found, as_json=as_json, text="\n".join(line for line in lines if line))


@app.command()
def check(
    folder: Folder = Path(),
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="A return to check before it is put in its place.")
    ] = None,
    on: On = None,
    as_json: Json = False,
) -> None:
    """Read the returns and name every fault by its cell; nothing is kept."""
    from tallystick.share.pack import check as look_through
    from tallystick.share.rooms import open_share

    read = look_through(open_share(folder), day=day_of(on) or clock(None).now.date(), files=file or ())
    found = [finding for each in read for finding in each.findings]
    figures = sum(each.table.num_rows for each in read)
    faults = [finding for finding in found if finding.severity == "refuse"]
    if faults:
        raise BadInput(f"{len(faults)} fault{'s' if len(faults) != 1 else ''} in the returns.", tuple(found))
    if not as_json:
        output.findings(found)
    output.say(
        {"figures": figures, "faults": 0, "warnings": [f"{one.where}: {one.message}" for one in found]},
        as_json=as_json,
        text=f"{figures:,} figures in {len(read)} returns; no fault.",
    )


@app.command()
def look(
    folder: Folder = Path(),
    reader: Annotated[
        str, typer.Option("--reader", help="Who looks: a party or recipient of the agreement.")
    ] = "",
    name: Annotated[str, typer.Option("--pack", help="Which pack (default: the latest).")] = "",
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Say what a pack says in short, and enter the look in the ledger.

    Example: tally pack look my-board --reader "Local criminal justice board members"
    """
    from tallystick.share.pack import look as take
    from tallystick.share.rooms import open_share

    if not reader:
        raise BadInput('Say who looks: --reader "…", a party or recipient of the agreement.')
    found = take(open_share(folder), clock=clock(actor), reader=reader, name=name)
    lines = [each["words"] for each in found["changes"]] or ["No lasting change was found in any measure."]
    output.say(found, as_json=as_json, text="\n".join([*lines, f"page: {found['page']}"]))
