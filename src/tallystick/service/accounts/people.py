"""Accounts made, by whoever runs the service: a person, their organisation, their role, and a link to choose a password."""

from __future__ import annotations

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.text import slugify

from tallystick.errors import BadInput
from tallystick.governance.declared import person_id
from tallystick.service import roles
from tallystick.service.accounts.models import Membership, Organisation, User


@transaction.atomic
def add(email: str, organisation: str, role: str, now: datetime, person: str = "") -> User:
    """Return the account of this address, made if need be, with a role in an organisation; raise BadInput for a wrong word."""
    try:
        validate_email(email)
    except ValidationError:
        raise BadInput("The e-mail address is not one. Write it as name@example.org.") from None
    if role not in roles.ROLES:
        raise BadInput(f"There is no role {role!r}. There are: {', '.join(roles.ROLES)}.")
    email = email.lower()
    user, made = User.objects.get_or_create(
        email=email, defaults={"person": person or person_id(email), "created_at": now}
    )
    if made:
        user.set_unusable_password()
        user.save()
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    Membership.objects.get_or_create(user=user, organisation=body(organisation), role=role)
    return user


def body(name: str) -> Organisation:
    """Return the organisation of this name, made if need be."""
    known = Organisation.objects.filter(name=name).first()
    return known or Organisation.objects.create(name=name, slug=slugify(name)[:200])


def invitation(user: User) -> str:
    """Return the link by which somebody chooses their password; it works once."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uid, _, token = key.partition("-")
    return f"{settings.ENVIRONMENT.url}{reverse('account_reset_password_from_key', args=[uid, token])}"


def close(email: str) -> bool:
    """Close an account, and return whether there was one: an inactive person's session is void at the next page."""
    return bool(User.objects.filter(email=email.lower()).update(is_active=False))
