"""`tally serve`: the web service, on this machine with SQLite unless the environment says otherwise."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.errors import BadInput

Home = Annotated[
    Path,
    typer.Option("--home", envvar="TALLYSTICK_HOME", help="The service's folder: shares, registry, ledger."),
]
DEFAULT_HOME = Path("tallystick-home")


def serve(
    home: Home = DEFAULT_HOME,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", help="How many processes serve.", min=1)] = 2,
    sample: Annotated[
        bool, typer.Option("--sample", help="With a sample board, share and accounts; prints how to sign in.")
    ] = False,
    prepare_only: Annotated[
        bool,
        typer.Option("--prepare", help="Bring the database up to date and record the shares, then stop."),
    ] = False,
) -> None:
    """Serve the web service; a fresh machine needs nothing else. Stop it with Ctrl+C."""
    from tallystick.service import look

    if not prepare_only:
        refuse_taken(host, port)
    ready(home, host, port)
    if not look.is_there():
        raise BadInput(
            "The pages' style sheets are not here. In a checkout run `make assets` (it needs npm, once); "
            "an installed wheel brings them: install it again."
        )
    if sample:
        from tallystick.service.sample import make

        for line in make(datetime.now(UTC)):
            output.line(line)
    if prepare_only:
        return
    output.line(f"Serving on {os.environ['TALLYSTICK_URL']} (stop with Ctrl+C)")
    from tallystick.service.server import run

    run(f"{host}:{port}", workers)


def refuse_taken(host: str, port: int) -> None:
    """Raise BadInput where something else listens there already, or the address is not this machine's."""
    import socket

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise BadInput(
                f"Nothing can listen on {host}:{port}: it is taken, or not this machine's. Name another --port."
            ) from None


def ready(home: Path, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Make the service's home ready: environment, Django, database, shares; raise BadInput where the extra is missing."""
    import importlib.util

    if importlib.util.find_spec("allauth") is None or importlib.util.find_spec("django") is None:
        raise BadInput('The web service needs more: pip install "tallystick[service]".')
    from tallystick.service import prepare

    local = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    prepare.home(home.resolve(), os.environ.get("TALLYSTICK_URL", local))
    prepare.django()
    prepare.database()
    for name in prepare.shares(datetime.now(UTC)):
        output.line(f"The share {name} cannot be read: `tally agreement check` says why. It is left out.")
