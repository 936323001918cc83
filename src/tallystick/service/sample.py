"""The sample of ``tally serve --sample``: two departments, a provider, shares of synthetic people, and somebody for each role.

Its accounts are for a machine of one's own: passwords are made anew and printed once, with the second factors' secrets.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings

from tallystick import synth
from tallystick.agreement import io
from tallystick.agreement.presets import template
from tallystick.errors import BadInput
from tallystick.governance.cases import Command
from tallystick.service import roles
from tallystick.service.accounts import people
from tallystick.service.accounts.models import User
from tallystick.service.lab import find
from tallystick.service.registry import store
from tallystick.service.registry.shares import record

MOJ, DFE, HMCTS, CHARITY = "Ministry of Justice", "Department for Education", "HMCTS", "The provider"
PEOPLE = (
    # who, of which body, in which role
    ("ann", HMCTS, "requester"),
    ("tom", MOJ, "data-access-team"),
    ("ivy", MOJ, "iao"),
    ("dan", MOJ, "dpo"),
    ("sue", MOJ, "siro"),
    ("lea", MOJ, "lead"),
    ("sam", MOJ, "supplier"),
    ("lin", MOJ, "linker"),
    ("stu", MOJ, "steward"),
    ("rae", MOJ, "reviewer"),
    ("roy", DFE, "reviewer"),
    ("eve", DFE, "requester"),
    ("ned", DFE, "supplier"),
    ("ida", DFE, "iao"),
    ("pam", DFE, "dpo"),
    ("pru", CHARITY, "provider"),
    ("ana", MOJ, "lab-analyst"),
    ("bea", MOJ, "lab-analyst"),
)
SHARE, BOARD, LAB = "moj-dfe", "local-board", "justice-data-lab"
COHORT = "sample-cohort.csv"
"""A filled-in upload for the sample's lab: it lies in the home folder, for whoever plays the provider."""
HELD = frozenset({"iao", "dpo", "siro"})
"""Offices whose holder the register must know before they may decide."""


def make(now: datetime) -> Iterator[str]:
    """Yield lines that say how to sign in, the sample being made on the way; what is there already stays."""
    if settings.ENVIRONMENT.is_secure:
        raise BadInput("The sample is for a machine of one's own: leave TALLYSTICK_URL at http://127.0.0.1.")
    shares(now)
    for name, body, office in PEOPLE:
        if office in HELD:
            store.act(appointment(name, body, office, now))
    yield "Sample accounts (passwords are new at each start; codes come from an authenticator app with the secret):"
    yield f"  {'address':24} {'password':18} {'second factor':34} role"
    for name, organisation, role in PEOPLE:
        user = people.add(f"{name}@example.org", organisation, role, now, person=name)
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save()
        secret = second_factor(user) if roles.needs_second_factor(role) else "none"
        yield f"  {user.email:24} {password:18} {secret:34} {role}, {organisation}"
    yield f"A cohort to upload as the provider: {settings.ENVIRONMENT.home / COHORT}"


def shares(now: datetime) -> None:
    """Make and record the sample's shares: two departments' and a lab's with their records, and a local board's agreement."""
    folder = settings.ENVIRONMENT.shares
    if not (folder / SHARE).exists():
        synth.write("moj-dfe", folder / SHARE, people=1000, seed=1, on=now.date())
    if not (folder / BOARD).exists():
        (folder / BOARD).mkdir()
        io.write_text(folder / BOARD / "agreement.toml", template("local-performance"))
    if not (folder / LAB).exists():
        synth.write("justice-data-lab", folder / LAB, people=3000, seed=5, on=now.date())
        (folder / LAB / "supplies" / "cohort.csv").rename(settings.ENVIRONMENT.home / COHORT)
    find.keep(record(folder / LAB, now))
    record(folder / SHARE, now)
    record(folder / BOARD, now)


def appointment(name: str, body: str, office: str, now: datetime) -> Command:
    """Return the command that puts somebody of the sample into their office; asked twice, it is done once."""
    subject = f"sample.{name}"
    return Command(
        event_id=f"sample-{name}", process="office", subject=subject, act="appoint", at=now, by="sample", role="siro",
        organisation=body, answers={"person": name, "body": body, "office": office, "from": now.date().isoformat()},
    )  # fmt: skip


def second_factor(user: User) -> str:
    """Return the secret of a person's second factor, set up anew."""
    Authenticator.objects.filter(user=user).delete()
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret
