"""Somebody in a browser at the service, with axe-core looking over their shoulder, and what several journeys do alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

JOURNEY = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(1200)]


@dataclass
class Live:
    """The service at work, and how the people of the sample sign in."""

    url: str
    accounts: dict[str, tuple[str, str]]
    scripted: bool
    home: Path
    environ: dict[str, str]
    questions: set[str] = field(default_factory=set)
    sessions: dict[str, Any] = field(default_factory=dict)

    def later(self, days: int) -> None:
        """Move the service's clock on, so many days from now."""
        Path(self.environ["TALLYSTICK_LATER"]).write_text(str(days))


@dataclass
class Visitor:
    """Somebody in a browser of their own, with axe-core looking over their shoulder."""

    live: Live
    page: Any
    seen: set[str] = field(default_factory=set)

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.live.url + path)
        self.look()

    def press(self, name: str) -> None:
        """Press a button or follow a link, by what it says."""
        button = self.page.get_by_role("button", name=name, exact=True)
        with self.page.expect_navigation():  # without it axe-core may look at a page that is half gone
            (button if button.count() else self.page.get_by_role("link", name=name, exact=True)).first.click()
        self.look()

    def look(self) -> None:
        """Let axe-core look at this page; raise AssertionError for whatever it finds."""
        page = self.page.url
        looked = self.seen
        if "/question/" in page:  # the same for everybody, whatever the case
            page, looked = re.sub(r"/\w+-\d{4}-\w+/", "/", page), self.live.questions
        if not self.live.scripted or page in looked:
            return
        looked.add(page)
        from axe_playwright_python.sync_playwright import Axe

        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        found = Axe().run(self.page, options=options)
        wrong = [
            (each["id"], [node["html"][:200] for node in each["nodes"]])
            for each in found.response["violations"]
        ]
        assert not wrong, (self.page.url, wrong)

    def sign_in(self, name: str) -> Visitor:
        """Sign in as somebody of the sample."""
        if name in self.live.sessions:  # a code is good once, and the next comes after half a minute
            self.page.context.add_cookies(self.live.sessions[name])
            self.go("/home")
            if self.page.url.endswith("/home"):
                return self
        password, secret = self.live.accounts[name]
        self.go("/accounts/login/")
        self.page.fill("[name=login]", f"{name}@example.org")
        self.page.fill("[name=password]", password)
        self.press("Sign in")
        if secret:
            self.page.fill("[name=code]", code(secret))
            self.press("Continue")
        assert self.page.url.endswith("/home"), self.page.url
        self.live.sessions[name] = self.page.context.cookies()
        return self

    def do(self, process: str, subject: str, act: str, **changes: Any) -> str:
        """Do an act from its first page to its confirmation, by its specimen changed; return the case's id."""
        from tallystick.governance.specimens import specimen
        from tallystick.governance.tables.processes import PROCESSES

        self.go(f"/{process}/{subject}/{act}/" if subject else f"/{process}/new")
        if not subject:
            self.press("Start")
        self.answer(process, PROCESSES[process].early.get(act, act), specimen(process, act, **changes))
        self.press(act.replace("-", " ").capitalize())
        assert f"Recorded: {act.replace('-', ' ')}." in self.page.inner_text("main"), self.page.inner_text(
            "main"
        )
        return str(self.page.url.rsplit("/", 1)[1])

    def answer(self, process: str, act: str, answers: dict[str, Any]) -> None:
        """Answer the questions as they are asked, until all answers are shown."""
        from tallystick.governance.decisions import form
        from tallystick.governance.tables.processes import PROCESSES
        from tallystick.service.cases.questions import parts, shown, shown_parts

        for _ in range(120):
            if self.page.url.endswith("/check"):
                return
            key = self.page.url.rsplit("/", 1)[1]
            asked = form(PROCESSES[process], act)[key]
            boxes = shown_parts(parts(asked, answers), answers[key])
            fields = {f"{key}-{at}": said for at, (_, said) in enumerate(boxes)} or shown(asked, answers[key])
            for name, value in fields.items():
                for each in value if isinstance(value, list) else [value]:
                    box = self.page.locator(
                        f'input[name="{name}"][value="{each}"][type=radio], input[name="{name}"][value="{each}"][type=checkbox]'
                    )
                    if asked.kind not in ("text", "list") and box.count():
                        box.check()
                    else:
                        self.page.fill(f'[name="{name}"]', each)
            self.press("Continue")
        raise AssertionError("the questions have no end")


def code(secret: str) -> str:
    """Return the code that an authenticator app would show now (RFC 6238)."""
    import base64
    import hashlib
    import hmac

    counter = (int(time.time()) // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def keep_picture(page: Any, name: str) -> None:
    """Write a screenshot for the documentation, where a folder is named for them."""
    folder = os.environ.get("TALLYSTICK_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"service-{name}.png"))


def judge_by_keyboard(somebody: Visitor, answer: str) -> None:
    """Walk with Tab from the heading to the button of an answer, and press Enter."""
    for _ in range(12):
        somebody.page.keyboard.press("Tab")
        at = somebody.page.locator(f"#{answer}:focus")
        if at.count():
            break
    else:
        raise AssertionError("Tab does not come to the button")
    with somebody.page.expect_navigation():
        somebody.page.keyboard.press("Enter")


def hand_in_supplies(visitor: Any, live: Live) -> None:
    """Hand in what the suppliers of the sample's share have not handed in yet."""
    for name, dataset in (("sam", "justice"), ("ned", "education")):
        who = visitor().sign_in(name)
        who.go("/shares/moj-dfe")
        page = f"/shares/moj-dfe/supply/{dataset}"
        if who.page.locator(f'a[href="{page}"]').count():
            who.go(page)
            who.page.set_input_files(
                "[name=file]", live.home / "shares" / "moj-dfe" / "supplies" / f"{dataset}.csv"
            )
            who.press("Hand in")


def work(live: Live) -> None:
    """Let a worker do what waits."""
    command = [sys.executable, "-m", "tallystick.cli.main", "worker", "--once", "--home", str(live.home)]
    subprocess.run(command, env=live.environ, check=True, capture_output=True, timeout=600)


def handed_in(ria: Visitor, subject: str, name: str, text: str, tmp_path: Path) -> str:
    """Return the id of an output that was handed in and submitted."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    ria.go(f"/projects/moj-dfe/{subject}")
    ria.press("Hand in an output")
    ria.page.set_input_files("[name=files]", file)
    ria.page.fill("[name=note]", "Pupils by region, all years")
    ria.press("Check them")
    return ria.page.url.rsplit("/", 1)[1]
