"""A provider and the Justice Data Lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.journeys.visitors import JOURNEY, Live, keep_picture, work

pytestmark = JOURNEY


def test_provider_asks_the_lab_and_learns_when_its_cohort_is_destroyed(
    visitor: Any, live: Live, tmp_path: Path
) -> None:
    pru, ana, anybody = visitor().sign_in("pru"), visitor().sign_in("ana"), visitor()
    anybody.go("/justice-data-lab/power?n=61&rate=30")
    keep_picture(anybody.page, "power")
    analysis = "/lab/justice-data-lab"
    pru.go("/home")
    pru.go("/lab")
    pru.go(analysis)
    pru.press("Say what is asked")
    pru.page.fill("[name=programme]", "the mentoring scheme")
    pru.press("Continue")
    pru.press("Continue")  # nothing is answered
    assert "There is a problem" in pru.page.inner_text("main")
    pru.page.fill("[name=title]", "Mentoring, those who started in 2023")
    pru.press("Continue")
    pru.page.check("[name=outcome][value='12']")
    pru.press("Continue")
    pru.page.check("[name=subgroups][value=sex]")
    pru.press("Continue")
    pru.press("Fix the request")

    cohort = (live.home / "sample-cohort.csv").read_text(encoding="utf-8").splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join(cohort[:40]), encoding="utf-8")
    for file, told in (
        (few, "at least 60"),
        (live.home / "sample-cohort.csv", "We have received your cohort"),
    ):
        pru.go(f"{analysis}/upload")
        pru.page.set_input_files("[name=file]", file)
        pru.page.fill("[name=assured_by]", "A. Name, data protection officer")
        pru.page.check("[name=assures]")
        pru.press("Upload")
        assert told in pru.page.inner_text("main")
        if file == few:
            assert "your file was destroyed here" in pru.page.inner_text("main")
            keep_picture(pru.page, "lab-refused")

    ana.go(f"{analysis}/begin")
    ana.press("Begin the analysis")
    ana.press("Evaluate")
    assert "waiting" in ana.page.inner_text("main")
    work(live)
    ana.go(analysis)
    ana.press("Send the report")
    ana.press("Send the report")
    ana.go(f"{analysis}/publish")
    ana.press("Publish the report")
    assert "Nothing was entered" in ana.page.inner_text("main")  # the review is not over

    pru.go(analysis)
    keep_picture(pru.page, "lab")
    pru.go(f"{analysis}/report/report.html")
    assert "What you cannot say" in pru.page.inner_text("main")
    pru.go(f"{analysis}/opt-out")
    pru.press("Opt out of pseudonymised retention")

    try:
        live.later(130)  # past the review and the next quarterly day
        ana.go(f"{analysis}/publish")
        ana.press("Publish the report")
        anybody.go("/register/reports")
        anybody.press("Mentoring, those who started in 2023")
        keep_picture(anybody.page, "lab-public")
        live.later(165)
        ana.go(f"{analysis}/destroy")
        ana.press("Destroy the data")
        pru.go(analysis)
        assert "Destroyed, with certificates" in pru.page.inner_text("main")
        pru.press("Certificate of destruction")
        assert "opted out" in pru.page.inner_text("main")
    finally:
        live.later(0)
