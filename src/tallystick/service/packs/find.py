"""The boards that somebody may see, and of each the packs that are theirs to read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404

from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.packs.models import Published, Reader
from tallystick.service.registry import models
from tallystick.service.registry.shares import agreement_of
from tallystick.share.board import PUBLIC, packs_of, publications
from tallystick.share.pack import is_board, slug
from tallystick.share.returns import EARLY
from tallystick.share.rooms import Share, open_share


def keep(share: models.Share) -> None:
    """Write whom a board's packs are for, and which were published, anew; nothing stays where the share is no board's."""
    folder = open_share(settings.ENVIRONMENT.shares / share.slug)
    names: set[str] = set()
    days = {}
    if is_board(folder):
        agreement = agreement_of(share)
        names = {party.name for party in agreement.parties} | {each.name for each in agreement.recipients}
        days = dict(publications(folder))
    Reader.objects.filter(share=share).exclude(organisation__in=names - {PUBLIC}).delete()
    Reader.objects.bulk_create(
        (Reader(share=share, organisation=name[:200]) for name in sorted(names - {PUBLIC})),
        ignore_conflicts=True,
    )
    Published.objects.filter(share=share).exclude(name__in=days).delete()
    for name, on in days.items():
        Published.objects.update_or_create(share=share, name=name, defaults={"published_on": on})


def take_in() -> tuple[str, ...]:
    """Write the rows of all shares anew, as at each start, and return the shares that cannot be read."""
    wrong = []
    for share in models.Share.objects.select_related("agreement"):
        try:
            keep(share)
        except BadInput:
            wrong.append(share.slug)
    return tuple(wrong)


def visible(acting: Membership) -> QuerySet[models.Share]:
    """Return the boards that somebody may see: a party's people, and the members among its recipients."""
    rows = models.Share.objects.filter(readers__organisation=acting.organisation.name).select_related(
        "agreement"
    )
    if acting.role == roles.BOARD_MEMBER:
        return rows
    if roles.sees_packs(acting.role):
        return rows.filter(parties__organisation=acting.organisation.name)
    return rows.none()


def find(acting: Membership, slug: str) -> tuple[models.Share, Share, Agreement]:
    """Return a board: its row, its folder, its memorandum; raise Http404 where it is not there, or not theirs to see."""
    row = visible(acting).filter(slug=slug).first()
    if row is None:
        raise Http404
    return row, open_share(settings.ENVIRONMENT.shares / row.slug), agreement_of(row)


def theirs(folder: Share, reader: str) -> dict[str, dict[str, Any]]:
    """Return the packs that a body may read, the latest first: those for everybody, and its own early sights."""
    mine = f"-early-{slug(reader)}"
    return {
        name: said for name, said in packs_of(folder).items() if "-early-" not in name or name.endswith(mine)
    }


def early_readers(agreement: Agreement) -> list[str]:
    """Return whom the memorandum lists for an early sight."""
    return [each.name for each in agreement.recipients if EARLY in each.purposes]
