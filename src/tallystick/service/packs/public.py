"""The public register of packs: each from the day on which it was published."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.service import paging
from tallystick.service.packs.models import Published
from tallystick.service.packs.views import answered
from tallystick.service.registry.shares import agreement_of
from tallystick.share.board import packs_of
from tallystick.share.returns import caveat
from tallystick.share.rooms import open_share


@login_not_required
def packs(request: HttpRequest) -> HttpResponse:
    """Return the register of published packs."""
    page = paging.page(Published.objects.select_related("share"), request.GET)
    return render(request, "public/packs.html", {"page": page})


def found(slug: str, name: str) -> Published:
    """Return a published pack; raise Http404 where there is none."""
    row = Published.objects.select_related("share__agreement").filter(share__slug=slug, name=name).first()
    if row is None:
        raise Http404
    return row


@login_not_required
def pack(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Return what a published pack says in short, and its files."""
    row = found(slug, name)
    said = packs_of(open_share(settings.ENVIRONMENT.shares / slug)).get(name)
    if said is None:
        raise Http404
    context = {"row": row, "said": said, "caveat": caveat(agreement_of(row.share))}
    return render(request, "public/pack.html", context)


@login_not_required
def pack_file(request: HttpRequest, slug: str, name: str, file: str) -> HttpResponse:
    """Return a file of a published pack."""
    found(slug, name)
    return answered(open_share(settings.ENVIRONMENT.shares / slug), name, file)
