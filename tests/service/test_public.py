"""The public pages: made from the agreements, safe to show, and the same for everybody."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

PAGES = (
    "/", "/register/shares", "/register/projects", "/your-data", "/accessibility", "/cookies", "/accounts/login/",
    "/register/shares/moj-dfe", "/privacy/moj-dfe",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_public_page_opens_without_signing_in_and_loads_nothing_from_elsewhere(
    page: str, browser: Any, share: Path
) -> None:
    answer = browser.get(page)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'href="#main-content"' in text
    assert "http://" not in text.replace("http://127.0.0.1", "").replace("http://www.w3.org/2000/svg", "")
    assert 'src="http' not in text
    assert "style=" not in text
    assert "<script>" not in text
    assert "onclick" not in text


@pytest.mark.parametrize("page", PAGES)
def test_every_page_carries_the_secure_headers(page: str, browser: Any, share: Path) -> None:
    headers = browser.get(page).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


def test_register_lists_the_agreement_and_its_notice_names_the_controllers(browser: Any, share: Path) -> None:
    from tallystick.agreement import io as agreements

    agreement = agreements.load(share)
    listed = browser.get("/register/shares").content.decode()
    assert agreement.about.title in listed
    notice = browser.get("/privacy/moj-dfe").content.decode()
    for party in agreement.parties:
        assert party.name in notice
    assert agreements.document_hash(agreement) in notice


def test_register_as_csv_has_the_fields_of_the_public_register(browser: Any, share: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(browser.get("/register/shares.csv").content.decode())))
    assert len(rows) == 1
    assert rows[0]["legal-power-disclosure"]


def test_draft_agreement_is_nowhere_public(browser: Any, share: Path) -> None:
    from datetime import UTC, datetime

    from tallystick.service.registry.shares import record

    text = (share / "agreement.toml").read_text(encoding="utf-8")
    (share / "agreement.toml").write_text(text.split("[[signature]]")[0], encoding="utf-8")
    record(share, datetime(2026, 10, 2, tzinfo=UTC))
    assert "moj-dfe" not in browser.get("/register/shares").content.decode()
    assert browser.get("/register/shares/moj-dfe").status_code == 404
    assert browser.get("/privacy/moj-dfe").status_code == 404


def test_page_that_is_not_there_says_so_and_a_page_within_asks_to_sign_in(browser: Any) -> None:
    assert browser.get("/nothing").status_code == 404
    assert "Page not found" in browser.get("/nothing").content.decode()


def test_health_says_what_is_wrong(browser: Any, service: Path) -> None:
    assert browser.get("/health").json() == {"healthy": True, "database": True, "home": True}
    (service / ".health").unlink()
    (service / ".health").mkdir()
    answer = browser.get("/health")
    assert answer.status_code == 503
    assert answer.json()["home"] is False


def test_metrics_are_for_the_token_alone(browser: Any, share: Path) -> None:
    from dataclasses import replace

    from django.conf import settings

    assert browser.get("/metrics").status_code == 404
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, metrics_token="a-token")
    assert browser.get("/metrics").status_code == 404
    assert browser.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404
    text = browser.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
    assert "tallystick_shares 1" in text
    assert 'tallystick_cases{process="agreement",state="in-force"} 1' in text


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "javascript:alert(1)", "x"]
)
def test_language_toggle_leads_nowhere_else(back: str, browser: Any) -> None:
    answer = browser.get("/language/cy", {"back": back})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    assert browser.get("/language/fr").status_code == 404


def test_pages_take_a_bounded_number_of_queries(browser: Any, share: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for page in PAGES:
        with CaptureQueriesContext(connection) as queries:
            browser.get(page)
        assert len(queries) <= 30, page


def test_pages_within_take_a_bounded_number_of_queries_however_many_cases_there_are(
    somebody: Any, ministry: Any, share: Path
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tallystick.governance.cases import Command
    from tallystick.service.registry import models, store

    tom = somebody("tom", "data-access-team")
    for number in range(40):
        case = models.Case.objects.create(
            process="request", subject=f"r{number}", state="submitted", version=1
        )
        models.Concern.objects.create(case=case, process="request", organisation=tom.organisation)
    command = ministry.command("holding", "hold", "copy-1", "data-access-team")
    store.act(Command(**{**command.model_dump(), "event_id": "copy"}))
    pages = ("/home", "/request/", "/request/?page=2", "/asset/", "/asset/cases", "/agreement/share", "/holding/",
             "/holding/due", "/holding/copy-1", "/shares", "/shares/moj-dfe", "/request/r1/receive/", "/incident/new")  # fmt: skip
    for page in pages:
        tom.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert tom.get(page).status_code in (200, 302), page
        assert 0 < len(queries) <= 30, (page, len(queries))
