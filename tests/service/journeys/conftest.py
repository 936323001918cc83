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
from pathlib import Path
from typing import Any

import pytest

from service.journeys.visitors import Live, Visitor

WAIT_SECONDS = 300
TALLY = (sys.executable, str(Path(__file__).parents[1] / "later.py"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
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
