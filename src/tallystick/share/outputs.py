"""The door `output`: what a project's researchers hand in, kept apart while two checkers decide on it.

    outputs/<project>/<review>/review.json   the events of its review, from which its state follows
    outputs/<project>/<review>/<n>/…         the files that the n-th event brought, with their descriptions

Each act is decided by `tallystick.disclosure.review`, written, and entered in the ledger; an entry that a crash kept out is made
by the next act. Files go, with a certificate, once others take their place or nothing more is decided on them: what was released
lies in `releases/`. Votes stand in the review alone, so that the ledger tells no checker what the other said.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from tallystick.agreement import gates
from tallystick.agreement.io import as_name, write_text
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.disclosure.check import Checked
from tallystick.disclosure.release import narrowed, sha256
from tallystick.disclosure.review import Command, Event, Review, decide, evolve
from tallystick.disclosure.review_file import as_text, folded, load_events
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import fingerprint
from tallystick.share import release as door
from tallystick.share.acts import Clock, destroy_files, is_done
from tallystick.share.rooms import Share

DESCRIPTION = ".about.toml"
ENDED = frozenset({"released", "rejected", "withdrawn"})
BY_AUTHOR = frozenset({"submit", "change"})


class Overtaken(Refused):
    """Somebody else acted on the output since this person looked at it."""


@dataclass(frozen=True)
class Held:
    """An output as it lies: its project, its review, what happened to it, and where it lies."""

    project: str
    review: Review
    events: tuple[Event, ...]
    folder: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files under review as they are now, by name; none once they were destroyed."""
        return tuple(path for path in _in(self.place) if not path.name.endswith(DESCRIPTION))

    @property
    def place(self) -> Path:
        """The folder of the files as they are now."""
        return self.folder / str(_brought(self.events))

    @property
    def note(self) -> str:
        """What the author said of the output when they last changed it or handed it in."""
        said = [e.command.comment for e in self.events if e.command.act in BY_AUTHOR and e.command.comment]
        return said[-1] if said else ""


def load(share: Share, project: str, review_id: str) -> Held:
    """Return an output of a project; raise BadInput where there is none, or its review was edited by hand."""
    folder = _folder(share, project, review_id)
    if not (folder / "review.json").is_file():
        raise BadInput(f"There is no output {review_id} of project {project}.")
    events = tuple(load_events(folder / "review.json"))
    return Held(project, folded(review_id, events), events, folder)


def listed(share: Share) -> tuple[Held, ...]:
    """Return the outputs of a share, by project and id."""
    found = sorted((share.root / "outputs").glob("*/*/review.json"))
    return tuple(load(share, path.parent.parent.name, path.parent.name) for path in found)


def _folder(share: Share, project: str, review_id: str) -> Path:
    """Return where an output of a project lies."""
    return share.root / "outputs" / as_name(project, "A project") / as_name(review_id, "An output")


def check(share: Share, held: Held) -> Checked:
    """Return the verdict on an output under its project's limits, beside all that the share released before."""
    return door.check(share, door.Asked(held.files, held.project))[0]


def act(
    share: Share,
    agreement: Agreement,
    project: Project,
    review_id: str,
    command: Command,
    *,
    brought: Path | None = None,
    seen: int | None = None,
) -> Held:
    """Return the output after an act of its review; the first act makes it.

    ``brought`` is a folder with the files of a change, their descriptions beside them; ``seen`` is how many events the person
    saw. Raises Refused where a rule of the review, or for its author one that guards the door, says no; Overtaken where others
    acted since; BadInput for a place to keep back that is not in the table.
    """
    with _locked(share):
        before, done = _before(share, project.id, review_id, command, seen)
        if done:
            return done
        if command.act in BY_AUTHOR:
            gates.ask(agreement, "output", command.at.date(), project=project)
        for part in command.narrowed:
            named = before.place / part.file if before and part.file in before.review.files else None
            if named is not None:
                narrowed(named, part.without)
        if brought is not None:
            hashes = {p.name: sha256(p) for p in _in(brought) if not p.name.endswith(DESCRIPTION)}
            command = replace(command, files=hashes)
        held = _take(share, project.id, review_id, before, command, brought)
        _tidy(share, held, Clock(command.by, command.at))
        return held


def release(
    share: Share,
    project: str,
    review_id: str,
    *,
    in_scope: bool,
    clock: Clock,
    seen: int | None = None,
) -> Held:
    """Return an approved output after its release, which has the output's own id. Raises what `act` and the door `release` raise."""
    command = Command("release", clock.actor, clock.now)
    with _locked(share):
        held, done = _before(share, project, review_id, command, seen)
        if done:
            return done
        if held is None:
            raise BadInput(f"There is no output {review_id} of project {project}.")
        decide(held.review, command)
        if not is_done(share, f"release/{review_id}"):  # a crash may have come between it and the review
            asked = door.Asked(held.files, held.project, held.review, in_scope)
            door.release(share, asked, release_id=review_id, clock=clock)
        after = _take(share, project, review_id, held, command, None)
        _tidy(share, after, clock)
        return after


def _before(
    share: Share, project: str, review_id: str, command: Command, seen: int | None
) -> tuple[Held | None, Held | None]:
    """Return the output as it was, and as it is where this very act was done already; raise Overtaken where others acted."""
    if not (_folder(share, project, review_id) / "review.json").is_file():
        return None, None
    held = load(share, project, review_id)
    _enter(share, held)
    if seen is None or seen == len(held.events):
        return held, None
    last = held.events[-1].command
    if (last.act, last.by, last.verdict) == (command.act, command.by, command.verdict):
        return held, held
    raise Overtaken(
        [
            Finding(
                "review.overtaken",
                "Somebody else acted on this output while you had the page open. Nothing of yours was recorded.",
                "Look at it as it stands now, then act again if it is still right.",
                review_id,
            )
        ]
    )


def _take(
    share: Share, project: str, review_id: str, before: Held | None, command: Command, brought: Path | None
) -> Held:
    """Return the output one step on, written and entered in the ledger; the files lie before the review names them."""
    state = before.review if before else Review(review_id, command.by)
    event = decide(state, command)
    events = (*(before.events if before else ()), event)
    folder = _folder(share, project, review_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if brought is not None:
        place = folder / str(len(events))
        shutil.rmtree(place, ignore_errors=True)  # of an act that never happened
        shutil.copytree(brought, place)
    write_text(folder / "review.json", as_text(events))
    held = Held(project, evolve(state, event), events, folder)
    _enter(share, held)
    return held


def _enter(share: Share, held: Held) -> None:
    """Enter the last act of an output in the ledger, unless it stands there."""
    number, last = len(held.events), held.events[-1]
    event_id = f"output/{held.review.id}/{number}"
    if is_done(share, event_id):
        return
    files = [held.folder / "review.json", *(_in(held.place) if _brought(held.events) == number else ())]
    details = {
        "project": held.project,
        "act": last.command.act,
        "state": last.state,
        "files": [
            {"path": share.relative(path), "sha256": found[0], "bytes": found[1]}
            for path in files
            if (found := fingerprint(path))
        ],
    }
    share.ledger.append(
        "output", held.review.id, details, actor=last.command.by, at=last.command.at, event_id=event_id
    )


def _tidy(share: Share, held: Held, clock: Clock) -> None:
    """Destroy the files that others replaced, and all once nothing more is decided on them."""
    keep = None if held.review.state in ENDED else held.place
    gone = [
        path for folder in sorted(held.folder.iterdir()) if folder.is_dir() and folder != keep
        for path in _in(folder)
    ]  # fmt: skip
    if gone:
        files: Mapping[Path, Path | None] = dict.fromkeys(gone)
        destroy_files(
            share, f"output/{held.review.id}/{len(held.events)}/destroy", files,
            subject=f"output {held.review.id}", reason="no longer under review", clock=clock,
        )  # fmt: skip


def _brought(events: Sequence[Event]) -> int:
    """Return the number of the event that brought the files as they are now; 0 where none did."""
    return max((n for n, event in enumerate(events, 1) if event.command.files), default=0)


def _in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.is_file())) if folder.is_dir() else ()


@contextmanager
def _locked(share: Share) -> Iterator[None]:
    """Hold the lock of the share's outputs: one act at a time, though a step of the share may be at work."""
    lock = FileLock(share.root / ".outputs.lock", mode=0o600)
    try:
        lock.acquire(timeout=20)
    except Timeout:
        raise BadInput(
            "Somebody else is at work on an output of this share. Try again in a minute."
        ) from None
    try:
        yield
    finally:
        lock.release()
