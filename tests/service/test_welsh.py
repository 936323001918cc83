"""Welsh: every string of the public pages is in the catalogue, the compiled catalogue is the written one, the toggle works."""

from __future__ import annotations

import gettext
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "src" / "tallystick" / "service"
CATALOGUE = FOLDER / "locale" / "cy" / "LC_MESSAGES"
PUBLIC = ("base.html", "error.html", "parts", "public", "account", "mfa")


def written() -> dict[str, str]:
    """Return the catalogue as it is written."""
    text = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', text, flags=re.M)
    return {a.replace('\\"', '"'): b.replace('\\"', '"') for a, b in pairs}


def strings(service: Path) -> set[str]:
    """Return what the public templates ask to be translated."""
    from django.template import engines

    environment = engines.all()[0].env
    found: set[str] = set()
    for path in sorted((FOLDER / "templates").rglob("*.html")):
        if path.relative_to(FOLDER / "templates").parts[0] in PUBLIC:
            for _, _, message in environment.extract_translations(path.read_text(encoding="utf-8")):
                found.add(message[0] if isinstance(message, tuple) else str(message))
    return {
        one for one in found if one not in (None, "None")
    }  # states and months are looked up by their value: below


def test_catalogue_has_every_string_of_the_public_pages(service: Path) -> None:
    asked = strings(service)
    assert len(asked) > 80
    assert asked - set(written()) == set()


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
