"""Journey 7: an incident with its clock, a person's request, what is due in the retention schedule; and how people sign in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.agreement import io
from tallystick.governance.tables.processes import WORKERS


def test_incident_from_the_first_word_to_its_end(somebody: Callable[..., Any], ministry: Any) -> None:
    ann, pam = somebody("ann.analyst", "requester", "HMCTS"), somebody("pam", "requester", "HMCTS")
    tom, dan = somebody("tom", "data-access-team"), somebody("dan", "dpo")
    aware = datetime(2026, 9, 30, 18, 30, tzinfo=UTC)
    subject = ann.begin("incident")
    assert ann.get(f"/incident/{subject}").status_code == 404  # there is nothing until it is sent
    assert ann.do("incident", "report", subject, aware_at=aware.isoformat()).status_code == 302
    assert ann.get(f"/incident/{subject}").status_code == 200
    assert pam.get(f"/incident/{subject}").status_code == 404  # a colleague's report is not hers to see
    page = tom.get(f"/incident/{subject}").content.decode()
    assert "3 October 2026, 7:30pm" in page  # 72 hours, in London's time
    assert subject in dan.get("/home").content.decode()
    assert tom.do("incident", "inform", subject).status_code == 302
    assert dan.do("incident", "assess", subject).status_code == 302
    draft = dan.get(f"/incident/{subject}/regulator").content.decode()
    assert "To be notified by" in draft
    assert ann.get(f"/incident/{subject}/regulator").status_code == 404
    assert dan.do("incident", "notify-regulator", subject, notified_at=aware.isoformat()).status_code == 302
    assert dan.do("incident", "close", subject).status_code == 302
    assert "Overdue" not in dan.get(f"/incident/{subject}").content.decode()


@pytest.mark.parametrize("role", WORKERS)
def test_whoever_works_in_a_share_reports_an_incident_and_sees_their_own_alone(
    role: str, somebody: Callable[..., Any], share: Path
) -> None:
    from tallystick.service.outputs import index
    from tallystick.service.registry.models import Share

    path = share / "projects" / "school-absence.toml"
    project = io.load_project(path)
    person = project.people[0].model_copy(update={"account": "wes" if role == "researcher" else "other"})
    io.dump(project.model_copy(update={"people": (person,)}), path)
    index.share(Share.objects.get())
    elsewhere = role in ("researcher", "provider", "board-member")  # of a body that is no party to the share
    wes = somebody("wes", role, "The University" if elsewhere else "Ministry of Justice")
    col = somebody("col", role, wes.organisation)
    dan, stranger = somebody("dan", "dpo"), somebody("pat", "dpo", "The Provider")
    assert "/incident/new" in wes.get("/incident/").content.decode()
    subject = wes.begin("incident")
    asked = wes.get(f"/incident/{subject}/report/question/about").content.decode()
    assert ("Registered here: moj-dfe" in asked) == (role == "researcher" or not elsewhere)
    assert wes.do("incident", "report", subject, about="moj-dfe").status_code == 302
    page = wes.get(f"/incident/{subject}").content.decode()
    assert "/inform/" not in page  # what follows is for those who answer for the data
    assert wes.get(f"/incident/{subject}/regulator").status_code == 404
    assert subject in wes.get("/incident/").content.decode()
    for other in (col, stranger):
        assert other.get(f"/incident/{subject}").status_code == 404
        assert subject not in other.get("/incident/").content.decode()
    assert dan.get(f"/incident/{subject}").status_code == 200


def test_pages_of_a_list_keep_what_filters_it(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service import paging

    tom = somebody("tom", "data-access-team")
    for number in range(paging.SIZE + 1):
        subject = tom.begin("incident")
        assert tom.do("incident", "report", subject).status_code == 302
        if number == 0:
            assert tom.do("incident", "inform", subject).status_code == 302
    everything, reported = tom.get("/incident/"), tom.get("/incident/?state=reported")
    assert "?page=2" in everything.content.decode()
    assert "page=2" not in reported.content.decode()  # the one that went on is not among them
    for _ in range(2):
        assert tom.do("incident", "report", tom.begin("incident")).status_code == 302
    page = tom.get("/incident/?state=reported&x=%22%3E%3Cb%3E").content.decode()
    assert "?state=reported&amp;x=%22%3E%3Cb%3E&amp;page=2" in page
    second = tom.get("/incident/?state=reported&page=2").content.decode()
    assert "?state=reported&amp;page=1" in second
    assert second.count("/incident/incident-") == 2


def test_time_of_day_is_asked_in_london_and_kept_in_utc(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service.registry.models import Draft

    ann = somebody("ann.analyst", "requester", "HMCTS")
    subject = ann.begin("incident")
    page = f"/incident/{subject}/report/question/aware_at"
    day = {"aware_at-day": "30", "aware_at-month": "9", "aware_at-year": "2026"}
    assert ann.post(page, **day, **{"aware_at-time": "half past"}).status_code == 422
    assert ann.post(page, **{**day, "aware_at-day": "31"}, **{"aware_at-time": "19:30"}).status_code == 422
    assert ann.post(page, **day, **{"aware_at-time": "19:30"}).status_code == 302
    assert Draft.objects.get().answers["aware_at"] == "2026-09-30T18:30:00+00:00"
    assert 'value="19:30"' in ann.get(page).content.decode()


def test_persons_request_has_its_day_and_is_nobody_elses(somebody: Callable[..., Any], ministry: Any) -> None:
    dan, dfe = somebody("dan", "dpo"), somebody("dfe", "dpo", "Department for Education")
    subject = dan.begin("rights")
    assert dan.do("rights", "receive", subject).status_code == 302
    page = dan.get(f"/rights/{subject}").content.decode()
    assert "Answer the person, by 2 November 2026" in page  # 1 November 2026 is a Sunday
    assert dfe.get(f"/rights/{subject}").status_code == 404
    assert subject not in dfe.get("/rights/").content.decode()


def test_copy_past_its_end_is_due(somebody: Callable[..., Any], ministry: Any) -> None:
    tom = somebody("tom", "data-access-team")
    subject = tom.begin("holding")
    assert tom.do("holding", "hold", subject, until="2026-10-01").status_code == 302
    assert subject in tom.get("/holding/due").content.decode()
    assert subject in tom.get("/home").content.decode()
    assert somebody("ann", "requester", "HMCTS").get("/holding/due").status_code == 200
    assert somebody("pan", "panel").get("/holding/due").status_code == 404


def test_signing_in_takes_both_factors(browser: Any, service: Any) -> None:
    import time

    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

    from tallystick.service.accounts import people

    user = people.add("ivy@example.org", "Ministry of Justice", "iao", datetime(2026, 1, 1, tzinfo=UTC))
    user.set_password("a long enough passphrase")
    user.save()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    assert secret not in str(Authenticator.objects.get().data)  # the secret lies encrypted

    token = page_token(browser, "/accounts/login/")
    form = {"login": "ivy@example.org", "password": "a long enough passphrase", "csrfmiddlewaretoken": token}
    before = browser.cookies.get("sessionid")
    answer = browser.post("/accounts/login/", form)
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/home").status_code == 302  # the password alone opens nothing
    token = page_token(browser, "/accounts/2fa/authenticate/")
    wrong = browser.post("/accounts/2fa/authenticate/", {"code": "000000", "csrfmiddlewaretoken": token})
    assert wrong.status_code == 200
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    token = page_token(browser, "/accounts/2fa/authenticate/")
    session = browser.cookies["sessionid"].value
    right = browser.post("/accounts/2fa/authenticate/", {"code": code, "csrfmiddlewaretoken": token})
    assert right.status_code == 302
    assert browser.get("/home").status_code == 200
    assert browser.cookies["sessionid"].value != session  # no session is carried over from before (fixation)
    assert before is None


def page_token(browser: Any, page: str) -> str:
    import re

    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(page).content.decode())
    assert found is not None
    return found[1]


def test_closed_account_is_out_at_once(somebody: Callable[..., Any], ministry: Any) -> None:
    from tallystick.service.accounts import people

    tom = somebody("tom", "data-access-team")
    assert tom.get("/home").status_code == 200
    assert people.close("tom@example.org")
    assert tom.get("/home").status_code == 302
    assert not people.close("nobody@example.org")


def test_invitation_lets_somebody_choose_a_password_once(browser: Any, service: Any) -> None:
    from tallystick.service.accounts import people

    user = people.add("new@example.org", "HMCTS", "requester", datetime(2026, 1, 1, tzinfo=UTC))
    link = people.invitation(user).removeprefix("http://127.0.0.1:8000")
    there = browser.get(link).headers["Location"]
    token = page_token(browser, there)
    form = {"password1": "a long enough passphrase", "password2": "a long enough passphrase"}
    assert browser.post(there, {**form, "csrfmiddlewaretoken": token}).status_code == 302
    assert "does not work any more" in browser.get(link).content.decode()
    user.refresh_from_db()
    assert user.check_password("a long enough passphrase")


def test_nobody_signs_themselves_up(browser: Any, service: Any) -> None:
    assert "cannot make an account yourself" in browser.get("/accounts/signup/").content.decode()


def test_form_without_its_token_is_refused(service: Any, somebody: Callable[..., Any]) -> None:
    from django.test import Client

    from tallystick.service.accounts.models import User

    somebody("ann", "requester", "HMCTS")
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(person="ann"))
    answer = client.post("/request/new")
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()


def test_sign_in_is_slowed_down_after_wrong_passwords(browser: Any, service: Any) -> None:
    token = page_token(browser, "/accounts/login/")
    form = {"login": "ivy@example.org", "password": "wrong", "csrfmiddlewaretoken": token}
    answers = [browser.post("/accounts/login/", form).content.decode() for _ in range(7)]
    assert "Too many failed login attempts" in answers[-1]


def test_sign_in_leads_nowhere_else(browser: Any, service: Any) -> None:
    from tallystick.service.accounts import people

    user = people.add("ann@example.org", "HMCTS", "requester", datetime(2026, 1, 1, tzinfo=UTC))
    user.set_password("a long enough passphrase")
    user.save()
    for there in ("https://elsewhere.example/", "//elsewhere.example/"):
        token = page_token(browser, "/accounts/login/")
        form = {"login": user.email, "password": "a long enough passphrase", "next": there}
        answer = browser.post("/accounts/login/", {**form, "csrfmiddlewaretoken": token})
        assert answer.headers["Location"] == "/home"
        browser.logout()


def test_dispute_about_a_request_is_seen_by_those_who_decide_on_it(
    somebody: Callable[..., Any], ministry: Any
) -> None:
    from tallystick.governance.specimens import specimen
    from tallystick.service.registry.models import Draft

    ann, tom = somebody("ann.analyst", "requester", "HMCTS"), somebody("tom", "data-access-team")
    subject = ann.begin("request")
    ann.get(f"/request/{subject}/submit/")
    Draft.objects.update(answers=specimen("request", "submit", fields=["cases.judge"]))
    assert ann.send("request", subject, "submit").status_code == 302
    dispute = ann.begin("dispute")
    assert ann.do("dispute", "raise", dispute, about=subject).status_code == 302
    assert tom.get(f"/dispute/{dispute}").status_code == 200
    assert somebody("hal", "data-access-team", "Home Office").get(f"/dispute/{dispute}").status_code == 404


def test_one_does_not_overtake_oneself(somebody: Callable[..., Any], ministry: Any) -> None:
    dan = somebody("dan", "dpo")
    aware = datetime(2026, 9, 30, 18, 30, tzinfo=UTC).isoformat()
    subject = dan.begin("incident")
    assert dan.do("incident", "report", subject, aware_at=aware).status_code == 302
    assert (
        dan.do("incident", "inform", subject, security_told_at=aware, contact_told_at=aware).status_code
        == 302
    )
    assert dan.do("incident", "assess", subject).status_code == 302
    assert dan.do("incident", "close", subject).status_code == 422  # the regulator was not told
    assert dan.do("incident", "notify-regulator", subject, notified_at=aware).status_code == 302
    assert dan.send("incident", subject, "close").status_code == 302  # what was typed stands
