"""The tables of notices. A notice names its case and its cause; of what the case says it holds nothing."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from tallystick.service.accounts.models import Membership

KINDS = ("waits", "due", "overdue", "decided")
WISHES = ("at-once", "daily", "never")


class Notice(models.Model):
    """That something happened which one person should know in one of their roles; ``key`` is its cause, told once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10)
    process = models.CharField(max_length=20)
    subject = models.CharField(max_length=120)
    state = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=32, blank=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        """One notice of one cause to one person; lists are read by person, newest first, the outbox whole."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "kind", "key"], name="one_notice")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-id"], name="notice_list"),
            models.Index(fields=["user"], condition=models.Q(mailed_at=None), name="notice_outbox"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.process} {self.subject}"


class Wish(models.Model):
    """How somebody wants to be told by e-mail, and in which language. Who said nothing is told at once, in English."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="wish")
    mail = models.CharField(max_length=10, default="at-once")
    language = models.CharField(max_length=5, default="en-gb")

    def __str__(self) -> str:
        return str(self.mail)


class Cursor(models.Model):
    """One row: up to which event people were told, and when was last looked for what is due."""

    events = models.PositiveBigIntegerField(default=0)
    dues_at = models.DateTimeField(null=True)
