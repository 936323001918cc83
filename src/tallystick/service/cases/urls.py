"""The addresses of cases."""

from __future__ import annotations

from django.urls import path, register_converter

from tallystick.governance.tables.processes import PROCESSES
from tallystick.service.cases import extra, views


class ProcessName:
    """The name of a process in an address."""

    regex = "|".join(PROCESSES)

    def to_python(self, value: str) -> str:
        """Return it."""
        return value

    def to_url(self, value: str) -> str:
        """Return it."""
        return value


class Identity(ProcessName):
    """The id of a case in an address."""

    regex = r"[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,119}"


register_converter(ProcessName, "process")
register_converter(Identity, "identity")

urlpatterns = [
    path("home", views.home, name="home"),
    path("acting", views.acting, name="acting"),
    path("holding/due", extra.due, name="due"),
    path("incident/<identity:subject>/regulator", extra.regulator, name="regulator"),
    path("<process:process>/", views.listed, name="list"),
    path("<process:process>/new", views.new, name="new"),
    path("<process:process>/<identity:subject>", views.case, name="case"),
    path("<process:process>/<identity:subject>/<slug:act>/", views.act, name="act"),
    path("<process:process>/<identity:subject>/<slug:act>/check", views.check, name="check"),
    path("<process:process>/<identity:subject>/<slug:act>/discard", views.discard, name="discard"),
    path(
        "<process:process>/<identity:subject>/<slug:act>/question/<slug:key>", views.question, name="question"
    ),
]
