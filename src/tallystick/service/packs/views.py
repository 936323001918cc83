"""The pages of a board for those who sign in: agencies that send returns, analysts who build packs, members who read them."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Refused
from tallystick.governance.clocks import london_day
from tallystick.service import paging, roles
from tallystick.service.cases.views import who
from tallystick.service.jobs import queue
from tallystick.service.lab.files import policy
from tallystick.service.packs import find
from tallystick.share import board as core
from tallystick.share.acts import Clock
from tallystick.share.compare import compare as side_by_side
from tallystick.share.pack import look
from tallystick.share.returns import READABLE, caveat, measures_of
from tallystick.share.rooms import Share

LARGEST = 50_000_000
FILES = {
    "pack.html": "text/html; charset=utf-8",
    "pack.ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def listed(request: HttpRequest) -> HttpResponse:
    """List the boards."""
    if not roles.sees_packs(who(request).role):
        raise Http404
    page = paging.page(find.visible(request.acting), request.GET)
    return render(request, "packs/list.html", {"page": page})


def board(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a board: what its figures must be read with, its packs, and what this person can do."""
    row, folder, agreement = find.find(who(request), slug)
    acts, body = roles.pack_acts(request.acting.role), request.acting.organisation.name
    days = core.publications(folder)
    context = {
        "share": row,
        "agreement": agreement,
        "caveat": caveat(agreement),
        "packs": [(name, said, days.get(name)) for name, said in find.theirs(folder, body).items()],
        "uploads": [each for each in agreement.datasets if "upload" in acts and each.supplier == body],
        "early": find.early_readers(agreement),
        "acts": acts,
        "job": queue.last(slug),
        "busy": queue.is_busy(slug),
        "warnings": request.session.pop("warnings", []),
    }
    return render(request, "packs/board.html", context)


def dataset_of(request: HttpRequest, slug: str, name: str) -> tuple[Any, Share, Agreement, Dataset]:
    """Return a dataset whose return this person hands in; raise Http404, or PermissionDenied for another role."""
    row, folder, agreement = find.find(who(request), slug)
    dataset = next((each for each in agreement.datasets if each.name == name), None)
    if dataset is None or dataset.supplier != request.acting.organisation.name:
        raise Http404
    if "upload" not in roles.pack_acts(request.acting.role):
        raise PermissionDenied
    return row, folder, agreement, dataset


def upload(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Take a return in, or say what is wrong with it by its cells; what arrived is destroyed in either case."""
    row, folder, _, dataset = dataset_of(request, slug, name)
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        try:
            warnings = hand_in(request, folder, dataset)
        except (BadInput, Refused) as error:
            refused = error
        else:
            request.session["warnings"] = [
                f"{each.where}: {each.message} {each.remedy}" for each in warnings[:50]
            ]
            return redirect("board", slug)
    measures = [each for each in measures_of(folder).measures if each.dataset == name]
    context = {
        "share": row, "dataset": dataset, "refused": refused, "largest": LARGEST, "kinds": READABLE,
        "measures": measures, "arrived": bool(request.FILES),
    }  # fmt: skip
    return render(request, "packs/upload.html", context, status=422 if refused else 200)


def hand_in(request: HttpRequest, folder: Share, dataset: Dataset) -> Any:
    """Hand an upload to its door and return its warnings; the name that the sender gave it is looked at for its ending alone."""
    file = request.FILES.get("file")
    if file is None:
        raise BadInput("Choose the file to hand in.")
    if file.size > LARGEST:
        raise BadInput(f"The file is larger than {LARGEST // 1_000_000} MB.")
    suffix = Path(str(file.name)).suffix.lower()
    if suffix not in READABLE:
        raise BadInput(
            f"This is no return: it is a file in {', '.join(READABLE)}. Save it so, and hand it in again."
        )
    aside = settings.ENVIRONMENT.home / "incoming" / secrets.token_hex(8)
    aside.mkdir(mode=0o700)
    try:
        arrived = aside / f"{dataset.name}{suffix}"
        with os.fdopen(os.open(arrived, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        return core.hand_in(folder, dataset, arrived, clock=Clock(request.user.person, request.now))
    finally:
        shutil.rmtree(aside)


@require_POST
def build(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the worker for a pack as known today, or for an early sight for somebody whom the memorandum lists."""
    _, _, agreement = find.find(who(request), slug)
    early = request.POST.get("early", "")
    if "build" not in roles.pack_acts(request.acting.role):
        raise PermissionDenied
    if early and early not in find.early_readers(agreement):
        raise BadInput("The memorandum lists nobody of that name for an early sight.")
    queue.ask(slug, "build-pack", request.acting, request.now, early=early)
    return redirect("board", slug)


def read(request: HttpRequest, slug: str, name: str) -> tuple[Any, Share, dict[str, Any]]:
    """Return a pack that this person's organisation may read, the look entered in the ledger; raise Http404 for any other."""
    row, folder, _ = find.find(who(request), slug)
    body = request.acting.organisation.name
    if "look" not in roles.pack_acts(request.acting.role):
        raise PermissionDenied
    if name not in find.theirs(folder, body):
        raise Http404
    return row, folder, look(folder, clock=Clock(request.user.person, request.now), reader=body, name=name)


def pack(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Show what a pack says in short."""
    row, folder, said = read(request, slug, name)
    context = {
        "share": row, "name": name, "said": said, "published": core.publications(folder).get(name),
        "acts": roles.pack_acts(request.acting.role),
    }  # fmt: skip
    return render(request, "packs/pack.html", context)


def pack_file(request: HttpRequest, slug: str, name: str, file: str) -> HttpResponse:
    """Return a file of a pack."""
    _, folder, _ = read(request, slug, name)
    return answered(folder, name, file)


def answered(folder: Share, name: str, file: str) -> HttpResponse:
    """Return a file of a pack under its name; a page may load nothing."""
    path = folder.root / "packs" / name / file
    if file not in FILES or not path.is_file():
        raise Http404
    content = path.read_bytes()
    response = HttpResponse(content, content_type=FILES[file])
    if file.endswith(".html"):
        response["Content-Security-Policy"] = policy(content.decode())
    else:
        response["Content-Disposition"] = f'attachment; filename="pack-{name}.ods"'
    return response


def publish(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Ask whether a pack is to be published; on sending, publish it, or say what the agreement says."""
    row, folder, _ = find.find(who(request), slug)
    body = request.acting.organisation.name
    if "publish" not in roles.pack_acts(request.acting.role):
        raise PermissionDenied
    if name not in find.theirs(folder, body):
        raise Http404
    refused: BadInput | Refused | None = None
    if request.method == "POST":
        try:
            core.publish(folder, name, publisher=body, clock=Clock(request.user.person, request.now))
        except (BadInput, Refused) as error:
            refused = error
        else:
            find.keep(row)
            return redirect("pack", slug, name)
    context = {"share": row, "name": name, "refused": refused}
    return render(request, "packs/publish.html", context, status=422 if refused else 200)


def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Put measures side by side at two periods, as packs showed them; refused across a change of definition."""
    row, folder, _ = find.find(who(request), slug)
    if "compare" not in roles.pack_acts(request.acting.role):
        raise PermissionDenied
    said = {key: request.GET.get(key, "").strip() for key in ("from", "to")}
    chosen, found = request.GET.getlist("measure"), None
    refused: BadInput | Refused | None = None
    if request.GET:
        try:
            day = london_day(request.now)
            found = side_by_side(folder, day=day, names=chosen, first=said["from"], last=said["to"])
        except (BadInput, Refused) as error:
            refused = error
    context = {
        "share": row, "measures": measures_of(folder).measures, "chosen": chosen, "said": said, "found": found, "refused": refused,
    }  # fmt: skip
    return render(request, "packs/compare.html", context, status=422 if refused else 200)
