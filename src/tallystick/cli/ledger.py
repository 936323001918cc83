"""`tally ledger`: what happened in a share, whether the record of it is whole, and whether the files agree with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.errors import Refused

app = typer.Typer(
    help="What happened in a share, and whether the record is whole.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[Path, typer.Argument(help="The share's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]


@app.command()
def show(
    folder: Folder = Path(),
    last: Annotated[int, typer.Option("--last", min=0, help="Only the last N entries (0: all).")] = 0,
    as_json: Json = False,
) -> None:
    """List the entries, the oldest first."""
    from tallystick.share.rooms import open_share

    ledger = open_share(folder).ledger
    entries = ledger.last(last) if last else list(ledger.entries())
    if as_json:
        output.say([asdict(entry) for entry in entries], as_json=True)
        return
    output.table(
        [(e.seq, e.at[:19].replace("T", " "), e.actor, e.act, e.subject, e.hash[7:19]) for e in entries],
        header=("entry", "when (UTC)", "who", "act", "subject", "hash"),
    )


@app.command()
def verify(
    folder: Folder = Path(),
    head: Annotated[
        str | None,
        typer.Option("--head", help="A head's hash that was noted elsewhere, such as on a report."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the chain: nothing changed, dropped, reordered or cut off."""
    from tallystick.share.rooms import open_share

    verdict = open_share(folder).ledger.verify(head)
    if not verdict.is_sound:
        raise Refused(verdict.faults, "The ledger is not whole.")
    note = " (an interrupted act will be mended by the next command)" if verdict.interrupted else ""
    output.say(
        {"sound": True, "entries": verdict.entries, "head": verdict.head, "interrupted": verdict.interrupted},
        as_json=as_json,
        text=f"The ledger is whole: {verdict.entries} entries, head {verdict.head}{note}.",
    )


@app.command()
def audit(
    folder: Folder = Path(),
    registry: Annotated[
        Path | None,
        typer.Option(
            "--registry", help="A web service's home: compare its database with its ledger instead."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare the files in the rooms, and the recorded acts of governance, with what the ledger says of them."""
    if registry is not None:
        from tallystick.cli.serve_backup import audit_registry

        audit_registry(registry, as_json=as_json)
        return
    from tallystick.governance.journal import Journal
    from tallystick.share.audit import audit as run_audit
    from tallystick.share.rooms import open_share

    share = open_share(folder)
    found = run_audit(share)
    findings = (*found.findings, *Journal(share.root).audit())
    if findings:
        raise Refused(findings, "What is on the disk and the ledger differ.")
    output.say(asdict(found), as_json=as_json, text=f"{found.files} files are as the ledger says.")
