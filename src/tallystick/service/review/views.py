"""The pages of a share's clerical review. What may be judged, by whom, and what comes of it is the core's (`share.review`).

A pair is in the page for whoever judges it and nowhere else: not in an address, a log, a session or a message.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.linkage.explain import parts
from tallystick.linkage.review import ANSWERS, left_for, next_pair
from tallystick.linkage.reviewed import in_words
from tallystick.service import roles
from tallystick.service.cases.views import who
from tallystick.service.jobs import queue
from tallystick.service.registry import models
from tallystick.service.shares.views import found
from tallystick.share import review as door
from tallystick.share.acts import Clock, is_done
from tallystick.share.link import EVENT as LINKED
from tallystick.share.review import Shown
from tallystick.share.rooms import Share

SITTING = timedelta(hours=1)
"""How long somebody looks at pairs until the ledger says again that they do."""
MOST_PAIRS = 10_000


def theirs(
    request: HttpRequest, slug: str, act: str = ""
) -> tuple[models.Share, Share, Agreement, tuple[str, ...]]:
    """Return a share with its agreement and what this person may do in its review.

    Raises Http404 where the role has no part in reviews or the share is another's, PermissionDenied where it may not do ``act``.
    """
    may = roles.review_acts(who(request).role)
    if not may:
        raise Http404
    row, share, agreement = found(request, slug)
    if act and act not in may:
        raise PermissionDenied
    return row, share, agreement, may


def review(request: HttpRequest, slug: str, problem: str = "", overtaken: str = "") -> HttpResponse:
    """Show where the review stands: not drawn, how far it is, or what it found."""
    row, share, agreement, may = theirs(request, slug)
    is_drawn = is_done(share, door.DRAWN)
    context: dict[str, Any] = {
        "share": row,
        "may": may,
        "is_linked": is_done(share, LINKED),
        "job": queue.last(slug),
        "busy": queue.is_busy(slug),
        "planned": request.POST.get("pairs") or door.planned(agreement),
        "problem": problem,
        "overtaken": overtaken,
    }
    if is_drawn:
        context |= {"status": door.status(share, request.user.person), "design": door.design(share)}
        if context["status"]["closed"]:
            closed = door.close(share, agreement, clock=Clock(request.user.person, request.now))
            context["figures"] = list(in_words(closed))
    return render(request, "review/review.html", context, status=status_of(problem, overtaken))


@require_POST
def draw(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker to draw the sample."""
    theirs(request, slug, "draw")
    number = request.POST.get("pairs", "").strip()
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= MOST_PAIRS and len(number) < 6):
        return review(request, slug, f"Enter how many pairs to draw, from 1 to {MOST_PAIRS:,}")
    queue.ask(slug, "draw-review", request.acting, request.now, pairs=int(number))
    return redirect("review", slug)


@require_POST
def close(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker to close the review, which the core does where every pair is settled."""
    theirs(request, slug, "close")
    queue.ask(slug, "close-review", request.acting, request.now)
    return redirect("review", slug)


def pair(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the next pair to this reviewer, and take their answer to it; whoever was overtaken is told and goes on."""
    row, share, agreement, _ = theirs(request, slug, "judge")
    problem = overtaken = ""
    if request.method == "POST":
        problem, overtaken = judged(request, share)
        if not problem and not overtaken:
            return onward(slug)
    state = door.state(share)
    number = None if is_done(share, door.CLOSED) else next_pair(state, request.user.person)
    if number is None:
        return review(request, slug, overtaken=overtaken) if overtaken else redirect("review", slug)
    shown = door.look(share, agreement, clock=sitting(request))[number]
    context = {
        "share": row,
        "shown": shown,
        "fields": fields(shown),
        "left": left_for(state, request.user.person),
        "can_undo": bool(state.done.get(request.user.person)),
        "keys": bool(request.session.get("single-keys")),
        "problem": problem,
        "overtaken": overtaken,
    }
    return render(request, "review/pair.html", context, status=status_of(problem, overtaken))


def judged(request: HttpRequest, share: Share) -> tuple[str, str]:
    """Put the answer that was sent into the journal; return what is wrong with it, and whether others were faster, if either."""
    answer, number = request.POST.get("answer", ""), request.POST.get("pair", "")
    if not (number.isascii() and number.isdigit() and len(number) < 9):
        raise Http404
    if answer not in ANSWERS:
        return "Say whether the two records are one person", ""
    me = request.user.person
    if door.state(share).answers.get(int(number), {}).get(me) == answer:
        return "", ""  # the same page, sent twice
    try:
        door.judge(share, int(number), answer, clock=Clock(me, request.now))
    except BadInput as late:
        return "", late.message
    return "", ""


@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Take back this reviewer's last answer."""
    _, share, *_ = theirs(request, slug, "judge")
    try:
        door.take_back(share, clock=Clock(request.user.person, request.now))
    except BadInput as late:
        return review(request, slug, overtaken=late.message)
    return onward(slug)


@require_POST
def keys(request: HttpRequest, slug: str) -> HttpResponse:
    """Turn single keys on or off for this session (WCAG 2.1.4: whoever speaks to their computer must be able to)."""
    theirs(request, slug, "judge")
    request.session["single-keys"] = not request.session.get("single-keys")
    return onward(slug)


def onward(slug: str) -> HttpResponse:
    """Return the way to the next pair, past the top of the page: the next press of Tab is at the pair."""
    return redirect(reverse("review-pair", args=[slug]) + "#pair")


def status_of(problem: str, overtaken: str) -> int:
    """Return the status of a page that says what is wrong, or that others were faster."""
    return 409 if overtaken else 422 if problem else 200


def sitting(request: HttpRequest) -> Clock:
    """Return who looks and since when; after an hour it is another look."""
    begun = request.session.get("sitting")
    if not begun or request.now - datetime.fromisoformat(begun) > SITTING:
        begun = request.session["sitting"] = request.now.isoformat()
    return Clock(request.user.person, datetime.fromisoformat(begun))


def fields(shown: Shown) -> list[tuple[str, Any, Any, str]]:
    """Return each field with both values cut where they differ, and in a word whether they do."""
    found: list[tuple[str, Any, Any, str]] = []
    for name, left, right in shown.fields:
        if name == "source":
            found.append((name, ((left, False),), ((right, False),), ""))
            continue
        said = "missing" if not (left and right) else "same" if left == right else "differs"
        found.append(
            (name, *(parts(left, right) if left and right else (((left, False),), ((right, False),))), said)
        )
    return found
