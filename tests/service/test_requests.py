"""Journey 1: ask for data, decide, release; through the pages, as different people, and two of them at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tallystick.governance.specimens import specimen


def state_of(process: str, subject: str) -> str:
    from tallystick.service.registry.models import Case

    return str(Case.objects.get(process=process, subject=subject).state)


def submitted(ann: Any, **changes: Any) -> str:
    """Return the id of a request that was drafted by a page and submitted in one go, without walking its questions."""
    from tallystick.service.registry.models import Draft

    subject = ann.begin("request")
    ann.get(f"/request/{subject}/submit/")
    Draft.objects.update(answers=specimen("request", "submit", **{"fields": ["cases.month"], **changes}))
    answer = ann.send("request", subject, "submit")
    assert answer.status_code == 302, answer.content.decode()
    return str(subject)


@pytest.mark.slow
def test_request_goes_from_first_page_to_release(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service.registry import store

    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    subject = ann.begin("request")
    assert state_of("request", subject) == "draft"
    assert tom.get(f"/request/{subject}").status_code == 404  # a draft is its author's body's alone
    asked = ann.answer("request", subject, "submit", specimen("request", "submit", fields=["cases.month"]))
    assert asked > 30
    assert ann.send("request", subject, "submit").status_code == 302
    assert state_of("request", subject) == "covered"
    assert subject in tom.get("/home").content.decode()
    assert tom.do("request", "release", subject).status_code == 302
    assert state_of("request", subject) == "released"
    assert store.ledger().verify().is_sound
    page = ann.get(f"/request/{subject}").content.decode()
    assert "Released" in page
    assert ann.get("/register/projects").content.decode().count("Specimen") == 0


@pytest.mark.slow
def test_request_that_nothing_covers_is_received_and_decided_by_the_owner(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    ivy, sam = somebody("iao.person", "iao"), somebody("sam", "iao")
    subject = submitted(ann, fields=["cases.judge"])
    assert state_of("request", subject) == "submitted"
    assert tom.do("request", "receive", subject).status_code == 302
    assert "iao of Ministry of Justice" in ann.get(f"/request/{subject}").content.decode()
    refused = sam.do("request", "approve", subject)  # the role, but not the office
    assert refused.status_code == 422
    assert "requirement" in refused.content.decode() or "office" in refused.content.decode()
    assert state_of("request", subject) == "under-review"
    unscreened = ivy.do("request", "approve", subject)
    assert unscreened.status_code == 422
    assert "DPIA screening" in unscreened.content.decode()
    dan = somebody("dpo.person", "dpo")
    paper = dan.begin("screening")
    assert dan.do("screening", "decide", paper, about=subject).status_code == 302
    done = ivy.do("request", "approve", subject)
    assert done.status_code == 302, done.content.decode()
    assert state_of("request", subject) == "approved"


def test_first_pages_of_a_request_keep_what_was_answered(somebody: Callable[..., Any], ministry: Any) -> None:
    ann = somebody("ann.analyst", "requester", "HMCTS")
    subject = ann.begin("request")
    first = ann.get(f"/request/{subject}/submit/").headers["Location"]
    assert first.endswith("/question/aim")
    wrong = ann.post(first, aim="")
    assert wrong.status_code == 422
    assert "Error: " in wrong.content.decode()
    assert ann.post(first, aim="Where do cases wait longest?").status_code == 302
    again = ann.get(f"/request/{subject}/submit/").headers["Location"]
    assert again.endswith("/question/purpose")
    assert ann.post(again, purpose="mischief").status_code == 422
    bob = somebody(
        "bob", "requester", "HMCTS"
    )  # a colleague sees the case, and not what another has only typed
    assert "Where do cases wait" not in bob.get(f"/request/{subject}").content.decode()
    assert ann.send("request", subject, "submit", save="yes").status_code == 302
    assert "Where do cases wait" in bob.get(f"/request/{subject}").content.decode()
    assert state_of("request", subject) == "draft"


def test_sending_too_early_names_every_question_that_is_open(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    ann = somebody("ann.analyst", "requester", "HMCTS")
    subject = ann.begin("request")
    refused = ann.send("request", subject, "submit")
    assert refused.status_code == 422
    text = refused.content.decode()
    assert text.count("/question/") > 20
    assert state_of("request", subject) == "draft"


def test_act_from_an_older_page_is_told_so_and_nothing_is_lost(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    ann, tom, pat = (
        somebody("ann.analyst", "requester", "HMCTS"),
        somebody("tom", "data-access-team"),
        somebody("pat", "data-access-team"),
    )
    subject = submitted(ann, fields=["cases.judge"])
    tom.answer("request", subject, "receive", specimen("request", "receive"))
    pat.answer("request", subject, "receive", specimen("request", "receive"))
    page = f"/request/{subject}/receive/check"
    assert tom.post(page, event="a" * 32).status_code == 302
    late = pat.post(page, event="b" * 32)
    assert late.status_code == 403  # the state has moved on: there is nothing to receive
    assert state_of("request", subject) == "under-review"


def test_two_advisers_at_one_moment_the_second_is_told(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service.registry.models import Event

    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    dan, dee = somebody("dpo.person", "dpo"), somebody("dee", "dpo")
    subject = submitted(ann, fields=["cases.judge"])
    tom.do("request", "receive", subject)
    for who in (dan, dee):
        who.answer("request", subject, "advise", {"advice_given": "Look at the fields again"})
    page = f"/request/{subject}/advise/check"
    assert dan.post(page, event="c" * 32).status_code == 302
    late = dee.post(page, event="d" * 32)
    assert late.status_code == 409
    assert "Somebody else" in late.content.decode()
    assert Event.objects.filter(subject=subject, act="advise").count() == 1
    assert dan.post(page, event="c" * 32).status_code == 302  # sent twice, done once
    assert Event.objects.filter(subject=subject, act="advise").count() == 1


def test_many_at_one_moment_and_exactly_one_wins(somebody: Callable[..., Any], ministry: Any) -> None:
    from django.db import connections

    from tallystick.governance.cases import Command
    from tallystick.service.registry import store
    from tallystick.service.registry.models import Case, Event

    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    subject = submitted(ann, fields=["cases.judge"])
    tom.do("request", "receive", subject)
    row = Case.objects.get(process="request", subject=subject)
    done: list[str] = []

    def advise(number: int) -> None:
        command = Command(
            event_id=f"race-{number}", process="request", subject=subject, act="advise", at=row.changed_at,
            by=f"adviser.{number}", role="dpo", organisation="Ministry of Justice",
            answers={"advice_given": "Advice"},
        )  # fmt: skip
        try:
            store.act(command, row.version)
            done.append("won")
        except store.Overtaken:
            done.append("told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=advise, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["told"] * 7 + ["won"]
    assert Event.objects.filter(subject=subject, act="advise").count() == 1
    assert store.ledger().verify().is_sound
    assert not Event.objects.filter(is_entered=False).exists()


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 77*13 }}"]
)
def test_free_text_is_shown_as_text(text: str, somebody: Callable[..., Any], ministry: Any) -> None:
    ann = somebody("ann.analyst", "requester", "HMCTS")
    subject = submitted(ann, aim=text, fields=["cases.judge"])
    for page in (f"/request/{subject}", "/request/", "/home"):
        shown = ann.get(page).content.decode()
        assert text not in shown or text.startswith("{{")
        assert "1001" not in shown


def test_registry_in_the_database_is_what_the_core_folds(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.governance.cases import fold
    from tallystick.service.registry import store
    from tallystick.service.registry.models import Event

    events = [store.as_event(row) for row in Event.objects.order_by("id")]
    assert [event.event_id for event in events] == [event.event_id for event in ministry.events]
    folded, kept = fold(events), store.world()
    assert {p: dict(rows) for p, rows in folded.cases.items()} == {
        process: dict(rows) for process, rows in kept.cases.items() if rows
    }
    assert dict(folded.seen) == dict(kept.seen)


def test_outbox_is_entered_by_the_next_act(ministry: Any) -> None:
    from tallystick.service.registry import store
    from tallystick.service.registry.models import Event

    before = len(list(store.ledger().entries()))
    assert before == Event.objects.count()
    Event.objects.filter(act="publish").update(
        is_entered=False
    )  # as if killed between the commit and the entry
    assert store.enter_all() == 1
    assert len(list(store.ledger().entries())) == before  # it was there: the id says so


def test_request_for_a_dataset_of_an_agreement_goes_to_the_body_that_supplies_it(
    somebody: Callable[..., Any], share: Any
) -> None:
    ann, tom = somebody("ann", "requester", "HMCTS"), somebody("tom", "data-access-team")
    subject = submitted(ann, datasets=["justice"], fields=["justice.ethnicity"])
    assert subject in tom.get("/home").content.decode()
    assert somebody("dot", "data-access-team", "Home Office").get(f"/request/{subject}").status_code == 404
