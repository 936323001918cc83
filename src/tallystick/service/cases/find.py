"""The cases that somebody may see; whatever else there is, to them it is not there."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404

from tallystick.governance.cases import Case
from tallystick.governance.tables.processes import NEW, PROCESSES
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.registry import models, store

OPEN = frozenset({"asset"})
"""Catalogues are for whoever signs in: one must be able to find what one may ask for (requirement 300)."""


def visible(acting: Membership, process: str) -> Any:
    """Return the rows of a process that somebody may see, newest first."""
    rows = models.Case.objects.filter(process=process).order_by("-id")
    if process in OPEN:
        return rows
    rows = rows.filter(concerns__organisation=acting.organisation.name, concerns__process=process)
    if roles.sees_all(acting.role, process):
        return rows
    if roles.sees_own(acting.role, process):
        return rows.filter(opened_by=acting.user.person)
    return rows.none()


def agreements(acting: Membership) -> list[str]:
    """Return the ids of the agreements under which somebody works: their body's, and those of projects that name them."""
    body = acting.organisation.name
    mine = Q(projects__people__person=acting.user.person) | Q(analysis__provider=body)
    rows = models.Share.objects.filter(Q(parties__organisation=body) | Q(readers__organisation=body) | mine)
    return sorted(set(rows.values_list("agreement__agreement_id", flat=True)))


def find(acting: Membership, process: str, subject: str) -> tuple[models.Case, Case]:
    """Return a case, as a row and as the core has it; raise Http404 where it is not there, or not theirs to see."""
    row = visible(acting, process).filter(subject=subject).first()
    if row is None:
        raise Http404
    return row, store.as_case(row, store.history(process, subject))


def begun(acting: Membership, process: str, subject: str, act: str) -> tuple[int, Case]:
    """Return a case with its version, or one that this person has on their desk to begin; raise Http404 for any other."""
    row = visible(acting, process).filter(subject=subject).first()
    if row is not None:
        return row.version, store.as_case(row, store.history(process, subject))
    drafts = models.Draft.objects.filter(user=acting.user, process=process, subject=subject, act=act)
    if act in roles.begins(acting.role, process) and drafts.exists():
        return 0, Case(process, subject, NEW)
    raise Http404


def waiting(acting: Membership, most: int) -> list[models.Case]:
    """Return so many of the cases on which somebody's role may act now, those that changed last first."""
    wanted = Q(pk__in=[])
    for process in roles.processes(acting.role):
        table = PROCESSES[process]
        states = [s for s in table.states if s not in table.ends and roles.acts(acting.role, process, s)]
        mine = Q() if roles.sees_all(acting.role, process) else Q(case__opened_by=acting.user.person)
        if process not in store.QUIET:
            wanted |= Q(process=process, state__in=states) & mine
    rows = models.Concern.objects.filter(
        wanted, organisation=acting.organisation.name, waits_since__isnull=False
    ).order_by("-waits_since", "-case_id")
    return [row.case for row in rows.select_related("case")[:most]]
