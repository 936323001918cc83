"""Indexes for lists: which project lies in which share, who works on it, where each of its outputs stands.

The truth is in the share: ``projects/<id>.toml`` and ``outputs/<project>/<id>/review.json``. Rows are written after each act and at start.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tallystick.service.registry.models import Share


class Project(models.Model):
    """A project of a share."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=300)
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)

    class Meta:
        """One row for each file."""

        ordering: ClassVar[list[str]] = ["title", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["share", "name"], name="one_project")
        ]

    def __str__(self) -> str:
        return str(self.name)


class ProjectPerson(models.Model):
    """A person who is named in a project, by the id under which they act."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="people")
    person = models.CharField(max_length=120, db_index=True)

    class Meta:
        """One row for each person."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "person"], name="one_project_person")
        ]

    def __str__(self) -> str:
        return str(self.person)


class Output(models.Model):
    """An output that was handed in, as it stands."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="outputs")
    review = models.CharField(max_length=40, unique=True)
    author = models.CharField(max_length=120)
    state = models.CharField(max_length=20)
    files = models.CharField(max_length=300)
    wants_checker = models.BooleanField()
    version = models.PositiveIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        """Lists are read by project or by state, those that changed last first."""

        ordering: ClassVar[list[str]] = ["-changed_at", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "-changed_at"], name="output_state"),
            models.Index(fields=["project", "-changed_at"], name="output_project"),
        ]

    def __str__(self) -> str:
        return str(self.review)


class OutputChecker(models.Model):
    """A checker who took an output up, and whether their vote is still wanted."""

    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="checkers")
    person = models.CharField(max_length=120, db_index=True)
    is_awaited = models.BooleanField()

    class Meta:
        """One row for each checker."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["output", "person"], name="one_output_checker")
        ]

    def __str__(self) -> str:
        return str(self.person)
