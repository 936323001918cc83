"""Journeys 2 and 3: a supply handed in through its door, the steps of a share asked for, and a worker killed in the middle."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MOJ, DFE = "Ministry of Justice", "Department for Education"


def handed(who: Any, dataset: str, data: bytes, name: str) -> Any:
    """Return what comes of handing a file in."""
    file = io.BytesIO(data)
    file.name = name
    return who.client.post(f"/shares/moj-dfe/supply/{dataset}", {"file": file})


def supply_of(share: Path, dataset: str) -> bytes:
    return (share / "supplies" / f"{dataset}.csv").read_bytes()


def test_supplier_hands_in_its_own_dataset_and_the_upload_is_not_kept(
    somebody: Callable[..., Any], share: Path, service: Path
) -> None:
    sam = somebody("sam", "supplier", MOJ)
    page = sam.get("/shares/moj-dfe").content.decode()
    assert "/shares/moj-dfe/supply/justice" in page
    assert "/shares/moj-dfe/supply/education" not in page
    assert sam.get("/shares/moj-dfe/supply/education").status_code == 404
    blank = sam.get("/shares/moj-dfe/supply/justice/template.csv").content.decode().strip().split(",")
    data = supply_of(share, "justice")
    assert set(blank) == set(next(csv.reader(io.StringIO(data.decode()))))
    assert handed(sam, "justice", data, "../../../../etc/anything.csv").status_code == 302
    assert (share / "rooms" / "supplier-justice" / "identifiers.parquet.age").is_file()
    assert list((service / "incoming").iterdir()) == []
    page = sam.get("/shares/moj-dfe").content.decode()
    assert "was done before" in page
    assert "/shares/moj-dfe/supply/justice" not in page


def test_every_problem_is_listed_by_row_and_column_and_shows_no_value(
    somebody: Callable[..., Any], share: Path, service: Path
) -> None:
    rows = list(csv.reader(io.StringIO(supply_of(share, "justice").decode())))[:12]
    place = rows[0].index("dob")
    for row in (3, 7, 9):
        rows[row][place] = "31/31/1990x"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    sam = somebody("sam", "supplier", MOJ)
    answer = handed(sam, "justice", out.getvalue().encode(), "justice.csv")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "dob" in text
    assert "31/31/1990x" not in text
    assert "your file was destroyed here" in text
    assert list((service / "incoming").iterdir()) == []
    assert not (share / "rooms").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("justice.exe", b"MZ"),
        ("justice.xlsx", b"PK\x03\x04"),
        ("justice.csv", b""),
        ("justice.csv", b"PK\x03\x04 not a table"),
        ("justice.csv", b"\x00\xff\xfe\x00"),
        ("justice", b"record_id\n1\n"),
    ],
)
def test_file_of_another_kind_is_refused_and_destroyed(
    name: str, data: bytes, somebody: Callable[..., Any], share: Path, service: Path
) -> None:
    sam = somebody("sam", "supplier", MOJ)
    assert handed(sam, "justice", data, name).status_code == 422
    assert list((service / "incoming").iterdir()) == []
    assert sam.post("/shares/moj-dfe/supply/justice").status_code == 422


def test_file_too_large_is_refused(
    somebody: Callable[..., Any], share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallystick.service.shares import views

    monkeypatch.setattr(views, "LARGEST", 1000)
    sam = somebody("sam", "supplier", MOJ)
    answer = handed(sam, "justice", supply_of(share, "justice"), "justice.csv")
    assert answer.status_code == 422
    assert "larger than" in answer.content.decode()


def test_share_of_others_is_not_there_and_steps_are_for_their_role(
    somebody: Callable[..., Any], share: Path
) -> None:
    dot = somebody("dot", "linker", "Home Office")
    for page in ("/shares/moj-dfe", "/shares/moj-dfe/supply/justice"):
        assert dot.get(page).status_code == 404
    assert dot.post("/shares/moj-dfe/step/link").status_code == 404
    stu = somebody("stu", "steward", MOJ)
    assert stu.post("/shares/moj-dfe/step/link").status_code == 403
    assert somebody("ann", "requester", MOJ).get("/shares/moj-dfe").status_code == 404
    assert somebody("lin", "linker", MOJ).get("/shares/moj-dfe/step/link").status_code == 405
    assert somebody("lin", "linker", MOJ).get("/shares/moj-dfe/supply/justice").status_code == 403


def test_step_is_asked_once_and_a_refusal_names_its_rules(somebody: Callable[..., Any], share: Path) -> None:
    from datetime import UTC, datetime

    from tallystick.service.jobs import queue

    lin = somebody("lin", "linker", MOJ)
    for dataset in ("justice", "education"):
        (share / "supplies" / f"{dataset}.csv").unlink()
    assert lin.post("/shares/moj-dfe/step/link").status_code == 302
    again = lin.post("/shares/moj-dfe/step/link")
    assert again.status_code == 400
    assert "waiting or at work already" in again.content.decode()
    assert queue.loop(lambda: datetime.now(UTC), threading.Event(), once=True) == 1
    page = lin.get("/shares/moj-dfe").content.decode()
    assert "failed" in page
    assert "There is no supply for dataset" in page
    assert lin.post("/shares/moj-dfe/step/link").status_code == 302  # it may be asked for again


def test_worker_enters_what_a_crash_kept_out_of_the_ledger(ministry: Any, service: Path) -> None:
    from datetime import UTC, datetime

    from tallystick.service.jobs import queue
    from tallystick.service.registry.models import Event

    Event.objects.filter(act="publish").update(is_entered=False)
    assert queue.loop(lambda: datetime.now(UTC), threading.Event(), once=True) == 0
    assert not Event.objects.filter(is_entered=False).exists()


def test_job_whose_worker_vanishes_again_and_again_is_given_up(
    somebody: Callable[..., Any], share: Path
) -> None:
    from datetime import UTC, datetime

    from tallystick.service.jobs import queue
    from tallystick.service.jobs.models import Job

    somebody("lin", "linker", MOJ).post("/shares/moj-dfe/step/link")
    now = datetime(2026, 10, 1, tzinfo=UTC)
    for attempt in range(queue.MOST_ATTEMPTS):
        job = queue.take(now)
        assert job is not None
        assert job.attempts == attempt + 1
        assert queue.take(now) is None  # it is held
        now += queue.LEASE * 2
    assert queue.take(now) is None
    assert Job.objects.get().state == "failed"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_worker_killed_in_the_middle_of_a_linkage_and_another_goes_on(
    somebody: Callable[..., Any], service: Path, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from tallystick import synth
    from tallystick.service.jobs import queue
    from tallystick.service.jobs.models import Job
    from tallystick.service.registry.shares import record
    from tallystick.share.acts import is_done
    from tallystick.share.rooms import open_share

    folder = service / "shares" / "moj-dfe"
    synth.write("moj-dfe", folder, people=1000, seed=1)
    record(folder, datetime(2026, 10, 1, tzinfo=UTC))
    lin = somebody("lin", "linker", MOJ)
    assert lin.post("/shares/moj-dfe/step/link").status_code == 302
    environ = {**os.environ, "TALLYSTICK_HOME": str(service)}
    command = [sys.executable, "-m", "tallystick.cli.main", "worker", "--home", str(service)]
    log = (tmp_path / "log").open("w")
    with log, subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process:
        try:
            until = time.monotonic() + 600
            while not Job.objects.filter(text__startswith="link").exists():
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < until
                assert not Job.objects.filter(state="done").exists(), "it was done before it could be killed"
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    job = Job.objects.get()
    assert job.state == "running"
    assert not is_done(open_share(folder), "link")
    assert "running" in lin.get("/shares/moj-dfe").content.decode()
    later = datetime.now(UTC) + queue.LEASE * 2
    assert queue.loop(lambda: later, threading.Event(), once=True) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2), (job.text, job.findings)
    share = open_share(folder)
    assert is_done(share, "link")
    assert share.ledger.verify().is_sound
    assert [entry.act for entry in share.ledger.entries()].count("link") == 1
    assert "100%" not in lin.get("/shares/moj-dfe").content.decode()
