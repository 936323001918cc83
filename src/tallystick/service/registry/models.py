"""The registry's tables. Events are the truth; a row of `Case` is their fold, kept so that a list is one indexed query."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Head(models.Model):
    """One row, locked by each act: one writer at a time, as in the journal of a share."""

    events = models.PositiveBigIntegerField(default=0)


class Case(models.Model):
    """A case as it stands. ``version`` counts its events, so that whoever acts on an older page is told."""

    process = models.CharField(max_length=20)
    subject = models.CharField(max_length=120)
    state = models.CharField(max_length=40)
    title = models.CharField(max_length=200, blank=True)
    about = models.CharField(max_length=200, blank=True)
    answers = models.JSONField(default=dict)
    declared = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    is_declared = models.BooleanField(default=False)
    opened_by = models.CharField(max_length=120, blank=True)
    opened_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        """A process and a subject name one case."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["process", "subject"], name="one_case")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["process", "state"], name="case_state"),
            models.Index(fields=["about"], name="case_about"),
        ]

    def __str__(self) -> str:
        return f"{self.process} {self.subject}"


class Concern(models.Model):
    """An organisation that a case concerns: its people may find the case, everybody else is told there is none.

    ``state`` is the case's, and ``waits_since`` when it changed last, null where nothing waits: so that what waits for somebody is one
    walk along an index.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="concerns")
    process = models.CharField(max_length=20)
    organisation = models.CharField(max_length=200)
    state = models.CharField(max_length=40, blank=True)
    waits_since = models.DateTimeField(null=True)

    class Meta:
        """Lists of a process are read by organisation, newest first; what waits, those that changed last first."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "organisation"], name="one_concern")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organisation", "process", "-case"], name="concern_list"),
            models.Index(
                fields=["organisation", "-waits_since", "-case", "process", "state"],
                condition=models.Q(waits_since__isnull=False),
                name="concern_waiting",
            ),
        ]

    def __str__(self) -> str:
        return str(self.organisation)


class Event(models.Model):
    """An event as `governance` made it, in the order in which it was written; ``is_entered`` once the ledger holds it."""

    event_id = models.CharField(max_length=120, unique=True)
    process = models.CharField(max_length=20)
    subject = models.CharField(max_length=120)
    act = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    role = models.CharField(max_length=40)
    organisation = models.CharField(max_length=200, blank=True)
    answers = models.JSONField(default=dict)
    state = models.CharField(max_length=40)
    warnings = models.JSONField(default=list)
    followed_by = models.PositiveIntegerField(default=0)
    is_entered = models.BooleanField(default=False)

    class Meta:
        """A case's history is read in order; the outbox is what is not entered."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["process", "subject", "id"], name="event_case"),
            models.Index(fields=["id"], condition=models.Q(is_entered=False), name="event_outbox"),
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class Draft(models.Model):
    """What somebody has answered so far towards an act; it is nobody else's, and gone once the act is done."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    process = models.CharField(max_length=20)
    subject = models.CharField(max_length=120)
    act = models.CharField(max_length=40)
    answers = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        """One draft of an act for each person."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "process", "subject", "act"], name="one_draft")
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.process} {self.subject}"


class AgreementVersion(models.Model):
    """A version of an agreement, whole and unchanging, by the hash that is signed and the hash of its signatures."""

    key = models.CharField(max_length=64, primary_key=True)
    document_hash = models.CharField(max_length=80)
    agreement_id = models.CharField(max_length=200)
    document = models.TextField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.document_hash)


class Share(models.Model):
    """A share's folder in the service's home, with the version of the agreement that its ``agreement.toml`` is the copy of."""

    slug = models.CharField(max_length=200, unique=True)
    agreement = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=40)

    class Meta:
        """By title, as the public register lists them."""

        ordering: ClassVar[list[str]] = ["title", "slug"]

    def __str__(self) -> str:
        return str(self.slug)


class ShareParty(models.Model):
    """An organisation that is a party to a share: its people may find the share."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="parties")
    organisation = models.CharField(max_length=200)

    class Meta:
        """One row for each party."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["share", "organisation"], name="one_party")
        ]

    def __str__(self) -> str:
        return str(self.organisation)
