"""The sample of ``tally serve --sample``: two departments, a provider, shares of synthetic people, and somebody for each role.

Its accounts are for a machine of one's own: passwords are made anew and printed once, with the second factors' secrets.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings

from tallystick import synth
from tallystick.agreement import io
from tallystick.agreement.schema import Recipient
from tallystick.errors import BadInput
from tallystick.governance.cases import Command
from tallystick.service import roles
from tallystick.service.accounts import people
from tallystick.service.accounts.models import User
from tallystick.service.lab import find
from tallystick.service.packs import find as packs
from tallystick.service.registry import store
from tallystick.service.registry.shares import record
from tallystick.share.board import PUBLIC
from tallystick.share.returns import EARLY as EARLY_SIGHT
from tallystick.synth.papers import signed

MOJ, DFE, HMCTS, CHARITY = "Ministry of Justice", "Department for Education", "HMCTS", "The provider"
UNIVERSITY = "University of Example"
CHAIR, EARLY = "Police and Crime Commissioner", "Board analysts"
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
    ("ron", UNIVERSITY, "requester"),
    ("ria", UNIVERSITY, "researcher"),
    ("mag", "moj-data-access-group", "panel"),
    ("gov", "moj-data-access-governance-board", "panel"),
    ("dcs", "dfe-chief-statistician", "panel"),
    ("rap", "uksa-research-accreditation-panel", "panel"),
    ("cat", MOJ, "output-checker"),
    ("col", DFE, "output-checker"),
    ("cyd", DFE, "output-checker"),
    ("pol", "Northshire Police", "supplier"),
    ("bob", CHAIR, "board-analyst"),
    ("meg", "Local criminal justice board members", "board-member"),
    ("eli", EARLY, "board-member"),
)
SHARE, BOARD, LAB = "moj-dfe", "local-board", "justice-data-lab"
COHORT, RETURN = "sample-cohort.csv", "sample-police.csv"
"""What the provider and the police of the sample have to upload: it lies in the home folder."""
HELD = frozenset({"iao", "dpo", "siro", "panel", "researcher"})
"""Offices whose holder the register must know before they may decide, or work on a project."""
FIT = {
    # what the register of offices must say of a researcher before they get access, and who enters it
    "train": ("data-access-team", {"course": "Safe researcher training"}, "trained_until"),
    "clear": ("siro", {"clearance": "BPSS"}, "cleared_until"),
    "accredit": ("data-access-team", {"scheme": "UKSA accredited researcher"}, "accredited_until"),
    "accept-terms": ("requester", {"terms": "Terms of use, version 1"}, ""),
}


def make(now: datetime) -> Iterator[str]:
    """Yield lines that say how to sign in, the sample being made on the way; what is there already stays."""
    if settings.ENVIRONMENT.is_secure:
        raise BadInput("The sample is for a machine of one's own: leave TALLYSTICK_URL at http://127.0.0.1.")
    shares(now)
    for command in appointments(now):
        store.act(command)
    yield "Sample accounts (passwords are new at each start; codes come from an authenticator app with the secret):"
    yield f"  {'address':24} {'password':18} {'second factor':34} role"
    for name, organisation, role in PEOPLE:
        user = people.add(f"{name}@example.org", organisation, role, now, person=name)
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save()
        secret = second_factor(user) if roles.needs_second_factor(role) else "none"
        yield f"  {user.email:24} {password:18} {secret:34} {role}, {organisation}"
    yield f"To upload as the provider: {settings.ENVIRONMENT.home / COHORT}; as the police: {settings.ENVIRONMENT.home / RETURN}"


def shares(now: datetime) -> None:
    """Make and record the sample's shares: two departments' and a lab's with their records, and a local board's agreement."""
    folder = settings.ENVIRONMENT.shares
    if not (folder / SHARE).exists():
        synth.write("moj-dfe", folder / SHARE, people=1000, seed=1, on=now.date())
    if not (folder / BOARD).exists():
        board(folder / BOARD, now)
    if not (folder / LAB).exists():
        synth.write("justice-data-lab", folder / LAB, people=3000, seed=5, on=now.date())
        (folder / LAB / "supplies" / "cohort.csv").rename(settings.ENVIRONMENT.home / COHORT)
    find.keep(record(folder / LAB, now))
    record(folder / SHARE, now)
    packs.keep(record(folder / BOARD, now))


def board(folder: Path, now: datetime) -> None:
    """Make a board with the returns of all its agencies but the police; its packs may be published, and seen early by its analysts."""
    synth.write("local-performance", folder, people=600_000, seed=1, on=now.date())
    held = io.load(folder)
    recipients = (
        *held.recipients,
        Recipient(name=EARLY, receives="aggregate", purposes=("local picture", EARLY_SIGHT)),
        Recipient(name=PUBLIC, receives="aggregate", purposes=("local picture",)),
    )
    joint = held.disclosure.model_copy(update={"publication": "joint"})
    amended = held.model_copy(update={"recipients": recipients, "disclosure": joint, "signatures": ()})
    io.dump(signed(amended), folder / "agreement.toml")
    (folder / "supplies" / "police.csv").rename(settings.ENVIRONMENT.home / RETURN)


def appointments(now: datetime) -> Iterator[Command]:
    """Yield the commands that put people of the sample into their offices; asked twice, each is done once."""
    for name, body, office in PEOPLE:
        if office in HELD:
            answers = {"person": name, "body": body, "office": office, "from": now.date().isoformat()}
            yield command(f"sample-{name}", name, body, "appoint", "siro", answers, now)
        if office == "researcher":
            until = now.date().replace(year=now.year + 4, day=1).isoformat()
            for act, (role, said, key) in FIT.items():
                yield command(
                    f"sample-{name}-{act}",
                    name,
                    body,
                    act,
                    role,
                    {**said, **({key: until} if key else {})},
                    now,
                )


def command(
    event_id: str, name: str, body: str, act: str, role: str, answers: dict[str, Any], now: datetime
) -> Command:
    """Return an act on the office of somebody of the sample."""
    return Command(
        event_id=event_id, process="office", subject=f"sample.{name}", act=act, at=now, by="sample", role=role,
        organisation=body, answers=answers,
    )  # fmt: skip


def second_factor(user: User) -> str:
    """Return the secret of a person's second factor, set up anew."""
    Authenticator.objects.filter(user=user).delete()
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret
