"""`tally register learner`: Unique Learner Numbers, found, issued, kept and given."""

from __future__ import annotations

import csv
import io as streams
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import output
from tallystick.cli.run import Actor, Folder, Json, clock
from tallystick.errors import Refused

if TYPE_CHECKING:
    from tallystick.share.learners import Act, Learners
    from tallystick.share.register import Outcome

app = typer.Typer(
    help="Unique Learner Numbers: find, issue, enrol, change, merge, opt out, give.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

People = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="CSV or Parquet: record_id, first_name, surname, dob, gender, postcode."
    ),
]
Organisation = Annotated[
    str, typer.Option("--organisation", help="For which body: a party or recipient of the agreement.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="Where the answer goes (CSV).")]
Number = Annotated[str, typer.Argument(metavar="ULN", help="The learner's number.")]


@app.command("find")
def find_command(
    people: People, folder: Folder = Path(), *, organisation: Organisation, out: Out, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """Look learners up by the five fields: exact, linked (a merged number), possible, too many, or none."""
    from tallystick.linkage.files import read
    from tallystick.share import register

    share, agreement = _share(folder)
    found = register.find(
        share, agreement, read(people), organisation=organisation, clock=clock(actor), event_id=_event_id()
    )
    _answer(found, out, as_json)


@app.command("issue")
def issue_command(
    people: People,
    folder: Folder = Path(),
    *,
    organisation: Organisation,
    out: Out,
    looked: Annotated[
        bool,
        typer.Option("--looked", help="Somebody looked at those who are possible: they are other people."),
    ] = False,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Give each person a number: the one they have, or a new one. Nobody under 14; nobody who may have one already."""
    import secrets

    from tallystick.linkage.files import read
    from tallystick.share import register

    share, agreement = _share(folder)
    found = register.issue(
        share,
        agreement,
        read(people),
        organisation=organisation,
        clock=clock(actor),
        event_id=_event_id(),
        entropy=secrets.token_bytes,
        looked=looked,
    )
    _answer(found, out, as_json)


@app.command("enrol")
def enrol_command(folder: Folder = Path(), actor: Actor = None, as_json: Json = False) -> None:
    """Give everybody in the share's linked supplies a number, found or new; begins the register."""
    import secrets

    from tallystick.share import register

    share, agreement = _share(folder)
    found = register.enrol(
        share, agreement, clock=clock(actor), event_id=_event_id(), entropy=secrets.token_bytes
    )
    counts = {source: dict(Counter(one.status for one in outcomes)) for source, outcomes in found.items()}
    text = "\n".join(f"{source}: {_counted(one)}" for source, one in counts.items())
    output.say(counts, as_json=as_json, text=text)


@app.command("change")
def change_command(
    people: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet: uln and the five fields.")],
    folder: Folder = Path(),
    *,
    organisation: Organisation,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Set learners' details right; former names and postcodes stay findable. Every row or none."""
    from tallystick.linkage.files import read
    from tallystick.share import register

    share, agreement = _share(folder)
    changed = register.change(
        share, agreement, read(people), organisation=organisation, clock=clock(actor), event_id=_event_id()
    )
    counts = Counter(name for fields in changed.values() for name in fields)
    output.say(
        {"learners": len(changed), "fields": dict(counts)},
        as_json=as_json,
        text=f"{len(changed)} learners: {_counted(counts) or 'nothing was other'}.",
    )


@app.command("merge")
def merge_command(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The number that stays.")],
    gone: Annotated[str, typer.Argument(metavar="GONE", help="The number that leads to it from now on.")],
    folder: Folder = Path(),
    *,
    organisation: Organisation,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Make two numbers of one person lead to one; neither is ever issued again."""
    with _kept(folder, "merge", organisation, actor) as (learners, doing):
        learners.merge(keep, gone, doing)
    output.say({"merged": 1}, as_json=as_json, text="The second number leads to the first.")


@app.command("part")
def part_command(
    number: Number, folder: Folder = Path(), *, organisation: Organisation, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """Undo a merge that was wrong: the number is its own learner's again."""
    with _kept(folder, "part", organisation, actor) as (learners, doing):
        learners.part(number, doing)
    output.say({"parted": 1}, as_json=as_json, text="The number is its own learner's again.")


@app.command("opt-out")
def opt_out_command(
    number: Number, folder: Folder = Path(), *, organisation: Organisation, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """Share a learner's achievement data with nobody from now on."""
    with _kept(folder, "opt-out", organisation, actor) as (learners, doing):
        learners.opt(number, doing, out=True)
    output.say({"opted_out": True}, as_json=as_json, text="The learner's achievements go to nobody.")


@app.command("opt-in")
def opt_in_command(
    number: Number, folder: Folder = Path(), *, organisation: Organisation, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """Take an opt-out back, as the learner asked."""
    with _kept(folder, "opt-in", organisation, actor) as (learners, doing):
        learners.opt(number, doing, out=False)
    output.say({"opted_out": False}, as_json=as_json, text="The opt-out was taken back.")


@app.command("delete")
def delete_command(
    number: Number, folder: Folder = Path(), *, organisation: Organisation, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """Remove all that is known of a learner, under all their numbers; the numbers are not used again."""
    with _kept(folder, "delete", organisation, actor) as (learners, doing):
        learners.delete(number, doing)
        count = len(doing.lines)
    output.say({"numbers": count}, as_json=as_json, text=f"Deleted: {count} number(s), not used again.")


@app.command("history")
def history_command(
    number: Number, folder: Folder = Path(), *, organisation: Organisation, actor: Actor = None, as_json: Json = False
) -> None:  # fmt: skip
    """List every act on a number, looks included; this look is one."""
    with _kept(folder, "history", organisation, actor) as (learners, doing):
        doing.note("looked at its history", number)
        found = learners.history(number)
    if as_json:
        output.say(found, as_json=True)
        return
    output.table(
        [tuple(row.values()) for row in found],
        header=("when (UTC)", "who", "for", "act", "uln", "other uln", "fields"),
    )


@app.command("give")
def give_command(
    recipient: Annotated[str, typer.Argument(help="The recipient, as the agreement names it.")],
    folder: Folder = Path(),
    *,
    learners: Annotated[
        Path,
        typer.Option("--learners", help="The recipient's own learners: CSV or Parquet with a column uln."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder for one CSV file a dataset.")],
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Give a recipient its own fields on its own learners, without the achievements of those who opted out."""
    from tallystick.agreement.io import write_text
    from tallystick.linkage.files import read
    from tallystick.share import register

    share, agreement = _share(folder)
    given, counts = register.give(
        share, agreement, recipient, read(learners), clock=clock(actor), event_id=_event_id()
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, table in given.items():
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        write_text(out / f"{name}.csv", _csv(table.column_names, rows))
    output.say(counts, as_json=as_json, text=_counted(counts))


@app.command("show")
def show_command(folder: Folder = Path(), as_json: Json = False) -> None:
    """Count the numbers that are live, merged and deleted, and the learners who opted out."""
    from tallystick.share import register

    share, agreement = _share(folder)
    with register.register(share, agreement) as learners:
        counts = learners.counts()
    output.say(counts, as_json=as_json, text=_counted(counts))


@app.command("verify")
def verify_command(folder: Folder = Path(), as_json: Json = False) -> None:
    """Compare the register's acts with the ledger: nothing changed, dropped or added by hand."""
    from tallystick.share import register

    share, agreement = _share(folder)
    with register.register(share, agreement) as learners:
        found = learners.audit()
    if found:
        raise Refused(found, "The register's acts and the ledger differ.")
    output.say({"sound": True}, as_json=as_json, text="The register's acts are as the ledger says.")


def _share(folder: Path) -> tuple[Any, Any]:
    from tallystick.agreement import io
    from tallystick.share.rooms import open_share

    share = open_share(folder)
    return share, io.load(share.agreement)


def _event_id() -> str:
    import uuid

    return str(uuid.uuid4())


@contextmanager
def _kept(folder: Path, name: str, organisation: str, actor: str | None) -> Iterator[tuple[Learners, Act]]:
    from tallystick.share import register

    share, agreement = _share(folder)
    with register.steward(
        share, agreement, name, organisation=organisation, clock=clock(actor), event_id=_event_id()
    ) as both:
        yield both


def _answer(found: list[Outcome], out: Path, as_json: bool) -> None:
    """Write a line for each row, and one for each candidate where somebody has to decide; print the counts."""
    from tallystick.agreement.io import write_text
    from tallystick.linkage.register import FIELDS

    lines: list[tuple[str | None, ...]] = []
    for one in found:
        candidates = one.answer.candidates if one.answer and one.uln is None else ()
        for candidate in candidates:
            lines.append((one.row_id, one.status, None, candidate.uln, *candidate.grades))
        if not candidates:
            lines.append((one.row_id, one.status, one.uln, None, *[None for _ in FIELDS]))
    write_text(out, _csv(("record_id", "answer", "uln", "candidate", *FIELDS), lines))
    counts = Counter(one.status for one in found)
    output.say(dict(counts), as_json=as_json, text=_counted(counts))


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = streams.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _counted(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in counts.items())
