"""One act of a door, whole or not at all: written aside, entered in the ledger, then moved into its place.

Killed before the entry, the act never happened and what lay aside is destroyed; killed after it, the next command
moves the rest into place. An act whose entry stands is never done twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tallystick.errors import BadInput
from tallystick.ledger import Certificate, certify, destroy, digest, fingerprint
from tallystick.ledger.destruction import sync_folder
from tallystick.share.rooms import Share

EVENT = ".event"


@dataclass(frozen=True)
class Clock:
    """Who acts, and when: arguments of every door, so that a test can hold both still."""

    actor: str
    now: datetime


def is_done(share: Share, event_id: str) -> bool:
    """Return whether the ledger holds this act."""
    return share.ledger.find(event_id) is not None


def details_of(share: Share, event_id: str) -> Mapping[str, Any]:
    """Return what the ledger noted of an act; empty where there was none."""
    entry = share.ledger.find(event_id)
    return {} if entry is None else entry.details


def numbered(event_id: str, number: int) -> str:
    """Return the id of an act's first, second, ... time: the first has no number."""
    return event_id if number <= 1 else f"{event_id}/{number}"


def times(share: Share, event_id: str) -> int:
    """Return how often the ledger holds this act."""
    number = 0
    while is_done(share, numbered(event_id, number + 1)):
        number += 1
    return number


def last_details(share: Share, event_id: str) -> Mapping[str, Any]:
    """Return what the ledger noted of an act the last time; empty where there was none."""
    return details_of(share, numbered(event_id, times(share, event_id)))


@contextmanager
def act(
    share: Share, event_id: str, *, name: str, subject: str, clock: Clock, details: dict[str, Any]
) -> Iterator[Path]:
    """Yield a folder in which to lay the act's files out as under the share; on leaving, enter and release them.

    ``details`` may be filled inside the block. Nothing is left behind where the block raises; a full disk is told
    as BadInput.
    """
    folder = _staging(share, event_id)
    _remove(folder)
    folder.mkdir(parents=True)
    (folder / EVENT).write_text(event_id, encoding="utf-8")
    try:
        yield folder
        details["files"] = [
            {"path": path.relative_to(folder).as_posix(), "sha256": found[0], "bytes": found[1]}
            for path in _files(folder)
            if (found := _settled(path))
        ]
        share.ledger.append(name, subject, details, actor=clock.actor, at=clock.now, event_id=event_id)
    except OSError as error:
        _remove(folder)
        raise BadInput(
            f"The disk would not take what the step wrote ({error.strerror}). "
            "Nothing was left behind: make room, then run the same command again."
        ) from error
    except BaseException:
        if not is_done(share, event_id):
            _remove(folder)
        raise
    _release(share, folder)


def recover(share: Share) -> list[str]:
    """Finish or take back what an interruption left; return a line for each. Call it with the share locked."""
    said = []
    if share.staging.is_dir():
        for folder in sorted(share.staging.iterdir()):
            event = folder / EVENT
            event_id = event.read_text(encoding="utf-8") if event.exists() else ""
            if event_id and is_done(share, event_id):
                _release(share, folder)
                said.append(f"finished what was interrupted: {event_id}")
            else:
                _remove(folder)
                said.append(f"took back what was interrupted: {event_id or 'an act without a name'}")
    for entry in list(share.ledger.entries()):
        if entry.act == "destroy" and not is_done(share, f"{entry.event_id}/done"):
            _carry_out(share, entry.event_id, entry.details, entry.actor, datetime.fromisoformat(entry.at))
            said.append(f"finished a destruction: {entry.subject}")
    return said


def destroy_files(
    share: Share,
    event_id: str,
    files: Mapping[Path, Path | None],
    *,
    subject: str,
    reason: str,
    clock: Clock,
    note: str = "",
) -> tuple[Certificate, ...]:
    """Destroy each file with the key that opens it (or None), and return the certificates, which the ledger holds.

    The order is entered first, then carried out, then entered as done; a file already gone is left out. An order that was carried
    out is not carried out again: what lies in a place since then is another file.
    """
    if not is_done(share, event_id):
        certificates = [
            certify(file, root=share.root, at=clock.now, reason=reason, key=key, note=note)
            for file, key in files.items()
            if file.exists()
        ]
        details = {"reason": reason, "certificates": [asdict(c) for c in certificates], "note": note}
        share.ledger.append("destroy", subject, details, actor=clock.actor, at=clock.now, event_id=event_id)
    details_found = details_of(share, event_id)
    if not is_done(share, f"{event_id}/done"):
        _carry_out(share, event_id, details_found, clock.actor, clock.now)
    return tuple(Certificate(**c) for c in details_found["certificates"])


def _carry_out(share: Share, event_id: str, details: Mapping[str, Any], actor: str, at: datetime) -> None:
    for certificate in details["certificates"]:
        keys = [share.root / certificate["key"]] if certificate["key"] else []
        destroy(*keys, share.root / certificate["path"])
    share.ledger.append(
        "destroyed",
        event_id,
        {"files": [certificate["path"] for certificate in details["certificates"]]},
        actor=actor,
        at=at,
        event_id=f"{event_id}/done",
    )


def _staging(share: Share, event_id: str) -> Path:
    return share.staging / digest(event_id.encode())[7:23]


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != EVENT)


def _settled(path: Path) -> tuple[str, int]:
    """Return a file's hash and size once its bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return fingerprint(path)


def _release(share: Share, folder: Path) -> None:
    touched = set()
    for path in _files(folder):
        target = share.root / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        touched.add(target.parent)
    for parent in touched:
        sync_folder(parent)
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove an act's folder; what it still holds (an act that never happened) is overwritten first."""
    if not folder.exists():
        return
    destroy(*_files(folder))
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()
