"""The door `release`: outputs checked under the agreement's limits and beside all that was released before, then let out.

The check and the release happen under one lock, so that two releases at once cannot each miss the other's figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tallystick.agreement import gates, io
from tallystick.agreement.acts import Output
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.disclosure.check import Checked, check_files, limits_of
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.release import Release, released_counts, sha256, write_release
from tallystick.disclosure.review import Review
from tallystick.disclosure.rules import Limits
from tallystick.errors import BadInput, Finding
from tallystick.share.acts import Clock, act, recover
from tallystick.share.rooms import Share, locked


@dataclass(frozen=True)
class Asked:
    """What somebody asks to let out: the files, for which project, under which approved review; ``in_scope`` is their word.

    ``minimum`` and ``zeros`` may only make the agreement's limits stricter.
    """

    files: tuple[Path, ...]
    project: str = ""
    review: Review | None = None
    in_scope: bool = False
    minimum: int | None = None
    zeros: bool = False


def limits(agreement: Agreement, project: Project | None, minimum: int | None, zeros: bool) -> Limits:
    """Return the agreement's limits, made stricter by a project's own minimum and by what is asked."""
    own = project.minimum_cell_count if project else None
    held = limits_of(agreement.disclosure, max(own or 0, minimum or 0) or None)
    return replace(held, zeros_are_disclosive=held.zeros_are_disclosive or zeros)


def check(share: Share, asked: Asked) -> tuple[Checked, Limits]:
    """Return the verdict on the files beside all that the share has released, and the limits that it was made under.

    Raises BadInput for a file that cannot be read or a project that there is none of.
    """
    held = limits(io.load(share.agreement), project_of(share, asked.project), asked.minimum, asked.zeros)
    return check_files(asked.files, held, released(share)), held


def released(share: Share) -> tuple[Counts, ...]:
    """Return the tables of counts that the share has released, oldest first."""
    folder = share.root / "releases"
    return released_counts(folder) if folder.is_dir() else ()


def release(share: Share, asked: Asked, *, release_id: str = "", clock: Clock) -> Release:
    """Return the release: the agreement is asked, the ledger told, the folder moved into place under ``releases/``.

    Raises Refused where a check, a review or a rule says no, BadInput for an id that is taken or no name for a folder.
    """
    name = id_of(release_id, clock)
    with locked(share):
        recover(share)
        agreement = io.load(share.agreement)
        verdict, held = check(share, asked)
        passing = passing_of(asked, verdict)
        project = project_of(share, asked.project)
        gates.ask(agreement, "release", clock.now.date(), project=project, output=passing)
        place = share.root / "releases" / name
        if place.exists():
            raise BadInput(f"There is a release {name} already. Releases are never changed: give another id.")
        details: dict[str, Any] = {"project": asked.project, "minimum_cell_count": held.minimum_cell_count}
        with act(
            share, f"release/{name}", name="release", subject=name, clock=clock, details=details
        ) as aside:
            made = write_release(
                aside / "releases", name, verdict, held,
                at=clock.now, by=clock.actor, project=asked.project, review=asked.review,
            )  # fmt: skip
            details["outputs"] = dict(made.outputs)
            details["record"] = made.hash
            details["checked_by"] = list(passing.checked_by)
    return replace(made, folder=place)


def passing_of(asked: Asked, verdict: Checked) -> Output:
    """Return what the agreement's rules are asked about: who made and checked the files, and the smallest count in them."""
    small = [counts.grid.values[counts.grid.values > 0].min(initial=1e9) for counts in verdict.counts]
    return Output(
        project=asked.project,
        aggregate=not any(found.rule in ("aggregate.records", "points.shown") for found in verdict.findings),
        within_scope=asked.in_scope,
        checked_by=tuple(vote.checker for vote in asked.review.votes) if asked.review else (),
        produced_by=asked.review.author if asked.review else "",
        # what a review let out below the minimum it judged; without one nothing below it gets here
        smallest_cell=None if asked.review or not small else int(min(small)),
    )


def project_of(share: Share, project: str) -> Project | None:
    """Return a project of the share, or None where none is named. Raises BadInput where there is none of that id."""
    return io.find_project(share.root, project) if project else None


def id_of(release_id: str, clock: Clock) -> str:
    """Return the id of a release: the one given, else its time. Raises BadInput for what cannot be a folder's name."""
    return io.as_name(release_id or clock.now.strftime("%Y%m%dT%H%M%SZ"), "A release")


def unlike_ledger(share: Share, release_id: str) -> list[Finding]:
    """Return a finding where the record of a release is not the one whose hash the ledger holds."""
    record = share.root / "releases" / release_id / "release.json"
    entry = share.ledger.find(f"release/{release_id}")
    if entry is not None and record.is_file() and entry.details.get("record") == sha256(record):
        return []
    return [
        Finding("release.not-in-ledger", "The release's record is not what the ledger says was released.",
                "Restore it from a backup, or report an incident.", f"releases/{release_id}", "216", "SDC handbook")
    ]  # fmt: skip
