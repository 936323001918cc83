"""The API for machines: the public registers, the cases that a token's holder may see, and the acts of roles without a second factor.

A token stands for one account in one role. It is one factor, so it reads what its role sees and acts only in a role that
needs no second one; whoever signs, checks or decides does so in a browser, with both.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI, Schema, Status
from ninja.params import functions
from ninja.security import HttpBearer
from pydantic import Field, JsonValue

from tallystick import __version__
from tallystick.errors import BadInput, Finding, Refused, TallystickError
from tallystick.governance import pages, registers
from tallystick.governance.cases import Command, Identity
from tallystick.governance.tables.processes import NEW, PROCESSES
from tallystick.service import roles
from tallystick.service.accounts import tokens
from tallystick.service.accounts.models import Membership
from tallystick.service.cases.find import find, visible
from tallystick.service.public.views import listed
from tallystick.service.registry import models, store
from tallystick.service.registry.shares import agreement_of

ON_A_PAGE = 100


class Token(HttpBearer):
    """A bearer token of an account."""

    def authenticate(self, request: HttpRequest, token: str) -> Membership | None:
        """Return whom the token stands for, or None."""
        return tokens.holder(token, request.now)


class Problem(Schema):
    """What was refused, or could not be used: every finding with its rule and its remedy."""

    message: str
    findings: list[dict[str, str]] = Field(default_factory=list)


class Brief(Schema):
    """A case in a list."""

    process: str
    id: str
    state: str
    title: str
    version: int


class Full(Brief):
    """A case: its answers, what happened, what this role can do now."""

    answers: dict[str, Any]
    history: list[dict[str, Any]]
    can_now: list[str]


class Act(Schema):
    """An act: its own id (the same twice is done once), the version that was seen, and the answers."""

    event_id: Identity
    version: int = Field(ge=0, le=2**31 - 1)
    answers: dict[str, JsonValue] = Field(default_factory=dict)


class Done(Schema):
    """What an act came to."""

    state: str
    version: int
    followed_by: list[str]


api = NinjaAPI(
    title="Tallystick", version=__version__, docs_url=None, auth=Token(), urls_namespace="api",
    description="Registers of shares and uses; cases of governance. Roles that need a second factor act in a browser.",
)  # fmt: skip
WRONG: dict[Any, Any] = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}
Number: Any = functions.Query(1, ge=1, le=1_000_000)
Named: Any = functions.Path(..., max_length=120)


@api.exception_handler(TallystickError)
def refused(request: HttpRequest, raised: TallystickError) -> HttpResponse:
    """Return what the core said."""
    kinds = ((store.Overtaken, 409), (Refused, 403), (BadInput, 400))
    status = next((status for kind, status in kinds if isinstance(raised, kind)), 500)
    return api.create_response(request, problem(raised.message, raised.findings), status=status)


@api.exception_handler(Http404)
def missing(request: HttpRequest, raised: Http404) -> HttpResponse:
    """Return that there is no such thing."""
    return api.create_response(request, problem("There is none."), status=404)


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, raised: PermissionDenied) -> HttpResponse:
    """Return that this role may not."""
    return api.create_response(request, problem("Your role does not allow this."), status=403)


def problem(message: str, findings: tuple[Finding, ...] = ()) -> dict[str, Any]:
    """Return an error as JSON."""
    return {"message": message, "findings": [{k: str(v) for k, v in vars(one).items()} for one in findings]}


@api.get("/register/shares", auth=None, response={200: dict[str, Any], 422: Any})
def register_of_shares(request: HttpRequest, page: int = Number) -> dict[str, Any]:
    """Return the register of shares, a page at a time."""
    rows = Paginator(listed(), ON_A_PAGE).get_page(page)
    return pages.as_json(registers.sharing([agreement_of(row) for row in rows], request.now))


@api.get("/cases/{process}", response={200: list[Brief], **WRONG})
def cases(request: HttpRequest, process: str = Named, page: int = Number) -> Any:
    """Return the cases of a process that the holder may see, newest first, a page at a time."""
    member: Membership = request.auth
    if process not in roles.processes(member.role):
        raise Http404
    rows = visible(member, process)[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    return [brief(row) for row in rows]


def brief(row: models.Case) -> dict[str, Any]:
    """Return a row as JSON."""
    return {
        "process": row.process, "id": row.subject, "state": row.state, "title": row.title, "version": row.version,
    }  # fmt: skip


@api.get("/cases/{process}/{subject}", response={200: Full, **WRONG})
def case(request: HttpRequest, process: str = Named, subject: str = Named) -> Any:
    """Return one case."""
    if process not in PROCESSES:
        raise Http404
    row, found = find(request.auth, process, subject)
    history = [event.model_dump(mode="json", exclude={"answers"}) for event in found.history]
    can = roles.acts(request.auth.role, process, found.state)
    return {**brief(row), "answers": dict(found.answers), "history": history, "can_now": list(can)}


@api.post("/cases/{process}/{subject}/{act}", response={200: Done, **WRONG})
def do(request: HttpRequest, given: Act, process: str = Named, subject: str = Named, act: str = Named) -> Any:
    """Do an act; only in a role that needs no second factor."""
    member: Membership = request.auth
    if process not in PROCESSES:
        raise Http404
    if roles.needs_second_factor(member.role):
        return Status(403, problem("This role acts in a browser, with two factors."))
    exists = models.Case.objects.filter(process=process, subject=subject).exists()
    state = find(member, process, subject)[1].state if exists else NEW
    if act not in PROCESSES[process].acts:
        raise Http404
    if act not in roles.acts(member.role, process, state):
        known = models.Event.objects.filter(event_id=given.event_id, by=member.user.person).exists()
        if not known:
            raise PermissionDenied
    events = store.act(command(member, process, subject, act, given, request), given.version)
    row = models.Case.objects.get(process=process, subject=subject)
    followed = [f"{event.process} {event.subject}: {event.act}" for event in events[1:]]
    return {"state": row.state, "version": row.version, "followed_by": followed}


def command(
    member: Membership, process: str, subject: str, act: str, given: Act, request: HttpRequest
) -> Command:
    """Return what the holder of a token asks to be done; raise BadInput for an id that is none."""
    try:
        return Command(
            event_id=given.event_id, process=process, subject=subject, act=act, at=request.now, by=member.user.person,
            role=member.role, organisation=member.organisation.name, answers=given.answers,
        )  # fmt: skip
    except ValueError:
        raise BadInput(
            "An id is letters, figures and . _ : @ + - only, beginning with a letter or figure."
        ) from None


@login_not_required
def page(request: HttpRequest) -> HttpResponse:
    """Return the page that says what the API offers, made from its own schema."""
    return render(request, "public/api.html", {"schema": api.get_openapi_schema()})
