"""What a rule may know (`Asking`) and the conditions under which a question is asked, as one table of names.

Each condition is one line; a question names the ones that must hold (``"personal offence"``), with ``!`` for not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tallystick.governance.cases import Case, Command, Registry, today
from tallystick.governance.clocks import CLOCKS, due
from tallystick.governance.people import assets
from tallystick.governance.retention import is_indefinite
from tallystick.governance.tables.vocabulary import ROUTES
from tallystick.governance.triage import is_personal


@dataclass(frozen=True)
class Asking:
    """An act that is asked for: the world, the case before it, the case as it would be after it, and the command."""

    registry: Registry
    before: Case
    after: Case
    command: Command

    def get(self, key: str, otherwise: Any = None) -> Any:
        """Return the latest answer, this act's included."""
        return self.after.get(key, otherwise)

    def given(self, key: str) -> Any:
        """Return an answer that this act itself gives."""
        return self.after.history[-1].answers.get(key)

    def day(self, key: str) -> date | None:
        """Return the latest answer as a date."""
        return self.after.day(key)

    @property
    def on(self) -> date:
        """Return the day of the act, in London."""
        return today(self.command)

    @property
    def about(self) -> tuple[str, ...]:
        """Return the ids that papers about this case may name: its own, and its agreement's."""
        return tuple(str(name) for name in (self.after.id, self.get("agreement")) if name)


Condition = Callable[[Asking], bool]


def says(key: str, *values: Any) -> Condition:
    """Return the condition that a question was answered with one of these."""
    return lambda asking: asking.get(key) in values


def started(asking: Asking) -> datetime:
    """Return the moment at which the case's clock started: awareness for an incident, else its first event."""
    aware = asking.get("aware_at")
    return datetime.fromisoformat(str(aware)) if aware else asking.after.history[0].at


def clock_of(asking: Asking) -> str:
    """Return the name of the time limit that runs for a case."""
    if asking.after.process != "rights":
        return asking.after.process
    if asking.get("kind") == "foi" and asking.after.state != "retyped" and not asking.after.acts("retype"):
        return "foi"
    return "access-extended" if asking.after.acts("extend") else "access"


def is_late(asking: Asking) -> bool:
    """Return whether the act comes after the time limit of its case, where the limit is law already."""
    clock = CLOCKS[clock_of(asking)]
    if clock.since is not None and asking.on < clock.since:
        return False
    return asking.command.at > due(clock.id, started(asking), paused(asking.after))


def paused(case: Case) -> timedelta:
    """Return for how many days the clock stood while details were awaited (DPA 2018 s.54(3C))."""
    total = timedelta()
    asked: date | None = None
    for event in case.history:
        if event.act == "ask-details":
            asked = today(event)
        elif event.act == "details-given" and asked is not None:
            total += today(event) - asked + timedelta(days=1)
            asked = None
    return total


def is_notified_late(asking: Asking) -> bool:
    """Return whether the regulator was told more than 72 hours after awareness (requirement 285)."""
    told = asking.given("notified_at")
    return told is not None and datetime.fromisoformat(str(told)) > due("breach", started(asking))


def is_first_sharing(asking: Asking) -> bool:
    """Return whether these datasets were never released to this organisation, or the processing changes (39)."""
    if asking.get("processing_changes") is True:
        return True
    wanted = set(asking.get("datasets", ()))
    asker = asking.after.history[0].organisation
    had = {
        name
        for case in asking.registry.all("request")
        if case.acts("release") and case.id != asking.after.id and case.history[0].organisation == asker
        for name in case.get("datasets", ())
    }
    return not wanted <= had


CONDITIONS: Mapping[str, Condition] = {
    "personal": lambda asking: is_personal(asking.after.answers),
    "light": lambda asking: not is_personal(asking.after.answers),
    "anonymised": says("personal", "anonymised"),
    "aggregate": says("built_from_personal", True),
    "law-enforcement": says("purpose", "law-enforcement"),
    "research": says("purpose", "research"),
    "ad-hoc": says("ad_hoc", True),
    "victims-code": says("victims_code", True),
    "local-board": says("body", "local-criminal-justice-board", "criminal-justice-board-for-wales"),
    "direct-access": says("direct_access", True),
    "new-purpose": says("new_purpose", True),
    "special": lambda asking: bool(set(asking.get("special_category", ())) - {"none"}),
    "sensitive": lambda asking: (
        bool(set(asking.get("special_category", ())) - {"none"}) or asking.get("criminal_offence") is True
    ),
    "confidential-health": says("health", "confidential"),
    "public-interest": says("confidentiality", "public-interest"),
    "wales": says("wales", True),
    "waspi": says("waspi", True),
    "unvalidated": says("validation", "partly-validated", "unprocessed"),
    "unusual": says("unusual", True),
    "first-sharing": is_first_sharing,
    "conditional": lambda asking: (
        asking.before.state == "approved-with-conditions" or bool(asking.get("conditions"))
    ),
    "pupil-data": lambda asking: any(
        asset.get("programme") == "npd" for asset in assets(asking.registry, asking.get("datasets", ()))
    ),
    "consulted": lambda asking: bool(asking.get("stakeholders")),
    "asset-personal": says("is_personal", True),
    "embargoed": says("publication", "embargoed"),
    "permitted-route": lambda asking: asking.get("route") in set(ROUTES) - {"other"},
    "kept-indefinitely": lambda asking: is_indefinite(asking.after),
    "pseudonymised-set": says("what", "linked-pseudonymised"),
    "for-child": says("for_child", True),
    "lab-data": says("lab_data", True),
    "late": is_late,
    "notified-late": is_notified_late,
    "risk-unlikely": says("risk", "unlikely"),
}


def is_asked(when: str, asking: Asking) -> bool:
    """Return whether all conditions hold."""
    return all(
        not CONDITIONS[name[1:]](asking) if name.startswith("!") else CONDITIONS[name](asking)
        for name in when.split()
    )
