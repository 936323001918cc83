"""The Jinja environment of the pages: GOV.UK's macros, Django's urls and translations, and dates as people write them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader


def environment(**options: Any) -> Environment:
    """Return the environment."""
    loader = ChoiceLoader(
        [
            FileSystemLoader(settings.TEMPLATES[0]["DIRS"]),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    made = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=options.get("auto_reload", False),
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(translation.gettext, translation.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(static=static, url=url, environment=settings.ENVIRONMENT)
    made.filters.update(day=day, moment=moment, words=words, json=json.dumps)
    return made


def url(name: str, *arguments: Any) -> str:
    """Return the address of a page."""
    return str(reverse(name, args=arguments))


def day(value: date | datetime | str | None) -> str:
    """Return a day as people write it: 3 March 2026."""
    if not value:
        return ""
    on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if isinstance(on, datetime):
        on = localtime(on).date()
    return f"{on.day} {translation.gettext(f'{on:%B}')} {on.year}"


def moment(value: datetime | str | None) -> str:
    """Return a moment as people write it, in London's time: 3 March 2026, 9:05am."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    local = localtime(value)
    return f"{day(local)}, {local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def words(value: str) -> str:
    """Return an identifier as words, in the language of the page: ``under-review`` as `Under review`."""
    text = value.replace("-", " ").replace("_", " ")
    return translation.gettext(text[:1].upper() + text[1:]) if text else ""


def page(request: HttpRequest) -> dict[str, Any]:
    """Return what every page knows."""
    return {
        "language": translation.get_language() or "en-gb",
        "acting": getattr(request, "acting", None),
    }
