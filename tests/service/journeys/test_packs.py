"""A local board from a return to a published pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from service.journeys.visitors import JOURNEY, Live, keep_picture, work

pytestmark = JOURNEY


def test_return_becomes_a_pack_that_members_read_and_everybody_once_it_is_published(
    visitor: Any, live: Live, tmp_path: Path
) -> None:
    pol, bob, meg, eli = (visitor().sign_in(name) for name in ("pol", "bob", "meg", "eli"))
    board = "/boards/local-board"
    pol.go("/boards")
    pol.go(board)
    pol.go(f"{board}/return/police")
    wrong = tmp_path / "police.csv"
    whole = live.home / "sample-police.csv"
    wrong.write_text(whole.read_text(encoding="utf-8").replace("Stonebridge", "Nowhere"), encoding="utf-8")
    pol.page.set_input_files("[name=file]", wrong)
    pol.press("Hand in")
    assert "your file was destroyed here" in pol.page.inner_text("main")
    keep_picture(pol.page, "return")
    pol.page.set_input_files("[name=file]", whole)
    pol.press("Hand in")
    assert pol.page.url.endswith(board)

    bob.go(board)
    for button in ("Build the pack as known today", "Build an early sight for Board analysts"):
        bob.press(button)
        assert "waiting" in bob.page.inner_text("main")
        work(live)
        bob.go(board)
    eli.go(board)
    assert "early sight for you" in eli.page.inner_text("main")
    meg.go(board)
    assert "early sight" not in meg.page.inner_text("main")
    keep_picture(meg.page, "board")
    meg.page.locator("main a[href*='/pack/']").first.click()
    meg.page.wait_for_load_state()
    meg.look()
    pack = meg.page.url.removeprefix(live.url)
    meg.press("The pack with its charts")
    keep_picture(meg.page, "pack")
    meg.go(f"{board}/compare?measure=receipts&measure=disposals&from=2025-07&to=2026-02")
    assert "Side by side" in meg.page.inner_text("main")

    bob.go(pack)
    bob.press("Publish it")
    bob.press("Publish the pack")
    anybody = visitor(320)
    anybody.go("/register/packs")
    anybody.page.locator("main a[href*='/register/packs/']").first.click()
    anybody.page.wait_for_load_state()
    anybody.look()
    anybody.press("The pack with its charts")
    assert "<svg" in anybody.page.content()
