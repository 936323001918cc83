"""What is due: the clocks of incidents and of people's requests, the ends of keeping, and who must still decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from tallystick.governance import registers
from tallystick.governance.assessments import duties
from tallystick.governance.cases import Case, Registry
from tallystick.governance.clocks import london_day
from tallystick.governance.people import undecided
from tallystick.governance.retention import to_do
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.cases.find import visible
from tallystick.service.registry import store

MOST = 200
"""How many cases of a process the page of work looks through for what is due."""


@dataclass(frozen=True)
class Due:
    """Something that is due: of which case, what, by when, and whether that has passed."""

    process: str
    subject: str
    what: str
    by: date | datetime
    is_late: bool


def of(case: Case, now: datetime) -> list[Due]:
    """Return what is due of one case, the earliest first."""
    return sorted(
        found(case, now), key=lambda due: london_day(due.by) if isinstance(due.by, datetime) else due.by
    )


def found(case: Case, now: datetime) -> Iterator[Due]:
    """Yield what is due of one case."""
    on = london_day(now)
    if case.process == "incident" and case.get("aware_at") and case.state != "closed":
        for duty in duties(case, now):
            if not duty.state.startswith("told"):
                what = f"Tell the {duty.who.removeprefix('the ')}: {duty.state} ({duty.law})"
                yield Due(case.process, case.id, what, duty.by, duty.by < now)
    if case.process == "rights" and case.state not in ("answered", "refused", "closed"):
        by = registers.by(case, registers.rights_clock(case))
        if by is not None:
            yield Due(case.process, case.id, "Answer the person", by, by < on)
    if case.process == "complaint" and case.state == "received":
        by = registers.by(case, "complaint")
        if by is not None:
            yield Due(case.process, case.id, "Acknowledge the complaint", by, by < on)
    if case.process == "holding":
        for line in to_do(Registry({"holding": {case.id: case}}), now):
            by = line.end or line.next_review or line.audit_due or on
            yield Due(case.process, case.id, f"Keeping: {line.status} ({line.basis})", by, by < on)
    if case.process == "request" and case.state == "under-review" and (by := case.day("decide_by")):
        yield Due(case.process, case.id, "Decide the request", by, by < on)


def due_soon(acting: Membership, now: datetime) -> list[Due]:
    """Return the first of what is due of the cases that somebody may see and act on, the earliest first."""
    return due_of(acting, now)[:50]


def due_of(acting: Membership, now: datetime) -> list[Due]:
    """Return what is due of the cases that somebody may see and act on, the earliest first."""
    lists: list[Due] = []
    for process in ("incident", "rights", "complaint", "holding", "request"):
        if not roles.sees_all(acting.role, process):
            continue
        rows = visible(acting, process).exclude(
            state__in=("closed", "disposed", "answered", "refused", "draft")
        )
        if process == "request":
            rows = rows.filter(state="under-review")
        for case in store.cases_of(process, rows[:MOST]).values():
            lists += found(case, now)
    return sorted(lists, key=lambda due: london_day(due.by) if isinstance(due.by, datetime) else due.by)


def waits_for(case: Case) -> list[str]:
    """Return the bodies that must still decide a request that is under review."""
    if case.process != "request" or case.state != "under-review":
        return []
    bodies = undecided(store.world(), case)
    return [f"{body.office} of {body.name} (stage {body.stage})" for body in bodies]
