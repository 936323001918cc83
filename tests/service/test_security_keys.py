"""A security key as the second factor, in Chromium with the virtual authenticator that its protocol offers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

PASSWORD = "a long enough passphrase"


@pytest.fixture
def iao(service: Any) -> Any:
    """Return somebody whose role needs a second factor, and who has none yet."""
    from tests.service.conftest import NOW

    from tallystick.service.accounts import people

    user = people.add("ivy@example.org", "Ministry of Justice", "iao", NOW, person="ivy")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def page(served: str) -> Iterator[Any]:
    """Yield a page of Chromium with a key in its port, which counts what the policy of the service blocked."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(30_000)
        page.said = []
        page.on("console", lambda line: page.said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: page.said.append(str(error)))
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasUserVerification": False,
            "automaticPresenceSimulation": True,
        }
        made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.take_key_out = lambda: devtools.send("WebAuthn.removeVirtualAuthenticator", made)
        page.keys = lambda: devtools.send("WebAuthn.getCredentials", made)["credentials"]
        yield page
        browser.close()


def password(page: Any, url: str) -> None:
    page.goto(url + "/accounts/login/")
    page.fill("[name=login]", "ivy@example.org")
    page.fill("[name=password]", PASSWORD)
    page.click("main button >> text=Sign in")


def again(page: Any) -> None:
    """Enter the password once more, before a second factor is set up."""
    page.wait_for_url("**/reauthenticate/**")
    page.fill("[name=password]", PASSWORD)
    page.click("main button >> text=Continue")
    page.wait_for_url("**/totp/activate/")


@pytest.mark.slow
@pytest.mark.browser
def test_key_is_set_up_and_then_signs_in(iao: Any, page: Any, served: str) -> None:
    password(page, served)
    again(page)
    page.wait_for_url("**/totp/activate/")  # the role needs a second factor, an app or a key
    page.click("text=Use a security key instead")
    page.fill("[name=name]", "The blue key")
    page.click("text=Set up the key")
    page.wait_for_url("**/recovery-codes/")
    assert page.locator("main code").count() == 10
    page.goto(served + "/home")
    assert page.url.endswith("/home")
    assert len(page.keys()) == 1
    assert page.keys()[0]["rpId"] == "localhost"
    page.goto(served + "/accounts/2fa/webauthn/")
    assert "The blue key" in page.inner_text("main")

    page.context.clear_cookies()
    password(page, served)
    page.wait_for_url("**/2fa/authenticate/")
    page.goto(served + "/home")
    assert page.url.endswith("/2fa/authenticate/")  # the password alone opens nothing
    page.click("text=Use your security key")
    page.wait_for_url("**/home")
    assert page.said == []  # no script failed, and the policy blocked none


@pytest.mark.slow
@pytest.mark.browser
def test_key_that_is_not_there_is_said_and_a_recovery_code_still_signs_in(
    iao: Any, page: Any, served: str
) -> None:
    password(page, served)
    again(page)
    page.goto(served + "/accounts/2fa/webauthn/add/")
    page.click("text=Set up the key")
    page.wait_for_url("**/recovery-codes/")
    recovery = page.locator("main code").first.inner_text()
    page.take_key_out()
    page.context.clear_cookies()
    password(page, served)
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no key')) }")
    page.click("text=Use your security key")
    page.wait_for_selector("[role=alert] >> text=The key was not read")
    page.fill("[name=code]", recovery)
    page.click("main button >> text=Continue")
    page.wait_for_url("**/home")


@pytest.mark.parametrize("credential", ["", "{}", "[]", "1", "null", "not json", '{"id": "x", "rawId": "x"}'])
def test_made_up_answer_of_a_key_opens_nothing(credential: str, iao: Any, browser: Any) -> None:
    from tests.service.conftest import give_second_factor
    from tests.service.test_accountability import page_token

    give_second_factor(iao)
    token = page_token(browser, "/accounts/login/")
    browser.post(
        "/accounts/login/",
        {"login": "ivy@example.org", "password": PASSWORD, "csrfmiddlewaretoken": token},
    )
    token = page_token(browser, "/accounts/2fa/authenticate/")
    answer = browser.post(
        "/accounts/2fa/authenticate/", {"credential": credential, "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 200
    assert browser.get("/home").status_code == 302


def test_key_that_is_set_up_is_a_second_factor_and_its_pages_open(somebody: Any) -> None:
    from allauth.mfa.models import Authenticator

    tom, pat = somebody("tom", "dpo"), somebody("pat", "dpo")
    assert "No security key is set up" in tom.get("/accounts/2fa/").content.decode()
    theirs = Authenticator.objects.get(user__person="pat")
    for page in ("remove", "edit"):  # a key of somebody else is not there
        assert tom.get(f"/accounts/2fa/webauthn/keys/{theirs.pk}/{page}/").status_code in (302, 404)
    assert pat.get("/accounts/2fa/webauthn/").status_code == 200
