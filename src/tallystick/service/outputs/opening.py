"""The page on which the data access team opens the project that an approved research request becomes: the detail of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from pydantic import ValidationError

from tallystick.agreement import io
from tallystick.agreement.dataset import DataField
from tallystick.agreement.project import ProjectField
from tallystick.agreement.schema import Agreement
from tallystick.deidentify import attributes_of, checked_condition
from tallystick.errors import BadInput, Refused
from tallystick.governance.cases import Case
from tallystick.governance.clocks import london_day
from tallystick.governance.projects import COVERAGE, justifications, may_open, people, project_of
from tallystick.service import roles
from tallystick.service.cases.find import find
from tallystick.service.cases.views import who
from tallystick.service.outputs import index
from tallystick.service.registry import models, store
from tallystick.service.registry.shares import agreement_of
from tallystick.service.shares.views import theirs
from tallystick.share.acts import Clock
from tallystick.share.projects import enter
from tallystick.share.rooms import Share, open_share

DETAILS: Mapping[str, tuple[str, ...]] = {
    # of which type a field is, and in what detail it may leave, the least first
    "date": ("year", "quarter", "month", "week", "days-from", "full"),
    "number": ("band", "clipped", "full"),
    "text": ("grouped", "rare-merged", "first-characters", "outward-code", "geography", "keyed", "full"),
}
SETTINGS: Mapping[str, tuple[str, str]] = {
    # a detail that needs a setting, its name in the project, and how it is written
    "band": ("bands", "the cut points, as 0, 5, 10"),
    "clipped": ("top", "the greatest figure shown"),
    "days-from": ("index", "the event from which days are counted"),
    "first-characters": ("characters", "how many characters are kept"),
    "grouped": ("groups", "the category that stands for each, as white irish = white, white british = white"),
    "rare-merged": ("minimum_count", "the fewest rows of a category"),
    "geography": ("level", "the rung of the lookup of places"),
}


def open_project(request: HttpRequest, subject: str) -> HttpResponse:
    """Show the project that a request becomes, with its people and their accreditation; on sending, enter it in its share."""
    _, case = find(who(request), "request", subject)
    if not roles.opens_projects(request.acting.role):
        raise PermissionDenied
    if not may_open(case):
        raise Http404
    row = share_of(request, case)
    refused: BadInput | Refused | None = None
    if row is not None and request.method == "POST":
        try:
            opened(request, row, case)
        except (BadInput, Refused) as error:
            refused = error
        else:
            return redirect("project", row.slug, case.id)
    context = {
        "case": case,
        "share": row,
        "people": people(store.world(), case.get("people", ())),
        "fields": asked(agreement_of(row), case, request.POST) if row else [],
        "settings": SETTINGS,
        "conditions": conditions(agreement_of(row), case, request.POST) if row else [],
        "refused": refused,
    }
    return render(request, "outputs/open.html", context, status=422 if refused else 200)


def share_of(request: HttpRequest, case: Case) -> models.Share | None:
    """Return the share whose agreement holds all datasets of a request, of those of this person's organisation; None where none does."""
    wanted = set(case.get("datasets", ()))
    for row in theirs(request.acting):
        if wanted <= {dataset.name for dataset in agreement_of(row).datasets}:
            return row
    return None


def opened(request: HttpRequest, row: models.Share, case: Case) -> None:
    """Enter the project in its share; raise BadInput for a detail without what it needs, Refused where a rule says no."""
    folder, agreement = open_share(settings.ENVIRONMENT.shares / row.slug), agreement_of(row)
    fields = [(each.dataset, field_of(each)) for each in asked(agreement, case, request.POST)]
    rows = {each.dataset: checked(each) for each in conditions(agreement, case, request.POST)}
    project = project_of(
        store.world(),
        case,
        agreement,
        fields,
        starts=began(folder, case) or london_day(request.now),
        rows=rows,
    )
    enter(folder, agreement, project, clock=Clock(request.user.person, request.now))
    index.project(row, project)


def began(folder: Share, case: Case) -> date | None:
    """Return the first day of a project that was opened before."""
    path = folder.root / "projects" / f"{case.id}.toml"
    return io.load_project(path).starts if path.is_file() else None


@dataclass(frozen=True)
class Wanted:
    """A field that a request asks for: the details that it may leave in, the one chosen, its setting, the reason given."""

    at: int
    dataset: str
    name: str
    options: tuple[str, ...]
    detail: str
    setting: str
    reason: str


def asked(agreement: Agreement, case: Case, given: Mapping[str, Any]) -> list[Wanted]:
    """Return the fields that a request asks for, with what the form says of each."""
    said = justifications(str(case.get("field_justification", "")))
    rows = []
    for at, full in enumerate(case.get("fields", ())):
        dataset, _, name = str(full).partition(".")
        held = agreement.dataset(dataset)
        field = held.field(name) if held else None
        options = DETAILS[type_of(field)] if field else ("full",)
        first = "month" if "month" in options else "full"
        detail, setting = str(given.get(f"detail-{at}", first)), str(given.get(f"setting-{at}", "")).strip()
        rows.append(Wanted(at, dataset, name, options, detail, setting, said.get(str(full), "")))
    return rows


@dataclass(frozen=True)
class Rows:
    """Which rows of a dataset leave: the condition that was typed, the columns that it may use, what the request says of them."""

    at: int
    dataset: str
    condition: str
    columns: tuple[str, ...]
    reason: str


def conditions(agreement: Agreement, case: Case, given: Mapping[str, Any]) -> list[Rows]:
    """Return the datasets that a request asks for, with what the form says of their rows."""
    reason = justifications(str(case.get("field_justification", ""))).get(COVERAGE, "")
    held = [found for name in case.get("datasets", ()) if (found := agreement.dataset(str(name)))]
    return [
        Rows(
            at, one.name, str(given.get(f"rows-{at}", "")).strip(), tuple(sorted(attributes_of(one))), reason
        )
        for at, one in enumerate(held)
    ]


def checked(rows: Rows) -> str:
    """Return the condition as it was typed; raise BadInput for anything but a plain comparison of the dataset's columns."""
    if rows.condition:
        checked_condition(rows.condition, rows.columns, rows.dataset)
    return rows.condition


def type_of(field: DataField) -> str:
    """Return whether a field holds dates, numbers or text."""
    if field.kind == "event-date" or field.type in ("date", "datetime"):
        return "date"
    return "number" if field.type in ("integer", "number", "float") else "text"


def field_of(wanted: Wanted) -> ProjectField:
    """Return a field in the detail that was chosen; raise BadInput for one without what it needs."""
    values: dict[str, Any] = {"name": wanted.name, "detail": wanted.detail}
    needs = "Choose one of the details offered."
    if wanted.detail in SETTINGS:
        key, how = SETTINGS[wanted.detail]
        needs = f"It needs {how}."
        values[key] = split(key, wanted.setting)
    try:
        if wanted.detail in wanted.options:
            return ProjectField.model_validate(values)
    except ValidationError:
        pass
    raise BadInput(f"{wanted.dataset}.{wanted.name}: it cannot leave in this detail. {needs}")


def split(key: str, setting: str) -> str | list[str] | dict[str, str]:
    """Return a setting as the project holds it: cut points as a list, groups as a table of category and stand-in."""
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    if key == "bands":
        return parts
    if key == "groups":
        named = {name.strip(): group.strip() for name, _, group in (part.rpartition("=") for part in parts)}
        return named if all(named) and all(named.values()) else {}
    return setting
