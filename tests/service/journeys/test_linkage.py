"""A share from its supplies to a clerical review of its pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.journeys.visitors import JOURNEY, Live, judge_by_keyboard, keep_picture, work

pytestmark = JOURNEY


def test_supply_is_handed_in_and_a_step_asked_for(visitor: Any, live: Live, tmp_path: Path) -> None:
    sam, lin = visitor().sign_in("sam"), visitor().sign_in("lin")
    sam.go("/shares")
    sam.go("/shares/moj-dfe")
    sam.go("/shares/moj-dfe/supply/justice")
    wrong = tmp_path / "justice.csv"
    wrong.write_text("record_id,surname\n1,\n", encoding="utf-8")
    sam.page.set_input_files("[name=file]", wrong)
    sam.press("Hand in")
    assert "your file was destroyed here" in sam.page.inner_text("main")
    sam.page.set_input_files("[name=file]", live.home / "shares" / "moj-dfe" / "supplies" / "justice.csv")
    sam.press("Hand in")
    assert sam.page.url.endswith("/shares/moj-dfe")
    keep_picture(sam.page, "share")
    lin.go("/shares/moj-dfe")
    lin.press("Link")
    assert "waiting" in lin.page.inner_text("main")
    lin.go("/api/")


def test_pairs_are_reviewed_by_keyboard_by_two_and_a_third_and_the_review_closed(
    visitor: Any, live: Live
) -> None:
    lin, rae, roy, lea = (visitor().sign_in(name) for name in ("lin", "rae", "roy", "lea"))
    lin.go("/shares/moj-dfe")
    if lin.page.get_by_role("button", name="Link", exact=True).count():
        lin.press("Link")  # else it waits already
    work(live)
    lin.go("/shares/moj-dfe/review")
    lin.page.fill("[name=pairs]", "6")
    lin.press("Draw the sample")
    work(live)
    lin.go("/shares/moj-dfe/review")
    rae.go("/home")
    rae.press("Clerical review of Ministry of Justice and Department for Education data share")
    rae.press("Judge pairs")
    narrow = visitor(320)
    narrow.page.context.add_cookies(rae.page.context.cookies())
    narrow.go("/shares/moj-dfe/review/pair")
    if live.scripted:
        assert narrow.page.evaluate("document.documentElement.scrollWidth") <= 320
    rae.page.locator("summary").click()
    assert "Before comparing" in rae.page.inner_text("main")
    keep_picture(rae.page, "review")
    rae.press("The review")
    rae.press("Judge pairs")
    judge_by_keyboard(rae, "no")  # the one on which they will differ
    rae.press("Take back my last answer")
    judge_by_keyboard(rae, "no")
    if live.scripted:
        rae.press("Turn single keys on (y, n, ?, u)")
    while "/pair" in rae.page.url:
        if live.scripted:
            with rae.page.expect_navigation():
                rae.page.keyboard.press("y")
        else:
            judge_by_keyboard(rae, "yes")
    assert "another person must look" in rae.page.inner_text("main")

    roy.go("/shares/moj-dfe/review")
    roy.press("Judge pairs")
    while "/pair" in roy.page.url:
        judge_by_keyboard(roy, "yes")
    assert "Waiting for a third person\n1" in roy.page.inner_text("main").replace("\t", "\n")
    lin.go("/shares/moj-dfe/review/pair")
    lin.press("Yes, one person")
    assert "Every pair is settled" in lin.page.inner_text("main")
    lea.go("/shares/moj-dfe/review")
    lea.press("Close the review")
    work(live)
    lea.go("/shares/moj-dfe/review")
    assert "95 % interval" in lea.page.inner_text("main")
    assert "kappa" in lea.page.inner_text("main")
    keep_picture(lea.page, "review-closed")
    ann = visitor().sign_in("ann")  # no part of hers
    ann.go("/shares/moj-dfe/review/pair")
    assert "Page not found" in ann.page.inner_text("main")
