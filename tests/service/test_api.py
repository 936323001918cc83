"""The API: what a token may see and do, and thousands of made-up calls of which none fails inside."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tallystick.governance.specimens import specimen


def machine(who: Any, **changes: Any) -> Callable[..., Any]:
    """Return a function that calls the API in the name of somebody."""
    from django.conf import settings
    from django.test import Client

    from tallystick.service.accounts import tokens
    from tallystick.service.accounts.models import Membership

    member = Membership.objects.get(user__person=who.name, role=who.role)
    token = tokens.make(member, settings.ENVIRONMENT.clock())
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str, body: Any = None) -> Any:
        return Client().generic(
            method,
            f"/api{path}",
            json.dumps(body) if body is not None else "",
            "application/json",
            headers=headers,
        )

    return call


def test_registers_need_no_token_and_cases_do(browser: Any, share: Path) -> None:
    answer = browser.get("/api/register/shares")
    assert answer.status_code == 200
    assert len(answer.json()["rows"]) == 1
    assert browser.get("/api/cases/request").status_code == 401
    assert browser.get("/api/").status_code == 200
    assert browser.get("/api/openapi.json").json()["info"]["title"] == "Tallystick"


def test_request_is_asked_for_by_a_machine_and_decided_by_a_person(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    ann = somebody("ann.analyst", "requester", "HMCTS")
    call = machine(ann)
    begun = {"event_id": "m1", "version": 0, "answers": {}}
    assert call("POST", "/cases/request/r-77/draft", begun).json()["state"] == "draft"
    assert call("POST", "/cases/request/r-77/draft", begun).status_code == 200  # the same again is done once
    short = call("POST", "/cases/request/r-77/submit", {"event_id": "m2", "version": 1, "answers": {}})
    assert short.status_code == 403
    assert len(short.json()["findings"]) > 20
    answers = specimen("request", "submit", fields=["cases.month"])
    old = call("POST", "/cases/request/r-77/submit", {"event_id": "m3", "version": 0, "answers": answers})
    assert old.status_code == 409
    done = call("POST", "/cases/request/r-77/submit", {"event_id": "m3", "version": 1, "answers": answers})
    assert done.json()["state"] == "covered"
    shown = call("GET", "/cases/request/r-77").json()
    assert shown["can_now"] == ["withdraw"]
    assert [event["act"] for event in shown["history"]] == ["draft", "submit"]
    assert [case["id"] for case in call("GET", "/cases/request").json()] == ["r-77"]


def test_role_with_a_second_factor_only_reads(somebody: Callable[..., Any], ministry: Any) -> None:
    call = machine(somebody("iao.person", "iao"))
    assert call("GET", "/cases/agreement/share").status_code == 200
    act = {"event_id": "m1", "version": 2, "answers": {"reasons": "x"}}
    assert call("POST", "/cases/agreement/share/end", act).status_code == 403


def test_case_of_others_is_not_there(somebody: Callable[..., Any], ministry: Any) -> None:
    call = machine(somebody("dot", "data-access-team", "Home Office"))
    for path in ("/cases/agreement/share", "/cases/nothing", "/cases/nothing/x", "/cases/request/x"):
        assert call("GET", path).status_code == 404
    assert call("GET", "/cases/agreement").json() == []


def test_token_ends_with_its_day_its_role_and_its_account(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    from django.conf import settings

    from tallystick.service.accounts import people, tokens
    from tallystick.service.accounts.models import Membership

    somebody("ann", "requester", "HMCTS")
    now = settings.ENVIRONMENT.clock()
    token = tokens.make(Membership.objects.get(user__person="ann"), now)
    assert tokens.holder(token, now) is not None
    assert tokens.holder(token + "x", now) is None
    assert tokens.holder(token, now + timedelta(days=366)) is None
    Membership.objects.update(until=(now - timedelta(days=1)).date())
    assert tokens.holder(token, now) is None
    Membership.objects.update(until=None)
    people.close("ann@example.org")
    assert tokens.holder(token, now) is None


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thousands_of_made_up_calls_find_no_failure(somebody: Callable[..., Any], ministry: Any) -> None:
    import schemathesis
    from django.core.wsgi import get_wsgi_application
    from hypothesis import HealthCheck, given, settings

    from tallystick.service.accounts import tokens
    from tallystick.service.accounts.models import Membership

    ann = somebody("ann.analyst", "requester", "HMCTS")
    from django.conf import settings as django_settings

    token = tokens.make(Membership.objects.get(user__person=ann.name), django_settings.ENVIRONMENT.clock())
    headers = {"Authorization": f"Bearer {token}", "Host": "testserver"}
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", get_wsgi_application(), headers={"Host": "testserver"}
    )
    counted = 0
    quiet = settings(
        max_examples=800,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @quiet
        def call(case: Any) -> None:
            nonlocal counted
            counted += 1
            answer = case.call(headers=headers)
            assert answer.status_code < 500, (case.method, case.path, case.path_parameters, case.body)

        call()
    assert counted > 2000, counted
