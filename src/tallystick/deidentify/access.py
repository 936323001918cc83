"""Five Safes and the end of access: whether a project may use its extract today, each safe on its own.

People, project, setting, data, outputs must each pass (requirement 171); access ends by itself on its date (172) and at once when
it is revoked (173). The caller then destroys the key and the extract and puts the certificate in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.errors import Finding

Safe = Literal["people", "projects", "settings", "data", "outputs"]
SOURCE = "Data First user guide, Five Safes"


@dataclass(frozen=True)
class Access:
    """Whether access is open on a day, the last day it can be, and what stands against it, by safe."""

    is_open: bool
    last_day: date | None
    findings: tuple[Finding, ...]

    def failing(self) -> frozenset[str]:
        """Return the safes that do not pass."""
        return frozenset(found.rule.split(".")[1] for found in self.findings)


def access(project: Project, agreement: Agreement, on: date, risk_findings: Iterable[Finding] = ()) -> Access:
    """Return the state of a project's access on a day. ``risk_findings`` are those of the extract's assessment."""
    last = last_day(project, agreement)
    found = [
        *people(project, on),
        *projects(project, on, last),
        *settings(project),
        *data(project, risk_findings),
        *outputs(project, agreement),
    ]
    return Access(not found, last, tuple(found))


def last_day(project: Project, agreement: Agreement) -> date | None:
    """Return the last day of access: the earliest of the project's end, the agreement's, and a revocation's eve."""
    days = [
        day
        for day in (project.ends, agreement.about.ends, agreement.about.ended_on, project.revoked_on)
        if day
    ]
    return min(days, default=None)


def is_over(project: Project, agreement: Agreement, on: date) -> bool:
    """Return whether access has ended, so that the extract and its key must be destroyed."""
    last = last_day(project, agreement)
    revoked = project.revoked_on is not None and on >= project.revoked_on
    return revoked or (last is not None and on > last)


def no(safe: Safe, requirement: str, message: str, remedy: str) -> Finding:
    """Return a finding of one safe."""
    return Finding(f"safe.{safe}", message, remedy, "project", requirement, SOURCE)


def people(project: Project, on: date) -> Iterable[Finding]:
    """Yield what stands against the people: nobody named, accreditation missing or run out. Persons go by their place."""
    if not project.people:
        yield no("people", "171", "The project names no researcher.", "Name each [[person]].")
    for at, person in enumerate(project.people, start=1):
        if not person.accreditation or person.accredited_until is None:
            yield no(
                "people", "178", f"Person {at} has no accreditation with an end.", "State accredited_until."
            )
        elif person.accredited_until < on:
            yield no(
                "people",
                "178",
                f"Person {at}'s accreditation has run out.",
                "Renew it, or take the person out.",
            )


def projects(project: Project, on: date, last: date | None) -> Iterable[Finding]:
    """Yield what stands against the project: no approval, not begun, ended, revoked."""
    if not any(approval.decision.startswith("approved") for approval in project.approvals):
        yield no("projects", "166", "Nobody has approved the project.", "Record each [[approval]].")
    if project.revoked_on is not None and on >= project.revoked_on:
        yield no("projects", "173", "Access was revoked.", "Destroy the extract and its key.")
    elif last is None:
        yield no("projects", "172", "The project has no last day.", "State ends.")
    elif on > last:
        yield no(
            "projects",
            "172",
            f"Access ended on {last.isoformat()}.",
            "Destroy the extract and its key, or ask anew.",
        )
    if project.starts is not None and on < project.starts:
        yield no("projects", "172", f"Access begins on {project.starts.isoformat()}.", "Wait until then.")


def settings(project: Project) -> Iterable[Finding]:
    """Yield that no safe setting is named."""
    if project.setting is None:
        yield no("settings", "175", "The project names no safe setting.", "State setting.")


def data(project: Project, risk_findings: Iterable[Finding]) -> Iterable[Finding]:
    """Yield fields without a justification, and risks above their limits."""
    for part in project.datasets:
        for field in part.fields:
            if not field.justification.strip():
                yield no(
                    "data", "169", f"{part.name}.{field.name} has no justification.", "Say why it is needed."
                )
    for found in risk_findings:
        yield no("data", "170", found.message, found.remedy)


def outputs(project: Project, agreement: Agreement) -> Iterable[Finding]:
    """Yield that no minimum cell count protects the outputs."""
    if not (project.minimum_cell_count or agreement.disclosure.minimum_cell_count):
        yield no("outputs", "217", "No minimum cell count is set.", "State disclosure.minimum_cell_count.")
