"""The public pages, made from the agreements and from the registers of the core; nothing is written for the page alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language

from tallystick.agreement.notice import notice as notice_of
from tallystick.agreement.schema import Agreement
from tallystick.governance import pages, registers
from tallystick.governance.cases import Registry
from tallystick.service import paging
from tallystick.service.registry import models, store
from tallystick.service.registry.shares import agreement_of

PUBLIC = ("in-force", "being-amended", "suspended", "ended")
"""The states of an agreement that the public register lists: drafts are nobody's business yet."""


def listed() -> Any:
    """Return the shares that the public register lists."""
    return models.Share.objects.filter(state__in=PUBLIC).select_related("agreement")


def controllers(agreement: Agreement) -> list[str]:
    """Return the names of the controllers."""
    return [party.name for party in agreement.parties if party.role.endswith("controller")]


def published(slug: str) -> models.Share:
    """Return a share of the public register; raise Http404 where there is none."""
    share = listed().filter(slug=slug).first()
    if share is None:
        raise Http404
    return share


@login_not_required
def start(request: HttpRequest) -> HttpResponse:
    """Return the first page."""
    return render(request, "public/start.html")


@login_not_required
def shares(request: HttpRequest) -> HttpResponse:
    """Return the register of shares."""
    page = paging.page(listed(), request.GET)
    context = {"page": page, "listed": with_agreements(page.object_list), "controllers": controllers}
    return render(request, "public/shares.html", context)


def with_agreements(found: Iterable[models.Share]) -> list[tuple[models.Share, Agreement]]:
    """Return shares with their agreements."""
    return [(share, agreement_of(share)) for share in found]


@login_not_required
def shares_csv(request: HttpRequest) -> HttpResponse:
    """Return the register of shares as CSV, in the fields of the public Digital Economy Act register."""
    found = [agreement for _, agreement in with_agreements(listed())]
    text = pages.as_csv(registers.sharing(found, request.now))
    headers = {"Content-Disposition": 'attachment; filename="register-of-shares.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@login_not_required
def share(request: HttpRequest, slug: str) -> HttpResponse:
    """Return one agreement's line of the register, whole."""
    found = published(slug)
    register = registers.sharing([agreement_of(found)], request.now)
    said = zip((column.heading for column in register.columns), register.rows[0], strict=True)
    rows = [(heading, answer) for heading, answer in said if answer]
    return render(request, "public/share.html", {"share": found, "rows": rows})


@login_not_required
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the privacy notice of a share."""
    printed = notice_of(agreement_of(published(slug)))
    return render(request, "public/notice.html", {"printed": printed})


@login_not_required
def projects(request: HttpRequest) -> HttpResponse:
    """Return the register of uses."""
    rows = models.Case.objects.filter(process="request", state__in=registers.APPROVED).order_by("-id")
    page = paging.page(rows, request.GET)
    cases = store.cases_of("request", list(page.object_list))
    register = registers.register("uses", Registry({"request": cases}), request.now)
    return render(request, "public/projects.html", {"page": page, "register": register})


@login_not_required
def your_data(request: HttpRequest) -> HttpResponse:
    """Return how to ask for one's data, and of whom."""
    found = models.Share.objects.filter(state__in=PUBLIC[:3]).select_related("agreement")[:100]
    return render(request, "public/your_data.html", {"listed": with_agreements(found)})


@login_not_required
def accessibility(request: HttpRequest) -> HttpResponse:
    """Return the accessibility statement."""
    return render(request, "public/accessibility.html")


@login_not_required
def cookies(request: HttpRequest) -> HttpResponse:
    """Return which cookies there are."""
    return render(request, "public/cookies.html")


@login_not_required
def language(request: HttpRequest, code: str) -> HttpResponse:
    """Go back to a page of this service in another language."""
    back = request.GET.get("back", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
        back = "/"
    if code not in ("en-gb", "cy") or not check_for_language(code):
        raise Http404
    response = redirect(back)
    response.set_cookie("django_language", code, httponly=True, samesite="Lax", secure=request.is_secure())
    return response
