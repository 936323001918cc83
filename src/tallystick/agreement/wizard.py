"""Which agreement is required, and why: the guidance's choice between MoU, DSA and ISP.

Requirements 2, 5, 100 to 102, 112 and 121.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tallystick.agreement.schema import About, Agreement, Kind, Party, Purpose, Wales
from tallystick.agreement.values import after


@dataclass(frozen=True)
class Situation:
    """The wizard's few questions, answered."""

    purpose: Purpose
    personal: bool
    same_security: bool = False
    waspi: bool = False
    ad_hoc: bool = False


@dataclass(frozen=True)
class Choice:
    """The kind of agreement, the reason in a sentence for each step, and the template to start from if there is one."""

    kind: Kind
    because: tuple[str, ...]
    template: str = ""


QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "personal",
        "Could anybody be identified from the data, directly or by combination? (pseudonyms count as yes)",
    ),
    ("same_security", "Does every party meet the same government security requirements?"),
    ("waspi", "Is a party a signatory of the Wales Accord (WASPI)?"),
    ("ad_hoc", "Is it asked for once, and not to be repeated?"),
)


def choose(situation: Situation) -> Choice:
    """Return the lightest agreement that the situation lawfully allows, and why.

    >>> choose(Situation("performance", personal=False)).kind
    'mou'
    """
    reasons: list[str] = []
    if situation.purpose == "law-enforcement":
        reasons.append("Law enforcement goes by the established Part 3 process: name it in `[part_3] basis`.")
    if situation.ad_hoc:
        reasons.append(
            "Asked for once: the agreement may be short (`ad_hoc = true`), with the business need, the handling and "
            "the DPIA screening on record."
        )
    if not situation.personal:
        reasons.append(
            "It holds no personal data, so data-protection law does not apply and is no reason to refuse. "
            "An MoU is good practice, and it keeps a repeat from being asked again."
        )
        return Choice("mou", tuple(reasons), template_for(situation))
    if situation.waspi:
        reasons.append(
            "A WASPI signatory shares personal data by WASPI's template and its quality assurance."
        )
        return Choice("isp", tuple(reasons), template_for(situation))
    if situation.same_security:
        reasons.append(
            "It holds personal data between bodies under the same government security requirements: an MoU may carry "
            "it, with a DSA's terms inside (lawful basis, conditions, rights). The content counts, not the title."
        )
        return Choice("mou", tuple(reasons), template_for(situation))
    reasons.append(
        "It holds personal data, and not every party meets the same government security requirements: a DSA."
    )
    return Choice("dsa", tuple(reasons), template_for(situation))


def template_for(situation: Situation) -> str:
    """Return the nearest template, or nothing."""
    if situation.purpose == "performance" and not situation.personal:
        return "local-performance"
    return "moj-dfe" if situation.purpose == "research" and situation.personal else ""


def draft(
    situation: Situation, *, reference: str, title: str, parties: tuple[str, ...], on: date
) -> Agreement:
    """Return a first draft: what the wizard knows is filled in, and `check` says what is still to answer."""
    choice = choose(situation)
    starts = on
    return Agreement(
        agreement=About(
            id=reference, title=title, kind=choice.kind, purpose=situation.purpose, ad_hoc=situation.ad_hoc,
            personal_data=None if situation.personal else False, starts=starts, next_review=after(starts, "P1Y"),
            nations=("England", "Wales") if situation.waspi else ("England",),
        ),
        party=tuple(
            Party(
                name=name, role="controller", government_security=situation.same_security or None,
                waspi_signatory=situation.waspi,
            )
            for name in parties
        ),
        wales=Wales(template="WASPI") if situation.waspi else Wales(),
    )  # fmt: skip
