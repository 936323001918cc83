"""Attacks on every address and every free text of the service, found from its own tables, so that a new page is attacked too."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.governance.decisions import form
from tallystick.governance.tables.processes import NEW, PROCESSES

MOJ, OTHERS = "Ministry of Justice", "Home Office"
HOSTILE = "=cmd|' /C calc'!A0<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*191}}"
FREE_TEXT = ("text", "line", "list")


def addresses() -> Iterator[tuple[str, str]]:
    """Yield each address of the service as its pattern, and one filled in with what a share or a case would give."""
    from django.urls import get_resolver

    def walk(patterns: Any, before: str) -> Iterator[str]:
        for each in patterns:
            route = before + str(each.pattern)
            if hasattr(each, "url_patterns"):
                yield from walk(each.url_patterns, route)
            else:
                yield route

    for route in walk(get_resolver().url_patterns, ""):
        if "(?P" not in route and not route.startswith("^"):
            yield route, "/" + re.sub(r"<(?:(\w+):)?(\w+)>", fill, route)


def fill(found: re.Match[str]) -> str:
    """Return what stands for one part of an address."""
    kind, name = found[1], found[2]
    known = {
        "slug": "moj-dfe",
        "share": "moj-dfe",
        "process": "request",
        "code": "cy",
        "act": "submit",
        "name": "justice",
    }
    return "1" if kind == "int" else known.get(name, "theirs")


def text_questions(process: str) -> list[str]:
    """Return the keys of the questions of a process that take free text."""
    table = PROCESSES[process]
    return sorted({q.key for act in table.acts for q in form(table, act).values() if q.kind in FREE_TEXT})


def test_every_kind_of_free_text_is_attacked_below() -> None:
    kinds = {q.kind for p in PROCESSES.values() for act in p.acts for q in form(p, act).values()}
    closed = {"yes-no", "must-be-yes", "must-be-no", "date", "moment", "number", "period", "word", "words"}
    assert kinds <= closed | set(FREE_TEXT), kinds - closed - set(FREE_TEXT)
    assert sum(len(text_questions(process)) for process in PROCESSES) > 100


@pytest.mark.slow
@pytest.mark.parametrize("role", ["supplier", "linker", "steward", "iao", "data-access-team"])
def test_every_page_of_a_share_of_others_is_not_there(
    role: str, somebody: Callable[..., Any], share: Path
) -> None:
    stranger = somebody("stranger", role, OTHERS)
    tried = [path for route, path in addresses() if route.startswith("shares/<")]
    assert len(tried) >= 4
    for path in tried:
        assert stranger.get(path).status_code in (404, 405), path
        assert stranger.post(path).status_code in (404, 405), path
    assert "moj-dfe" not in stranger.get("/shares").content.decode()


@pytest.mark.slow
def test_every_form_asks_for_its_token(somebody: Callable[..., Any], share: Path) -> None:
    from django.test import Client

    from tallystick.service.accounts.models import User

    somebody("ivy", "iao")
    tried = 0
    for route, path in addresses():
        if route.startswith(("api/", "static")):  # machines have a token of their own
            continue
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.get(person="ivy"))
        assert client.post(path).status_code in (403, 405), path
        tried += 1
    assert tried > 40


@pytest.mark.slow
def test_every_page_within_carries_the_headers_and_no_inline_script(
    somebody: Callable[..., Any], share: Path, ministry: Any
) -> None:
    who = {role: somebody(f"a.{role}", role) for role in ("iao", "steward", "supplier", "requester")}
    seen = 0
    for route, path in addresses():
        if route.startswith(("api/", "language", "accounts/logout", "health", "metrics")):
            continue
        for person in who.values():
            answer = person.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert answer.headers["X-Frame-Options"] == "DENY", path
            assert "no-store" in answer.headers["Cache-Control"], path
            if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
                text = answer.content.decode()
                assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|\sstyle=|javascript:", text), (
                    path
                )
                seen += 1
    assert seen > 40


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_hostile_text_in_every_answer_is_shown_as_text(
    process: str, somebody: Callable[..., Any], service: Path
) -> None:
    from tests.service.conftest import NOW

    from tallystick.service import roles
    from tallystick.service.registry.models import Case, Concern, Draft, Event

    table = PROCESSES[process]
    hostile = {key: [HOSTILE] if is_list(process, key) else HOSTILE for key in text_questions(process)}
    role = next(
        role for role in ("dpo", "data-access-team", "iao", "requester") if roles.sees_all(role, process)
    )
    who = somebody("ivy", role)
    pages = ["/home", f"/{process}/", "/register/projects", "/register/shares.csv"]
    for state in table.states:
        subject = f"case-{state}"
        row = Case.objects.create(
            process=process, subject=subject, state=state, version=1, opened_by="ivy", title=HOSTILE[:200],
            about=HOSTILE[:200], answers=hostile, declared=hostile,
        )  # fmt: skip
        Concern.objects.create(case=row, process=process, organisation=MOJ)
        Event.objects.create(
            event_id=subject, process=process, subject=subject, act="begun", at=NOW, by="ivy", role=role,
            organisation=MOJ, answers=hostile, state=state,
        )  # fmt: skip
        pages.append(f"/{process}/{subject}")
        for act in roles.acts(role, process, state):
            draft = {q.key: hostile[q.key] for q in form(table, act).values() if q.key in hostile}
            Draft.objects.create(
                user=who_is(who), process=process, subject=subject, act=act, version=1, answers=draft
            )
            pages.append(f"/{process}/{subject}/{act}/check")
            pages += [f"/{process}/{subject}/{act}/question/{key}" for key in draft]
    assert NEW not in table.states
    shown = 0
    for page in pages:
        answer = who.get(page)
        assert answer.status_code in (200, 404), (page, answer.status_code)
        text = answer.content.decode()
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert "1337" not in text, page
        shown += "&lt;script&gt;" in text
    assert shown >= len(table.states)


def test_no_cell_of_the_public_register_is_run_by_a_spreadsheet(browser: Any, share: Path) -> None:
    import csv
    import io

    from tests.service.conftest import NOW

    from tallystick.service.registry.models import Share
    from tallystick.service.registry.shares import record

    toml = (share / "agreement.toml").read_text(encoding="utf-8")
    for key in ("title", "aim", "benefit"):
        toml = re.sub(rf'(?m)^{key} = ".*"$', f'{key} = "=cmd|calc!A0"', toml)
    (share / "agreement.toml").write_text(toml, encoding="utf-8")
    record(share, NOW)
    Share.objects.update(
        state="in-force"
    )  # whoever changes the text loses the signatures, and it is listed no more
    cells = [
        cell
        for row in csv.reader(io.StringIO(browser.get("/register/shares.csv").content.decode()))
        for cell in row
    ]
    assert any("=cmd" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def is_list(process: str, key: str) -> bool:
    """Return whether a question of this key takes a list."""
    table = PROCESSES[process]
    return any(q.kind == "list" for act in table.acts for q in form(table, act).values() if q.key == key)


def who_is(person: Any) -> Any:
    """Return the account of somebody signed in."""
    from tallystick.service.accounts.models import User

    return User.objects.get(person=person.name)


def test_session_that_was_planted_before_signing_in_is_not_kept(browser: Any, service: Path) -> None:
    from tests.service.conftest import NOW
    from tests.service.test_accountability import page_token

    from tallystick.service.accounts import people

    user = people.add("ann@example.org", "HMCTS", "requester", NOW)
    user.set_password("a long enough passphrase")
    user.save()
    browser.get("/language/cy")
    browser.session.save()  # a session of nobody's, whose name an attacker knows
    planted = browser.session.session_key
    browser.cookies["sessionid"] = planted
    token = page_token(browser, "/accounts/login/")
    given = {"login": user.email, "password": "a long enough passphrase", "csrfmiddlewaretoken": token}
    assert browser.post("/accounts/login/", given).status_code == 302
    assert browser.cookies["sessionid"].value != planted
    assert browser.get("/home").status_code == 200


def test_second_factor_is_slowed_down_after_wrong_codes(browser: Any, service: Path) -> None:
    from tests.service.conftest import NOW, give_second_factor
    from tests.service.test_accountability import page_token

    from tallystick.service.accounts import people

    user = people.add("ivy@example.org", MOJ, "iao", NOW)
    user.set_password("a long enough passphrase")
    user.save()
    give_second_factor(user)
    token = page_token(browser, "/accounts/login/")
    given = {"login": user.email, "password": "a long enough passphrase", "csrfmiddlewaretoken": token}
    browser.post("/accounts/login/", given)
    token = page_token(browser, "/accounts/2fa/authenticate/")
    wrong = {"code": "000000", "csrfmiddlewaretoken": token}
    said = [browser.post("/accounts/2fa/authenticate/", wrong).content.decode() for _ in range(12)]
    assert "Incorrect code" in said[0]
    assert "Too many" in said[-1]


@pytest.mark.parametrize(
    "there",
    ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)"],
)
def test_no_page_sends_anybody_elsewhere(there: str, somebody: Callable[..., Any], service: Path) -> None:
    ann = somebody("ann", "requester", "HMCTS")
    for page in (
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
        "/home",
        "/acting",
        "/language/cy",
    ):
        for name in ("next", "back", "url"):
            answer = ann.client.get(page, {name: there})
            assert "elsewhere" not in answer.headers.get("Location", ""), page
            assert "javascript" not in answer.headers.get("Location", ""), page
    answer = ann.client.post("/accounts/logout/", {"next": there})
    assert "elsewhere" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py", "/static/..%2fsettings.py", "/static/%2e%2e/%2e%2e/secret.key", "/static//etc/passwd",
        "/shares/../secret.key", "/shares/..%2f..%2fsecret.key", "/shares/moj-dfe%2f..%2f..", "/privacy/..%2fmoj-dfe",
        "/register/shares/..%2fmoj-dfe", "/shares/moj-dfe/supply/..%2f..%2fkeys", "/outputs/..%2f..", "/projects/moj-dfe/..%2f..",
    ],
)  # fmt: skip
def test_no_address_climbs_out_of_its_folder(path: str, somebody: Callable[..., Any], share: Path) -> None:
    for role in ("supplier", "steward"):
        assert somebody(f"a.{role}", role).get(path).status_code == 404


RACES = {
    # what was done before, then two acts that are both open to somebody, of which the first ends what the second needs
    "request": (("approve", "iao"), ("reject", "iao")),
    "release": (("release", "data-access-team"), ("revoke", "iao")),
    "agreement": (("suspend", "siro"), ("end", "iao")),
    "incident": (("assess", "dpo"), ("contain", "security")),
    "notice": (("change", "dpo"), ("change", "iao")),
}


def scene(race: str, play: Any) -> tuple[str, str]:
    """Return the case of a race, brought to where both acts are open."""
    if race == "release":
        play.request("race", until="submit")  # an agreement covers it
        return "request", "race"
    if race == "request":
        play.act("screening", "open", "race-screening")
        play.act("screening", "decide", "race-screening", "dpo", about="race")
        play.request("race", until="receive", fields=["cases.judge"])  # which no agreement covers
        return "request", "race"
    if race == "incident":
        play.act("incident", "report", "race", "requester")
        play.act("incident", "inform", "race", "dpo")
        return "incident", "race"
    return race, {"agreement": "share", "notice": "notice-1"}[race]


@pytest.mark.parametrize("race", RACES)
def test_of_people_who_act_at_one_moment_one_wins_and_the_others_are_told(
    race: str, ministry: Any, service: Path
) -> None:
    from django.db import connections

    from tallystick.governance.cases import Command
    from tallystick.service.registry import store
    from tallystick.service.registry.models import Case, Event

    done = len(ministry.commands)
    process, subject = scene(race, ministry)
    for command in ministry.commands[done:]:
        store.act(command)
    row = Case.objects.get(process=process, subject=subject)
    before = list(Event.objects.values_list("event_id", flat=True))
    went: list[str] = []
    start = threading.Barrier(8)

    def act(number: int) -> None:
        name, role = RACES[race][number % 2]
        asked = ministry.command(process, name, subject, role)
        command = Command(**{**asked.model_dump(), "event_id": f"race-{number}"})
        start.wait()
        try:
            store.act(command, row.version)
            went.append("won")
        except store.Overtaken:
            went.append("told")
        except Exception as other:
            went.append(f"{number} {name}: {other!r}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(went) == ["told"] * 7 + ["won"]
    after = list(Event.objects.values_list("event_id", flat=True))
    assert set(before) < set(after)  # nothing is lost
    assert len([each for each in after if re.fullmatch(r"race-\d", each)]) == 1
    assert store.ledger().verify().is_sound
    assert not Event.objects.filter(is_entered=False).exists()


@pytest.mark.parametrize("race", RACES)
def test_each_act_of_a_race_is_done_where_nobody_is_sooner(race: str) -> None:
    """Who is told above is told for being late, and for nothing else."""
    from tallystick.governance.specimens import Play

    for name, role in RACES[race]:
        play = Play().set_up()
        process, subject = scene(race, play)
        assert play.act(process, name, subject, role).history[-1].act == name
