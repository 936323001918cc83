"""Whether the service is well, for whatever watches it, and its figures in Prometheus' text format. No name, no answer."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from tallystick import __version__
from tallystick.service.jobs.models import Job
from tallystick.service.notices.models import Notice
from tallystick.service.registry import models

Sample = tuple[dict[str, str], int]


@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Return 200 where the database answers and the home folder can be written, else 503 and which is wrong."""
    checks = {"database": can_read(), "home": can_write()}
    return JsonResponse(
        {"healthy": all(checks.values()), **checks}, status=200 if all(checks.values()) else 503
    )


def can_read() -> bool:
    """Return whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False


def can_write() -> bool:
    """Return whether the home folder can be written."""
    probe = settings.ENVIRONMENT.home / ".health"
    try:
        probe.write_bytes(b"")
    except OSError:
        return False
    return True


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures; they are for whoever holds the token, and where none is set there is no such page."""
    token = settings.ENVIRONMENT.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    return HttpResponse("".join(lines()), content_type="text/plain; version=0.0.4; charset=utf-8")


def lines() -> Iterator[str]:
    """Yield the lines of the figures."""
    counted = (
        models.Case.objects.values_list("process", "state").annotate(Count("id")).order_by("process", "state")
    )
    yield from gauge("tallystick_info", "The version that runs.", [({"version": __version__}, 1)])
    yield from gauge(
        "tallystick_cases", "Cases by process and state.",
        [({"process": process, "state": state}, count) for process, state, count in counted],
    )  # fmt: skip
    waiting = models.Event.objects.filter(is_entered=False).count()
    yield from gauge("tallystick_outbox", "Acts that the ledger does not hold yet.", [({}, waiting)])
    unsent = Notice.objects.filter(mailed_at=None).count()
    yield from gauge("tallystick_notices_unsent", "Notices that no e-mail has taken out yet.", [({}, unsent)])
    jobs = Job.objects.values_list("state").annotate(Count("id")).order_by("state")
    yield from gauge("tallystick_jobs", "Steps of shares by state.", [({"state": s}, n) for s, n in jobs])
    yield from gauge("tallystick_shares", "Shares in the home folder.", [({}, models.Share.objects.count())])


def gauge(name: str, text: str, samples: list[Sample]) -> Iterator[str]:
    """Yield a figure with its labels."""
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{label}"' for key, label in labels.items())
        yield f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n"
