"""The project that an approved research request becomes: people from the register of offices, decisions from the request's history.

What `projects/<id>.toml` of a share holds (requirements 156 and 166 to 173) is answered in the request or recorded by panels and the
data access team; nobody is asked twice. Only the detail in which each field leaves is settled when the project is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from tallystick.agreement.bodies import PANELS
from tallystick.agreement.project import (
    Approval,
    FiveSafes,
    Merits,
    Person,
    Project,
    ProjectDataset,
    ProjectField,
)
from tallystick.agreement.schema import Agreement
from tallystick.governance.cases import Case, Registry, today
from tallystick.governance.people import ACCREDITATION_PANEL, appointments

APPROVED = frozenset({"approved", "approved-with-conditions", "released"})
DECISIONS: Mapping[str, tuple[str, ...]] = {
    # who decides on a request, and under which names a project's rules know that decision
    **{
        name: (panel.name, owner) if panel.is_officer else (panel.name,)
        for owner, _, found, _ in PANELS
        for panel in found
        for name in (panel.id, *panel.deputies)
    },
    ACCREDITATION_PANEL: ("Research Accreditation Panel",),
}
SETTINGS: Mapping[str, Any] = {"certified-site": "certified"}
COVERAGE = "coverage"
"""The line of a request's justifications that is about the rows and years and not about a field."""


def is_research(case: Case) -> bool:
    """Return whether a request is for research, so that a project comes of it."""
    return case.process == "request" and case.get("purpose") == "research"


def may_open(case: Case) -> bool:
    """Return whether a project may be opened on a request: it is for research, and everybody has approved."""
    return is_research(case) and case.state in APPROVED


def justifications(text: str) -> dict[str, str]:
    """Return the reason for each field, from lines ``dataset.field: reason``; a line without a name goes on with the one before.

    >>> justifications("justice.month: the outcome\\ncoverage: all years")
    {'justice.month': 'the outcome', 'coverage': 'all years'}
    """
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        name, mark, reason = line.partition(":")
        if mark and (name.strip() == COVERAGE or "." in name) and " " not in name.strip():
            last = name.strip()
            found[last] = reason.strip()
        elif last:
            found[last] = f"{found[last]} {line.strip()}".strip()
    return found


def people(registry: Registry, names: Iterable[str]) -> tuple[Person, ...]:
    """Return people as a project names them, by what the register of offices says of each."""
    return tuple(person(registry, name) for name in names)


def person(registry: Registry, name: str) -> Person:
    """Return one person: the longest accreditation, training and clearance that the register holds, and when they took the terms."""
    held = list(appointments(registry, name))
    terms = [today(event) for case in held for event in case.acts("accept-terms")]
    accredited = max(
        (case for case in held if case.get("scheme")), key=_until("accredited_until"), default=None
    )
    cleared = max((case for case in held if case.get("clearance")), key=_until("cleared_until"), default=None)
    return Person(
        name=name,
        account=name,
        organisation=str((accredited or held[0]).get("body", "")) if held else "",
        accreditation=str(accredited.get("scheme")) if accredited else "",
        accredited_until=accredited.day("accredited_until") if accredited else None,
        trained_until=max((day for case in held if (day := case.day("trained_until"))), default=None),
        clearance=cleared.get("clearance") if cleared else "",
        accepted_terms_on=max(terms, default=None),
    )


def _until(key: str) -> Any:
    return lambda case: case.day(key) or date.min


def approvals(case: Case) -> Iterator[Approval]:
    """Yield each decision on the request since it was last submitted, under each name that a project's rules know it by."""
    for event in case.after("submit"):
        if event.act != "approve":
            continue
        said: Any = event.answers.get("conditions") or ()
        conditions = tuple(str(condition) for condition in said)
        for body in DECISIONS.get(event.organisation, (event.organisation,)):
            yield Approval(
                body=body,
                decision="approved-with-conditions" if conditions else "approved",
                decided_on=today(event),
                stage="accreditation-panel" if event.organisation == ACCREDITATION_PANEL else "data-owner",
                conditions=conditions,
                reference=case.id,
            )


def project_of(
    registry: Registry,
    case: Case,
    agreement: Agreement,
    fields: Iterable[tuple[str, ProjectField]],
    *,
    starts: date,
    rows: Mapping[str, str] | None = None,
) -> Project:
    """Return the project of an approved request; ``fields`` names each field's dataset and the detail in which it leaves.

    ``rows`` is the condition on the rows of each dataset, where there is one. A field's reason is the request's own, where ``fields``
    gives none.
    """
    said = justifications(str(case.get("field_justification", "")))
    chosen: dict[str, list[ProjectField]] = {}
    for dataset, field in fields:
        reason = field.justification or said.get(f"{dataset}.{field.name}", "")
        chosen.setdefault(dataset, []).append(field.model_copy(update={"justification": reason}))
    withheld = str(case.get("withhold_summary") or "")
    recipients = {one.name for one in agreement.recipients}
    kept = [day for day in (case.day("keep_until"), case.day("access_until")) if day]
    return Project(
        id=case.id,
        title=str(case.get("aim", ""))[:200],
        aim=str(case.get("aim", "")),
        summary="" if withheld else str(case.get("aim", "")),
        summary_withheld_because=withheld,
        starts=starts,
        ends=case.day("access_until"),
        setting=SETTINGS.get(str(case.get("setting")), case.get("setting")),
        recipient=next((str(name) for name in case.get("recipients", ()) if name in recipients), ""),
        court_performance=bool(case.get("court_performance")),
        about_individuals=bool(case.get("individual_decisions")),
        operational_use=bool(case.get("operational_use")),
        combination_assessment=str(case.get("combination", "")),
        person=people(registry, case.get("people", ())),
        dataset=tuple(
            ProjectDataset(name=name, rows=(rows or {}).get(name, ""), coverage_justification=said.get(COVERAGE, ""), field=tuple(held))
            for name, held in chosen.items()
        ),
        approval=tuple(approvals(case)),
        five_safes=FiveSafes(
            people=str(case.get("safe_people", "")), projects=str(case.get("safe_projects", "")),
            settings=str(case.get("setting", "")), data=str(case.get("safe_data", "")),
            outputs=str(case.get("safe_outputs", "")),
        ),
        merits=Merits(
            ethics=str(case.get("ethics", "")), necessity=str(case.get("necessary", "")),
            data_protection=str(case.get("rights_considered", "")), method=str(case.get("method", "")),
            public_good=str(case.get("public_good", "")),
        ),
        keep_extract_until=min(kept, default=None),
    )  # fmt: skip
