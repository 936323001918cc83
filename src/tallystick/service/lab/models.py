"""The table of analyses: where each stands, as its share's files and ledger say, kept so that a list is one indexed query."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tallystick.service.registry.models import Share


class Analysis(models.Model):
    """One provider's analysis. Nothing here is the truth: `keep` makes the row anew from the share."""

    share = models.OneToOneField(Share, on_delete=models.CASCADE, related_name="analysis")
    provider = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    programme = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=0)
    is_fixed = models.BooleanField(default=False)
    has_report = models.BooleanField(default=False)
    waiting = models.PositiveIntegerField(default=0)
    review_ends = models.DateField(null=True)
    publishes_on = models.DateField(null=True)
    published_on = models.DateField(null=True)
    destruction_due = models.DateField(null=True)

    class Meta:
        """A provider's people list theirs; the public register lists what was published, the latest first."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["provider", "-id"], name="analysis_provider"),
            models.Index(fields=["-published_on", "-id"], name="analysis_published"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"
