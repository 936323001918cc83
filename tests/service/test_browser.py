"""The service in Chromium, as `tally serve --sample` starts it: different people in different browsers, on both databases.

On SQLite with JavaScript, axe-core looking at every page; on PostgreSQL with JavaScript off. Screenshots for the documentation are
written where ``TALLYSTICK_SCREENSHOTS`` names a folder.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(1200)]
WAIT_SECONDS = 300
TALLY = (sys.executable, str(Path(__file__).with_name("later.py")))
PUBLIC = (
    "/", "/register/shares", "/register/shares/moj-dfe", "/privacy/moj-dfe", "/register/projects", "/your-data",
    "/justice-data-lab", "/justice-data-lab/power?n=300&rate=30&effect=5", "/register/reports", "/register/packs",
    "/accessibility", "/cookies", "/accounts/login/", "/accounts/password/reset/", "/nothing-here",
)  # fmt: skip


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Yield the service, served by `tally serve --sample` in a process of its own; a file moves its clock on."""
    from tallystick.service import look

    if not look.is_there():
        pytest.skip("needs the style sheets: `make assets`")
    folder = tmp_path_factory.mktemp("live")
    (folder / "days").write_text("0")
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("TALLYSTICK_", "DJANGO_"))
    }
    environ["TALLYSTICK_LATER"] = str(folder / "days")
    server = None
    if request.param == "postgres":
        os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pgserver

        server = pgserver.get_server(tempfile.mkdtemp(prefix="tallystick-pg-"), cleanup_mode="delete")
        environ["DATABASE_URL"] = server.get_uri()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log, home = folder / "log", folder / "home"
    command = [*TALLY, "serve", "--sample", "--home", str(home), "--port", str(port)]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield Live(url, accounts(log.read_text()), request.param == "sqlite", home, environ)
        finally:
            process.terminate()
            process.wait(90)
            if server is not None:
                server.cleanup()


def wait_for(url: str, process: Any, log: Path) -> None:
    """Wait until the service answers."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url + "/health", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


def accounts(text: str) -> dict[str, tuple[str, str]]:
    """Return each person's password and second factor's secret, as `tally serve --sample` printed them."""
    found = re.findall(r"^ +(\w+)@example\.org +(\S+) +(\S+) +\S+", text, flags=re.M)
    return {name: (password, "" if secret == "none" else secret) for name, password, secret in found}


@pytest.fixture
def visitor(live: Live, chromium: Any) -> Iterator[Any]:
    """Yield a function that opens a new browser for somebody."""
    contexts: list[Any] = []
    failed: list[str] = []

    def visit(width: int = 1280) -> Visitor:
        context = chromium.new_context(
            java_script_enabled=live.scripted, viewport={"width": width, "height": 900}, locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        if live.scripted:
            page.on(
                "pageerror", lambda error: failed.append(str(error))
            )  # raised here it would end Playwright itself
        return Visitor(live, page)

    yield visit
    for context in contexts:
        context.close()
    assert not failed, f"a script failed: {failed}"


def keep_picture(page: Any, name: str) -> None:
    """Write a screenshot for the documentation, where a folder is named for them."""
    folder = os.environ.get("TALLYSTICK_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"service-{name}.png"))


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


def test_request_is_asked_for_received_screened_and_approved_by_four_people(visitor: Any, live: Live) -> None:
    from tallystick.governance.specimens import specimen

    ann, tom, dan, ivy = (visitor().sign_in(name) for name in ("ann", "tom", "dan", "ivy"))
    ann.go("/request/new")
    ann.press("Start")
    answers = specimen("request", "submit", datasets=["justice"], fields=["justice.ethnicity"])
    keep_picture(ann.page, "question")
    ann.answer("request", "submit", answers)
    keep_picture(ann.page, "check")
    ann.press("Submit")
    subject = ann.page.url.rsplit("/", 1)[1]
    assert "Submitted" in ann.page.inner_text("main")

    tom.go("/home")
    assert subject in tom.page.inner_text("main")
    keep_picture(tom.page, "home")
    tom.go(f"/request/{subject}/receive/")
    tom.answer("request", "receive", specimen("request", "receive", decide_by="2030-01-01"))
    tom.press("Receive")
    assert "iao of Ministry of Justice" in tom.page.inner_text("main")

    dan.go("/screening/new")
    dan.press("Start")
    dan.answer("screening", "decide", specimen("screening", "decide", about=subject))
    dan.press("Decide")

    ivy.go(f"/request/{subject}/approve/")
    ivy.answer("request", "approve", specimen("request", "approve"))
    ivy.press("Approve")
    assert "Approved" in ivy.page.inner_text("main")
    keep_picture(ivy.page, "request")
    ann.go(f"/request/{subject}")
    assert "Approved" in ann.page.inner_text("main")

    eve = visitor().sign_in("eve")  # of a department that has nothing to do with it
    eve.go(f"/request/{subject}")
    assert "Page not found" in eve.page.inner_text("main")


def test_incident_is_reported_informed_and_assessed(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    from tallystick.governance.specimens import specimen

    aware = (datetime.now(UTC) - timedelta(hours=2)).replace(second=0, microsecond=0).isoformat()
    lea, sue = visitor().sign_in("lea"), visitor().sign_in("sue")
    lea.go("/incident/new")
    lea.press("Start")
    lea.answer("incident", "report", specimen("incident", "report", aware_at=aware, about="moj-dfe"))
    lea.press("Report")
    subject = lea.page.url.rsplit("/", 1)[1]
    sue.go(f"/incident/{subject}/inform/")
    sue.answer(
        "incident", "inform", specimen("incident", "inform", security_told_at=aware, contact_told_at=aware)
    )
    sue.press("Inform")
    sue.go(f"/incident/{subject}/assess/")
    sue.answer("incident", "assess", specimen("incident", "assess"))
    sue.press("Assess")
    assert "Tell the Information Commission" in sue.page.inner_text("main")
    keep_picture(sue.page, "incident")
    sue.go(f"/incident/{subject}/regulator")
    assert "To be notified by" in sue.page.inner_text("main")
    sue.go(f"/incident/{subject}/close/")
    sue.answer("incident", "close", specimen("incident", "close"))
    sue.press("Close")
    assert "the regulator was not told" in sue.page.inner_text("main")
    now = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
    sue.do("incident", subject, "notify-regulator", notified_at=now)
    assert "Tell the Information Commission" not in sue.page.inner_text("main")
    sue.do("incident", subject, "tell-people", told_at=now)
    sue.do("incident", subject, "close")


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


def test_request_is_returned_offered_another_rejected_and_disputed(visitor: Any, live: Live) -> None:
    ann, tom, ivy = (visitor().sign_in(name) for name in ("ann", "tom", "ivy"))
    wanted = {"datasets": ["justice"], "fields": ["justice.ethnicity"]}
    subject = ann.do("request", "", "submit", **wanted)
    tom.do("request", subject, "receive", decide_by="2030-01-01")
    ivy.do("request", subject, "return", reasons="Say which years")
    ann.go("/home")
    assert subject in ann.page.inner_text("main")
    ann.go(f"/request/{subject}")
    assert "Say which years" in ann.page.inner_text("main")
    ann.do("request", subject, "submit", **wanted)
    tom.do("request", subject, "receive", decide_by="2030-01-01")
    tom.do("request", subject, "offer", offer_by="2030-01-01")
    ann.do("request", subject, "decline")
    ivy.do("request", subject, "reject", reasons="Published tables answer it")
    dispute = ann.do("dispute", "", "raise", about=subject)
    tom.do("dispute", dispute, "review")
    ivy.do("dispute", dispute, "resolve")
    tom.do("dispute", dispute, "close")
    assert "Closed" in tom.page.inner_text("main")


def test_agreement_is_recorded_signed_reviewed_amended_and_ended(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    later, last = today + timedelta(days=300), today + timedelta(days=700)
    tom, ivy = visitor().sign_in("tom"), visitor().sign_in("ivy")
    subject = tom.do("agreement", "", "record", starts=today, ends=last, next_review=later)
    assert "Draft" in tom.page.inner_text("main")
    ivy.do("agreement", subject, "sign")
    assert "In force" in ivy.page.inner_text("main")
    keep_picture(ivy.page, "agreement")
    ivy.do("agreement", subject, "review", next_review=later)
    tom.do("agreement", subject, "amend")
    assert "Being amended" in tom.page.inner_text("main")
    ivy.go(f"/agreement/{subject}/sign/")
    ivy.answer("agreement", "sign", {"signed_hash": "sha256:" + "3" * 64})
    ivy.press("Sign")
    assert "Recorded" not in ivy.page.inner_text("main")  # it is not the document that stands
    ivy.go(f"/agreement/{subject}/sign/question/signed_hash?check")
    ivy.page.fill("[name=signed_hash]", "sha256:" + "2" * 64)
    ivy.press("Continue")
    ivy.press("Sign")
    assert "In force" in ivy.page.inner_text("main")
    ivy.do("agreement", subject, "end")
    assert "Ended" in ivy.page.inner_text("main")


def test_person_asks_for_their_data_and_is_answered(visitor: Any, live: Live) -> None:
    tom, dan = visitor().sign_in("tom"), visitor().sign_in("dan")
    subject = tom.do("rights", "", "receive", about="moj-dfe")
    dan.go("/home")
    assert "Answer the person" in dan.page.inner_text("main")
    dan.do("rights", subject, "acknowledge")
    dan.do("rights", subject, "ask-details")
    dan.do("rights", subject, "details-given")
    dan.do("rights", subject, "answer")
    dan.do("rights", subject, "close")
    assert "Answer the person" not in dan.page.inner_text("main")


def test_copy_of_data_comes_due_is_audited_and_disposed_of(visitor: Any, live: Live) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    tom, lea = visitor().sign_in("tom"), visitor().sign_in("lea")
    subject = tom.do(
        "holding", "", "hold", until=today, next_review=today + timedelta(days=300), about="moj-dfe"
    )
    tom.go("/holding/due")
    assert subject in tom.page.inner_text("main")
    keep_picture(tom.page, "retention")
    tom.do("holding", subject, "dispose", place="inbox")
    tom.do("holding", subject, "dispose", place="secure network")
    assert "Disposed" in tom.page.inner_text("main")
    lea.do("holding", subject, "audit", searched=["secure network", "inbox"])
    tom.do("holding", subject, "confirm")
    tom.go("/holding/due")
    assert subject not in tom.page.inner_text("main")


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
