"""Pages of single processes: the draft of the notification to the regulator, and what is due in the retention schedule."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.governance.assessments import regulator_form
from tallystick.governance.cases import Registry
from tallystick.governance.retention import to_do
from tallystick.service import roles
from tallystick.service.cases.find import find, visible
from tallystick.service.cases.views import who
from tallystick.service.registry import models, store
from tallystick.service.registry.shares import agreement_of


def regulator(request: HttpRequest, subject: str) -> HttpResponse:
    """Return the draft of the notification of an incident to the regulator, to copy from; nothing is sent."""
    _, case = find(who(request), "incident", subject)
    if not roles.sees_all(request.acting.role, "incident"):
        raise Http404
    about = models.Share.objects.filter(agreement__agreement_id=str(case.get("about", ""))).first()
    draft = regulator_form(case, agreement_of(about) if about else None, request.now)
    return render(request, "cases/regulator.html", {"draft": draft, "subject": subject})


def due(request: HttpRequest) -> HttpResponse:
    """Return what asks for an act now in the retention schedule: ends, reviews and audits that are due."""
    if not roles.sees_all(who(request).role, "holding"):
        raise Http404
    rows = visible(request.acting, "holding").exclude(state="disposed")
    cases = store.cases_of("holding", rows)
    lines = to_do(Registry({"holding": cases}), request.now)
    return render(request, "cases/due.html", {"lines": list(lines)})
