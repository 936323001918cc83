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
    from tallystick.share.returns import check as look_through
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


@app.command()
def publish(
    folder: Folder = Path(),
    name: Annotated[str, typer.Option("--pack", help="Which pack (default: the latest for everybody).")] = "",
    publisher: Annotated[
        str, typer.Option("--publisher", help="Who publishes: a party of the agreement.")
    ] = "",
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Give a pack to everybody, on its day, where the agreement lets each of its datasets go; the ledger keeps it.

    Example: tally pack publish my-board --publisher "Police and Crime Commissioner"
    """
    from tallystick.share import board
    from tallystick.share.rooms import open_share

    share = open_share(folder)
    chosen = name or next((each for each in board.packs_of(share) if "-early-" not in each), "")
    board.publish(share, chosen, publisher=publisher, clock=clock(actor))
    on = board.publications(share)[chosen]
    page = share.root / "packs" / chosen / "pack.html"
    output.say(
        {"pack": chosen, "published_on": str(on), "page": str(page)},
        as_json=as_json,
        text=f"Published on {on}: {page}",
    )


@app.command()
def compare(
    folder: Annotated[Path, typer.Argument(help="The share's folder.")],
    measure: Annotated[list[str], typer.Argument(help="One measure or more, by id.")],
    first: Annotated[
        str, typer.Option("--from", help="A period, such as 2025-03 (default: a year before).")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="A period (default: the last one shown).")] = "",
    on: On = None,
    as_json: Json = False,
) -> None:
    """Put measures side by side at two periods; refused across a change of definition, warned where they count different things.

    Example: tally pack compare my-board receipts disposals --from 2025-01 --to 2025-05
    """
    from tallystick.share.compare import compare as side_by_side
    from tallystick.share.rooms import open_share

    day = day_of(on) or clock(None).now.date()
    found = side_by_side(open_share(folder), day=day, names=measure, first=first, last=last)
    lines = [
        f"{each['measure']} (counts each {each['counts']}): {each['from']} {each['before']}, {each['to']} {each['after']}"
        for each in found["measures"]
    ]
    output.say(
        found,
        as_json=as_json,
        text="\n".join([*lines, *(f"Take care: {each}" for each in found["warnings"])]),
    )


@app.command()
def catalogue(
    words: Annotated[str, typer.Argument(help="What is needed, in words; without any, every source.")] = "",
    folder: Annotated[
        Path | None, typer.Argument(help="A share's folder: its own sources are searched too.")
    ] = None,
    answered_by: Annotated[
        str,
        typer.Option("--answered-by", metavar="ID", help="This source answers it: the request ends here."),
    ] = "",
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Search the catalogue before a request is made: is it on a dashboard already?

    Example: tally pack catalogue "open cases in the Crown Court"
    """
    from tallystick.share import catalogue as engine
    from tallystick.share.rooms import open_share

    now = clock(actor)
    share = open_share(folder) if folder else None
    if answered_by:
        if share is None:
            raise BadInput(
                "Name the share's folder after the words: its ledger keeps that the request ended here."
            )
        source = engine.answered(share, words, answered_by, clock=now)
        output.say(
            {"answered_by": source.id, "access_route": source.access_route, "may_be_passed_on": not source.is_barred, "request": "ended"},
            as_json=as_json,
            text=f"The request ends here. {source.title} ({source.frequency}): {source.access_route}.{bar(source)}",
        )  # fmt: skip
        return
    listed = engine.sources(share, now.now)
    found = engine.search(words, listed) if words else tuple(engine.Found(each, 0.0, ()) for each in listed)
    if as_json:
        output.say(
            [
                {**vars(each.source), "covers_words": round(each.covered, 2), "lacking": each.lacking}
                for each in found
            ],
            as_json=True,
        )
        return
    for each in found:
        lacking = f" Does not mention: {', '.join(each.lacking)}." if each.lacking else ""
        output.line(
            f"{each.source.id}: {each.source.title} ({each.source.owner}, {each.source.frequency}). {each.source.access_route}."
            f"{bar(each.source)}{lacking}"
        )
    if words and found:
        output.line("If one answers it, the request ends there: add the share's folder and --answered-by ID.")
    elif words:
        output.line("Nothing in the catalogue answers it. Ask: `tally request draft`, and give this search as its catalogue_search.")  # fmt: skip


def bar(source: object) -> str:
    """Return the warning on a source that must not be passed on."""
    return " Never pass it on or publish it: each body uses its own access." if getattr(source, "is_barred", False) else ""  # fmt: skip


@app.command()
def begin(
    folder: Annotated[Path, typer.Argument(help="The folder of the new share; made if it is not there.")],
    answer: Annotated[
        list[str] | None, typer.Option("--set", metavar="QUESTION=ANSWER", help="One answer.")
    ] = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="Print the questions; write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Begin a board's share: a memorandum of understanding from eight answers, two of which have a default.

    Example: tally pack begin my-board --set "board=Northshire Criminal Justice Board" --set area=Northshire …
    """
    from tallystick.agreement.io import write_text
    from tallystick.share import begin as engine

    if questions:
        rows = [{"key": each.key, "question": each.words, "example": each.example, "default": each.default} for each in engine.QUESTIONS]  # fmt: skip
        output.say(rows, as_json=as_json, text="\n".join(f"{row['key']}: {row['question']} e.g. {row['example']}" for row in rows))  # fmt: skip
        return
    given = dict(split(each) for each in answer or ())
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is not an empty folder; nothing was written. Name a new one.")
    files = engine.begin(folder, given)
    (folder / "supplies").mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        write_text(path, text)
    output.say(
        {"files": [str(path) for path in files], "asked": len(engine.QUESTIONS), "kind": "mou", "dpia": "not asked", "dsa": "not asked"},
        as_json=as_json,
        text="\n".join([
            *(f"Wrote {path}" for path in files),
            "No DPIA and no data sharing agreement were asked: the figures are about nobody.",
            f"Sign it: tally agreement sign {folder}. Put the returns into {folder / 'supplies'}, then: tally pack build {folder}",
        ]),
    )  # fmt: skip


def split(text: str) -> tuple[str, str]:
    """Return a question and its answer."""
    key, sign, value = text.partition("=")
    if not sign:
        raise BadInput("Write each answer as --set question=answer.")
    return key.strip(), value.strip()
