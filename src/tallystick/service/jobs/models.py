"""The table of jobs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

OPEN = ("waiting", "running")


class Job(models.Model):
    """A step of a share that somebody asked for, with its options. A job that runs is held by a lease: whoever holds it says so again and again."""

    share = models.CharField(max_length=200)
    step = models.CharField(max_length=20)
    options = models.JSONField(default=dict)
    by = models.CharField(max_length=120)
    role = models.CharField(max_length=40)
    organisation = models.CharField(max_length=200)
    state = models.CharField(max_length=10, default="waiting")
    progress = models.FloatField(default=0)
    text = models.CharField(max_length=200, blank=True)
    findings = models.JSONField(default=list)
    attempts = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """One open job for each share: its doors open one at a time."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["share"], condition=models.Q(state__in=OPEN), name="one_open_job")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "id"], name="job_queue")]

    def __str__(self) -> str:
        return f"{self.step} {self.share}"
