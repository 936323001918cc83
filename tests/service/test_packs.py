"""Journey 8: a board's returns handed in, its pack built, seen early, compared and published on its day."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

CHAIR, POLICE = "Police and Crime Commissioner", "Northshire Police"
MEMBERS, EARLY = "Local criminal justice board members", "Board analysts"
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
TODAY = "2026-10-01"


@pytest.fixture
def board(service: Path) -> Path:
    """Return the folder of the sample's board: every return but that of the police, which lies in the home folder."""
    from tallystick.service import sample
    from tallystick.service.packs.find import keep
    from tallystick.service.registry.shares import record

    folder = service / "shares" / "board"
    sample.board(folder, NOW)
    keep(record(folder, NOW))
    return folder


@pytest.fixture
def police(board: Path, service: Path) -> bytes:
    return (service / "sample-police.csv").read_bytes()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def upload(who: Any, data: bytes, name: str = "police.csv") -> Any:
    file = io.BytesIO(data)
    file.name = name
    return who.client.post("/boards/board/return/police", {"file": file})


def work() -> None:
    from tallystick.service.jobs import queue
    from tallystick.service.jobs.models import Job

    assert queue.loop(lambda: NOW, threading.Event(), once=True) == 1
    job = Job.objects.order_by("-id").first()
    assert job is not None
    assert job.state == "done", (job.text, job.findings)


def test_return_is_handed_in_by_its_own_agency_and_every_fault_has_its_cell(
    somebody: Callable[..., Any], board: Path, police: bytes, service: Path
) -> None:
    from tallystick.share.rooms import open_share

    pol = somebody("pol", "supplier", POLICE)
    page = text(pol.get("/boards/board"))
    assert "/boards/board/return/police" in page
    assert "/boards/board/return/courts" not in page
    assert pol.get("/boards/board/return/courts").status_code == 404
    rows = police.decode().splitlines()
    rows[3] = rows[3].replace("Stonebridge", "Nowhere")
    rows[5] = rows[5].replace(rows[5].split(",")[5], "-")
    answer = upload(pol, "\n".join(rows).encode())
    page = text(answer)
    assert answer.status_code == 422
    assert "your file was destroyed here" in page
    assert "2 faults" in page
    assert "police.csv" in page
    assert not (board / "supplies" / "police.csv").exists()
    assert list((service / "incoming").iterdir()) == []
    courts = (board / "supplies" / "courts.csv").read_bytes()
    answer = upload(pol, courts)
    assert answer.status_code == 422
    assert "holds figures of another" in text(answer)
    for name, data in (
        ("police.exe", b"MZ"),
        ("police.csv", b""),
        ("police.xlsx", b"PK\x03\x04"),
        ("../x", b"a"),
    ):
        assert upload(pol, data, name).status_code == 422, name
    assert pol.post("/boards/board/return/police").status_code == 422
    assert upload(pol, police, "../../police.csv").status_code == 302
    assert (board / "supplies" / "police.csv").read_bytes() == police
    assert list((service / "incoming").iterdir()) == []
    entry = next(entry for entry in open_share(board).ledger.entries() if entry.act == "pack-return")
    assert (entry.actor, entry.subject) == ("pol", "police")


def test_board_of_others_is_not_there_and_each_role_does_its_own(
    somebody: Callable[..., Any], board: Path
) -> None:
    from tallystick.service.jobs.models import Job

    strangers = [
        somebody("sid", "supplier", "Home Office"), somebody("mo", "board-member", "Another board"),
        somebody("ada", "board-analyst", MEMBERS),  # a recipient is no party
        somebody("ann", "requester", CHAIR),
    ]  # fmt: skip
    for who in strangers:
        for page in ("", "/compare", "/return/police", f"/pack/{TODAY}", f"/pack/{TODAY}/publish"):
            assert who.get(f"/boards/board{page}").status_code == 404, (who.name, page)
        assert who.post("/boards/board/build").status_code == 404
    meg, pol = somebody("meg", "board-member", MEMBERS), somebody("pol", "supplier", POLICE)
    assert meg.get("/boards/board").status_code == 200
    for who in (meg, pol):
        assert who.post("/boards/board/build").status_code == 403
        assert who.post(f"/boards/board/pack/{TODAY}/publish").status_code == 403
    assert pol.get("/boards/board/compare").status_code == 403
    bob = somebody("bob", "board-analyst", CHAIR)
    assert bob.post("/boards/board/build", early="The Daily Paper").status_code == 400
    assert Job.objects.count() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_journey_from_the_return_to_the_public_page(
    somebody: Callable[..., Any], board: Path, police: bytes, browser: Any
) -> None:
    from tallystick.share.rooms import open_share

    pol, bob = somebody("pol", "supplier", POLICE), somebody("bob", "board-analyst", CHAIR)
    meg, eli = somebody("meg", "board-member", MEMBERS), somebody("eli", "board-member", EARLY)
    rows = police.decode().splitlines()
    header = f'{rows[0]},"embargo"'
    until = (NOW + timedelta(days=30)).date().isoformat()
    last = max(row.split(",")[2] for row in rows[1:])
    held = [
        f"{row},{until if row.split(',')[2] == last and 'recorded-crimes' in row else ''}" for row in rows[1:]
    ]
    assert upload(pol, "\n".join([header, *held]).encode()).status_code == 302

    assert bob.post("/boards/board/build").status_code == 302
    assert bob.post("/boards/board/build").status_code == 400  # one at a time
    work()
    page = text(meg.get(f"/boards/board/pack/{TODAY}"))
    assert "Under embargo" in page
    assert "31 October 2026" in page
    answer = meg.get(f"/boards/board/pack/{TODAY}/pack.html")
    assert "<svg" in text(answer)
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert "attachment" in meg.get(f"/boards/board/pack/{TODAY}/pack.ods").headers["Content-Disposition"]
    for wrong in ("pack.json", "..%2Fagreement.toml", "agreement.toml"):
        assert meg.get(f"/boards/board/pack/{TODAY}/{wrong}").status_code == 404

    # an early sight is for the body that the memorandum lists, and for nobody else
    assert bob.post("/boards/board/build", early=EARLY).status_code == 302
    work()
    early = f"{TODAY}-early-board-analysts"
    assert early in text(eli.get("/boards/board"))
    assert "31 October 2026" not in text(eli.get(f"/boards/board/pack/{early}"))
    for who in (meg, bob):
        assert early not in text(who.get("/boards/board"))
        assert who.get(f"/boards/board/pack/{early}").status_code == 404
        assert who.get(f"/boards/board/pack/{early}/pack.html").status_code == 404
    assert bob.get(f"/boards/board/pack/{early}/publish").status_code == 404
    looks = [entry for entry in open_share(board).ledger.entries() if entry.act == "look"]
    assert {(entry.actor, entry.details["reader"]) for entry in looks} == {("meg", MEMBERS), ("eli", EARLY)}

    page = text(meg.get("/boards/board/compare?measure=receipts&measure=disposals&from=2025-07&to=2026-02"))
    assert "Side by side" in page
    for wrong in ("measure=nothing", "measure=receipts&from=1900-01", "from=2025-07"):
        assert meg.get(f"/boards/board/compare?{wrong}").status_code == 422, wrong

    public = f"/register/packs/board/{TODAY}"
    assert browser.get(public).status_code == 404
    assert browser.get(f"{public}/pack.html").status_code == 404
    assert bob.get(f"/boards/board/pack/{TODAY}/publish").status_code == 200
    assert bob.post(f"/boards/board/pack/{TODAY}/publish").status_code == 302
    assert bob.post(f"/boards/board/pack/{TODAY}/publish").status_code == 302  # twice is once
    assert public in text(browser.get("/register/packs"))
    page = text(browser.get(public))
    assert "Management information" in page
    assert "<svg" in text(browser.get(f"{public}/pack.html"))
    assert browser.get(f"/register/packs/board/{early}/pack.html").status_code == 404
    acts = [entry.act for entry in open_share(board).ledger.entries()]
    assert acts.count("pack-publish") == 1
    assert open_share(board).ledger.verify().is_sound


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pack_is_published_on_its_day_and_as_its_suppliers_allow(
    somebody: Callable[..., Any], board: Path, police: bytes, browser: Any
) -> None:
    from tallystick.agreement import io as agreements
    from tallystick.cli.main import run
    from tallystick.service.registry.shares import record
    from tallystick.share.acts import Clock
    from tallystick.share.pack import build
    from tallystick.share.rooms import open_share
    from tallystick.synth.papers import signed

    upload(somebody("pol", "supplier", POLICE), police)
    tomorrow = NOW.date() + timedelta(days=1)
    build(open_share(board), clock=Clock("bob", NOW), on=tomorrow)  # as the command line may
    bob = somebody("bob", "board-analyst", CHAIR)
    answer = bob.post(f"/boards/board/pack/{tomorrow}/publish")
    assert answer.status_code == 422
    assert f"Publish it on {tomorrow}" in text(answer)

    early = build(open_share(board), clock=Clock("bob", NOW), early=EARLY)
    command = ["pack", "publish", str(board), "--publisher", CHAIR, "--as", "bob"]
    assert run([*command, "--pack", early.folder.name]) == 1
    assert run([*command[:3], "--publisher", "The Daily Paper", "--pack", str(tomorrow)]) == 2
    assert run([*command, "--pack", "2020-01-01"]) == 2

    build(open_share(board), clock=Clock("bob", NOW))
    held = agreements.load(board / "agreement.toml")
    only = held.disclosure.model_copy(update={"publication": "provider"})
    some = tuple(each for each in held.recipients if each.name != "The public")
    agreements.dump(
        signed(held.model_copy(update={"disclosure": only, "recipients": some, "signatures": ()})),
        board / "agreement.toml",
    )
    record(board, NOW)
    answer = bob.post(f"/boards/board/pack/{TODAY}/publish")
    assert answer.status_code == 422
    assert "Nobody of that name may receive the data" in text(answer)
    assert "Ask the provider" in text(answer)
    assert browser.get(f"/register/packs/board/{TODAY}").status_code == 404


def test_share_that_is_no_board_has_no_pages_of_one(somebody: Callable[..., Any], share: Path) -> None:
    from tallystick.service.packs import find

    find.take_in()
    bob = somebody("bob", "board-analyst", "Ministry of Justice")
    assert bob.get("/boards/moj-dfe").status_code == 404
    assert "No board" in text(bob.get("/boards"))
    shutil.copy(share / "agreement.toml", share / "measures.toml")  # personal data, whatever lies beside it
    find.take_in()
    assert bob.get("/boards/moj-dfe").status_code == 404
