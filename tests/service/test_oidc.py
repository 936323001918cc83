"""Signing in through a real OpenID Connect provider, in Chromium: whoever has an account comes in, nobody else."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
CLAIMS = (
    {"sub": "s-ann", "email": "ann@example.org", "email_verified": True},
    {"sub": "s-ivy", "email": "ivy@example.org", "email_verified": True},
    {"sub": "s-eve", "email": "eve@example.org", "email_verified": True},
    {"sub": "s-mal", "email": "ann@example.org", "email_verified": False},
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: Any, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a service that trusts a provider: ann asks for data, ivy decides, eve has no account."""
    folder = tmp_path_factory.mktemp("oidc")
    theirs, ours = free_port(), free_port()
    environ = {
        k: v for k, v in os.environ.items() if not k.startswith(("TALLYSTICK_", "DJANGO_", "DATABASE_"))
    }
    environ |= {
        "TALLYSTICK_URL": f"http://127.0.0.1:{ours}",
        "TALLYSTICK_OIDC_URL": f"http://127.0.0.1:{theirs}",
        "TALLYSTICK_OIDC_CLIENT_ID": "tally",
        "TALLYSTICK_OIDC_SECRET": "for the tests alone",
    }
    tally = [sys.executable, "-m", "tallystick.cli.main"]
    home = ["--home", str(folder / "home")]
    for name, role in (("ann", "requester"), ("ivy", "iao")):
        subprocess.run(
            [*tally, "account", "add", f"{name}@example.org", "--organisation", "HMCTS", "--role", role, *home],
            env=environ, check=True, capture_output=True,
        )  # fmt: skip
    claims = [word for each in CLAIMS for word in ("--user-claims", json.dumps(each))]
    provider = [sys.executable, "-m", "oidc_provider_mock", "-p", str(theirs), *claims]
    serve = [*tally, "serve", *home, "--port", str(ours), "--workers", "1"]
    with ExitStack() as stack:
        for name, command, url in (
            ("provider", provider, f"http://127.0.0.1:{theirs}/.well-known/openid-configuration"),
            ("service", serve, f"http://127.0.0.1:{ours}/health"),
        ):
            log = folder / f"{name}.log"
            out = stack.enter_context(log.open("w"))
            process = stack.enter_context(subprocess.Popen(command, env=environ, stdout=out, stderr=out))
            stack.callback(process.terminate)
            wait_for(url, process, log)
        yield f"http://127.0.0.1:{ours}"


@pytest.fixture
def sign_in(service_url: str) -> Iterator[Callable[[str], Any]]:
    """Yield a function that goes through the provider as somebody, and returns the page on which they arrive."""
    from playwright.sync_api import sync_playwright

    from tallystick.service import look

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or not look.is_there():
        pytest.skip("needs Chromium and `make assets`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])

        def through(subject: str) -> Any:
            page = browser.new_context().new_page()
            page.set_default_timeout(60_000)
            page.goto(service_url + "/accounts/login/")
            page.click("text=Sign in with your organisation")
            page.wait_for_selector("text=Authorize Client")
            page.click(f'button[value="{subject}"]')
            page.wait_for_url(service_url + "/**")
            return page

        yield through
        browser.close()


def test_whoever_has_an_account_comes_in(sign_in: Callable[[str], Any]) -> None:
    page = sign_in("s-ann")
    assert page.url.endswith("/home")
    assert "You act as requester" in page.inner_text("main")


def test_role_that_needs_a_second_factor_needs_it_here_too(sign_in: Callable[[str], Any]) -> None:
    assert sign_in("s-ivy").url.endswith("/accounts/2fa/totp/activate/")


@pytest.mark.parametrize("subject", ["s-eve", "s-mal"])
def test_nobody_else_comes_in_and_no_account_is_made(
    subject: str, sign_in: Callable[[str], Any], service_url: str
) -> None:
    page = sign_in(subject)  # no account; or an address that the provider has not verified
    assert not page.url.endswith("/home")
    page.goto(service_url + "/home")
    assert "/accounts/login/" in page.url
