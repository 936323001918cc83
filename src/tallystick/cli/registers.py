"""`tally register`: the registers from live records, and the entries that nothing else makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import learners, output
from tallystick.cli.processes import At, Folder, Json, group, journal_of, moment, process_app, registry_of
from tallystick.errors import BadInput, Refused

if TYPE_CHECKING:
    from tallystick.governance.registers import Register

register_app = group("Registers from live records; the entries that nothing else makes.")
for entry_name in ("office", "asset", "agreement", "access", "transfer"):
    register_app.add_typer(process_app(entry_name), name=entry_name)
register_app.add_typer(learners.app, name="learner")


@register_app.command("names")
def register_names(as_json: Json = False) -> None:
    """List the registers."""
    from tallystick.governance.registers import NAMES

    output.say(list(NAMES), as_json=as_json, text="\n".join(NAMES))


@register_app.command("verify")
def register_verify(folder: Folder = Path(), as_json: Json = False) -> None:
    """Compare the recorded acts with the ledger: nothing changed, dropped or added by hand."""
    found = journal_of(folder).audit()
    if found:
        raise Refused(found, "The recorded acts and the ledger differ.")
    output.say({"sound": True}, as_json=as_json, text="The recorded acts are as the ledger says.")


@register_app.command("show")
def register_show(
    name: Annotated[str, typer.Argument(help="Which register (`names` lists them), or `policy`.")],
    folder: Folder = Path(),
    form: Annotated[
        str, typer.Option("--format", help="table, csv, json, html; dcat for the catalogue.")
    ] = "table",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it here.")] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Print a register as it stands, from live records; `policy` prints the agreement as ODRL."""
    from tallystick.agreement.io import write_text

    text = register_text(name, folder, "json" if as_json else form, moment(at))
    if out is None:
        output.line(text.rstrip("\n"))
        return
    write_text(out, text)
    output.line(f"Wrote {out}.")


def register_text(name: str, folder: Path, form: str, now: datetime) -> str:
    """Return a register in one of its formats; raise BadInput for a format that it does not have."""
    from tallystick.governance import exchange, pages

    if name == "policy":
        from tallystick.agreement.io import load
        from tallystick.agreement.linked_data import agreement_jsonld

        return agreement_jsonld(load(folder))
    found = register_of(name, folder, now)
    formats: dict[str, Callable[[Any], str]] = {
        "csv": pages.as_csv, "json": pages.as_json_text, "html": pages.as_html, "table": as_text,
    }  # fmt: skip
    if name == "catalogue":
        formats["dcat"] = lambda register: json.dumps(exchange.dcat(register), indent=2, ensure_ascii=False)
    if form not in formats:
        raise BadInput(f"The register {name} has no format {form!r}. It has: {', '.join(formats)}.")
    return formats[form](found)


def register_of(name: str, folder: Path, now: datetime) -> Register:
    """Return a register of a folder; raise BadInput where there is none of that name."""
    from tallystick.agreement.io import load
    from tallystick.governance import registers

    if name in registers.TITLES:
        return registers.register(
            name, registry_of(folder, now, holdings=name in ("deletions", "retention")), now
        )
    if name in registers.FROM_AGREEMENT:
        make = registers.sharing if name == "sharing" else registers.processing
        journal_of(folder)
        return make([load(folder)] if (folder / "agreement.toml").is_file() else [], now)
    if name in registers.OTHERS:
        live = registers.catalogue if name == "catalogue" else registers.blockers
        return live(registry_of(folder, now), now)
    raise BadInput(f"There is no register {name!r}. There are: {', '.join(registers.NAMES)}, policy.")


def as_text(register: Register) -> str:
    """Return a register as aligned columns for a terminal: a line for each line, long cells cut."""
    header = [column.heading for column in register.columns]
    cells = [
        header,
        *[[cell if len(cell) <= 40 else cell[:39] + "…" for cell in row] for row in register.rows],
    ]
    widths = [max(len(row[index]) for row in cells) for index in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
