"""The door `project`: a project's approval put where the door `extract` reads it, once the rules let an extract be made of it."""

from __future__ import annotations

from tallystick.agreement import gates
from tallystick.agreement.io import document_hash, to_toml
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked


def enter(share: Share, agreement: Agreement, project: Project, *, clock: Clock) -> None:
    """Write ``projects/<id>.toml``, entered in the ledger; the same project twice is entered once.

    Raises Refused where a rule that guards the extract says no, BadInput where another is at work in the share.
    """
    event_id = f"project/{project.id}/{document_hash(project)[7:23]}"
    with locked(share):
        acts.recover(share)
        gates.ask(agreement, "extract", clock.now.date(), project=project)
        if acts.is_done(share, event_id):
            return
        with acts.act(
            share, event_id, name="project", subject=project.id, clock=clock, details={"until": project.ends}
        ) as folder:
            (folder / "projects").mkdir()
            (folder / "projects" / f"{project.id}.toml").write_text(to_toml(project), encoding="utf-8")
