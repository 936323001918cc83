"""Welsh: every string of the public pages is in the catalogue, the compiled catalogue is the written one, the toggle works."""

from __future__ import annotations

import gettext
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "src" / "tallystick" / "service"
CATALOGUE = FOLDER / "locale" / "cy" / "LC_MESSAGES"
IN_WELSH = ("base.html", "error.html", "parts", "public", "account", "mfa", "cases", "shares", "notices")


def written() -> dict[str, str]:
    """Return the catalogue as it is written."""
    text = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', text, flags=re.M)
    return {a.replace('\\"', '"'): b.replace('\\"', '"') for a, b in pairs}


def strings(service: Path) -> set[str]:
    """Return what the templates ask to be translated."""
    from django.template import engines

    environment = engines.all()[0].env
    found: set[str] = set()
    for path in sorted((FOLDER / "templates").rglob("*.html")):
        if path.relative_to(FOLDER / "templates").parts[0] in IN_WELSH:
            for _, _, message in environment.extract_translations(path.read_text(encoding="utf-8")):
                found.add(message[0] if isinstance(message, tuple) else str(message))
    return {
        one for one in found if one not in (None, "None")
    }  # states and months are looked up by their value: below


def test_catalogue_has_every_string_of_the_public_pages(service: Path) -> None:
    asked = strings(service)
    assert len(asked) > 80
    assert asked - set(written()) == set()


def test_catalogue_has_every_word_of_the_processes(service: Path) -> None:
    from tallystick.governance.decisions import form
    from tallystick.governance.rules import SAYS
    from tallystick.governance.tables.processes import PROCESSES
    from tallystick.service import roles
    from tallystick.service.jinja import words

    names = set(roles.ROLES)
    said = set(SAYS.values())
    for process in PROCESSES.values():
        said.add(process.title)
        names |= {process.name, *process.states, *process.acts}
        for act in process.acts:
            for question in form(process, act).values():
                names |= set(question.words)
                said.add(question.text)
    asked = said | {words(name) for name in names}
    assert not any("%" in text for text in asked)  # which gettext would take for a place to fill
    assert len(asked) > 600
    assert asked - set(written()) == set()


def test_journey_asks_and_answers_in_welsh(somebody: Any, ministry: Any) -> None:
    ann = somebody("ann.analyst", "requester", "HMCTS")
    ann.get("/language/cy")
    subject = ann.begin("request")
    first = ann.get(f"/request/{subject}/submit/").headers["Location"]
    page = ann.get(first).content.decode()
    for words in ("Dywedwch at ba ddiben clir", "Parhau", "Yr holl atebion", "Cais am ddata"):
        assert words in page, words
    wrong = ann.post(first, aim="")
    assert wrong.status_code == 422
    for words in ("Gwall: ", "Mae problem", "Atebwch y cwestiwn hwn."):
        assert words in wrong.content.decode(), words
    assert ann.post(first, aim="Ble mae achosion yn aros?").status_code == 302
    check = ann.get(f"/request/{subject}/submit/check").content.decode()
    for words in (
        "Gwirio eich atebion",
        "Newid",
        "Heb ei ateb",
        "Cyflwyno",
        "Cadw ar gyfer eich cydweithwyr",
    ):
        assert words in check, words
    assert "Check your answers" not in check
    assert "Yn aros amdanoch" in ann.get("/home").content.decode()


def test_compiled_catalogue_is_the_written_one() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for english, welsh in written().items():
        assert compiled.gettext(english) == welsh
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", welsh))


@pytest.mark.parametrize(
    "page", ["/", "/register/shares", "/your-data", "/accounts/login/", "/nothing", "/cookies"]
)
def test_page_is_in_the_language_that_was_chosen(page: str, browser: Any, share: Path) -> None:
    assert '<html lang="en"' in browser.get(page).content.decode()
    assert browser.get("/language/cy", {"back": page}).headers["Location"] == page
    welsh = browser.get(page).content.decode()
    assert '<html lang="cy"' in welsh
    assert "Neidio i'r prif gynnwys" in welsh
    browser.get("/language/en-gb", {"back": page})
    assert "Skip to main content" in browser.get(page).content.decode()


def test_states_and_days_are_in_welsh_too(browser: Any, share: Path) -> None:
    browser.get("/language/cy")
    text = browser.get("/register/shares").content.decode()
    assert "Mewn grym" in text
    assert "1 Mehefin 2026" in text
