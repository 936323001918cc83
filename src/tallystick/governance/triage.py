"""Triage: what kind of share is it, under which law, is it personal, how risky, is it covered: the lightest lawful path.

Requirements 1 to 9, 14, 35, 107 and 330. The answer is explained, step by step, so that data protection law is
neither forgotten nor used as a reason to refuse what it does not touch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tallystick.governance.cases import Case, Registry

Path = Literal["light", "ad-hoc", "covered", "full", "routed-out"]
Band = Literal["lowest", "low", "raised", "highest"]
PERSONAL = frozenset({"yes", "pseudonymised"})
IN_FORCE = frozenset({"in-force", "being-amended"})

BANDS: Mapping[tuple[bool, bool], Band] = {
    # (personal, validated): requirement 14
    (False, True): "lowest",
    (False, False): "low",
    (True, True): "raised",
    (True, False): "highest",
}


@dataclass(frozen=True)
class Triage:
    """Where a request goes, and why."""

    purpose: str
    regime: Literal["uk-gdpr", "part-3", "not-personal"]
    personal: bool
    band: Band
    path: Path
    agreement: str
    route: str
    explanation: tuple[str, ...]


def is_personal(answers: Mapping[str, Any]) -> bool:
    """Return whether it is personal data; pseudonymised data is (requirement 207), and what was not said may be."""
    return answers.get("personal", "yes") in PERSONAL


def regime_of(answers: Mapping[str, Any]) -> Literal["uk-gdpr", "part-3", "not-personal"]:
    """Return the law: the purpose fixes it, the body's status alone does not (requirements 3, 4 and 5)."""
    if not is_personal(answers):
        return "not-personal"
    enforcing = answers.get("purpose") == "law-enforcement" and answers.get("competent_authority") is True
    return "part-3" if enforcing else "uk-gdpr"


def triage(registry: Registry, answers: Mapping[str, Any], on: date) -> Triage:
    """Return where a request with these answers goes on a day, with the reasons in order."""
    personal, regime = is_personal(answers), regime_of(answers)
    validated = answers.get("validation") == "validated"
    purpose = str(answers.get("purpose", "not said"))
    why = [f"The purpose is {purpose}."]
    route = ""
    path: Path
    agreement = ""
    if purpose == "law-enforcement" and (regime == "part-3" or answers.get("health", "no") != "no"):
        path, route = (
            "routed-out",
            "dp9-dp7-form" if answers.get("health", "no") != "no" else "part-3-process",
        )
        why.append("It is for law enforcement: it goes to the established process, not this one.")
    elif cover := covering(registry, answers, on):
        path, agreement = "covered", cover.id
        why.append(f"It lies inside agreement {cover.id}, which is in force: it is not asked again.")
    elif not personal:
        path = "light"
        why.append("It can identify nobody: data protection law does not apply, and is no reason to refuse.")
    elif answers.get("ad_hoc") is True:
        path = "ad-hoc"
        why.append("It is personal and ad hoc: purpose, handling and a DPIA screening, no senior sign-off.")
    else:
        path = "full"
        why.append(
            "It is personal data and no agreement covers it: owners, screening and an agreement are needed."
        )
    if regime == "uk-gdpr" and purpose == "law-enforcement":
        why.append("Only a competent authority may process under Part 3: it is under UK GDPR.")
    band = BANDS[personal, validated]
    why.append(
        f"Risk is {band}: {'personal' if personal else 'not personal'}, {answers.get('validation', 'unprocessed')}."
    )
    return Triage(purpose, regime, personal, band, path, agreement, route, tuple(why))


def covering(registry: Registry, answers: Mapping[str, Any], on: date) -> Case | None:
    """Return an agreement in force on the day that covers the request whole, or None (requirements 9, 35 and 107).

    Research is never matched so: each application is decided on its merits by every owner and panel (52, 53 and 166).
    """
    if answers.get("ad_hoc") is True or answers.get("third_parties") or answers.get("purpose") == "research":
        return None
    return next(
        (case for case in registry.all("agreement") if not any(uncovered(case, answers, on, overdue=True))),
        None,
    )


def uncovered(
    agreement: Case, answers: Mapping[str, Any], on: date, *, overdue: bool = False
) -> Iterator[str]:
    """Yield what of a request an agreement does not cover; with ``overdue``, an overdue review counts."""
    starts, ends, review = agreement.day("starts"), agreement.day("ends"), agreement.day("next_review")
    if agreement.state not in IN_FORCE:
        yield f"it is {agreement.state}"
    if starts is not None and on < starts:
        yield "it has not begun"
    if ends is None or on > ends:
        yield "it has ended"
    if overdue and (review is None or review < on):
        yield "its review is overdue"
    if agreement.get("purpose") != answers.get("purpose"):
        yield "purpose"
    if is_personal(answers) and not agreement.get("personal", False):
        yield "personal data"
    for key in ("datasets", "recipients"):
        if not set(answers.get(key) or ()) <= set(agreement.get(key, ())):
            yield key
    if is_personal(answers) and not set(answers.get("fields") or ()) <= set(agreement.get("fields", ())):
        yield "fields"
