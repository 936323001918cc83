"""The pages of notices: what somebody was told, and how they want to be told."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tallystick.service import paging
from tallystick.service.notices.causes import LAB
from tallystick.service.notices.models import WISHES, Notice, Wish
from tallystick.service.notices.post import about, said


def listed(request: HttpRequest) -> HttpResponse:
    """List somebody's notices, newest first; on request, all are marked as seen."""
    mine = Notice.objects.filter(user=request.user).order_by("-id")
    if request.method == "POST":
        mine.filter(seen_at=None).update(seen_at=request.now)
        return redirect("notices")
    page = paging.page(mine, request.GET)
    return render(request, "notices/list.html", {"page": page, "said": said, "about": about})


def opened(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the case of a notice, in the role in which it was told."""
    found = Notice.objects.filter(user=request.user, pk=pk).first()
    if found is None:
        raise Http404
    if any(each.id == found.membership_id for each in request.memberships):
        request.session["membership"] = found.membership_id
    if found.seen_at is None:
        Notice.objects.filter(pk=pk).update(seen_at=request.now)
    if found.process == LAB:
        return redirect("analysis", found.subject)
    return redirect("case", found.process, found.subject)


def wishes(request: HttpRequest) -> HttpResponse:
    """Choose how to be told by e-mail."""
    wish = Wish.objects.filter(user=request.user).first() or Wish(user=request.user)
    if request.method == "POST":
        mail, language = request.POST.get("mail", ""), request.POST.get("language", "")
        if mail not in WISHES or language not in ("en-gb", "cy"):
            return render(request, "notices/wishes.html", {"wish": wish, "wrong": True}, status=422)
        wish.mail, wish.language = mail, language
        wish.save()
        return redirect("notices")
    return render(request, "notices/wishes.html", {"wish": wish, "wrong": False})
