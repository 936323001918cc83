"""The projects and outputs that somebody may see; whatever else there is, to them it is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import Http404

from tallystick.agreement import io
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.outputs import models
from tallystick.service.registry.models import Case
from tallystick.service.registry.shares import agreement_of
from tallystick.share import outputs
from tallystick.share.outputs import Held
from tallystick.share.rooms import Share, open_share


@dataclass(frozen=True)
class Place:
    """A project where it lies."""

    row: models.Project
    share: Share
    agreement: Agreement
    project: Project


def projects(acting: Membership) -> Any:
    """Return the rows of projects that somebody may see: those they work on, or those of their organisation's shares."""
    rows = models.Project.objects.select_related("share", "share__agreement")
    if roles.works_on_projects(acting.role):
        return rows.filter(people__person=acting.user.person)
    if roles.sees_projects(acting.role):
        return rows.filter(share__parties__organisation=acting.organisation.name)
    return rows.none()


def place(acting: Membership, share: str, name: str) -> Place:
    """Return a project where it lies; raise Http404 where it is not there, or not theirs to see.

    The project's own file is asked who works on it; where it came from a request, the register must say that they have access.
    """
    row = projects(acting).filter(share__slug=share, name=name).first()
    if row is None:
        raise Http404
    folder = open_share(settings.ENVIRONMENT.shares / row.share.slug)
    found = io.find_project(folder.root, row.name)
    if roles.works_on_projects(acting.role):
        person = acting.user.person
        if person not in {each.account for each in found.people} or not has_access(person, found.id):
            raise Http404
    return Place(row, folder, agreement_of(row.share), found)


def has_access(person: str, project: str) -> bool:
    """Return whether the register lets a person work on a project; one that no request began is its own file's affair."""
    if not Case.objects.filter(process="request", subject=project).exists():
        return True
    return any(
        case.answers.get("person") == person
        for case in Case.objects.filter(process="access", state="granted", about=project)
    )


def seen(acting: Membership) -> Any:
    """Return the rows of outputs that somebody may see: of their projects, or those handed in for checking."""
    rows = models.Output.objects.filter(project__in=projects(acting)).select_related(
        "project", "project__share", "project__share__agreement"
    )
    if roles.works_on_projects(acting.role):
        return rows
    return rows.exclude(state="draft") if roles.sees_outputs(acting.role) else rows.none()


def output(acting: Membership, review: str) -> tuple[Place, Held]:
    """Return an output with its project; raise Http404 where it is not there, or not theirs to see."""
    row = seen(acting).filter(review=review).first()
    if row is None:
        raise Http404
    where = place(acting, row.project.share.slug, row.project.name)
    return where, outputs.load(where.share, where.project.id, review)


def waiting(acting: Membership) -> Any:
    """Return the rows of outputs on which somebody is wanted now."""
    rows, person = seen(acting), acting.user.person
    mine = models.OutputChecker.objects.filter(output=OuterRef("pk"), person=person)
    wanted = Q(pk__in=[])
    acts = roles.output_acts(acting.role)
    if "change" in acts:
        wanted |= Q(author=person, state__in=("draft", "changes-asked"))
    if "vote" in acts:
        # one's own vote is awaited, or a checker is
        free = Q(state__in=("submitted", "in-review", "split")) & ~Exists(mine) & ~Q(author=person)
        wanted |= Exists(mine.filter(is_awaited=True)) | (free & Q(wants_checker=True))
    if "release" in acts:
        wanted |= Q(state="approved") & ~Q(author=person)
    return rows.filter(wanted)
