"""A provider's request made and fixed, and its cohort handed in: every fault with its remedy, and what arrived destroyed."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tallystick.errors import BadInput, Refused
from tallystick.governance.clocks import london_day
from tallystick.lab.request import Request
from tallystick.service.lab import asking, find
from tallystick.service.lab.find import Standing
from tallystick.service.lab.views import mine
from tallystick.service.registry.models import Draft
from tallystick.share.acts import Clock
from tallystick.share.lab import fix_first
from tallystick.share.lab_life import live
from tallystick.share.lab_upload import Handed, receive

LARGEST = 50_000_000
SUFFIXES = (".xlsx", ".ods", ".csv")
ROUTE = "secure-account"
"""The route of a cohort that a signed-in provider hands in here: the agreement must list it."""


def draft_of(request: HttpRequest, slug: str) -> Draft:
    """Return what this person has answered so far."""
    draft, _ = Draft.objects.get_or_create(user=request.user, process="lab", subject=slug[:120], act="ask")
    return draft


def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on with the request at its first open question, or at the page that shows all answers."""
    found = mine(request, slug, "ask")
    answers = draft_of(request, slug).answers
    open_ones = (each.key for each in asking.questions(found.agreement) if each.key not in answers)
    key = next(open_ones, None)
    return redirect("lab-question", slug, key) if key else redirect("lab-check", slug)


def question(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Ask one question; keep the answer as one goes."""
    found = mine(request, slug, "ask")
    asked = next((each for each in asking.questions(found.agreement) if each.key == key), None)
    if asked is None:
        raise Http404
    draft = draft_of(request, slug)
    answer, problem = draft.answers.get(key, [] if asked.is_many else ""), ""
    if request.method == "POST":
        answer = request.POST.getlist(key) if asked.is_many else " ".join(request.POST.get(key, "").split())
        problem = asking.problem(asked, answer)
        if not problem:
            draft.answers = {**draft.answers, key: answer}
            draft.save(update_fields=["answers"])
            return redirect("lab-ask", slug)
    context = {"found": found, "question": asked, "answer": answer, "problem": problem}
    return render(request, "lab/question.html", context, status=422 if problem else 200)


def made(found: Standing, draft: Draft) -> Request | None:
    """Return the request that the answers make, None where some are missing or may not stand."""
    asked = asking.questions(found.agreement)
    if any(each.key not in draft.answers or asking.problem(each, draft.answers[each.key]) for each in asked):
        return None
    name = found.row.share.slug.lower().replace("_", "-")[:64]
    return asking.request_from(draft.answers, name)


def check(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the request with its hash; on sending, fix it."""
    found, draft = mine(request, slug, "ask"), draft_of(request, slug)
    wanted = made(found, draft)
    if wanted is None:
        return redirect("lab-ask", slug)
    if request.method == "POST":
        fix_first(wanted, found.share, clock=Clock(request.user.person, request.now))
        draft.delete()
        find.keep(found.row.share)
        return redirect("analysis", slug)
    rows = [
        (each, asking.in_words(each, draft.answers[each.key])) for each in asking.questions(found.agreement)
    ]
    return render(request, "lab/check.html", {"found": found, "rows": rows, "hash": wanted.hash()})


def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the cohort in, or say what is wrong with it by row and column; what arrived is destroyed in either case."""
    found = mine(request, slug, "upload")
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        try:
            hand_in(request, found)
        except (BadInput, Refused) as error:
            refused = error
        else:
            find.keep(found.row.share)
            return redirect("analysis", slug)
    context = {
        "found": found,
        "refused": refused,
        "assured": request.POST.get("assured_by", ""),
        "largest": LARGEST,
        "is_agreed": ROUTE in found.agreement.supply.routes,
        "arrived": bool(request.FILES),
    }
    return render(request, "lab/upload.html", context, status=422 if refused else 200)


def hand_in(request: HttpRequest, found: Standing) -> None:
    """Hand an upload to its door and enter that it was received; raise what the door raises."""
    file = request.FILES.get("file")
    if file is None:
        raise BadInput("Choose the filled-in template.")
    suffix = Path(str(file.name)).suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(
            "This is not the template: it is a file in XLSX, ODS or CSV. Save it so, and upload it again."
        )
    if file.size > LARGEST:
        raise BadInput(
            f"The file is larger than {LARGEST // 1_000_000} MB. One row for each person is enough."
        )
    aside = settings.ENVIRONMENT.home / "incoming" / secrets.token_hex(8)
    aside.mkdir(mode=0o700)
    try:
        arrived = write(file, aside / f"upload{suffix}")
        clock = Clock(request.user.person, request.now)
        name = " ".join(request.POST.get("assured_by", "").split())[:200]
        handed = Handed(
            assured_by=name if request.POST.get("assures") == "yes" else "", route=ROUTE,
            sender_registered=True,  # an account of the provider, signed in with two factors
            receipt_sent=True,  # the page that follows says so, and the ledger
            original_deleted=True,  # `receive` destroys what arrived, whatever becomes of it
        )  # fmt: skip
        receive(found.fixed, found.share, arrived, handed, clock=clock)
        live(found.fixed, found.share, "receive", london_day(request.now), clock=clock, seen=0)
    finally:
        shutil.rmtree(aside)


def write(file: UploadedFile, path: Path) -> Path:
    """Write an upload to a path, for the service's eyes alone, and return the path."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
        for chunk in file.chunks():
            out.write(chunk)
    return path
