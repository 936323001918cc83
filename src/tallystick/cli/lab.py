"""`tally lab`: the Justice Data Lab's engine on a plain table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.lab_estimate import estimate

if TYPE_CHECKING:
    from tallystick.share.acts import Clock
    from tallystick.share.lab import Answer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def lab() -> None:
    """Did it work? Compare treated people with people like them."""


app.command()(estimate)


@app.command()
def power(
    rate: Annotated[float, typer.Option(help="The share of people like them who reoffend, such as 0.3.")],
    n: Annotated[int | None, typer.Option("--n", help="How many people took part.")] = None,
    effect: Annotated[float | None, typer.Option(help="The change looked for, such as -0.05.")] = None,
    ratio: Annotated[
        float, typer.Option(help="Comparison people for each person, as the weights count.")
    ] = 1.0,
    alpha: Annotated[float, typer.Option(help="The chance of a false alarm.")] = 0.05,
    wanted: Annotated[float, typer.Option("--power", help="The chance of finding what is there.")] = 0.8,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what effect a cohort could show, or how many people an effect needs."""
    from tallystick.cli import output
    from tallystick.lab.power import study

    found = study(base=rate, n=n, effect=effect, ratio=ratio, alpha=alpha, wanted=wanted)
    output.say(asdict(found), as_json=as_json, text="\n".join(found.words))


@app.command()
def template(
    file: Annotated[Path, typer.Argument(help="The file to make: .xlsx, .ods or .csv.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make an empty Data Upload Template, and say what each column is for."""
    from tallystick.cli import output
    from tallystick.supply.template import COLUMNS, write_template

    write_template(file)
    if as_json:
        output.say({"file": str(file), "columns": [asdict(column) for column in COLUMNS]}, as_json=True)
        return
    output.line(f"Made {file}. One row for each person, at least 60 people. The columns:")
    output.table(
        [(column.name, column.need, column.explanation) for column in COLUMNS], ("column", "need", "what")
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The filled-in template.")],
    assured_by: Annotated[
        str, typer.Option(help="Name and role of who assures that this file is shared lawfully.")
    ] = "",
    faults: Annotated[Path | None, typer.Option(help="Write every fault, row by row, to this CSV.")] = None,
    on: Annotated[str, typer.Option(help="The day of the check (today unless told).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a filled-in template: every fault by row and what to do, never a value."""
    from datetime import UTC, date, datetime

    from tallystick.cli import output
    from tallystick.errors import BadInput
    from tallystick.supply.upload import check_upload

    try:
        day = date.fromisoformat(on) if on else datetime.now(UTC).date()
    except ValueError:
        raise BadInput("--on: write the day as 2026-11-21.") from None
    found = check_upload(file, on=day)
    if faults is not None:
        write_rows(
            faults,
            ("row", "column", "rule", "message", "remedy"),
            [tuple(vars(f).values()) for f in found.faults],
        )
    found.accept(assured_by=assured_by)
    said = {
        "file": found.file,
        "rows": found.rows,
        "filled": found.filled,
        "doubts": [vars(d) for d in found.doubts],
    }
    if as_json:
        output.say(said, as_json=True)
        return
    output.line(f"{found.file}: {found.rows:,} people, no fault. It may be sent.")
    output.findings([replace(doubt, severity="warn") for doubt in found.doubts])


@app.command()
def evaluate(
    request: Annotated[Path, typer.Argument(help="The request, a TOML file; it names its share.")],
    actor: Annotated[str, typer.Option(help="Who does it (your login name unless told).")] = "",
    assured_by: Annotated[
        str, typer.Option(help="Name and role of who assures that the cohort is shared lawfully.")
    ] = "",
    seed: Annotated[int, typer.Option(help="For the linkage's training.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer a request: link, follow up, compare, and write the report."""
    from tallystick.cli import output
    from tallystick.share.lab import answer, load

    asked, share = load(request)
    with output.progress("lab") as step:
        found = answer(asked, share, clock=now_by(actor), assured_by=assured_by, seed=seed, step=step)
    tell(found, as_json=as_json)


@app.command("run")
def run_upload(
    upload: Annotated[Path, typer.Argument(help="The filled-in template.")],
    request: Annotated[Path, typer.Argument(help="The request, a TOML file; it names its share.")],
    assured_by: Annotated[
        str, typer.Option(help="Name and role of who assures that this file is shared lawfully.")
    ] = "",
    route: Annotated[str, typer.Option(help="The secure account that it came by, such as cjsm.")] = "",
    sender_registered: Annotated[
        bool, typer.Option("--sender-registered", help="The sender's account is registered.")
    ] = False,
    receipt_sent: Annotated[
        bool, typer.Option("--receipt-sent", help="Receipt was confirmed to the sender.")
    ] = False,
    original_deleted: Annotated[
        bool, typer.Option("--original-deleted", help="The original was deleted from the inbox or medium.")
    ] = False,
    actor: Annotated[str, typer.Option(help="Who does it (your login name unless told).")] = "",
    seed: Annotated[int, typer.Option(help="For the linkage's training.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """From an upload to its report in one go; run it again to go on where it stopped."""
    from tallystick.cli import output
    from tallystick.share.lab import answer, load
    from tallystick.share.lab_upload import Handed, take

    asked, share = load(request)
    handed = Handed(assured_by, route, sender_registered, receipt_sent, original_deleted)
    clock = now_by(actor)
    taken = take(asked, share, upload, handed, clock=clock)
    if not as_json:
        output.line(f"{upload.name}: taken in." if taken else f"{upload.name}: was taken in before.")
    with output.progress("lab") as step:
        found = answer(asked, share, clock=clock, assured_by=assured_by, seed=seed, step=step)
    tell(found, as_json=as_json)


def now_by(actor: str) -> Clock:
    """Return who acts and when: this moment."""
    import getpass
    from datetime import UTC, datetime

    from tallystick.share.acts import Clock

    return Clock(actor or getpass.getuser(), datetime.now(UTC))


def tell(found: Answer, *, as_json: bool) -> None:
    """Print an answer: the words, or the summary as JSON."""
    from tallystick.cli import output

    if as_json:
        output.say(
            found.summary.model_dump(mode="json", by_alias=True)
            | {"report": str(found.folder / "report.html")},
            as_json=True,
        )
        return
    for line in (
        found.view.headline,
        *found.view.sentences,
        found.view.can_say,
        f"Report: {found.folder / 'report.html'}",
    ):
        output.line(line)
    if found.assembled.suspect:
        waiting = len(found.assembled.suspect)
        output.line(f"{waiting} match{'es wait' if waiting > 1 else ' waits'} for a second person's review.")


@app.command()
def synthesis(
    summaries: Annotated[list[Path], typer.Argument(help="The summary.json of two reports or more.")],
    method: Annotated[str, typer.Option(help="reml or dl (DerSimonian and Laird).")] = "reml",
    output_page: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a page with the forest plot.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put many reports together: a random-effects meta-analysis with its forest plot."""
    import json
    from datetime import UTC, datetime

    from tallystick.agreement.io import write_text
    from tallystick.cli import output
    from tallystick.errors import BadInput
    from tallystick.lab import synthesis as engine
    from tallystick.lab.formats import html

    if method != "reml" and method != "dl":
        raise BadInput("--method: take reml or dl.")
    said = {}
    for path in summaries:
        if str(path) in said:
            raise BadInput(f"{path}: this file is given twice. Count each report once.")
        try:
            said[str(path)] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BadInput(f"{path}: it cannot be read as JSON. Give the report's summary.json.") from None
    found = engine.synthesis(engine.studies(said), "dl" if method == "dl" else "reml")
    shown = engine.view(found, made=datetime.now(UTC).date().isoformat())
    if output_page is not None:
        write_text(output_page, html(shown))
    if as_json:
        output.say(asdict(found), as_json=True)
        return
    output.table(shown.tables[0].rows, shown.tables[0].header)
    for name, value in shown.numbers:
        output.line(f"{name}: {value}")


@app.command()
def life(
    request: Annotated[Path, typer.Argument(help="The request, a TOML file.")],
    event: Annotated[
        str,
        typer.Argument(
            help="receive, begin, send, publish, correct, withdraw, opt-out or destroy; nothing shows."
        ),
    ] = "",
    on: Annotated[str, typer.Option(help="The day on which it happened (today unless told).")] = "",
    reason: Annotated[str, typer.Option(help="What was wrong, at correct.")] = "",
    actor: Annotated[str, typer.Option(help="Who does it (your login name unless told).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show where an analysis stands, or enter what happened to it; destroy with certificates."""
    import getpass
    from datetime import UTC, date, datetime

    from tallystick.agreement import io
    from tallystick.cli import output
    from tallystick.errors import BadInput
    from tallystick.lab.life import EVENTS, destruction_due
    from tallystick.share.acts import Clock
    from tallystick.share.lab import load
    from tallystick.share.lab_life import Lived, life_of, live

    asked, share = load(request)
    now = datetime.now(UTC)
    try:
        day = date.fromisoformat(on) if on else now.date()
    except ValueError:
        raise BadInput("--on: write the day as 2026-11-21.") from None
    chosen = next((known for known in EVENTS if known == event), None)
    if event and chosen is None:
        raise BadInput(f"There is no such event. Take one of: {', '.join(EVENTS)}.")
    if chosen is None:
        found = Lived(life_of(asked, share, io.load(share.agreement)))
    else:
        found = live(asked, share, chosen, day, clock=Clock(actor or getpass.getuser(), now), reason=reason)
    said = {
        "id": asked.id, "state": found.life.state, "version": found.life.version, "review_ends": found.life.review_ends,
        "publishes_on": found.life.publishes_on, "destruction_due": destruction_due(found.life),
        "keeps_pseudonymised": found.life.keeps_pseudonymised, "certificates": [asdict(one) for one in found.certificates],
    }  # fmt: skip
    if as_json:
        output.say(said, as_json=True)
        return
    for name, value in said.items():
        if name != "certificates" and value is not None:
            output.line(f"{name.replace('_', ' ')}: {value}")
    for one in found.certificates:
        output.line(f"destroyed: {one.path} ({one.sha256[:23]}…, {one.size_bytes:,} bytes)")


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV, whole or not at all."""
    import csv
    import io

    from tallystick.agreement.io import write_text

    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    write_text(path, text.getvalue())
