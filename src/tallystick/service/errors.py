"""What a person sees when something is refused or goes wrong."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.errors import BadInput, Refused, TallystickError
from tallystick.service.registry.store import Overtaken
from tallystick.share.outputs import Overtaken as OutputOvertaken


def errors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that turns what the core refuses into a page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, raised: Exception) -> HttpResponse | None:
        return said(request, raised) if isinstance(raised, TallystickError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def said(request: HttpRequest, raised: TallystickError) -> HttpResponse:
    """Return the page about an error that was raised on purpose: 409 overtaken, 403 refused by a rule, 400 bad input."""
    kinds = (
        (Overtaken, 409),
        (OutputOvertaken, 409),
        (Refused, 403),
        (BadInput, 400),
        (TallystickError, 500),
    )
    status = next(status for kind, status in kinds if isinstance(raised, kind))
    return render(request, "error.html", {"error": raised, "status": status}, status=status)


def page(status: int) -> Callable[..., HttpResponse]:
    """Return Django's handler of an error: the page for this status."""

    def handler(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return render(request, "error.html", {"error": None, "status": status}, status=status)

    return handler


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page about a form that did not come from this service, or whose page was too old."""
    return render(request, "error.html", {"error": None, "status": "csrf"}, status=403)


bad_request, forbidden, not_found, failed = page(400), page(403), page(404), page(500)
