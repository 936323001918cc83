"""What people are told of: events that moved a case, and days that come near or have passed. Each cause is told to a person once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from tallystick.governance.clocks import london_day
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.cases.clocks import Due, due_of
from tallystick.service.lab import find as lab
from tallystick.service.notices.models import Cursor, Notice
from tallystick.service.registry.models import Case, Event
from tallystick.service.registry.store import QUIET

SOON = timedelta(days=7)
LOOKS = timedelta(hours=1)
"""How often it is looked for what is due."""
AT_A_TIME = 500
LAB = "lab"
"""What stands for a process in a notice about an analysis."""
SILENT = frozenset({"office", "access", "asset"})
"""Registers: nobody waits for them."""


def note(now: datetime) -> int:
    """Write the notices that events and days have caused since the last time, and return how many events were looked at."""
    with transaction.atomic():
        cursor = locked_cursor()
        events = list(Event.objects.filter(id__gt=cursor.events).order_by("id")[:AT_A_TIME])
        for event in events:
            write(of_event(event, now), now)
            cursor.events = event.id
        if cursor.dues_at is None or now - cursor.dues_at >= LOOKS:
            write(of_days(now), now)
            write(of_lab(now), now)
            cursor.dues_at = now
        cursor.save()
    return len(events)


def locked_cursor() -> Cursor:
    """Return the cursor's row, locked until the transaction ends: two workers tell nobody twice."""
    Cursor.objects.get_or_create(id=1)
    rows = Cursor.objects
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return rows.get(id=1)


def write(found: Iterable[Notice], now: datetime) -> None:
    """Write notices; one that was written before stays as it is."""
    rows = list(found)
    for row in rows:
        row.made_at = now
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def members(now: datetime) -> Q:
    """Return the condition for memberships that last and whose account is open."""
    return (Q(until=None) | Q(until__gte=london_day(now))) & Q(user__is_active=True)


def of_event(event: Event, now: datetime) -> Iterator[Notice]:
    """Yield whom an event concerns that moved its case: for whom it waits now, and who opened it."""
    earlier = Event.objects.filter(process=event.process, subject=event.subject, id__lt=event.id)
    if (
        event.process in SILENT
        or earlier.order_by("-id").values_list("state", flat=True).first() == event.state
    ):
        return
    case = Case.objects.get(process=event.process, subject=event.subject)
    bodies = case.concerns.values_list("organisation", flat=True)
    found = Membership.objects.filter(members(now), organisation__name__in=list(bodies))
    for member in found.select_related("user").exclude(user__person=event.by).order_by("id"):
        kind = kind_for(member, case, event)
        if kind:
            yield notice(member, kind, case, f"event/{event.event_id}")


def kind_for(member: Membership, case: Case, event: Event) -> str:
    """Return as what an event is told to a member: decided, to whoever opened the case; waits, to whom it waits for; or not."""
    if not roles.sees_all(member.role, case.process) and member.user.person != case.opened_by:
        return ""
    if member.user.person == case.opened_by:
        return "decided" if roles.sees_own(member.role, case.process) else ""
    waits = case.state == event.state and case.process not in QUIET
    return "waits" if waits and roles.acts(member.role, case.process, case.state) else ""


def of_days(now: datetime) -> Iterator[Notice]:
    """Yield what is due within a week, and what is overdue, to those who see and act on it."""
    known: dict[tuple[int, str], list[Due]] = {}
    for member in (
        Membership.objects.filter(members(now)).select_related("user", "organisation").order_by("id")
    ):
        pair = (member.organisation_id, member.role)
        if pair not in known:
            known[pair] = due_of(member, now)
        for due in known[pair]:
            on = london_day(due.by) if isinstance(due.by, datetime) else due.by
            if due.is_late or on <= london_day(now + SOON):
                case = Case(process=due.process, subject=due.subject)
                yield notice(member, "overdue" if due.is_late else "due", case, f"day/{due.by.isoformat()}")


def of_lab(now: datetime) -> Iterator[Notice]:
    """Yield the analyses of the Justice Data Lab on which a provider or an analyst has something to do, each thing once a version."""
    found = Membership.objects.filter(members(now), role__in=roles.LAB_ACTS)
    for member in found.select_related("user", "organisation").order_by("id"):
        for row, what in lab.waits(member, london_day(now)):
            case = Case(process=LAB, subject=row.share.slug, state=row.state)
            yield notice(member, "waits", case, f"{what}/{row.version}")


def notice(member: Membership, kind: str, case: Case, cause: str) -> Notice:
    """Return a notice about a case; the same cause gives the same key."""
    key = hashlib.sha256(f"{case.process}/{case.subject}/{cause}".encode()).hexdigest()
    return Notice(
        user=member.user, membership=member, kind=kind, process=case.process, subject=case.subject, state=case.state,
        key=key,
    )  # fmt: skip
