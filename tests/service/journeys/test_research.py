"""A research project from its application to a published output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from service.journeys.visitors import JOURNEY, Live, hand_in_supplies, handed_in, keep_picture, work

pytestmark = JOURNEY


def test_research_project_from_its_application_to_a_published_output(
    visitor: Any, live: Live, tmp_path: Path
) -> None:
    from research import PANELS, application
    from tallystick.governance.specimens import specimen

    ron, tom = visitor().sign_in("ron"), visitor().sign_in("tom")
    ron.go("/request/new")
    ron.press("Start")
    ron.answer("request", "submit", application())
    ron.press("Submit")
    subject = ron.page.url.rsplit("/", 1)[1]
    keep_picture(ron.page, "application")
    tom.go(f"/request/{subject}/receive/")
    tom.answer("request", "receive", specimen("request", "receive", decide_by="2030-01-01"))
    tom.press("Receive")
    assert "panel of uksa-research-accreditation-panel (stage 3)" in tom.page.inner_text("main")
    dan = visitor().sign_in("dan")
    dan.go("/screening/new")
    dan.press("Start")
    dan.answer("screening", "decide", specimen("screening", "decide", about=subject))
    dan.press("Decide")
    for name, _ in PANELS:
        panel = visitor().sign_in(name)
        panel.go("/home")
        panel.press(f"Request {subject}")
        panel.press("Approve")
        panel.answer("request", "approve", specimen("request", "approve"))
        if name == "rap":
            panel.go(f"/request/{subject}/approve/question/conditions?check")
            panel.page.fill("[name=conditions]", "A summary is published within a year")
            panel.press("Continue")
        panel.press("Approve")
    assert "Approved with conditions" in panel.page.inner_text("main")

    tom.go(f"/request/{subject}")
    tom.press("Open the project")
    keep_picture(tom.page, "open-project")
    tom.page.select_option("[name=detail-1]", "band")
    tom.page.fill("[name=setting-1]", "0, 0.05, 0.1, 0.2")
    tom.press("Open the project")
    assert tom.page.url.endswith(f"/projects/moj-dfe/{subject}")
    tom.go("/access/new")
    tom.press("Start")
    grant = specimen(
        "access", "grant", person="ria", about=subject, datasets=["justice", "education"], until="2028-06-30"
    )
    tom.answer("access", "grant", grant)
    tom.press("Grant")

    hand_in_supplies(visitor, live)
    stu = visitor().sign_in("stu")
    work(live)  # a linkage that another journey asked for
    stu.go("/shares/moj-dfe")
    stu.press("Extract")
    work(live)
    ria = visitor().sign_in("ria")
    ria.go("/projects")
    ria.press("Find out how far absence from school precedes a first offence")
    said = ria.page.inner_text("main")
    assert "A summary is published within a year" in said
    assert "Access is open" in said
    assert "absence_rate" in said  # of the dictionary
    assert "The exposure" in said
    keep_picture(ria.page, "project")

    small = "region,count\nNorth,3\nSouth,140\nTotal,143\n"
    review = handed_in(ria, subject, "table.csv", small, tmp_path)
    assert "to put right" in ria.page.inner_text("main")
    keep_picture(ria.page, "output-findings")
    ria.press("Replace the files")
    (tmp_path / "table.csv").write_text("region,count\nNorth,120\nSouth,140\n", encoding="utf-8")
    ria.page.set_input_files("[name=files]", tmp_path / "table.csv")
    ria.press("Check them")
    assert "Clean" in ria.page.inner_text("main")
    ria.press("Submit to the checkers")

    checkers = {name: visitor().sign_in(name) for name in ("cat", "col", "cyd")}
    for name, verdict in (("cat", "approve"), ("col", "reject"), ("cyd", "approve")):
        who = checkers[name]
        who.go("/home")
        who.press(f"Output {review}")
        who.press("Take it up")
        assert "Not what was approved" not in who.page.inner_text("main") or name == "cyd"
        if name == "col":
            keep_picture(who.page, "output-decision")
        who.page.check(f"[name=verdict][value={verdict}]")
        if verdict == "reject":
            who.press("Decide")
            assert "Say what has to change, or why not" in who.page.inner_text("main")
            who.page.check(f"[name=verdict][value={verdict}]")
            who.page.fill("#comment", "Not what was approved")
        who.press("Decide")
    assert "Approved" in who.page.inner_text("main")

    tom.go("/home")
    tom.press(f"Output {review}")
    tom.press("Release")
    assert "Nobody said that the output is in the project's scope" in tom.page.inner_text("main")
    tom.page.check("[name=in_scope]")
    tom.press("Release")
    ria.go(f"/outputs/{review}")
    keep_picture(ria.page, "output-released")
    with ria.page.expect_download() as saved:
        ria.page.get_by_role("link", name="Save table.csv").click()
    published = tmp_path / "published.csv"
    saved.value.save_as(published)
    command = [sys.executable, "-m", "tallystick.cli.main", "output", "verify", str(published), "--releases",
               str(live.home / "shares" / "moj-dfe" / "releases")]  # fmt: skip
    proven = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"is in release {review}, unchanged" in proven.stdout
    eve = visitor().sign_in("eve")
    for page in (f"/outputs/{review}", f"/projects/moj-dfe/{subject}"):
        eve.go(page)
        assert "Page not found" in eve.page.inner_text("main")
