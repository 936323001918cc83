"""The tables of boards and of published packs: what the shares say, kept so that a list is one indexed query."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tallystick.service.registry.models import Share


class Reader(models.Model):
    """A body that may read a board's packs: a party to its memorandum, or a recipient that it names."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="readers")
    organisation = models.CharField(max_length=200)

    class Meta:
        """One row for each body of a board."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organisation", "share"], name="one_reader")
        ]

    def __str__(self) -> str:
        return str(self.organisation)


class Published(models.Model):
    """A pack that is in the public register."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="packs")
    name = models.CharField(max_length=100)
    published_on = models.DateField()

    class Meta:
        """The latest first."""

        ordering: ClassVar[list[str]] = ["-published_on", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["share", "name"], name="one_pack")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-published_on", "-id"], name="pack_published")
        ]

    def __str__(self) -> str:
        return str(self.name)
