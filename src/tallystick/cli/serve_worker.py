"""`tally worker`: does the steps of shares that people ask for in the web service."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tallystick.cli import output
from tallystick.cli.serve import DEFAULT_HOME, Home, ready


def worker(
    home: Home = DEFAULT_HOME,
    once: Annotated[bool, typer.Option("--once", help="Stop when there is nothing left to do.")] = False,
) -> None:
    """Take jobs from the queue and do them, one at a time; killed in the middle, another goes on where it stopped."""
    ready(home)
    from tallystick.service.jobs import queue

    stopped = threading.Event()

    def stop(*_: Any) -> None:
        stopped.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    done = queue.loop(lambda: datetime.now(UTC), stopped, once=once)
    output.line(f"{done} job{'s' if done != 1 else ''} done.")
