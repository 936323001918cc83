"""Offices and who holds them, clearance, training, accreditation; and which owners and panels must decide a request.

Requirements 53, 57, 147 to 158, 162 to 166, 179 and 180. The table of panels is `agreement.bodies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tallystick.agreement import bodies
from tallystick.agreement.bodies import body as full
from tallystick.agreement.bodies import is_same
from tallystick.governance.cases import Case, Registry
from tallystick.governance.tables.vocabulary import CLEARANCE_NEEDED, CLEARANCES

ACCREDITATION_PANEL = "uksa-research-accreditation-panel"


@dataclass(frozen=True)
class Body:
    """An owner or a panel that must decide: at which stage, and which office speaks for it."""

    stage: int
    name: str
    office: str
    deputies: tuple[str, ...] = ()


def appointments(registry: Registry, person: str = "", body: str = "", office: str = "") -> Iterator[Case]:
    """Yield the appointments of a person, in a body, to an office; what is left empty is not asked."""
    for case in registry.all("office"):
        if (
            (not person or case.get("person") == person)
            and (not body or is_same(str(case.get("body")), body))
            and (not office or case.get("office") == office)
        ):
            yield case


def holds(case: Case, on: date) -> bool:
    """Return whether an appointment is in force on a day; leaving office gives its last day."""
    starts, ends = case.day("from"), case.day("until")
    return (starts is None or starts <= on) and (ends is None or on <= ends)


def holders(registry: Registry, body: str, office: str, on: date) -> tuple[str, ...]:
    """Return the ids of those who hold an office of a body on a day."""
    return tuple(
        str(case.get("person")) for case in appointments(registry, "", body, office) if holds(case, on)
    )


def is_valid(registry: Registry, person: str, until: str, on: date) -> bool:
    """Return whether a person's ``trained_until``, ``cleared_until`` or ``accredited_until`` reaches a day."""
    return any((day := case.day(until)) is not None and day >= on for case in appointments(registry, person))


def is_cleared(registry: Registry, person: str, classification: str, on: date) -> bool:
    """Return whether a person's clearance, in force on a day, meets a classification (requirement 153)."""
    needed = CLEARANCES.index(CLEARANCE_NEEDED[classification])
    return any(
        CLEARANCES.index(str(case.get("clearance"))) >= needed
        for case in appointments(registry, person)
        if case.get("clearance") and (day := case.day("cleared_until")) is not None and day >= on
    )


def has_accepted_terms(registry: Registry, person: str) -> bool:
    """Return whether a person accepted the terms of use (requirements 65 and 155)."""
    return any(case.get("terms") for case in appointments(registry, person))


def assets(registry: Registry, names: Iterable[str]) -> tuple[Case, ...]:
    """Return the registered datasets of these names that are not retired."""
    found = (registry.find("asset", name) for name in names)
    return tuple(case for case in found if case is not None and case.state == "registered")


def classification_of(registry: Registry, names: Iterable[str]) -> str:
    """Return the highest classification among these datasets; OFFICIAL when none says."""
    order = list(CLEARANCE_NEEDED)
    return max(
        (str(case.get("classification", "OFFICIAL")) for case in assets(registry, names)),
        key=order.index,
        default="OFFICIAL",
    )


def deciders(registry: Registry, answers: Mapping[str, Any]) -> tuple[Body, ...]:
    """Return the bodies that must decide a request, by stage: no path goes round a dataset's owner (requirement 53).

    For research they are the panels of `agreement.bodies` and then, last, the accreditation panel (166); otherwise the asset
    owner of each body whose datasets are asked for.
    """
    found: dict[str, Body] = {}
    research = answers.get("purpose") == "research"
    for asset in assets(registry, answers.get("datasets") or ()):
        for body in panels(asset) if research else (own_process(asset),):
            found.setdefault(full(body.name), body)
    if research:
        last = max((body.stage for body in found.values()), default=0) + 1
        found.setdefault(ACCREDITATION_PANEL, Body(last, ACCREDITATION_PANEL, "panel"))
    return tuple(sorted(found.values(), key=lambda body: (body.stage, body.name)))


def panels(asset: Case) -> tuple[Body, ...]:
    """Return the bodies that decide on research with a dataset."""
    found = bodies.panels(str(asset.get("owner")), str(asset.get("programme", "other")))
    return tuple(Body(stage, one.id, "panel", one.deputies) for stage, one in enumerate(found, 1)) or (
        own_process(asset),
    )


def own_process(asset: Case) -> Body:
    """Return the dataset's owner as the body that decides, through its information asset owner."""
    return Body(1, str(asset.get("owner")), "iao")


def speaks_for(deciding: tuple[Body, ...], name: str) -> Body | None:
    """Return the body that a name decides for: its own, or the one that escalated to it (requirement 163)."""
    return next((body for body in deciding if is_same(name, body.name) or name in body.deputies), None)


def decided(request: Case) -> tuple[str, ...]:
    """Return the bodies that have approved since the request was last submitted, by their full names."""
    return tuple(full(event.organisation) for event in request.after("submit") if event.act == "approve")


def undecided(registry: Registry, request: Case) -> tuple[Body, ...]:
    """Return the bodies that must still approve."""
    done = set(decided(request))
    return tuple(
        body for body in deciders(registry, request.answers) if not done & {full(body.name), *body.deputies}
    )
