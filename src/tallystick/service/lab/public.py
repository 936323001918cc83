"""The lab's public pages: what it is, what a cohort could show, the empty template, and the register of published reports."""

from __future__ import annotations

import json
import secrets
import shutil
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.errors import BadInput
from tallystick.lab.power import Power, study
from tallystick.service import paging
from tallystick.service.lab import files
from tallystick.service.lab.find import keep
from tallystick.service.lab.models import Analysis
from tallystick.share.lab_life import folder_of
from tallystick.supply.template import COLUMNS, write_template

KINDS = {"xlsx": files.KINDS["annex.xlsx"], "ods": files.KINDS["annex.ods"], "csv": "text/csv; charset=utf-8"}


@login_not_required
def about(request: HttpRequest) -> HttpResponse:
    """Return what the lab does, and how to ask it."""
    return render(request, "public/lab.html", {"columns": COLUMNS})


@login_not_required
def power(request: HttpRequest) -> HttpResponse:
    """Return what a cohort could show, before anything is sent."""
    said = {key: request.GET.get(key, "").strip() for key in ("n", "rate", "effect")}
    found, problem = None, ""
    if any(said.values()):
        try:
            found = studied(said)
        except BadInput as error:
            problem = error.message
    context = {"said": said, "found": found, "problem": problem}
    return render(request, "public/lab_power.html", context, status=422 if problem else 200)


def studied(said: dict[str, str]) -> Power:
    """Return the study of what was typed: people, the rate in per cent, the fall in percentage points. Raise BadInput for no number."""
    try:
        people = int(said["n"].replace(",", "")) if said["n"] else None
        rate = float(said["rate"].removesuffix("%"))
        fall = float(said["effect"].removesuffix("%")) if said["effect"] else None
    except ValueError:
        raise BadInput(
            "Write each as a number: people such as 300, the rate and the fall in per cent such as 30 and 5."
        ) from None
    return study(base=rate / 100, n=people, effect=None if fall is None else -fall / 100)


@login_not_required
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """Return the empty Data Upload Template."""
    if kind not in KINDS:
        raise Http404
    aside = settings.ENVIRONMENT.home / "incoming" / secrets.token_hex(8)
    aside.mkdir(mode=0o700)
    try:
        write_template(aside / f"template.{kind}")
        content = (aside / f"template.{kind}").read_bytes()
    finally:
        shutil.rmtree(aside)
    headers = {"Content-Disposition": f'attachment; filename="data-upload-template.{kind}"'}
    return HttpResponse(content, content_type=KINDS[kind], headers=headers)


def published() -> QuerySet[Analysis]:
    """Return the analyses of the register of reports, the latest first."""
    rows = Analysis.objects.filter(published_on__isnull=False).select_related("share__agreement")
    return rows.order_by("-published_on", "-id")


@login_not_required
def reports(request: HttpRequest) -> HttpResponse:
    """Return the register of published reports."""
    page = paging.page(published(), request.GET)
    return render(request, "public/reports.html", {"page": page})


@login_not_required
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Return one published report: what it found, and its files."""
    row = published().filter(share__slug=slug).first()
    found = keep(row.share) if row is not None else None
    if row is None or found is None or found.row.published_on is None:
        raise Http404
    context: dict[str, Any] = {
        "row": found.row,
        "files": files.WORDS if found.has_report else (),
        "summary": None,
    }
    if found.has_report:
        path = folder_of(found.fixed, found.share) / "summary.json"
        context["summary"] = json.loads(path.read_text(encoding="utf-8"))
    return render(request, "public/report.html", context)


@login_not_required
def report_file(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Return a file of a published report."""
    row = published().filter(share__slug=slug).first()
    found = keep(row.share) if row is not None else None
    if found is None or found.row.published_on is None or name == files.CERTIFICATE:
        raise Http404
    return files.answered(found, name)
