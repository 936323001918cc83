"""Where an act leads when its row names several states, and what else follows from it: two tables of functions.

Requirements 35, 52, 135, 173, 246, 255 and 256.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tallystick.agreement.values import after
from tallystick.governance.cases import Command, Event, Registry, today
from tallystick.governance.conditions import CONDITIONS, Asking
from tallystick.governance.paper_faults import unsigned
from tallystick.governance.people import deciders, undecided
from tallystick.governance.retention import agreed_parties, places_left
from tallystick.governance.triage import triage

Outcome = tuple[str, dict[str, Any]]
"""The state, and what the software notes with the answers."""


def submitted(asking: Asking) -> Outcome:
    """Return where triage sends a request, noting what it found."""
    found = triage(asking.registry, asking.after.answers, asking.on)
    noted = {
        "regime": found.regime,
        "risk_band": found.band,
        "path": found.path,
        "route": found.route or None,
    }
    if found.path == "covered":
        return "covered", {**noted, "agreement": found.agreement}
    return "routed-out" if found.path == "routed-out" else "submitted", noted


def approved(asking: Asking) -> Outcome:
    """Return whether all owners and panels have approved, and whether any of them set conditions."""
    if undecided(asking.registry, asking.after):
        return "under-review", {}
    conditions = [
        condition
        for event in asking.after.after("submit")
        if event.act == "approve"
        for condition in listed(event, "conditions")
    ]
    return ("approved-with-conditions", {"conditions": conditions}) if conditions else ("approved", {})


def listed(event: Event, key: str) -> list[str]:
    """Return the answer to a question that asks for a list."""
    answer = event.answers.get(key)
    return [str(part) for part in answer] if isinstance(answer, list) else []


def signed(asking: Asking) -> Outcome:
    """Return whether every office that must sign the document has; only then do an amendment's terms hold (108)."""
    mine = f"{asking.command.organisation}/{asking.command.role}"
    if not set(unsigned(asking)) <= {mine}:
        return asking.before.state, {}
    return "in-force", next_terms(asking) if asking.before.state == "being-amended" else {}


def next_terms(asking: Asking) -> dict[str, Any]:
    """Return the terms of the version that has just been signed."""
    return {
        key.removeprefix("next_"): value
        for key, value in asking.after.answers.items()
        if key.startswith("next_") and key != "next_review"
    }


def screened(asking: Asking) -> Outcome:
    """Return the state that the screening's outcome names."""
    return ("full-needed" if asking.get("outcome") == "full" else "not-needed"), {}


def assessed(asking: Asking) -> Outcome:
    """Return whether the regulator must be consulted first: a residual risk is high (requirement 134)."""
    risks: dict[str, Any] = {}
    for event in asking.after.acts("add-risk"):
        risks[str(event.answers["risk"])] = event.answers.get("residual")
    asked = asking.after.acts("consulted")
    return ("regulator-to-be-consulted" if "high" in risks.values() and not asked else "approved"), {}


def arrived(asking: Asking) -> Outcome:
    """Return whether what arrived is kept: it came by a permitted route."""
    return ("received" if CONDITIONS["permitted-route"](asking) else "purged"), {}


def agreed(asking: Asking) -> Outcome:
    """Return whether every party agreed to the extension."""
    parties = {*agreed_parties(asking.before), asking.command.organisation}
    return ("held" if set(asking.get("parties", ())) <= parties else "extension-asked"), {}


def disposed(asking: Asking) -> Outcome:
    """Return whether no place of the register is left."""
    return (asking.before.state if places_left(asking.after) else "disposed"), {}


def typed(asking: Asking) -> Outcome:
    """Return whether a request under freedom of information asks for one's own information (requirement 277)."""
    own = asking.get("kind") == "foi" and asking.get("own_information") is True
    return ("retyped", {"kind": "access"}) if own else ("received", {})


OUTCOMES: Mapping[tuple[str, str], Callable[[Asking], Outcome]] = {
    ("request", "submit"): submitted,
    ("request", "approve"): approved,
    ("agreement", "sign"): signed,
    ("screening", "decide"): screened,
    ("dpia", "approve"): assessed,
    ("transfer", "receive"): arrived,
    ("holding", "agree"): agreed,
    ("holding", "dispose"): disposed,
    ("rights", "receive"): typed,
}


def outcome(asking: Asking, to: str | tuple[str, ...]) -> Outcome:
    """Return the state that an act leads to, one of those that its row names."""
    if isinstance(to, str):
        return to, {}
    state, noted = OUTCOMES[asking.command.process, asking.command.act](asking)
    assert state in to
    return state, {key: value for key, value in noted.items() if value is not None}


def follow(
    event: Event, number: int, process: str, subject: str, act: str, answers: dict[str, Any]
) -> Command:
    """Return the command of an act that follows from another, by the same person at the same moment."""
    return Command(
        event_id=f"{event.event_id}.{number}", process=process, subject=subject, act=act, at=event.at, by=event.by,
        role=event.role, organisation=event.organisation, answers=answers,
    )  # fmt: skip


def held_by_recipients(world: Registry, asking: Asking, event: Event) -> Iterator[tuple[Command, str]]:
    """Yield the holding that a release makes: no release without a line in the retention schedule."""
    request = world.cases["request"][event.subject]
    number = len(request.acts("release"))
    answers = {
        "about": event.subject, "policy": request.get("disposal"), "what": "extract",
        "locations": listed(event, "to"), "until": request.get("keep_until"),
        "parties": sorted({body.name for body in deciders(world, request.answers)}),
        "next_review": after(today(event), "P1Y").isoformat(),
    }  # fmt: skip
    yield follow(event, 1, "holding", f"{event.subject}.release-{number}", "hold", answers), "new"


def dpia_missed(world: Registry, asking: Asking, event: Event) -> Iterator[tuple[Command, str]]:
    """Yield the incident when a screening finds that a DPIA was needed for what has been released already (135)."""
    about = event.answers.get("about") or asking.get("about")
    approved_dpia = any(case.state == "approved" for case in world.about("dpia", str(about)))
    released = [
        case
        for case in world.all("request")
        if case.acts("release") and about in (case.id, case.get("agreement"))
    ]
    if event.state == "full-needed" and released and not approved_dpia:
        yield breach(
            event, "required-dpia-missing", str(about), "A DPIA was required before this data was shared."
        )


def kept_after_deletion(world: Registry, asking: Asking, event: Event) -> Iterator[tuple[Command, str]]:
    """Yield the incident when an audit finds what the register says is gone (requirement 256)."""
    cleared = {str(each.answers.get("place")) for each in asking.before.acts("dispose")}
    found = set(asking.given("found_in") or ())
    if cleared & found or (found and asking.before.state == "disposed"):
        yield breach(
            event,
            "kept-after-deletion",
            str(asking.get("about")),
            "An audit found data that was marked deleted.",
        )


def breach(event: Event, kind: str, about: str, what: str) -> tuple[Command, str]:
    """Return the report of an incident that the software itself makes."""
    answers = {
        "kind": kind, "aware_at": event.at.isoformat(), "actual": True, "regime": "uk-gdpr", "about": about,
        "what": what, "effects": ["none-yet"],
    }  # fmt: skip
    return follow(event, 1, "incident", f"{event.subject}.{kind}.{event.event_id}", "report", answers), "new"


def access_revoked(world: Registry, asking: Asking, event: Event) -> Iterator[tuple[Command, str]]:
    """Yield the revocation of every access that a revoked request gave (requirement 173)."""
    given = [case for case in world.about("access", event.subject) if case.state in ("granted", "suspended")]
    for number, case in enumerate(given, 1):
        reasons = {"reasons": f"Request {event.subject} was revoked."}
        yield follow(event, number, "access", case.id, "revoke", reasons), case.state


Consequence = Callable[[Registry, Asking, Event], Iterator[tuple[Command, str]]]
CONSEQUENCES: Mapping[tuple[str, str], Consequence] = {
    ("request", "release"): held_by_recipients,
    ("request", "revoke"): access_revoked,
    ("screening", "decide"): dpia_missed,
    ("holding", "audit"): kept_after_deletion,
}


def consequences(world: Registry, asking: Asking, event: Event) -> Iterator[tuple[Command, str]]:
    """Yield the acts on other cases that follow from an event, with the state that each case is in."""
    found = CONSEQUENCES.get((event.process, event.act))
    if found is not None:
        yield from found(world, asking, event)
