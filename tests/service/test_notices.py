"""Notices: told once, to whom it concerns, with nothing in the message but a link; the worker sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallystick.governance.specimens import specimen

AIM = "What became of Mr John Q Specimen?"


@pytest.fixture
def now(service: Any) -> Callable[[], datetime]:
    """Return a clock that goes on when it is told to."""
    from django.conf import settings

    at = [settings.ENVIRONMENT.clock()]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, clock=lambda: at[0])

    def clock(later: timedelta = timedelta()) -> datetime:
        at[0] += later
        return at[0]

    return clock


def work(now: Callable[[], datetime]) -> list[Any]:
    """Let the worker do a round, and return the messages that it sent."""
    from django.core import mail

    from tallystick.service.jobs import queue

    mail.outbox.clear()
    queue.loop(now, threading.Event(), once=True)
    return list(mail.outbox)


@pytest.fixture
def request_sent(somebody: Callable[..., Any], ministry: Any, now: Any) -> tuple[Any, Any, str]:
    """Return who asked, who receives, and the request, which waits to be received."""
    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    somebody("eve", "data-access-team", "Department for Education")
    work(now)
    subject = ann.begin("request")
    assert ann.do("request", "submit", subject, aim=AIM, fields=["cases.judge"]).status_code == 302
    return ann, tom, subject


def test_case_that_waits_is_told_once_to_whom_it_waits_for(request_sent: Any, now: Any) -> None:
    _, tom, subject = request_sent
    sent = work(now)
    assert [message.to for message in sent] == [
        ["tom@example.org"]
    ]  # not eve: it is nothing to her department
    assert "Request for data: waits for you" in sent[0].body
    assert work(now) == []
    assert work(lambda: now(timedelta(minutes=2))) == []
    page = tom.get("/notices").content.decode()
    assert subject in page
    assert "1 new" in tom.get("/home").content.decode()


def test_message_holds_no_id_no_title_and_no_name(request_sent: Any, now: Any) -> None:
    ann, _, subject = request_sent
    (message,) = work(now)
    for word in (AIM, "Specimen", subject, ann.name, "HMCTS", "Ministry"):
        assert word not in message.subject + message.body, word
    lines = [line for line in message.body.splitlines() if line.startswith("http")]
    assert len(lines) == 2


def test_link_of_a_notice_leads_its_reader_to_the_case_and_nobody_else(request_sent: Any, now: Any) -> None:
    ann, tom, subject = request_sent
    (message,) = work(now)
    link = next(line for line in message.body.splitlines() if line.startswith("http"))
    path = "/" + link.split("/", 3)[3]
    assert tom.get(path).headers["Location"] == f"/request/{subject}"
    assert ann.get(path).status_code == 404
    assert "1 new" not in tom.get("/home").content.decode()


@pytest.mark.slow
def test_decision_is_told_to_whoever_asked_in_their_language(request_sent: Any, now: Any) -> None:
    ann, tom, subject = request_sent
    work(now)
    assert ann.post("/notices/wishes", mail="at-once", language="cy").status_code == 302
    receive = specimen("request", "receive")
    tom.answer("request", subject, "receive", receive)
    assert tom.send("request", subject, "receive").status_code == 302
    sent = {message.to[0]: message for message in work(now)}
    assert "wedi'i benderfynu" in sent["ann.analyst@example.org"].body
    assert "tom@example.org" not in sent  # what one did oneself is no news


@pytest.mark.slow
def test_day_that_comes_near_and_passes_is_told_once_each(
    somebody: Callable[..., Any], ministry: Any, now: Any
) -> None:
    dan = somebody("dan", "dpo")
    dee = somebody("dee", "dpo")
    work(now)
    subject = dan.begin("rights")
    assert dan.do("rights", "receive", subject).status_code == 302
    assert not any("is due" in message.body for message in work(now))  # a month is left
    now(timedelta(days=27))
    assert ["is due soon" in message.body for message in work(now)] == [True, True]
    now(timedelta(hours=2))
    assert work(now) == []
    now(timedelta(days=10))
    assert ["is overdue" in message.body for message in work(now)] == [True, True]
    now(timedelta(days=10))
    assert work(now) == []
    assert "is overdue" in dee.get("/notices").content.decode()


@pytest.mark.slow
def test_wish_for_one_message_a_day_or_none_is_kept(request_sent: Any, now: Any) -> None:
    ann, tom, subject = request_sent
    assert tom.post("/notices/wishes", mail="daily", language="en-gb").status_code == 302
    assert len(work(now)) == 1
    tom.do("request", "receive", subject)
    ann.do("incident", "report", ann.begin("incident"))
    second = ann.begin("request")
    ann.do("request", "submit", second, fields=["cases.judge"])
    assert [m for m in work(now) if m.to == ["tom@example.org"]] == []
    now(timedelta(days=1))
    (message,) = (m for m in work(now) if m.to == ["tom@example.org"])
    assert message.body.count("Request for data: waits for you") == 1
    assert tom.post("/notices/wishes", mail="never", language="en-gb").status_code == 302
    third = ann.begin("request")
    ann.do("request", "submit", third, fields=["cases.judge"])
    now(timedelta(days=1))
    assert [m for m in work(now) if m.to == ["tom@example.org"]] == []
    assert third in tom.get("/notices").content.decode()
    assert tom.post("/notices/wishes", mail="hourly", language="en-gb").status_code == 422


@pytest.mark.slow
def test_message_that_the_server_does_not_take_is_sent_later(
    request_sent: Any, now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)  # nothing listens there
    assert work(now) == []
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    now(timedelta(minutes=2))
    assert len(work(now)) == 1


def test_two_workers_at_one_moment_send_one_message(request_sent: Any, now: Any) -> None:
    from django.core import mail
    from django.db import connections

    from tallystick.service.notices.post import deliver

    mail.outbox.clear()

    def round_of_work() -> None:
        try:
            deliver(now())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=round_of_work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mail.outbox) == 1


def test_person_who_has_left_is_told_nothing(request_sent: Any, now: Any) -> None:
    from tallystick.service.accounts import people
    from tallystick.service.notices.models import Notice

    people.close("tom@example.org")
    assert work(now) == []
    assert not Notice.objects.filter(user__person="tom").exists()


def test_what_happened_before_there_were_notices_is_told_to_nobody(ministry: Any) -> None:
    from importlib import import_module

    from django.apps import apps

    from tallystick.service.notices.models import Cursor
    from tallystick.service.registry.models import Event

    Cursor.objects.all().delete()
    import_module("tallystick.service.notices.migrations.0001_initial").begin_now(apps, None)
    assert Cursor.objects.get().events == Event.objects.latest("id").id
