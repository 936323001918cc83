"""Signing an agreement, and making its next version. Requirements 57, 108 and 115."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast, get_args

from tallystick.agreement import gates
from tallystick.agreement.conditions import is_controller, same_person
from tallystick.agreement.io import document_hash
from tallystick.agreement.rules import RULES
from tallystick.agreement.schema import Agreement, Office, Signature
from tallystick.agreement.values import after
from tallystick.errors import BadInput, Finding, Refused


def sign(agreement: Agreement, party: str, officer: str, name: str, at: datetime) -> Agreement:
    """Return the agreement with this signature; a signature of an earlier text falls away.

    Raises BadInput for an unknown party or office; Refused when ``name`` does not hold the office, or while the text still
    breaks a rule.
    """
    signatory = agreement.party(party)
    if signatory is None:
        known = ", ".join(repr(one.name) for one in agreement.parties) or "none"
        raise BadInput(f"There is no party {party!r}. The parties are: {known}.")
    if officer not in get_args(Office):
        raise BadInput(f"There is no office {officer!r}. The offices are: {', '.join(get_args(Office))}.")
    office = cast(Office, officer)
    if not same_person(signatory.officers.get(office, ""), name):
        raise Refused([not_the_holder(party, office)])
    gates.ask(agreement, "sign", at.date())
    signature = Signature(
        party=party, officer=office, name=name, signed_at=at, document_hash=document_hash(agreement)
    )
    others = tuple(
        one
        for one in agreement.signatures
        if one.document_hash == signature.document_hash and (one.party, one.officer) != (party, officer)
    )
    return agreement.model_copy(update={"signatures": (*others, signature)})


def not_the_holder(party: str, officer: str) -> Finding:
    """Return the finding that someone would sign for an office that they do not hold."""
    rule = next(rule for rule in RULES if rule.id == "signed-by-office")
    numbers = ", ".join(str(number) for number in rule.requirements)
    return Finding(rule.id, rule.says, rule.do, f"party {party!r}, {officer}", numbers, rule.cited)


def amend(agreement: Agreement, on: date, *, reviewed: bool = False) -> Agreement:
    """Return the next version, to be edited and signed: it names the one that it replaces and bears no signature.

    With ``reviewed`` it also records that the agreement was reviewed on that day, and when it is to be next.
    """
    update: dict[str, object] = {
        "version": agreement.about.version + 1,
        "supersedes": document_hash(agreement),
    }
    if reviewed:
        update["reviewed_on"] = on
        update["next_review"] = after(on, agreement.review.every or "P1Y")
    return agreement.model_copy(update={"about": agreement.about.model_copy(update=update), "signatures": ()})


def still_to_sign(agreement: Agreement) -> tuple[str, ...]:
    """Return the controllers without a signature of this text."""
    here = document_hash(agreement)
    signed = {signature.party for signature in agreement.signatures if signature.document_hash == here}
    return tuple(
        party.name for party in agreement.parties if is_controller(party) and party.name not in signed
    )
