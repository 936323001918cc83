"""The end of access: on its day a project's extract goes, and the key that made its ids with it (requirements 172 and 173)."""

from __future__ import annotations

from pathlib import Path

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.deidentify import is_over
from tallystick.ledger import Certificate
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.extract import event as extracted
from tallystick.share.rooms import Share


def has_ended(agreement: Agreement, project: Project, clock: Clock) -> bool:
    """Return whether the project's access has ended or was revoked."""
    return is_over(project, agreement, clock.now.date())


def expire(share: Share, agreement: Agreement, project: Project, *, clock: Clock) -> tuple[Certificate, ...]:
    """Destroy an ended project's extract and its key, and return the certificates; none where it never had an extract."""
    event_id = f"expire/{extracted(project)}"
    room = share.project(project.id)
    if not room.exists() and not acts.is_done(share, event_id):
        return ()
    files: dict[Path, Path | None] = {share.key("steward", f"project-{project.id}"): None}
    files |= {path: None for path in sorted(room.rglob("*")) if path.is_file()}
    reason = "access was revoked" if project.revoked_on else "access has ended"
    return acts.destroy_files(
        share, event_id, files, subject=f"project {project.id}", reason=reason, clock=clock
    )
