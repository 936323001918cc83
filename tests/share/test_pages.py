"""The pages of a share are accessible: axe finds nothing on any of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tallystick.share.rooms import open_share
from tallystick.share.run import run
from worlds import CLOCK, write_share

PAGES = (
    "reports/share.html",
    "reports/linkage-quality.html",
    "rooms/linker/quality.html",
    "rooms/supplier-justice/quality.html",
    "rooms/steward/supplies/justice.html",
    "rooms/projects/occupations/conditions.html",
)


@pytest.mark.browser
def test_pages_pass_axe(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    share = write_share(tmp_path / "s", people=80)
    run(open_share(share), clock=CLOCK)
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)
        for name in PAGES:
            page.goto((share / name).as_uri())
            results = Axe().run(page)
            if results.violations_count:
                found[name] = results.generate_report()
        browser.close()
    assert found == {}
