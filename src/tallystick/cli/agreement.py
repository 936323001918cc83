"""`tally agreement`: the rules, a signature, the next version, the document, and which agreement is required."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tallystick.cli import output
from tallystick.errors import BadInput, Refused

app = typer.Typer(
    help="Check, sign, amend and print an agreement.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[Path, typer.Argument(help="The share's folder, or an agreement's file.")]
Json = Annotated[bool, typer.Option("--json", help="Print what a program would want.")]
Actor = Annotated[str | None, typer.Option("--as", help="Who acts, for the ledger (default: your account).")]
On = Annotated[str | None, typer.Option("--on", help="The day to check for, YYYY-MM-DD (default: today).")]


def day(text: str | None) -> date:
    """Return the day that was asked for, or today."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--on {text!r} is no day. Write it as 2026-06-01.") from None


def agreement_file(folder: Path) -> Path:
    """Return the agreement's file in a folder, or the file itself."""
    return folder / "agreement.toml" if folder.is_dir() else folder


@app.command()
def check(
    folder: Folder = Path(),
    on: On = None,
    door: Annotated[
        str | None, typer.Option("--door", help="Only the rules of one door, such as sign or extract.")
    ] = None,
    projects: Annotated[
        bool, typer.Option("--projects", help="The rules on the share's projects too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run every rule that reads the agreement; exit 1 if any says no."""
    from tallystick.agreement import io, rules

    if door is not None and door not in rules.DOORS:
        raise BadInput(f"There is no door {door!r}. The doors are: {', '.join(rules.DOORS)}.")
    path = agreement_file(folder)
    agreement, asked = io.load(path), day(on)
    case = rules.Case(asked, agreement, door=door)
    found = rules.broken(rules.RULES, "agreement", agreement, case)
    for project in io.load_projects(path.parent) if projects else ():
        found += rules.check_project(agreement, project, asked)
    refusals = [finding for finding in found if finding.severity == "refuse"]
    if refusals:
        count = f"{len(refusals)} rule{'s are' if len(refusals) > 1 else ' is'} broken"
        raise Refused(found, f"{path.name}: {count}.")
    output.say(
        {
            "agreement": agreement.about.id,
            "hash": io.document_hash(agreement),
            "on": asked.isoformat(),
            "findings": [vars(finding) for finding in found],
        },
        as_json=as_json,
        text=f"{agreement.about.id}: every rule holds on {asked.isoformat()}.",
    )
    if not as_json:
        output.findings(found)


@app.command()
def sign(
    folder: Folder = Path(),
    party: Annotated[
        str, typer.Option("--party", help="The party that signs, as the agreement names it.")
    ] = "",
    officer: Annotated[str, typer.Option("--officer", help="The office: iao, siro, dpo, …")] = "iao",
    name: Annotated[str, typer.Option("--name", help="Who signs: the holder of that office.")] = "",
    at: Annotated[
        str | None, typer.Option("--at", help="When, as 2026-06-01T10:00:00Z (default: now).")
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Sign for an office of a party; only its holder may, and only what breaks no rule."""
    from tallystick.agreement import io, signing

    if not party or not name:
        raise BadInput('Say who signs: --party "Ministry of Justice" --officer iao --name "…".')
    path = agreement_file(folder)
    moment = moment_of(at)
    signed = signing.sign(io.load(path), party, officer, name, moment)
    hashed = io.document_hash(signed)
    record(
        path, "sign", signed.about.id, {"party": party, "officer": officer, "hash": hashed}, actor, moment,
        f"sign/{hashed}/{party}/{officer}",
    )  # fmt: skip
    rewrite(path, signed)
    missing = signing.still_to_sign(signed)
    output.say(
        {"signed": True, "party": party, "officer": officer, "hash": hashed, "still_to_sign": missing},
        as_json=as_json,
        text=f"Signed for {party}: {hashed}."
        + (f" Still to sign: {'; '.join(missing)}." if missing else " Every controller has signed."),
    )


@app.command()
def amend(
    folder: Folder = Path(),
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Note that the agreement was reviewed today.")
    ] = False,
    on: On = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Begin the next version: the present one is kept in versions/, the new one is unsigned and names it."""
    from tallystick.agreement import io, signing

    path = agreement_file(folder)
    before = io.load(path)
    later = signing.amend(before, day(on), reviewed=reviewed)
    kept = path.parent / "versions" / f"{path.stem}-v{before.about.version}{path.suffix}"
    kept.parent.mkdir(exist_ok=True)
    io.write_bytes(kept, path.read_bytes())
    details = {"version": later.about.version, "supersedes": later.about.supersedes}
    event = f"amend/{later.about.supersedes}/{later.about.version}"
    record(path, "amend", later.about.id, details, actor, datetime.now(UTC), event)
    rewrite(path, later)
    output.say(
        {**details, "kept": str(kept)},
        as_json=as_json,
        text=f"Version {later.about.version} begun; version {before.about.version} is kept in {kept}. "
        "Edit it, then have it signed.",
    )


@app.command()
def document(
    folder: Folder = Path(),
    form: Annotated[str, typer.Option("--format", help="html, docx, json, xlsx, jsonld or all.")] = "all",
    notice: Annotated[bool, typer.Option("--notice", help="The privacy notice only.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write (default: documents/ in the share).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the agreement and its privacy notice: HTML and Word for people, JSON for programs."""
    from tallystick.agreement import io
    from tallystick.agreement.printing import FORMATS, printed

    path = agreement_file(folder)
    wanted = FORMATS if form == "all" else tuple(form.split(","))
    if set(wanted) - set(FORMATS):
        raise BadInput(f"There is no format {form!r}. The formats are: {', '.join(FORMATS)}, all.")
    agreement = io.load(path)
    target = out or path.parent / "documents"
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in printed(agreement, wanted, notice_only=notice):
        io.write_bytes(target / name, content)
        written.append(str(target / name))
    output.say(
        {"hash": io.document_hash(agreement), "files": written}, as_json=as_json, text="\n".join(written)
    )


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A DOCX, XLSX or JSON that `tally agreement document` wrote.")],
    folder: Annotated[
        Path, typer.Option("--to", help="The folder in which to write agreement.toml.")
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Read an agreement back from the form that was printed, and write agreement.toml."""
    from tallystick.agreement import io
    from tallystick.agreement.printing import read_printed

    target = folder / "agreement.toml"
    if target.exists():
        raise BadInput(f"{target} exists already; nothing was written. Name another folder with --to.")
    agreement = read_printed(file)
    folder.mkdir(parents=True, exist_ok=True)
    io.dump(agreement, target)
    hashed = io.document_hash(agreement)
    output.say(
        {"agreement": agreement.about.id, "hash": hashed, "file": str(target)},
        as_json=as_json,
        text=f"{target}: {agreement.about.id}, {hashed}.",
    )


@app.command()
def wizard(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write a first draft (default: only answer).")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="performance, operational, research or law-enforcement.")
    ] = None,
    personal: Annotated[bool | None, typer.Option("--personal/--not-personal")] = None,
    same_security: Annotated[bool | None, typer.Option("--same-security/--other-security")] = None,
    waspi: Annotated[bool | None, typer.Option("--waspi/--no-waspi")] = None,
    ad_hoc: Annotated[bool | None, typer.Option("--ad-hoc/--standing")] = None,
    title: Annotated[str, typer.Option("--title", help="The agreement's title.")] = "",
    party: Annotated[
        list[str] | None, typer.Option("--party", help="A party (give it once for each).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which agreement is required (MoU, DSA or ISP) and why; with a folder, begin it."""
    from tallystick.agreement import io
    from tallystick.agreement.wizard import choose, draft

    given = {"personal": personal, "same_security": same_security, "waspi": waspi, "ad_hoc": ad_hoc}
    situation = asked(purpose, given)
    choice = choose(situation)
    if folder is not None:
        target = folder / "agreement.toml"
        if target.exists():
            raise BadInput(f"{target} exists already; nothing was written.")
        name = folder.resolve().name
        begun = draft(
            situation, reference=name, title=title or name, parties=tuple(party or ()), on=day(None)
        )
        folder.mkdir(parents=True, exist_ok=True)
        io.dump(begun, target)
    text = f"{choice.kind.upper()}. " + " ".join(choice.because)
    if choice.template:
        text += f"\nA template to start from: tally init DIR --template {choice.template}"
    if folder is not None:
        text += f"\n{folder / 'agreement.toml'} is begun: `tally agreement check {folder}` says what is to answer."
    output.say(asdict(choice), as_json=as_json, text=text)


def asked(purpose: str | None, given: dict[str, bool | None]) -> Any:
    """Return the situation, asking on a terminal for what was not given; raise BadInput in a pipe."""
    from typing import get_args

    from tallystick.agreement.schema import Purpose
    from tallystick.agreement.wizard import QUESTIONS, Situation

    purposes = get_args(Purpose)
    interactive = sys.stdin.isatty()
    if purpose is None and interactive:
        purpose = typer.prompt(f"What is it for ({', '.join(purposes)})?")
    if purpose not in purposes:
        raise BadInput(f"Give --purpose: one of {', '.join(purposes)}.")
    if given["personal"] is False:
        given = {key: value or False for key, value in given.items()}
    for key, question in QUESTIONS:
        if given[key] is None and interactive:
            given[key] = typer.confirm(question)
    lacking = [f"--{key.replace('_', '-')}" for key, value in given.items() if value is None]
    if lacking:
        raise BadInput(f"Answer {', '.join(lacking)} (or its opposite: `tally agreement wizard --help`).")
    return Situation(purpose, **{key: bool(value) for key, value in given.items()})  # type: ignore[arg-type]


def moment_of(text: str | None) -> datetime:
    """Return the moment that was given, or now, in UTC."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--at {text!r} is no moment. Write it as 2026-06-01T10:00:00Z.") from None
    if moment.tzinfo is None:
        raise BadInput(f"--at {text!r} has no time zone. Write it as 2026-06-01T10:00:00Z.")
    return moment.astimezone(UTC)


def record(
    path: Path, act: str, subject: str, details: dict[str, Any], actor: str | None, at: datetime, event: str
) -> None:
    """Tell the share's ledger, before the file is changed."""
    from tallystick.ledger import Ledger

    ledger = Ledger(path.parent / "ledger.jsonl", path.parent / "ledger.head")
    ledger.append(act, subject, details, actor=actor or getpass.getuser(), at=at, event_id=event)


def rewrite(path: Path, agreement: Any) -> None:
    """Write the agreement over its file, its author's comments kept."""
    from tallystick.agreement import io
    from tallystick.agreement.edit import rewritten

    if path.suffix.lower() == ".json":
        io.dump(agreement, path)
    else:
        io.write_text(path, rewritten(path.read_text(encoding="utf-8-sig"), agreement))
