"""Journey 5: a provider's request from its first question to the certificate of destruction, and who may not see it."""

from __future__ import annotations

import csv
import io
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

CHARITY, MOJ = "The provider", "Ministry of Justice"
ANSWERS = {
    "programme": "the mentoring scheme",
    "title": "Mentoring, those who started in 2023",
    "outcome": "12",
    "subgroups": ["sex"],
}
ASSURED = {"assured_by": "A. Name, data protection officer", "assures": "yes"}
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lab's share of synthetic people, its cohort beside it: not supplied yet."""
    from tallystick import synth

    folder = tmp_path_factory.mktemp("lab") / "lab"
    synth.write("justice-data-lab", folder, people=3000, seed=5, on=NOW.date())
    (folder / "supplies" / "cohort.csv").rename(folder.parent / "cohort.csv")
    return folder


@pytest.fixture
def lab(service: Path, made_lab: Path) -> Path:
    """Return the folder of a lab's share in the home, recorded."""
    from tallystick.service.lab.find import keep
    from tallystick.service.registry.shares import record

    folder = service / "shares" / "lab"
    shutil.copytree(made_lab, folder)
    keep(record(folder, NOW))
    return folder


@pytest.fixture
def cohort(made_lab: Path) -> bytes:
    return (made_lab.parent / "cohort.csv").read_bytes()


@pytest.fixture
def days(service: Path) -> Callable[[str], None]:
    """Return a function that moves the service's clock to a day."""
    from django.conf import settings

    def move(day: str) -> None:
        at = datetime.fromisoformat(f"{day}T10:00:00+00:00")
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, clock=lambda: at)

    return move


def text(answer: Any) -> str:
    return str(answer.content.decode())


def ask(who: Any, **changes: Any) -> Any:
    """Answer the questions of a request, one a page, and fix it."""
    for _ in range(10):
        there = who.get("/lab/lab/ask").headers["Location"]
        if there.endswith("/check"):
            return who.post(there)
        key = there.rsplit("/", 1)[1]
        answer = who.post(there, **{key: {**ANSWERS, **changes}[key]})
        assert answer.status_code == 302, text(answer)
    raise AssertionError("the questions have no end")


def upload(who: Any, data: bytes, name: str = "cohort.csv", **said: str) -> Any:
    file = io.BytesIO(data)
    file.name = name
    return who.client.post("/lab/lab/upload", {"file": file, **(said or ASSURED)})


def act(who: Any, name: str, **fields: str) -> Any:
    """Do an event from its page."""
    page = text(who.get(f"/lab/lab/{name}"))
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None, page
    return who.post(f"/lab/lab/{name}", seen=seen[1], **fields)


def work() -> None:
    from tallystick.service.jobs import queue
    from tallystick.service.jobs.models import Job

    assert queue.loop(lambda: datetime.now(UTC), threading.Event(), once=True) == 1
    job = Job.objects.order_by("-id").first()
    assert job is not None
    assert job.state == "done", (job.text, job.findings)


def names(cohort: bytes) -> Iterator[str]:
    """Yield what tells the cohort's people: names in full, birth dates, postcodes, police numbers. No page may show one."""
    for row in csv.DictReader(io.StringIO(cohort.decode())):
        yield f"{row['first_name']} {row['surname']}"
        yield from (row[key] for key in ("dob", "postcode", "pnc_id") if row[key])


def test_power_is_shown_to_anybody_before_anything_is_sent(browser: Any) -> None:
    page = text(browser.get("/justice-data-lab/power?n=300&rate=30&effect=5"))
    assert "would be found 80% of the time" in page
    assert "people would be needed" in page
    assert "15 percentage" not in page
    for wrong in ("n=300&rate=", "n=x&rate=30", "n=300&rate=130", "rate=30", "n=300&rate=nan"):
        answer = browser.get(f"/justice-data-lab/power?{wrong}")
        assert answer.status_code == 422, wrong
        assert "There is a problem" in text(answer)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_template_is_downloaded_and_read_by_the_check(
    kind: str, browser: Any, service: Path, tmp_path: Path
) -> None:
    from tallystick.supply.upload import check_upload

    answer = browser.get(f"/justice-data-lab/template.{kind}")
    path = tmp_path / f"blank.{kind}"
    path.write_bytes(answer.content)
    assert check_upload(path, on=NOW.date()).rows == 0
    assert browser.get("/justice-data-lab/template.exe").status_code == 404
    assert list((service / "incoming").iterdir()) == []


def test_request_is_fixed_with_its_hash_before_the_upload_and_not_changed_after(
    somebody: Callable[..., Any], lab: Path
) -> None:
    from tallystick.share.lab import request_of
    from tallystick.share.rooms import open_share

    pru, pat = (somebody(name, "provider", CHARITY) for name in ("pru", "pat"))
    assert "Say what is asked" in text(pru.get("/home"))
    assert pru.get("/lab/lab/upload").status_code == 403  # nothing is fixed yet
    for wrong in ({"outcome": "13"}, {"outcome": ""}):
        assert pru.post("/lab/lab/ask/outcome", **wrong).status_code == 422
    assert pru.post("/lab/lab/ask/subgroups", subgroups=["surname"]).status_code == 422
    assert pru.post("/lab/lab/ask/title", title="x" * 201).status_code == 422
    assert pru.get("/lab/lab/ask/nothing").status_code == 404
    assert ask(pat, title="Another").status_code == 302
    assert ask_again(pru) == 403
    share = open_share(lab)
    fixed = request_of(share)
    assert fixed is not None
    assert fixed.title == "Another"
    assert share.ledger.find("lab/request/lab").details["request"] == fixed.hash()  # type: ignore[union-attr]
    assert fixed.hash() in text(pru.get("/lab/lab"))


def ask_again(who: Any) -> int:
    return int(who.get("/lab/lab/ask").status_code)


def test_every_fault_is_listed_by_row_and_column_and_the_upload_destroyed(
    somebody: Callable[..., Any], lab: Path, service: Path, cohort: bytes
) -> None:
    from tallystick.share.rooms import open_share

    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    rows = cohort.decode().splitlines()
    place = rows[0].replace('"', "").split(",").index("dob")
    for row in (2, 7):
        cells = rows[row].split(",")
        rows[row] = ",".join([*cells[:place], "31/31/1990x", *cells[place + 1 :]])
    answer = upload(pru, "\n".join(rows).encode())
    page = text(answer)
    assert answer.status_code == 422
    assert "your file was destroyed here" in page
    assert "dob" in page
    assert "row 3" in page
    assert "row 8" in page
    assert "31/31/1990x" not in page
    assert list((service / "incoming").iterdir()) == []
    refused = [entry for entry in open_share(lab).ledger.entries() if entry.act == "lab-upload-refused"]
    assert refused[0].details["certificate"]["sha256"].startswith("sha256:")
    assert not any(name in page for name in names(cohort))


@pytest.mark.parametrize(
    ("rows", "said", "rule"),
    [
        (59, ASSURED, "at least 60"),
        (61, {"assured_by": "A. Name", "assures": ""}, "Nobody assures"),
        (61, {"assured_by": "", "assures": "yes"}, "Nobody assures"),
    ],
)
def test_too_few_people_and_no_assurance_are_refused(
    rows: int, said: dict[str, str], rule: str, somebody: Callable[..., Any], lab: Path, service: Path, cohort: bytes
) -> None:  # fmt: skip
    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    some = b"\n".join(cohort.splitlines()[: rows + 1])
    answer = upload(pru, some, **said)
    assert answer.status_code == 422
    assert rule in text(answer)
    assert not (lab / "supplies" / "cohort.csv").exists()
    assert list((service / "incoming").iterdir()) == []
    assert "New" in text(pru.get("/lab/lab"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cohort.exe", b"MZ"),
        ("cohort.xlsx", b"PK\x03\x04"),
        ("cohort.csv", b""),
        ("../../x.csv", b"\x00\xff"),
        ("cohort", b"a\n1\n"),
    ],
)
def test_file_of_another_kind_is_refused_and_destroyed(
    name: str, data: bytes, somebody: Callable[..., Any], lab: Path, service: Path
) -> None:
    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    assert upload(pru, data, name).status_code == 422
    assert pru.post("/lab/lab/upload", **ASSURED).status_code == 422
    assert list((service / "incoming").iterdir()) == []


def test_cohort_by_a_route_that_was_not_agreed_is_destroyed(
    somebody: Callable[..., Any], lab: Path, service: Path, cohort: bytes
) -> None:
    from tallystick.agreement import io as agreements
    from tallystick.service.registry.shares import record
    from tallystick.synth.papers import signed

    held = agreements.load(lab / "agreement.toml")
    only = held.supply.model_copy(update={"routes": ("cjsm",)})
    agreements.dump(
        signed(held.model_copy(update={"supply": only, "signatures": ()})), lab / "agreement.toml"
    )
    record(lab, NOW)
    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    assert "only by: cjsm" in text(pru.get("/lab/lab/upload"))
    answer = upload(pru, cohort)
    assert answer.status_code == 422
    assert "a route that is not permitted" in text(answer)
    assert list((service / "incoming").iterdir()) == []


def test_cohort_does_not_come_round_the_door_of_the_lab(somebody: Callable[..., Any], lab: Path) -> None:
    sid = somebody("sid", "supplier", CHARITY)
    assert sid.get("/shares/lab/supply/cohort").status_code == 404
    assert "supply/cohort" not in text(sid.get("/shares/lab"))


def test_another_providers_request_is_not_found(
    somebody: Callable[..., Any], lab: Path, cohort: bytes
) -> None:
    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    upload(pru, cohort)
    pages = [
        "", "/ask", "/ask/title", "/ask/check", "/upload", "/review", "/report/report.html", "/report/certificate.html",
        *(f"/{name}" for name in ("begin", "send", "publish", "correct", "withdraw", "opt-out", "destroy")),
    ]  # fmt: skip
    for who in (
        somebody("oli", "provider", "Another provider"),
        somebody("mo", "provider", MOJ),  # a party, and not the provider
        somebody("ann", "requester", CHARITY),
        somebody("ada", "lab-analyst", "Home Office"),
    ):
        for page in pages:
            assert who.get(f"/lab/lab{page}").status_code == 404, (who.name, page)
        assert who.post("/lab/lab/evaluate").status_code == 404
        assert ANSWERS["title"] not in text(who.get("/home"))
        assert who.role == "requester" or ANSWERS["title"] not in text(who.get("/lab"))
    assert pru.client.__class__().get("/lab/lab").status_code == 302  # to sign in
    assert pru.client.__class__().get("/register/reports/lab").status_code == 404


def test_cohort_is_withdrawn_before_the_analysis_and_destroyed_at_once(
    somebody: Callable[..., Any], lab: Path, cohort: bytes
) -> None:
    pru = somebody("pru", "provider", CHARITY)
    ask(pru)
    assert upload(pru, cohort).status_code == 302
    page = text(pru.get("/lab/lab"))
    assert "We have received your cohort of 61 people" in page
    assert act(pru, "withdraw").status_code == 302
    page = text(pru.get("/lab/lab"))
    assert "Destroyed" in page
    assert "supplies/cohort.csv" in page
    assert not (lab / "supplies" / "cohort.csv").exists()
    assert pru.get("/lab/lab/report/certificate.html").status_code == 200
    assert somebody("ana", "lab-analyst").get("/lab/lab/begin").status_code == 403


def test_two_people_act_at_one_moment_and_one_is_told(
    somebody: Callable[..., Any], lab: Path, cohort: bytes
) -> None:
    from tallystick.share.rooms import open_share

    pru, ana, bea = (
        somebody("pru", "provider", CHARITY), somebody("ana", "lab-analyst"), somebody("bea", "lab-analyst"),
    )  # fmt: skip
    ask(pru)
    upload(pru, cohort)
    page = text(pru.get("/lab/lab/opt-out"))
    assert act(ana, "begin").status_code == 302
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None
    answer = pru.post("/lab/lab/opt-out", seen=seen[1])
    assert answer.status_code == 409
    assert "Somebody else acted" in text(answer)
    for odd in ("", "x", "-1", "9" * 50):
        assert pru.post("/lab/lab/opt-out", seen=odd).status_code == 409
    assert bea.post("/lab/lab/begin", seen="1").status_code == 403  # it is begun
    acts = [entry.details["event"] for entry in open_share(lab).ledger.entries() if entry.act == "lab-life"]
    assert acts == ["receive", "begin"]


def test_suspect_match_is_decided_by_a_second_person_once(
    somebody: Callable[..., Any], lab: Path, cohort: bytes
) -> None:
    from tallystick.lab.attrition import Suspect
    from tallystick.share.lab_review import write_waiting
    from tallystick.share.rooms import open_share

    pru = somebody("pru", "provider", CHARITY)
    ana, bea, cat = (somebody(name, "lab-analyst") for name in ("ana", "bea", "cat"))
    ask(pru)
    upload(pru, cohort)
    act(ana, "begin")
    share = open_share(lab)
    share.ledger.append("link", "lab", {}, actor="ana", at=NOW, event_id="link")
    waits = [Suspect("k1", "name and birth date", 0.7), Suspect("k2", "name alone", None)]
    write_waiting(share.steward / "lab" / "lab-to-review.csv", waits)
    page = text(bea.get("/lab/lab/review"))
    assert "rests on name alone" in page
    assert "probability 0.70" in page
    assert pru.get("/lab/lab/review").status_code == 403
    answer = ana.post("/lab/lab/review", **{"match-k1": "same"})
    assert answer.status_code == 422
    assert "The reviewer made the link" in text(answer)
    for said in ({}, {"match-k1": "perhaps"}, {"match-k3": "same"}, {"match-k1": ""}):
        assert bea.post("/lab/lab/review", **said).status_code == 422, said
    assert bea.post("/lab/lab/review", **{"match-k1": "same"}).status_code == 302
    answer = cat.post("/lab/lab/review", **{"match-k1": "different", "match-k2": "different"})
    assert answer.status_code == 422
    assert "Somebody decided one of these matches already" in text(answer)
    assert cat.post("/lab/lab/review", **{"match-k2": "different"}).status_code == 302
    assert (share.steward / "lab" / "review.csv").read_text().splitlines() == [
        "supply_key,decision,reviewer", "k1,same,bea", "k2,different,cat",
    ]  # fmt: skip
    assert bea.get("/lab/lab/review").status_code == 403  # nothing waits


@pytest.mark.parametrize("name", ["request.toml", "measures.toml", ""])
def test_service_starts_though_a_share_cannot_be_read(name: str, lab: Path, service: Path) -> None:
    from tallystick.service import prepare

    if name:
        (lab / name).write_text("id =", encoding="utf-8")
        assert prepare.shares(NOW) == (() if name == "measures.toml" else ("lab",))
        return
    shutil.rmtree(lab)
    assert prepare.shares(NOW) == ("lab",)


def test_provider_and_lab_are_told_what_waits_for_them_once(
    somebody: Callable[..., Any], lab: Path, cohort: bytes
) -> None:
    from django.core import mail

    from tallystick.service.notices import post

    pru, ana = somebody("pru", "provider", CHARITY), somebody("ana", "lab-analyst")
    somebody("oli", "provider", "Another provider")
    ask(pru)
    upload(pru, cohort)
    assert post.deliver(NOW) == 1
    assert post.deliver(NOW + timedelta(hours=2)) == 0
    assert mail.outbox[-1].to == ["ana@example.org"]
    assert "Justice Data Lab: waits for you" in mail.outbox[-1].body
    for word in (ANSWERS["title"], CHARITY, "lab/"):
        assert word not in mail.outbox[-1].body
    there = re.search(r'href="(/notices/\d+)"', text(ana.get("/notices")))
    assert there is not None
    assert ana.get(there[1]).headers["Location"] == "/lab/lab"
    assert "waits for you" not in text(pru.get("/notices"))


def test_pages_take_a_bounded_number_of_queries_however_many_analyses_there_are(
    somebody: Callable[..., Any], lab: Path, browser: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tallystick.service.lab.models import Analysis
    from tallystick.service.registry.models import Share

    ask(somebody("pru", "provider", CHARITY))
    first = Share.objects.get(slug="lab")
    for number in range(60):
        other = Share.objects.create(
            slug=f"lab-{number}", agreement=first.agreement, title="t", state="in-force"
        )
        Analysis.objects.create(
            share=other, provider=CHARITY, title=f"Analysis {number}", state="published", published_on=NOW
        )
    pru = somebody("pru", "provider", CHARITY)
    for who, pages in ((pru, ("/home", "/lab", "/lab?page=2", "/lab/lab", "/lab/lab/upload")),
                       (browser, ("/register/reports", "/register/reports?page=3"))):  # fmt: skip
        for page in pages:
            who.get(page)
            with CaptureQueriesContext(connection) as queries:
                assert who.get(page).status_code == 200, page
            assert len(queries) <= 30, (page, len(queries))
    assert "Analysis 59" in text(browser.get("/register/reports"))
    assert "Analysis 1<" not in text(browser.get("/register/reports"))
    assert 'href="?page=2"' in text(browser.get("/register/reports"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_journey_from_the_request_to_the_certificate(
    somebody: Callable[..., Any], lab: Path, cohort: bytes, days: Callable[[str], None], browser: Any
) -> None:
    from tallystick.lab.life import month_after
    from tallystick.share.rooms import open_share

    pru = somebody("pru", "provider", CHARITY)
    ana = somebody("ana", "lab-analyst")
    ask(pru)
    assert upload(pru, cohort).status_code == 302
    assert "Check and begin" in text(ana.get("/home"))
    page = text(ana.get("/lab/lab/begin"))
    assert "A. Name, data protection officer" in page
    assert ana.post("/lab/lab/evaluate").status_code == 403  # not begun
    assert act(ana, "begin").status_code == 302
    assert pru.get("/lab/lab/withdraw").status_code == 403
    assert ana.post("/lab/lab/evaluate").status_code == 302
    assert ana.post("/lab/lab/evaluate").status_code == 400  # it waits already
    work()
    page = text(ana.get("/lab/lab"))
    assert "Evaluate again" in page
    seen = [page, text(ana.get("/lab/lab/report/report.html")), text(ana.get("/lab"))]
    assert not any(name in page for name in names(cohort) for page in seen)
    assert pru.get("/lab/lab/report/report.html").status_code == 404  # not sent yet
    assert act(ana, "send").status_code == 302
    answer = pru.get("/lab/lab/report/report.html")
    assert "What you cannot say" in text(answer)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "sha256-" in answer.headers["Content-Security-Policy"]
    for name in ("report.docx", "annex.xlsx", "annex.ods", "summary.json"):
        assert "attachment" in pru.get(f"/lab/lab/report/{name}").headers["Content-Disposition"]
    page = text(pru.get("/lab/lab"))
    assert "until 29 October 2026" in page
    assert "14 January 2027" in page
    answer = act(ana, "publish")
    assert answer.status_code == 422
    assert "Publish on 2027-01-14" in text(answer)
    assert browser.get("/register/reports/lab").status_code == 404

    days("2026-10-08")  # in the review the customer finds something wrong
    assert act(ana, "correct").status_code == 422  # no reason
    assert act(ana, "correct", reason="The wrong year was used.").status_code == 302
    assert "The wrong year was used." in text(pru.get("/lab/lab"))
    assert pru.get("/lab/lab/report/report.html").status_code == 404
    assert ana.post("/lab/lab/evaluate").status_code == 302
    work()
    assert "The wrong year was used." in text(pru.get("/lab/lab/report/report.html"))
    assert act(pru, "opt-out").status_code == 302

    days("2027-01-14")
    assert "Publish" in text(ana.get("/home"))
    assert act(ana, "publish").status_code == 302
    assert ANSWERS["title"] in text(browser.get("/register/reports"))
    assert "What you cannot say" in text(browser.get("/register/reports/lab/report.html"))
    assert browser.get("/register/reports/lab/certificate.html").status_code == 404
    assert act(ana, "destroy").status_code == 422
    published = datetime(2027, 1, 14, tzinfo=UTC).date()
    days(month_after(published).isoformat())
    assert act(ana, "destroy").status_code == 302
    page = text(pru.get("/lab/lab"))
    assert "Destroyed, with certificates" in page
    assert "rooms/steward" in page
    assert "opted out" in text(pru.get("/lab/lab/report/certificate.html"))
    assert not list((lab / "rooms" / "steward").glob("*.parquet"))
    assert "What you cannot say" in text(browser.get("/register/reports/lab/report.html"))  # totals stay
    assert open_share(lab).ledger.verify().is_sound
