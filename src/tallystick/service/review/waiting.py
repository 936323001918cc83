"""What waits for a reviewer, for the page of their work."""

from __future__ import annotations

from django.conf import settings

from tallystick.linkage.review import left_for
from tallystick.service import roles
from tallystick.service.accounts.models import Membership
from tallystick.service.registry import models
from tallystick.service.registry.shares import of_party
from tallystick.share import review
from tallystick.share.acts import is_done
from tallystick.share.rooms import open_share

MOST = 25


def of(acting: Membership) -> list[tuple[models.Share, int]]:
    """Return the shares whose review waits for this person, each with how many pairs they could judge."""
    if "judge" not in roles.review_acts(acting.role):
        return []
    found = []
    for row in of_party(acting.organisation.name)[:MOST]:
        share = open_share(settings.ENVIRONMENT.shares / row.slug)
        if is_done(share, review.DRAWN) and not is_done(share, review.CLOSED):
            left = left_for(review.state(share), acting.user.person)
            found += [(row, left)] if left else []
    return found
