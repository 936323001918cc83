"""The shares in the service's home: read from their folders, pinned by hash, with what their agreements declare."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from tallystick.agreement import io
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.governance.clocks import london_day
from tallystick.governance.declared import agreement_case, from_agreement
from tallystick.service.registry import models, store


def take_in(folder: Path, now: datetime) -> tuple[str, ...]:
    """Record each share of a folder, and return those that could not be read, by the folder's name."""
    wrong = []
    for path in sorted(folder.glob("*/agreement.toml")) if folder.is_dir() else ():
        try:
            record(path.parent, now)
        except BadInput:
            wrong.append(path.parent.name)
    return tuple(wrong)


@transaction.atomic
def record(folder: Path, now: datetime) -> models.Share:
    """Return the share in ``folder`` as the registry holds it: its agreement pinned, its declared cases in the registry."""
    agreement = io.load(folder)
    document = agreement.model_dump_json()
    key = hashlib.sha256(document.encode()).hexdigest()
    known = models.Share.objects.filter(slug=folder.name).first()
    state = agreement_case(agreement, london_day(now)).state
    if known is not None and known.agreement_id == key and known.state == state:
        return known
    version, _ = models.AgreementVersion.objects.get_or_create(
        key=key,
        defaults={
            "document_hash": io.document_hash(agreement),
            "agreement_id": agreement.about.id,
            "document": document,
            "recorded_at": now,
        },
    )
    share, _ = models.Share.objects.update_or_create(
        slug=folder.name,
        defaults={
            "agreement": version,
            "title": (agreement.about.title or agreement.about.id)[:300],
            "state": state,
        },
    )
    share.parties.all().delete()
    models.ShareParty.objects.bulk_create(
        models.ShareParty(share=share, organisation=name)
        for name in dict.fromkeys(party.name for party in agreement.parties)
    )
    store.declare(from_agreement(agreement, london_day(now)))
    return share


def of_party(organisation: str) -> Any:
    """Return the shares to which an organisation is a party, with their agreements."""
    return models.Share.objects.filter(parties__organisation=organisation).select_related("agreement")


def agreement_of(share: models.Share) -> Agreement:
    """Return the agreement that a share is pinned to."""
    return Agreement.model_validate_json(share.agreement.document)
