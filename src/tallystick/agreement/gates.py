"""The doors ask here before they open: may this be done, under this agreement, on this day?"""

from __future__ import annotations

from datetime import date
from typing import Any

from tallystick.agreement.project import Project
from tallystick.agreement.rules import RULES, Case, Door, broken
from tallystick.agreement.schema import Agreement
from tallystick.errors import Finding, Refused


def ask(
    agreement: Agreement, door: Door, on: date, *, project: Project | None = None, **acts: Any
) -> tuple[Finding, ...]:
    """Return the warnings of the rules that guard ``door``; raise Refused with the findings if any of them says no.

    ``acts`` names what is being done, for the rules that read it: ``movement=Movement(...)``, ``output=Output(...)``, and so on
    (`tallystick.agreement.acts`).
    """
    case = Case(on, agreement, project, door)
    subjects = {"agreement": agreement, "project": project, **acts}
    found = [
        finding
        for name, subject in subjects.items()
        if subject is not None
        for finding in broken(RULES, name, subject, case)
    ]
    refusals = tuple(finding for finding in found if finding.severity == "refuse")
    if refusals:
        raise Refused(
            refusals, f"The door {door!r} stays shut: {len(refusals)} rule(s) of the agreement say no."
        )
    return tuple(found)


def may(agreement: Agreement, door: Door, on: date, *, project: Project | None = None, **acts: Any) -> bool:
    """Whether `ask` would let this through."""
    try:
        ask(agreement, door, on, project=project, **acts)
    except Refused:
        return False
    return True
