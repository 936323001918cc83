"""The journal of a review on disk: one answer a line, flushed before anything else happens; a line cut off by death never was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from tallystick.errors import BadInput
from tallystick.linkage.review import Event


def events(journal: Path) -> tuple[Event, ...]:
    """Return the answers in order; raise BadInput where a whole line cannot be read."""
    found = []
    for number, line in enumerate(_whole(journal).splitlines(), 1):
        try:
            found.append(Event(**json.loads(line)))
        except (ValueError, TypeError):
            raise BadInput(
                f"{journal.name}, line {number} is not an answer any more: restore the file from a backup."
            ) from None
    return tuple(found)


def append(journal: Path, event: Event) -> None:
    """Put one answer at the journal's end; it is on the disk when this returns."""
    whole = len(_whole(journal))
    with journal.open("ab") as file:
        file.truncate(whole)
        file.write(json.dumps(asdict(event)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def one_writer(lock: Path) -> Iterator[None]:
    """Hold the journal's lock for the moment of one answer; raise BadInput where another keeps it for half a minute."""
    held = FileLock(lock, timeout=30, mode=0o600)
    try:
        held.acquire()
    except Timeout:
        raise BadInput("Another `tally review` is stuck while it writes. End it, then go on.") from None
    try:
        yield
    finally:
        held.release()


def _whole(journal: Path) -> bytes:
    """Return the journal up to its last whole line."""
    text = journal.read_bytes() if journal.exists() else b""
    return text[: text.rfind(b"\n") + 1]
