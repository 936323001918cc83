"""The cases of governance: a request, an incident, an agreement, a person's request, a copy of data."""

from __future__ import annotations

from typing import Any

from service.journeys.visitors import JOURNEY, Live, keep_picture

pytestmark = JOURNEY


def test_request_is_asked_for_received_screened_and_approved_by_four_people(visitor: Any, live: Live) -> None:
    from tallystick.governance.specimens import specimen

    ann, tom, dan, ivy = (visitor().sign_in(name) for name in ("ann", "tom", "dan", "ivy"))
    ann.go("/request/new")
    ann.press("Start")
    answers = specimen("request", "submit", datasets=["justice"], fields=["justice.ethnicity"])
    keep_picture(ann.page, "question")
    ann.answer("request", "submit", answers)
    keep_picture(ann.page, "check")
    ann.press("Submit")
    subject = ann.page.url.rsplit("/", 1)[1]
    assert "Submitted" in ann.page.inner_text("main")

    tom.go("/home")
    assert subject in tom.page.inner_text("main")
    keep_picture(tom.page, "home")
    tom.go(f"/request/{subject}/receive/")
    tom.answer("request", "receive", specimen("request", "receive", decide_by="2030-01-01"))
    tom.press("Receive")
    assert "iao of Ministry of Justice" in tom.page.inner_text("main")

    dan.go("/screening/new")
    dan.press("Start")
    dan.answer("screening", "decide", specimen("screening", "decide", about=subject))
    dan.press("Decide")

    ivy.go(f"/request/{subject}/approve/")
    ivy.answer("request", "approve", specimen("request", "approve"))
    ivy.press("Approve")
    assert "Approved" in ivy.page.inner_text("main")
    keep_picture(ivy.page, "request")
    ann.go(f"/request/{subject}")
    assert "Approved" in ann.page.inner_text("main")

    eve = visitor().sign_in("eve")  # of a department that has nothing to do with it
    eve.go(f"/request/{subject}")
    assert "Page not found" in eve.page.inner_text("main")


def test_incident_is_reported_informed_and_assessed(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    from tallystick.governance.specimens import specimen

    aware = (datetime.now(UTC) - timedelta(hours=2)).replace(second=0, microsecond=0).isoformat()
    lea, sue = visitor().sign_in("lea"), visitor().sign_in("sue")
    lea.go("/incident/new")
    lea.press("Start")
    lea.answer("incident", "report", specimen("incident", "report", aware_at=aware, about="moj-dfe"))
    lea.press("Report")
    subject = lea.page.url.rsplit("/", 1)[1]
    sue.go(f"/incident/{subject}/inform/")
    sue.answer(
        "incident", "inform", specimen("incident", "inform", security_told_at=aware, contact_told_at=aware)
    )
    sue.press("Inform")
    sue.go(f"/incident/{subject}/assess/")
    sue.answer("incident", "assess", specimen("incident", "assess"))
    sue.press("Assess")
    assert "Tell the Information Commission" in sue.page.inner_text("main")
    keep_picture(sue.page, "incident")
    sue.go(f"/incident/{subject}/regulator")
    assert "To be notified by" in sue.page.inner_text("main")
    sue.go(f"/incident/{subject}/close/")
    sue.answer("incident", "close", specimen("incident", "close"))
    sue.press("Close")
    assert "the regulator was not told" in sue.page.inner_text("main")
    now = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
    sue.do("incident", subject, "notify-regulator", notified_at=now)
    assert "Tell the Information Commission" not in sue.page.inner_text("main")
    sue.do("incident", subject, "tell-people", told_at=now)
    sue.do("incident", subject, "close")


def test_request_is_returned_offered_another_rejected_and_disputed(visitor: Any, live: Live) -> None:
    ann, tom, ivy = (visitor().sign_in(name) for name in ("ann", "tom", "ivy"))
    wanted = {"datasets": ["justice"], "fields": ["justice.ethnicity"]}
    subject = ann.do("request", "", "submit", **wanted)
    tom.do("request", subject, "receive", decide_by="2030-01-01")
    ivy.do("request", subject, "return", reasons="Say which years")
    ann.go("/home")
    assert subject in ann.page.inner_text("main")
    ann.go(f"/request/{subject}")
    assert "Say which years" in ann.page.inner_text("main")
    ann.do("request", subject, "submit", **wanted)
    tom.do("request", subject, "receive", decide_by="2030-01-01")
    tom.do("request", subject, "offer", offer_by="2030-01-01")
    ann.do("request", subject, "decline")
    ivy.do("request", subject, "reject", reasons="Published tables answer it")
    dispute = ann.do("dispute", "", "raise", about=subject)
    tom.do("dispute", dispute, "review")
    ivy.do("dispute", dispute, "resolve")
    tom.do("dispute", dispute, "close")
    assert "Closed" in tom.page.inner_text("main")


def test_agreement_is_recorded_signed_reviewed_amended_and_ended(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    later, last = today + timedelta(days=300), today + timedelta(days=700)
    tom, ivy = visitor().sign_in("tom"), visitor().sign_in("ivy")
    subject = tom.do("agreement", "", "record", starts=today, ends=last, next_review=later)
    assert "Draft" in tom.page.inner_text("main")
    ivy.do("agreement", subject, "sign")
    assert "In force" in ivy.page.inner_text("main")
    keep_picture(ivy.page, "agreement")
    ivy.do("agreement", subject, "review", next_review=later)
    tom.do("agreement", subject, "amend")
    assert "Being amended" in tom.page.inner_text("main")
    ivy.go(f"/agreement/{subject}/sign/")
    ivy.answer("agreement", "sign", {"signed_hash": "sha256:" + "3" * 64})
    ivy.press("Sign")
    assert "Recorded" not in ivy.page.inner_text("main")  # it is not the document that stands
    ivy.go(f"/agreement/{subject}/sign/question/signed_hash?check")
    ivy.page.fill("[name=signed_hash]", "sha256:" + "2" * 64)
    ivy.press("Continue")
    ivy.press("Sign")
    assert "In force" in ivy.page.inner_text("main")
    ivy.do("agreement", subject, "end")
    assert "Ended" in ivy.page.inner_text("main")


def test_person_asks_for_their_data_and_is_answered(visitor: Any, live: Live) -> None:
    tom, dan = visitor().sign_in("tom"), visitor().sign_in("dan")
    subject = tom.do("rights", "", "receive", about="moj-dfe")
    dan.go("/home")
    assert "Answer the person" in dan.page.inner_text("main")
    dan.do("rights", subject, "acknowledge")
    dan.do("rights", subject, "ask-details")
    dan.do("rights", subject, "details-given")
    dan.do("rights", subject, "answer")
    dan.do("rights", subject, "close")
    assert "Answer the person" not in dan.page.inner_text("main")


def test_copy_of_data_comes_due_is_audited_and_disposed_of(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    tom, lea = visitor().sign_in("tom"), visitor().sign_in("lea")
    subject = tom.do(
        "holding", "", "hold", until=today, next_review=today + timedelta(days=300), about="moj-dfe"
    )
    tom.go("/holding/due")
    assert subject in tom.page.inner_text("main")
    keep_picture(tom.page, "retention")
    tom.do("holding", subject, "dispose", place="inbox")
    tom.do("holding", subject, "dispose", place="secure network")
    assert "Disposed" in tom.page.inner_text("main")
    lea.do("holding", subject, "audit", searched=["secure network", "inbox"])
    tom.do("holding", subject, "confirm")
    tom.go("/holding/due")
    assert subject not in tom.page.inner_text("main")
