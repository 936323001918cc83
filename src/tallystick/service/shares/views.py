"""The pages of a share. What stands there is the plan that the core itself makes, and the ledger."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
from collections import deque
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Refused
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.cases.views import who
from tallystick.service.jobs import queue
from tallystick.service.lab.files import policy
from tallystick.service.lab.find import cohort_of
from tallystick.service.registry import models
from tallystick.service.registry.shares import agreement_of, of_party
from tallystick.share.acts import Clock, is_done
from tallystick.share.plan import plan
from tallystick.share.rooms import Share, locked, open_share
from tallystick.share.supply import event as supplied
from tallystick.share.supply import supply

LARGEST = 200_000_000
"""Bytes of an upload by the browser; a larger supply comes by the mechanism that the agreement names, to `tally supply`."""
SHOWN = 50
REPORTS = {
    "linkage-quality.html": "The quality of the linkage",
    "share.html": "What was done, with the figures",
}


def theirs(acting: Membership) -> Any:
    """Return the shares to which somebody's organisation is a party, where their role works with shares."""
    if not roles.sees_shares(acting.role):
        return models.Share.objects.none()
    return of_party(acting.organisation.name)


def found(request: HttpRequest, slug: str) -> tuple[models.Share, Share, Agreement]:
    """Return a share, its folder and its agreement; raise Http404 where it is not there, or not theirs to see."""
    row = theirs(who(request)).filter(slug=slug).first()
    if row is None:
        raise Http404
    return row, open_share(settings.ENVIRONMENT.shares / row.slug), agreement_of(row)


def listed(request: HttpRequest) -> HttpResponse:
    """List the shares."""
    return render(request, "shares/list.html", {"shares": theirs(who(request))})


def share(request: HttpRequest, slug: str) -> HttpResponse:
    """Show where a share stands: the plan, the job at work, what was destroyed, the end of the ledger."""
    row, folder, agreement = found(request, slug)
    clock = Clock(request.user.person, request.now)
    role, body = request.acting.role, request.acting.organisation.name
    entries = deque(folder.ledger.entries(), SHOWN) if folder.ledger.path.exists() else deque()
    context = {
        "share": row,
        "agreement": agreement,
        "plan": plan(folder, clock=clock),
        "job": queue.last(slug),
        "busy": queue.is_busy(slug),
        "steps": roles.share_steps(role),
        "reports": [(name, said) for name, said in REPORTS.items() if (folder.root / "reports" / name).is_file()],
        "has_review": bool(roles.review_acts(role)),
        "uploads": [
            dataset for dataset in agreement.datasets
            if roles.may_supply(role) and dataset.supplier == body and not is_cohort(agreement, dataset.name)
            and not is_done(folder, supplied(dataset.name))
        ],
        "entries": [*entries][::-1],
        "verdict": folder.ledger.verify(),
        "destroyed": [
            certificate["path"]
            for entry in folder.ledger.entries() if entry.act == "destroy"
            for certificate in entry.details["certificates"]
        ] if folder.ledger.path.exists() else [],
    }  # fmt: skip
    return render(request, "shares/share.html", context)


def report(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Return a report of a share as the core wrote it, under a policy that lets it load nothing."""
    _, folder, _ = found(request, slug)
    path = folder.root / "reports" / name
    if name not in REPORTS or not path.is_file():
        raise Http404
    page = path.read_text(encoding="utf-8")
    response = HttpResponse(page)
    response["Content-Security-Policy"] = policy(page)
    return response


@require_POST
def step(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Ask the worker for a step."""
    found(request, slug)
    if name not in roles.share_steps(request.acting.role):
        raise PermissionDenied
    queue.ask(slug, name, request.acting, request.now)
    return redirect("share", slug)


def dataset_of(request: HttpRequest, slug: str, name: str) -> tuple[models.Share, Share, Agreement, Dataset]:
    """Return a dataset that this person may supply; raise Http404 where there is none, PermissionDenied for another role."""
    row, folder, agreement = found(request, slug)
    dataset = next((each for each in agreement.datasets if each.name == name), None)
    if dataset is None or dataset.supplier != request.acting.organisation.name or is_cohort(agreement, name):
        raise Http404
    if not roles.may_supply(request.acting.role):
        raise PermissionDenied
    return row, folder, agreement, dataset


def is_cohort(agreement: Agreement, name: str) -> bool:
    """Return whether a dataset is a provider's cohort: it comes by the lab's own door, with an assurance each time."""
    cohort = cohort_of(agreement)
    return cohort is not None and cohort.name == name


def header(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Return a blank file to fill in: one column for each field that the agreement names, and no other."""
    *_, dataset = dataset_of(request, slug, name)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(
        ["record_id", *(f.name for f in dataset.fields if f.name != "record_id")]
    )
    headers = {"Content-Disposition": f'attachment; filename="{dataset.name}.csv"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def upload(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Take a supply in through its door, or say what is wrong with it by row and column; the upload itself is never kept."""
    row, folder, agreement, dataset = dataset_of(request, slug, name)
    wanted = Path(dataset.path or f"{dataset.name}.csv")
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        try:
            hand_over(request.FILES.get("file"), wanted, folder, agreement, dataset, request)
        except (BadInput, Refused) as error:
            refused = error
        else:
            return redirect("share", row.slug)
    context = {
        "share": row,
        "dataset": dataset,
        "refused": refused,
        "suffix": wanted.suffix,
        "largest": LARGEST,
    }
    return render(request, "shares/upload.html", context, status=422 if refused else 200)


def hand_over(
    file: UploadedFile | None,
    wanted: Path,
    folder: Share,
    agreement: Agreement,
    dataset: Dataset,
    request: HttpRequest,
) -> None:
    """Take an upload in; raise BadInput or Refused. The name that the sender gave it is looked at for its ending alone."""
    if file is None:
        raise BadInput("Choose the file to hand in.")
    if Path(str(file.name)).suffix.lower() != wanted.suffix.lower():
        raise BadInput(
            f"The agreement takes {wanted.suffix} for {dataset.name}. Save it so, and hand it in again."
        )
    if file.size > LARGEST:
        raise BadInput(
            f"The file is larger than {LARGEST // 1_000_000} MB. Send it by: {agreement.supply.mechanism}."
        )
    aside = settings.ENVIRONMENT.home / "incoming" / secrets.token_hex(8)
    aside.mkdir(mode=0o700)
    try:
        with os.fdopen(os.open(aside / wanted.name, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        clock = Clock(request.user.person, request.now)
        with locked(folder):
            supply(folder, agreement, dataset, supplies=aside, clock=clock, entropy=secrets.token_bytes)
    finally:
        shutil.rmtree(aside)
