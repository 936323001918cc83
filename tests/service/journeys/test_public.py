"""What everybody sees, and every first page."""

from __future__ import annotations

from typing import Any

from service.journeys.visitors import JOURNEY, Live, keep_picture

pytestmark = JOURNEY
PUBLIC = (
    "/", "/register/shares", "/register/shares/moj-dfe", "/privacy/moj-dfe", "/register/projects", "/your-data",
    "/justice-data-lab", "/justice-data-lab/power?n=300&rate=30&effect=5", "/register/reports", "/register/packs",
    "/accessibility", "/cookies", "/accounts/login/", "/accounts/password/reset/", "/nothing-here",
)  # fmt: skip


def test_public_pages_on_a_wide_screen_and_on_a_narrow_one(visitor: Any, live: Live) -> None:
    for width in (1280, 320):  # 320 pixels is also what 400 % leaves of 1280
        anybody = visitor(width)
        for path in PUBLIC:
            anybody.go(path)
            assert anybody.page.locator("h1").count() == 1
            if live.scripted:
                assert anybody.page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            if width == 1280 and path in ("/register/shares", "/privacy/moj-dfe"):
                keep_picture(anybody.page, path.split("/")[1])


def test_keyboard_reaches_the_content_first(visitor: Any, live: Live) -> None:
    anybody = visitor()
    anybody.go("/register/shares")
    anybody.page.keyboard.press("Tab")
    assert anybody.page.locator(":focus").inner_text() == "Skip to main content"


def test_every_list_and_every_first_page_opens(visitor: Any, live: Live) -> None:
    from tallystick.governance.tables.processes import PROCESSES
    from tallystick.service import roles

    ida = visitor().sign_in("ida")
    for process in PROCESSES:
        ida.go(f"/{process}/")
        assert ida.page.locator("h1").count() == 1
        if roles.begins("iao", process):
            ida.go(f"/{process}/new")
    ida.go("/holding/due")
    ida.go("/accounts/2fa/")
    ida.go("/accounts/password/change/")
    ida.go("/accounts/logout/")
    ida.press("Sign out")
