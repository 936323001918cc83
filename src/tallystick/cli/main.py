"""The `tally` command itself: the table of commands, loaded only when called, and the one place where errors are printed."""

from __future__ import annotations

import importlib
import signal
import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from tallystick import __version__
from tallystick.cli import output
from tallystick.errors import TallystickError

STOPPED = 130

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, what `tally --help` says of it)
    "init": ("tallystick.cli.init:init", "Begin a share from a filled-in template."),
    "agreement": ("tallystick.cli.agreement:app", "Check, sign, amend and print an agreement."),
    "link": ("tallystick.cli.link:app", "Link records of people: plain files, or a share's own."),
    "demo": ("tallystick.cli.demo:demo", "Make a synthetic share and run it whole."),
    "synth": ("tallystick.cli.synth:synth", "Make a share of synthetic people whose truth is known."),
    "run": ("tallystick.cli.run:run", "Do every step of a share that its agreement allows."),
    "supply": ("tallystick.cli.run:supply", "Check each supplier's file, split it and seal each half."),
    "deidentify": ("tallystick.cli.run:deidentify", "Give the steward the linked people's attributes."),
    "extract": ("tallystick.cli.run:extract", "Make each approved project's extract."),
    "risk": ("tallystick.cli.run:risk", "Measure how well each extract hides the people in it."),
    "review": ("tallystick.cli.review:review", "Judge a sample of pairs: what the linkage is worth."),
    "destroy": ("tallystick.cli.run:destroy", "Destroy the identifiers and their keys."),
    "lab": ("tallystick.cli.lab:app", "The Justice Data Lab: did people who were helped fare better?"),
    "output": ("tallystick.cli.releases:app", "Check, protect and release outputs; prove what was released."),
    "pack": ("tallystick.cli.pack:app", "A local board's performance pack, from series to one page."),
    "ledger": ("tallystick.cli.ledger:app", "Show, verify or audit what happened."),
    "request": (
        "tallystick.cli.governance:request_app",
        "Ask for data: from a draft to its release, or a dispute.",
    ),
    "approve": ("tallystick.cli.governance:approve", "Approve a request, for an owner or a panel."),
    "assess": (
        "tallystick.cli.governance:assess_app",
        "DPIA screening, DPIA, equality impact, privacy notice.",
    ),
    "retain": (
        "tallystick.cli.governance:retain_app",
        "Copies of data: how long, where, extended, disposed of.",
    ),
    "rights": ("tallystick.cli.governance:rights_app", "What people ask about their data, and complaints."),
    "incident": ("tallystick.cli.governance:incident_app", "Incidents, from the first word to the lessons."),
    "register": ("tallystick.cli.registers:register_app", "Registers from live records, and their entries."),
    "serve": ("tallystick.cli.serve:serve", "The web service, on SQLite unless DATABASE_URL says otherwise."),
    "worker": (
        "tallystick.cli.serve_worker:worker",
        "Does the steps of shares that are asked for in the web service.",
    ),
    "backup": (
        "tallystick.cli.serve_backup:backup",
        "The web service's database, ledger and shares into one file.",
    ),
    "restore": ("tallystick.cli.serve_backup:restore", "A backup of the web service, brought back."),
    "account": ("tallystick.cli.serve_account:app", "Accounts of the web service: given a role, closed."),
}


class LazyGroup(TyperGroup):
    """A group that imports a command's module only when that command is called, so that help comes at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands' names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        found: Any = getattr(importlib.import_module(module), attribute)
        command = typer.main.get_command(as_app(found, cmd_name))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands without importing any of them."""
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def as_app(found: Any, name: str) -> typer.Typer:
    """Return ``found`` as a Typer app: itself if it is one, else an app of that single function."""
    if isinstance(found, typer.Typer):
        return found
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(found)
    return single


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    help="Link records about people under an agreement that the software enforces.",
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    """Link records about people under an agreement that the software enforces."""
    if version:
        sys.stdout.write(f"tallystick {__version__}\n")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        output.line(ctx.get_help())


def main(argv: list[str] | None = None) -> None:
    """Run `tally` and exit: 0 done, 1 refused by a rule, 2 bad input, 3 an internal failure, 130 stopped.

    A signal to terminate stops it as Ctrl+C does, so that what was being written is tidied away.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """Run `tally` with these arguments and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    as_json = "--json" in arguments
    try:
        with warnings.catch_warnings():
            warnings.showwarning = output.warning
            result = app(args=arguments, prog_name="tally", standalone_mode=False)
    except TallystickError as error:
        output.error(error, as_json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        return output.usage(error)
    except (KeyboardInterrupt, typer.Abort):
        result = STOPPED
    except BrokenPipeError:
        return 0
    except Exception as error:
        output.internal(error)
        return 3
    if result == STOPPED:
        sys.stderr.write("Stopped. Nothing half-written was left; the same command goes on from here.\n")
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
