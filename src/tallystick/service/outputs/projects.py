"""The pages of projects: which there are, and one project with its dates, conditions, dictionary and outputs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.deidentify.access import access
from tallystick.deidentify.documents import conditions_by_heading
from tallystick.service import paging, roles
from tallystick.service.cases.views import who
from tallystick.service.outputs import find
from tallystick.service.outputs.find import Place
from tallystick.share import acts
from tallystick.share.extract import event as extracted


def listed(request: HttpRequest) -> HttpResponse:
    """List the projects that somebody may see."""
    member = who(request)
    if not (roles.works_on_projects(member.role) or roles.sees_projects(member.role)):
        raise Http404
    page = paging.page(find.projects(member), request.GET)
    return render(request, "outputs/projects.html", {"page": page})


def project(request: HttpRequest, share: str, name: str) -> HttpResponse:
    """Show a project: until when, for whom, on what conditions; the columns of its extract, and its outputs; never a record."""
    member = who(request)
    place = find.place(member, share, name)
    made = acts.details_of(place.share, extracted(place.project))
    rows = find.seen(member).filter(project=place.row)
    context = {
        "place": place,
        "project": place.project,
        "access": access(place.project, place.agreement, request.now.date()),
        "is_made": bool(made) and place.share.project(place.project.id).exists(),
        "conditions": conditions_by_heading(place.project, place.agreement, made.get("rows", {})),
        "dictionary": dictionary(place) if made else [],
        "page": paging.page(rows, request.GET),
        "hands_in": "change" in roles.output_acts(member.role),
        "sees_outputs": roles.sees_outputs(member.role),
    }
    return render(request, "outputs/project.html", context)


def dictionary(place: Place) -> list[Mapping[str, Any]]:
    """Return the rows of an extract's dictionary; none once access has ended and it went with the extract."""
    path = place.share.project(place.project.id) / "dictionary.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
