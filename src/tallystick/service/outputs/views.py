"""The pages of outputs: handing in, the check with its findings in place, the checkers' decisions, the release.

Each act goes through `tallystick.share.outputs`; who may see what is in `find`, who does what in `roles`, the rest in the review itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tallystick.disclosure import about as descriptions
from tallystick.disclosure.check import check_files
from tallystick.disclosure.check import describe as guessed
from tallystick.disclosure.marked import marked
from tallystick.disclosure.review import OWNER, Act, Command, Verdict, decide, seen_by, wants_checker
from tallystick.disclosure.review_file import narrowings
from tallystick.errors import BadInput, Refused
from tallystick.service import paging, roles
from tallystick.service.accounts.models import Membership
from tallystick.service.cases.views import LETTERS, who
from tallystick.service.outputs import find, index, taking
from tallystick.service.outputs.find import Place
from tallystick.share import outputs
from tallystick.share import release as door
from tallystick.share.acts import Clock
from tallystick.share.outputs import DESCRIPTION, Held

SAID = {
    "submit": "Submitted. Two checkers decide on it; you are told here.",
    "withdraw": "Withdrawn. Its files were destroyed.",
    "assign": "Recorded: the output has its checker.",
    "vote": "Your decision is recorded.",
    "release": "Released. The ledger holds the hashes of what left.",
}


def listed(request: HttpRequest) -> HttpResponse:
    """List the outputs that somebody may see; with ``waiting``, those on which they are wanted."""
    member = who(request)
    if not roles.sees_outputs(member.role):
        raise Http404
    rows = find.waiting(member) if "waiting" in request.GET else find.seen(member)
    page = paging.page(rows, request.GET)
    return render(request, "outputs/list.html", {"page": page, "is_waiting": "waiting" in request.GET})


def hand_in(request: HttpRequest, share: str, name: str) -> HttpResponse:
    """Take an output's files, as a draft that only its project sees, and show what the check finds."""
    place = find.place(who(request), share, name)
    if "change" not in roles.output_acts(request.acting.role):
        raise PermissionDenied
    return taken(request, place, f"{request.now:%Y}-{''.join(secrets.choice(LETTERS) for _ in range(8))}")


def replace(request: HttpRequest, review: str) -> HttpResponse:
    """Put other files in the place of those handed in; whatever was decided on them is void."""
    place, held = own(request, review)
    return taken(request, place, review, held)


def taken(request: HttpRequest, place: Place, review: str, held: Held | None = None) -> HttpResponse:
    """Ask for an output's files; on sending, record them, or say what is wrong with them."""
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        try:
            take(request, place, review, request.FILES.getlist("files"), held)
        except (BadInput, Refused) as error:
            refused = error
        else:
            return redirect("output", review)
    context = {
        "place": place, "refused": refused, "kinds": taking.KINDS, "largest": taking.LARGEST, "held": held,
    }  # fmt: skip
    return render(request, "outputs/hand_in.html", context, status=422 if refused else 200)


def take(
    request: HttpRequest, place: Place, review: str, files: Sequence[Any], held: Held | None = None
) -> None:
    """Record the files of an output, new or changed; raise BadInput for one that cannot be read, Refused by a rule."""
    if not files:
        raise BadInput("Choose at least one file.")
    if len(note := request.POST.get("note", "")) > 2000:
        raise BadInput("Say it in at most 2,000 characters.")
    with taking.aside(files) as folder:
        paths = [path for path in sorted(folder.iterdir()) if not path.name.endswith(DESCRIPTION)]
        if not paths:
            raise BadInput("Choose the file that the description is about, too.")
        check_files(paths, door.limits(place.agreement, place.project, None, False))
        do(request, place, review, command(request, "change", comment=note), held=held, brought=folder)


def describe(request: HttpRequest, review: str, file: str) -> HttpResponse:
    """Say of a table what it does not say of itself; the check then reads it so, and votes cast before are void."""
    place, held = own(request, review)
    if file not in held.review.files:
        raise Http404
    path = held.place / file
    beside = descriptions.beside(path)
    text = beside.read_text(encoding="utf-8") if beside.is_file() else descriptions.as_toml(guessed(path))
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        text = request.POST.get("about", "")[:100_000]
        kept = [p for p in sorted(held.place.iterdir()) if p != beside]
        try:
            with taking.aside([SimpleUploadedFile(beside.name, text.encode())], kept) as folder:
                descriptions.load(folder / beside.name)
                check_files(
                    [folder / name for name in held.review.files],
                    door.limits(place.agreement, place.project, None, False),
                )
                do(request, place, review, command(request, "change"), held=held, brought=folder)
        except (BadInput, Refused) as error:
            refused = error
        else:
            return redirect("output", review)
    context = {"place": place, "held": held, "file": file, "text": text, "refused": refused}
    return render(request, "outputs/describe.html", context, status=422 if refused else 200)


def own(request: HttpRequest, review: str) -> tuple[Place, Held]:
    """Return an output that this person made; raise Http404 or PermissionDenied."""
    place, held = find.output(who(request), review)
    if held.review.author != request.user.person or "change" not in roles.output_acts(request.acting.role):
        raise PermissionDenied
    return place, held


def command(request: HttpRequest, act: Act, **more: Any) -> Command:
    """Return what this person asks to be done."""
    return Command(act, request.user.person, request.now, **more)


def do(
    request: HttpRequest,
    place: Place,
    review: str,
    asked: Command,
    *,
    held: Held | None,
    brought: Path | None = None,
) -> None:
    """Do an act on an output and write its row; the page says how far the person had seen."""
    seen = request.POST.get("seen", "")
    after = outputs.act(
        place.share, place.agreement, place.project, review, asked,
        brought=brought, seen=int(seen) if held is not None and seen.isdecimal() else None,
    )  # fmt: skip
    index.output(place.row.share, after)


def output(request: HttpRequest, review: str) -> HttpResponse:
    """Show an output: its files, what the check finds in them, what was decided, and what this person can do."""
    place, held = find.output(who(request), review)
    return shown(request, place, held)


def shown(
    request: HttpRequest, place: Place, held: Held, refused: BadInput | Refused | None = None
) -> HttpResponse:
    """Return the page of an output, with what was refused where something was."""
    me, role, state = request.user.person, request.acting.role, held.review.state
    verdict = outputs.check(place.share, held) if held.files else None
    findings = verdict.findings if verdict else ()
    context = {
        "place": place,
        "held": held,
        "review": seen_by(held.review, me),
        "turn": OWNER[state],
        "verdict": verdict,
        "findings": findings,
        "tables": [(reading, marked(reading, findings)) for reading in verdict.readings] if verdict else [],
        "history": history(held, me),
        "is_author": held.review.author == me and "change" in roles.output_acts(role),
        "may": [act for act in roles.output_acts(role) if may(held, act, request)],
        "checkers": checkers(place, held) if role == "data-access-team" else [],
        "released": released_files(place, held),
        "refused": refused,
        "posted": request.POST if refused else {},
    }
    return render(request, "outputs/output.html", context, status=422 if refused else 200)


def may(held: Held, act: Act, request: HttpRequest) -> bool:
    """Return whether the review would let this person do an act now; what the act says is not asked."""
    me = request.user.person
    if act == "assign" and request.acting.role == "data-access-team":
        return wants_checker(held.review)
    more: dict[str, Any] = {"checker": me} if act == "assign" else {}
    more |= {"verdict": "approve"} if act == "vote" else {}
    try:
        decide(held.review, command(request, act, **more))
    except Refused:
        return False
    return True


def history(held: Held, person: str) -> list[Command]:
    """Return what happened to an output as one person may see it: votes of others only once all are cast."""
    cast = {(vote.checker, vote.at) for vote in seen_by(held.review, person).votes}
    open_votes = {(vote.checker, vote.at) for vote in held.review.votes}
    return [
        event.command for event in held.events
        if event.command.act != "vote" or (event.command.by, event.command.at) in cast
        or (event.command.by, event.command.at) not in open_votes
    ]  # fmt: skip


def checkers(place: Place, held: Held) -> list[str]:
    """Return who may be named to check an output."""
    found = Membership.objects.filter(
        role="output-checker", organisation__name__in=[party.name for party in place.agreement.parties]
    ).select_related("user")
    people = dict.fromkeys(member.user.person for member in found)
    return [one for one in people if one not in (*held.review.checkers, held.review.author)]


def released_files(place: Place, held: Held) -> list[str]:
    """Return the names of what was released of an output."""
    folder = place.share.root / "releases" / held.review.id / "outputs"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@require_POST
def act(request: HttpRequest, review: str, act: str) -> HttpResponse:
    """Do an act of the review: submit, withdraw, assign, vote."""
    place, held = find.output(who(request), review)
    if (
        act not in get_args(Act)
        or act in ("release", "change")
        or act not in roles.output_acts(request.acting.role)
    ):
        raise PermissionDenied
    try:
        do(request, place, review, asked_for(request, place, held, act), held=held)
    except outputs.Overtaken:
        raise
    except (BadInput, Refused) as error:
        return shown(request, place, held, error)
    messages.success(request, SAID[act])
    return redirect("output", review)


def asked_for(request: HttpRequest, place: Place, held: Held, act: str) -> Command:
    """Return the command that a form of the page asks for; raise BadInput for one that was not filled in."""
    comment = request.POST.get("comment", "").strip()[:5000]
    match act:
        case "vote":
            verdict = request.POST.get("verdict", "")
            if verdict not in get_args(Verdict):
                raise BadInput("Choose what you decide.")
            behind = [line for line in request.POST.get("without", "").splitlines() if line.strip()]
            if behind and verdict != "approve":
                raise BadInput(
                    "Only an approval can leave part of a file behind. Ask for the change instead."
                )
            return command(request, "vote", verdict=verdict, comment=comment, narrowed=narrowings(behind))
        case "assign":
            checker = request.user.person
            if request.acting.role == "data-access-team":
                checker = request.POST.get("checker", "")
                if checker not in checkers(place, held):
                    raise BadInput("Choose who checks it.")
            return command(request, "assign", checker=checker)
        case _:
            return command(request, act, comment=comment)  # type: ignore[arg-type]


@require_POST
def release(request: HttpRequest, review: str) -> HttpResponse:
    """Release an approved output through the share's door."""
    place, held = find.output(who(request), review)
    if "release" not in roles.output_acts(request.acting.role):
        raise PermissionDenied
    seen = request.POST.get("seen", "")
    try:
        after = outputs.release(
            place.share, place.project.id, review,
            in_scope=request.POST.get("in_scope") == "yes", clock=Clock(request.user.person, request.now),
            seen=int(seen) if seen.isdecimal() else None,
        )  # fmt: skip
    except outputs.Overtaken:
        raise
    except (BadInput, Refused) as error:
        return shown(request, place, held, error)
    index.output(place.row.share, after)
    messages.success(request, SAID["release"])
    return redirect("output", review)


def file(request: HttpRequest, review: str, file: str) -> FileResponse:
    """Return a file of an output, to be saved and never shown: as it is under review, or as it was released."""
    place, held = find.output(who(request), review)
    if file in held.review.files and (held.place / file).is_file():
        path = held.place / file
    elif file in released_files(place, held):
        path = place.share.root / "releases" / review / "outputs" / file
    else:
        raise Http404
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=file, content_type="application/octet-stream"
    )
