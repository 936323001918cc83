"""What a person sees when something is refused or goes wrong, and what the log says of it: no value of any answer, ever."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tallystick.errors import BadInput, Refused, TallystickError


class Plain(logging.Formatter):
    """One line for each record: the level, the logger, and of an exception its class and place, never its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        where = ""
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
            where = f" {record.exc_info[0].__name__} at {place}"
        status = getattr(record, "status_code", "")
        return f"{record.levelname} {record.name} {status}{where}".rstrip()


def errors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that turns what the core refuses into a page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, raised: Exception) -> HttpResponse | None:
        return said(request, raised) if isinstance(raised, TallystickError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def said(request: HttpRequest, raised: TallystickError) -> HttpResponse:
    """Return the page about an error that was raised on purpose: 403 refused by a rule, 400 bad input."""
    status = 403 if isinstance(raised, Refused) else 400 if isinstance(raised, BadInput) else 500
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
