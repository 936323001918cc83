"""People, organisations and memberships. A person's ``person`` is the id under which the registry and the ledger know them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Organisation(models.Model):
    """A body, by the name that agreements use for it."""

    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=200, unique=True)

    def __str__(self) -> str:
        return str(self.name)


class User(AbstractBaseUser):
    """Somebody who may sign in."""

    email = models.EmailField(unique=True)
    person = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = BaseUserManager()
    USERNAME_FIELD = "email"

    def __str__(self) -> str:
        return str(self.person)


class Membership(models.Model):
    """A role of somebody in an organisation, for as long as it lasts."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=40)
    until = models.DateField(null=True, blank=True)

    class Meta:
        """One row for each role."""

        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.organisation}"


class Token(models.Model):
    """A token of the API, by its hash."""

    hash = models.CharField(max_length=64, unique=True)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE)
    until = models.DateField()

    def __str__(self) -> str:
        return str(self.membership)
