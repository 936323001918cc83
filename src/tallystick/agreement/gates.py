"""The doors ask here before they open: may this be done, under this agreement, on this day?"""

from __future__ import annotations

from datetime import date

from tallystick.agreement.acts import Access, Analysis, Movement, Output, Submission
from tallystick.agreement.project import Project
from tallystick.agreement.rule import Case, Door, broken
from tallystick.agreement.rules import RULES
from tallystick.agreement.schema import Agreement
from tallystick.errors import Finding, Refused


def ask(
    agreement: Agreement | None,
    door: Door,
    on: date,
    *,
    dataset: str | None = None,
    project: Project | None = None,
    movement: Movement | None = None,
    output: Output | None = None,
    access: Access | None = None,
    submission: Submission | None = None,
    analysis: Analysis | None = None,
) -> tuple[Finding, ...]:
    """Return the warnings of the rules that guard ``door``; raise Refused with the findings if any of them says no.

    What passes through is given where there is any: a dataset by name, a project, a movement of data, an output, a person's
    access, a provider's cohort, an analysis (`tallystick.agreement.acts`). Without an agreement every door is shut (requirement 54).
    """
    if agreement is None:
        raise Refused([no_agreement(door)])
    case = Case(on, agreement, project, door)
    if dataset is not None and movement is None:
        movement = Movement(dataset=dataset)
    subjects = {
        "agreement": agreement, "project": project, "movement": movement, "output": output, "access": access,
        "submission": submission, "analysis": analysis,
    }  # fmt: skip
    found = [
        finding
        for name, subject in subjects.items()
        if subject is not None
        for finding in broken(RULES, name, subject, case)
    ]
    refusals = tuple(finding for finding in found if finding.severity == "refuse")
    if refusals:
        count = f"{len(refusals)} rule{'s say' if len(refusals) > 1 else ' says'} no"
        raise Refused(refusals, f"The door {door!r} stays shut: {count}.")
    return tuple(found)


def no_agreement(door: Door) -> Finding:
    """Return the finding that nothing is agreed."""
    return Finding(
        "no-agreement", "Nothing is shared before an agreement is in place.", "`tally init` makes one.",
        f"door {door!r}", "54", "Data sharing for the criminal justice system: guidance (2023) §7.4",
    )  # fmt: skip


def may(agreement: Agreement | None, door: Door, on: date, **acts: object) -> bool:
    """Whether `ask` would let this through."""
    try:
        ask(agreement, door, on, **acts)  # type: ignore[arg-type]
    except Refused:
        return False
    return True
