"""In which role, for which organisation, somebody acts in this session; and that a second factor was set up where it must be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tallystick.governance.clocks import london_day
from tallystick.service import roles
from tallystick.service.accounts.models import Membership, User

FREE = ("/accounts/", "/static/", "/language/", "/health")
"""Where somebody may go who has yet to set up a second factor."""


def current(user: User, now: datetime) -> list[Membership]:
    """Return the memberships that somebody has on this day."""
    on = london_day(now)
    found = user.memberships.select_related("organisation")
    return [each for each in found if each.until is None or each.until >= on]


def acting(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that sets ``request.acting`` and sends people to set up their second factor."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.acting, request.memberships = None, []
        if request.user.is_authenticated:
            request.memberships = current(request.user, request.now)
            chosen = request.session.get("membership")
            request.acting = next(
                (each for each in request.memberships if each.id == chosen),
                request.memberships[0] if request.memberships else None,
            )
            if not request.path.startswith(FREE) and must_set_up(request):
                return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware


def must_set_up(request: HttpRequest) -> bool:
    """Return whether one of the person's roles needs a second factor that they have not set up."""
    return any(roles.needs_second_factor(each.role) for each in request.memberships) and not is_mfa_enabled(
        request.user
    )
