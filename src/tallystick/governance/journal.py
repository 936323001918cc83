"""The events of a share, in ``governance/events.jsonl``: one writer at a time, each act whole or not at all.

The one module of this package that touches the disk, so that the command line and the service's import read the same file. Each
act also takes a ledger entry, which holds no answer but only its hash; an act that was cut off before its entry is
entered by the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from tallystick.errors import BadInput, Finding
from tallystick.governance.cases import EMPTY, Case, Command, Event, Registry, fold
from tallystick.governance.decisions import decide
from tallystick.ledger import Entry, Ledger, canonical, digest, fingerprint

WAIT_SECONDS = 10


@dataclass(frozen=True)
class Journal:
    """The governance of the share in ``root``."""

    root: Path

    @property
    def path(self) -> Path:
        """The file of events."""
        return self.root / "governance" / "events.jsonl"

    @property
    def ledger(self) -> Ledger:
        """The share's ledger."""
        return Ledger(self.root / "ledger.jsonl", self.root / "ledger.head")

    def events(self) -> tuple[Event, ...]:
        """Return the events in order; raise BadInput naming the line of one that cannot be read.

        What an interruption left of an act at the end, less than the whole act, never happened and is left out.
        """
        return self._read()[0]

    def registry(self, declared: Iterable[Case] = ()) -> Registry:
        """Return the state of all cases, those declared by the agreement included."""
        return fold(self.events(), EMPTY.having(*declared))

    def act(
        self, command: Command, declared: Callable[[], Iterable[Case]] = tuple
    ) -> tuple[tuple[Event, ...], Registry]:
        """Return the events that a command caused and the registry after them, both on the disk; raise what `decide` raises."""
        self.path.parent.mkdir(exist_ok=True)
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=WAIT_SECONDS, mode=0o600):
                known, size = self._read()
                registry = fold(known, EMPTY.having(*declared()))
                caused = decide(registry, command)
                self._enter(last_act(known))
                if caused:
                    self._append(caused, size)
                    self._enter_or_take_back(caused, size)
                return caused, fold(caused, registry)
        except Timeout:
            raise BadInput("Somebody else is writing to this share's governance. Try again.") from None
        except OSError as error:
            raise BadInput(
                f"governance/{self.path.name} cannot be written: {error.strerror}. Nothing was recorded."
            ) from None

    def entries_of_files(self) -> Iterator[Entry]:
        """Yield the ledger's entries that name files; the rest, most of them, is passed over unread."""
        yield from self.ledger.entries('"files":[{', '"certificates":[{')

    def copies(self) -> dict[str, tuple[str, ...]]:
        """Return, by path of the ledger, the files of the folder that hold the same bytes and are in no entry (256)."""
        bytes_of: dict[str, tuple[str, int]] = {}
        for entry in self.entries_of_files():
            for file in entry.details.get("files", ()) if entry.act != "destroyed" else ():
                bytes_of[file["path"]] = (file["sha256"], file["bytes"])
            for certificate in entry.details.get("certificates", ()):
                bytes_of[certificate["path"]] = (certificate["sha256"], certificate["size_bytes"])
        sizes = {size for _, size in bytes_of.values()}
        strange: dict[str, list[str]] = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if name not in bytes_of and path.is_file() and path.stat().st_size in sizes:
                strange.setdefault(fingerprint(path)[0], []).append(name)
        return {place: tuple(strange[sha256]) for place, (sha256, _) in bytes_of.items() if sha256 in strange}

    def is_there(self, place: str) -> bool:
        """Return whether a place of the register is a file of the folder, or a folder that holds any."""
        path = self.root / place
        return path.is_file() or (path.is_dir() and any(each.is_file() for each in path.rglob("*")))

    def audit(self) -> tuple[Finding, ...]:
        """Return where the events and the ledger's entries of them differ: changed, dropped, added by hand (requirement 321)."""
        entered = {
            entry.event_id.removeprefix("governance/"): entry.details.get("answers")
            for entry in self.ledger.entries('"event_id":"governance/')
            if entry.event_id.startswith("governance/")
        }
        events = {event.event_id: event for event in self.events()}
        found = [
            differs(event_id, "is in no entry of the ledger")
            for event_id in events
            if event_id not in entered
        ]
        found += [
            differs(event_id, "is gone from the events") for event_id in entered if event_id not in events
        ]
        found += [
            differs(event_id, "was changed after it was entered")
            for event_id, event in events.items()
            if event_id in entered and entered[event_id] != digest(canonical(event.answers))
        ]
        return tuple(found)

    def _read(self) -> tuple[tuple[Event, ...], int]:
        """Return the events of whole acts, and the size in bytes of the part of the file that holds them."""
        if not self.path.exists():
            return (), 0
        events: list[Event] = []
        whole = size = kept = due = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    event = Event.model_validate_json(line)
                except ValidationError:
                    raise BadInput(
                        f"governance/{self.path.name}, line {number}: this is not an event. "
                        "Restore the file from a backup; `tally ledger show` lists the acts."
                    ) from None
                events.append(event)
                size += len(line)
                due = event.followed_by if due == 0 else due - 1
                if due == 0:
                    whole, kept = len(events), size
        return tuple(events[:whole]), kept

    def _append(self, events: tuple[Event, ...], size: int) -> None:
        """Write an act's events behind ``size`` bytes, what an interruption left there being cut off."""
        text = "".join(event.model_dump_json(exclude_defaults=True) + "\n" for event in events).encode()
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.truncate(size)
            file.seek(size)
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise

    def _enter_or_take_back(self, events: tuple[Event, ...], size: int) -> None:
        """Enter an act in the ledger; where the ledger will not take it, the act never happened."""
        try:
            self._enter(events)
        except BadInput:
            if self.ledger.find(f"governance/{events[0].event_id}") is None:
                with self.path.open("r+b") as file:
                    file.truncate(size)
                    os.fsync(file.fileno())
            raise

    def _enter(self, events: Iterable[Event]) -> None:
        """Put an entry for each event into the ledger; one that is there already is left alone."""
        for event in events:
            self.ledger.append(
                f"{event.process}.{event.act}",
                f"{event.process}/{event.subject}",
                {
                    "role": event.role,
                    "organisation": event.organisation,
                    "state": event.state,
                    "answers": digest(canonical(event.answers)),
                },
                actor=event.by,
                at=event.at,
                event_id=f"governance/{event.event_id}",
            )


def differs(event_id: str, what: str) -> Finding:
    """Return the finding about one event."""
    return Finding(
        "governance.audit", f"The event {what}.", "Restore the events from a backup; treat it as an incident.",
        event_id, "321",
    )  # fmt: skip


def last_act(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return the events of the last act."""
    for start in range(len(events) - 1, -1, -1):
        if events[start].followed_by == len(events) - 1 - start:
            return events[start:]
    return ()
