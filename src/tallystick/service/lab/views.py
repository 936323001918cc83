"""The pages of an analysis for those who sign in: the provider and the lab. Each asks the core and prints its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tallystick.errors import BadInput, Refused
from tallystick.governance.clocks import london_day
from tallystick.lab.life import Event, destruction_due
from tallystick.service import paging, roles
from tallystick.service.cases.views import who
from tallystick.service.jobs import queue
from tallystick.service.lab import files, find
from tallystick.service.lab.find import Standing
from tallystick.service.registry.store import Overtaken
from tallystick.share import lab_life, lab_review
from tallystick.share.acts import Clock
from tallystick.share.lab_life import certificates_of, live

SENTENCES: dict[Event, tuple[str, str]] = {
    # an event: what the page about it says, and what its button says
    "begin": (
        "Look at what is asked and at what was uploaded first: once the analysis has begun the provider cannot withdraw its cohort.",
        "Begin the analysis",
    ),
    "send": (
        "The provider, whose account handed the cohort in, reads the report in this service. Its review begins today.",
        "Send the report",
    ),
    "publish": ("The report enters the public register, for anybody to read.", "Publish the report"),
    "correct": (
        "The result is wrong: this report is destroyed, with certificates, and the next version says what was wrong.",
        "Take the report back for correction",
    ),
    "withdraw": (
        "The whole cohort is withdrawn before its analysis begins. It is destroyed at once, and you see the certificate here.",
        "Withdraw the cohort",
    ),
    "opt-out": (
        "Nothing pseudonymised is kept for research after this analysis. It cannot be taken back.",
        "Opt out of pseudonymised retention",
    ),
    "destroy": (
        "What leads back to people goes, with the keys that open it. The provider sees the certificate.",
        "Destroy the data",
    ),
}


def listed(request: HttpRequest) -> HttpResponse:
    """List the analyses."""
    if not roles.sees_lab(who(request).role):
        raise Http404
    page = paging.page(find.visible(request.acting), request.GET)
    return render(request, "lab/list.html", {"page": page})


def mine(request: HttpRequest, slug: str, act: str) -> Standing:
    """Return an analysis on which this person may do an act now; raise Http404, or PermissionDenied for another role or state."""
    found = find.find(who(request), slug)
    if act not in offered(found, request.acting.role):
        raise PermissionDenied
    return found


def offered(standing: Standing, role: str) -> tuple[str, ...]:
    """Return what a role may do on an analysis now: by the state of its life, and by what there is to do it with."""
    lies = {
        "ask": not standing.is_fixed,
        "upload": standing.is_fixed,
        "evaluate": standing.life.sent_on is None or not standing.has_report,
        "review": standing.row.waiting > 0,
        "send": standing.has_report,
        "publish": standing.has_report,
        "correct": standing.has_report,
        "opt-out": standing.life.keeps_pseudonymised,
    }
    return tuple(act for act in roles.lab_acts(role, standing.life.state) if lies.get(act, True))


def analysis(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where an analysis stands, and what this person can do now."""
    found = find.find(who(request), slug)
    role = request.acting.role
    busy = queue.is_busy(slug)
    readable = found.has_report if role == roles.LAB_ANALYST else found.may_be_read
    context = {
        "found": found,
        "life": found.life,
        "due": destruction_due(found.life),
        "acts": [act for act in offered(found, role) if not (busy and act in ("evaluate", "review"))],
        "job": queue.last(slug) if role == roles.LAB_ANALYST else None,
        "busy": busy,
        "files": files.WORDS if readable else (),
        "reason": lab_life.correction_of(found.fixed, found.share) if found.is_fixed else "",
        "destroyed": certificates_of(found.share) if found.life.state == "destroyed" else (),
        "uploaded": uploaded(found),
        "sentences": SENTENCES,
    }
    return render(request, "lab/analysis.html", context)


def uploaded(standing: Standing) -> dict[str, Any]:
    """Return what the ledger noted of the upload, for whoever checks it: how many rows, who assured it, when it came."""
    from tallystick.share.lab_upload import event

    entry = standing.share.ledger.find(event(standing.fixed)) if standing.is_uploaded else None
    return {"at": entry.at, **entry.details} if entry is not None else {}


def event(request: HttpRequest, slug: str, name: Event) -> HttpResponse:
    """Ask whether an event is to be entered; on sending, enter it, or say what the rules say."""
    found = mine(request, slug, name)
    refused: Refused | BadInput | None = None
    if request.method == "POST":
        try:
            enter(request, found, name)
        except (Refused, BadInput) as error:
            if any(finding.rule == lab_life.OVERTAKEN for finding in error.findings):
                raise Overtaken(error.findings) from None
            refused = error
        else:
            find.keep(found.row.share)
            return redirect("analysis", slug)
    words, button = SENTENCES[name]
    context = {
        "found": found, "life": found.life, "name": name, "words": words, "button": button, "refused": refused,
        "seen": len(found.life.history), "uploaded": uploaded(found), "reason": request.POST.get("reason", ""),
    }  # fmt: skip
    return render(request, "lab/event.html", context, status=422 if refused else 200)


def enter(request: HttpRequest, found: Standing, name: Event) -> None:
    """Enter an event, as of today; a withdrawn cohort is destroyed in the same breath (requirement 263)."""
    clock, on = Clock(request.user.person, request.now), london_day(request.now)
    seen = request.POST.get("seen", "")
    number = int(seen) if seen.isdecimal() and len(seen) < 6 else -1
    lived = live(found.fixed, found.share, name, on, clock=clock, reason=one_line(request), seen=number)
    if name == "withdraw":
        live(found.fixed, found.share, "destroy", on, clock=clock, seen=len(lived.life.history))


def one_line(request: HttpRequest) -> str:
    """Return the reason that was given, as one line."""
    return " ".join(request.POST.get("reason", "").split())[:500]


@require_POST
def evaluate(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker for the evaluation."""
    mine(request, slug, "evaluate")
    queue.ask(slug, queue.EVALUATE, request.acting, request.now)
    return redirect("analysis", slug)


def review(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what each suspect match rests on, and take a second person's decisions; no name is shown."""
    found = mine(request, slug, "review")
    refused: Refused | BadInput | None = None
    if request.method == "POST":
        said = {
            name.removeprefix("match-"): word
            for name, word in request.POST.items() if name.startswith("match-") and word
        }  # fmt: skip
        try:
            clock = Clock(request.user.person, request.now)
            lab_review.decide(found.share, found.fixed.id, said, clock=clock)
        except (Refused, BadInput) as error:
            refused = error
        else:
            find.keep(found.row.share)
            return redirect("analysis", slug)
    waiting = lab_review.waiting(found.share, found.fixed.id)
    context = {"found": found, "waiting": waiting, "refused": refused}
    return render(request, "lab/review.html", context, status=422 if refused else 200)


def report(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Return a file of the report: to the lab once it was made, to the provider once it was sent."""
    found = find.find(who(request), slug)
    if name == files.CERTIFICATE or found.may_be_read or request.acting.role == roles.LAB_ANALYST:
        return files.answered(found, name)
    raise Http404


def page_of(name: Event) -> Callable[[HttpRequest, str], HttpResponse]:
    """Return the page of one event."""
    return lambda request, slug: event(request, slug, name)
