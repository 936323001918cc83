"""The analyses that somebody may see, each read from its share; whatever else there is, to them it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.lab.life import Life, destruction_due
from tallystick.lab.request import Request
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.lab.models import Analysis
from tallystick.service.registry import models
from tallystick.service.registry.shares import agreement_of
from tallystick.share.acts import is_done
from tallystick.share.lab import is_fixed, request_of
from tallystick.share.lab_life import folder_of, life_of
from tallystick.share.lab_review import waiting
from tallystick.share.lab_upload import event as uploaded
from tallystick.share.rooms import Share, open_share

COHORT = str(Request.model_fields["cohort"].default)
NEW = Request.model_construct(id="new", title="", programme="")


@dataclass(frozen=True)
class Standing:
    """An analysis as its share has it: the request (None before one was made), its life, and what lies there."""

    row: Analysis
    share: Share
    agreement: Agreement
    request: Request | None
    life: Life
    is_fixed: bool
    is_uploaded: bool
    has_report: bool

    @property
    def fixed(self) -> Request:
        """Return the request that was fixed; raise Http404 where none was."""
        if self.request is None or not self.is_fixed:
            raise Http404
        return self.request

    @property
    def may_be_read(self) -> bool:
        """Whether the customer has the report: it was sent and not taken back since."""
        return self.has_report and self.life.sent_on is not None


def cohort_of(agreement: Agreement) -> Dataset | None:
    """Return the dataset that the provider uploads, None where the agreement is not the lab's."""
    if agreement.lab is None:
        return None
    return next((dataset for dataset in agreement.datasets if dataset.name == COHORT), None)


def keep(share: models.Share) -> Standing | None:
    """Return how the analysis of a share stands, its row written anew; None where its agreement is not the lab's."""
    agreement = agreement_of(share)
    cohort = cohort_of(agreement)
    if cohort is None:
        Analysis.objects.filter(share=share).delete()
        return None
    folder = open_share(settings.ENVIRONMENT.shares / share.slug)
    request = request_of(folder)
    fixed = request is not None and is_fixed(request, folder)
    named = request if request is not None and fixed else NEW
    life = life_of(named, folder, agreement)
    has_report = (folder_of(named, folder) / "summary.json").is_file()
    row, _ = Analysis.objects.update_or_create(
        share=share,
        defaults={
            "provider": cohort.supplier[:200], "title": named.title[:200], "programme": named.programme[:200],
            "state": life.state, "version": life.version, "is_fixed": fixed, "has_report": has_report,
            "waiting": len(waiting(folder, named.id)) if fixed else 0, "review_ends": life.review_ends,
            "publishes_on": life.publishes_on, "published_on": life.published_on, "destruction_due": destruction_due(life),
        },
    )  # fmt: skip
    return Standing(
        row, folder, agreement, request, life, fixed, fixed and is_done(folder, uploaded(named)), has_report
    )


def take_in() -> tuple[str, ...]:
    """Write the rows of all shares anew, as at each start, and return the shares that cannot be read."""
    wrong = []
    for share in models.Share.objects.select_related("agreement"):
        try:
            keep(share)
        except BadInput:
            wrong.append(share.slug)
    return tuple(wrong)


def visible(acting: Membership) -> QuerySet[Analysis]:
    """Return the analyses that somebody may see, the newest first: a provider its own, the lab those to which it is a party."""
    rows = Analysis.objects.select_related("share__agreement").order_by("-id")
    body = acting.organisation.name
    if acting.role == roles.PROVIDER:
        return rows.filter(provider=body)
    if acting.role == roles.LAB_ANALYST:
        return rows.filter(share__parties__organisation=body).exclude(provider=body)
    return rows.none()


def find(acting: Membership, slug: str) -> Standing:
    """Return an analysis; raise Http404 where it is not there, or not theirs to see."""
    row = visible(acting).filter(share__slug=slug).first()
    found = keep(row.share) if row is not None else None
    if found is None:
        raise Http404
    return found


def waits(acting: Membership, on: date) -> Iterator[tuple[Analysis, str]]:
    """Yield the analyses on which this person's role has something to do now, and what."""
    for row in visible(acting)[:200]:
        what = next(todo(row, acting.role, on), "")
        if what:
            yield row, what


def todo(row: Analysis, role: str, on: date) -> Iterator[str]:
    """Yield what a role has to do on an analysis."""
    if role == roles.PROVIDER:
        if row.state == "new":
            yield "Upload the cohort" if row.is_fixed else "Say what is asked"
        if row.state == "in review" and row.has_report:
            yield "Read the report before it is published"
        return
    if row.waiting and row.state == "analysing":
        yield "Review suspect matches"
    if row.state == "received":
        yield "Check and begin"
    if row.state in ("analysing", "in review", "published") and not row.has_report:
        yield "Evaluate"
    if row.state == "analysing" and row.has_report:
        yield "Send the report"
    if row.state == "in review" and row.publishes_on and row.publishes_on <= on:
        yield "Publish"
    if row.destruction_due and row.destruction_due <= on and row.state in ("published", "withdrawn"):
        yield "Destroy what leads back to people"
