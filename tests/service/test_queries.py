"""No page asks the database more than thirty questions, however long its lists: every page that leads from a role's first is opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tallystick.service import roles

MOST, MANY = 30, 60
BODY = "Ministry of Justice"


def many(process: str) -> None:
    """Write many cases of a process, each with its events, in every state that something can be done in."""
    from tallystick.governance.tables.processes import PROCESSES
    from tallystick.service.registry.models import Case, Concern, Event
    from tallystick.service.registry.store import waits_since

    at = datetime(2026, 3, 1, tzinfo=UTC)
    states = PROCESSES[process].states
    for number in range(MANY):
        answers = {"about": "moj-dfe", "aware_at": at.isoformat(), "received_on": "2026-03-01", "until": "2026-04-01",
                   "decide_by": "2026-04-01", "datasets": ["justice"]}  # fmt: skip
        row = Case.objects.create(
            process=process, subject=f"{process}-many-{number}", state=states[number % len(states)], version=1,
            opened_by="somebody", opened_at=at, changed_at=at + timedelta(minutes=number), answers=answers,
        )  # fmt: skip
        Concern.objects.create(case=row, process=process, organisation=BODY, state=row.state, waits_since=waits_since(row))  # fmt: skip
        Event.objects.create(
            event_id=row.subject, process=process, subject=row.subject, act=PROCESSES[process].acts[0], at=at, by="somebody",
            role="iao", organisation=BODY, answers=answers, state=row.state, is_entered=True,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("role", roles.ROLES)
def test_no_page_has_more_than_thirty_queries(
    role: str, somebody: Callable[..., Any], ministry: Any, share: Path
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.urls import Resolver404, resolve

    from tallystick.governance.tables.processes import PROCESSES

    for process in PROCESSES:
        many(process)
    who = somebody("the.reader", role)
    to_do, seen, counted = ["/home", "/register/shares", "/register/projects"], set(), {}
    while to_do:
        path = to_do.pop(0)
        try:
            match = resolve(path)
        except Resolver404:
            continue
        shape = (match.view_name, match.kwargs.get("process"), match.kwargs.get("act"))
        if shape in seen or match.view_name in ("account_logout", "language"):
            continue
        seen.add(shape)
        with CaptureQueriesContext(connection) as queries:
            page = who.get(path)
        counted[path] = len(queries)
        if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
            text = page.content.decode()
            to_do += [
                href for href in re.findall(r'href="(/[^"?#]*)', text) if not href.startswith("/static")
            ]
    assert len(counted) > 8
    assert max(counted.values()) <= MOST, sorted(counted.items(), key=lambda each: -each[1])[:5]
