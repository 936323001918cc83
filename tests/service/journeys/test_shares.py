"""A share while its worker is at work, and the report on its linkage."""

from __future__ import annotations

from typing import Any

from service.journeys.visitors import JOURNEY, Live, hand_in_supplies, keep_picture, work

pytestmark = JOURNEY


def test_share_is_linked_while_one_looks_on_and_its_quality_is_read(visitor: Any, live: Live) -> None:
    hand_in_supplies(visitor, live)
    lin = visitor().sign_in("lin")
    lin.go("/shares/moj-dfe")
    if lin.page.get_by_role("button", name="Link", exact=True).count():
        lin.press("Link")
    assert "waiting" in lin.page.inner_text("#progress")
    work(live)
    if live.scripted:
        lin.page.locator("[data-live]").wait_for(state="detached")  # the page looked for itself
    else:
        lin.press("Look again")
    assert "done" in lin.page.inner_text("#progress")
    stu = visitor().sign_in("stu")
    stu.go("/shares/moj-dfe")
    stu.press("Report")
    work(live)
    stu.go("/shares/moj-dfe")
    keep_picture(stu.page, "share-done")
    assert "the chain is whole" in stu.page.inner_text("main")
    stu.page.get_by_role("link", name="The quality of the linkage").click()
    stu.page.wait_for_url("**/report/linkage-quality.html")
    assert "What this linkage cannot claim" in stu.page.inner_text("main")
