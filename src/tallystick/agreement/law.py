"""Closed lists that rules read: conditions of the law, powers to share, triggers of a DPIA, who may be told what.

Law moves: a condition has the day from which it may be cited. `unverified` marks what could not be checked against its text
here. Requirements 79 to 89 and 125, tension X10 (references are words of a list, not free text), section Y.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Citation:
    """Something of the law that may be cited, and from when."""

    text: str
    about: str
    starts: date | None = None
    unverified: bool = False


ARTICLE_6 = (
    Citation("6(1)(a)", "consent"),
    Citation("6(1)(b)", "contract"),
    Citation("6(1)(c)", "legal obligation"),
    Citation("6(1)(d)", "vital interests"),
    Citation("6(1)(e)", "public task"),
    Citation("6(1)(ea)", "recognised legitimate interests", date(2026, 2, 5), unverified=True),
    Citation("6(1)(f)", "legitimate interests (not for a public authority's own tasks)"),
)
ARTICLE_9 = tuple(
    Citation(f"9(2)({letter})", about)
    for letter, about in {
        "a": "explicit consent",
        "b": "employment and social protection",
        "c": "vital interests",
        "d": "not-for-profit bodies",
        "e": "made public by the person",
        "f": "legal claims and courts",
        "g": "substantial public interest",
        "h": "health or social care",
        "i": "public health",
        "j": "archiving, research and statistics",
    }.items()
)
SCHEDULE_1 = r"Part [1-3],? para(graph)? \d+[A-Z]?(\(\d+\))?"
"""How a condition of DPA 2018 Schedule 1 is written: its Part (1 to 3) and its paragraph."""
BEFORE_THE_ACT = r"\b(the bill|dp ?b(ill)?,? 2018|data protection bill|(data protection act|dpa),? 1998|art(icle|\.)? ?1 ?\(e\))"
"""Words that show a citation from before the Act, or a slip (tensions X10 and X14)."""

DFE_POWERS = (
    Citation("education act 1996", "section 537A (pupils) and 537B (alternative provision)"),
    Citation("childcare act 2006", "section 99: early years"),
    Citation("apprenticeships, skills, children and learning act 2009", "section 253A: key stages 4 and 5"),
    Citation("education and skills act 2008", "section 87: learners"),
    Citation("children act 1989", "section 83: children's services"),
)
"""The powers under which the Department for Education shares, dataset by dataset (requirement 83)."""

DPIA_TRIGGERS = (
    "innovative-technology", "denial-of-service", "large-scale-profiling", "biometric", "genetic", "data-matching",
    "invisible-processing", "tracking", "children-or-vulnerable", "risk-of-physical-harm",
)  # fmt: skip
HIGH_RISK_ALWAYS = ("data-matching",)

OPERATIONAL_IDS = (
    "case_id", "case_number", "urn", "pnc", "pnc_id", "prison_number", "nomis_number", "noms_number", "defendant_id",
    "court_case_reference", "upn", "uln", "nhs_number", "national_insurance_number", "nino", "cro_number",
)  # fmt: skip
"""Names of columns that are identifiers of an operational system, whatever the agreement calls them (189 and 191)."""

MOJ_DFE_IDENTIFIERS = frozenset(
    {"first_name", "forename", "middle_name", "surname", "dob", "gender", "sex", "postcode"}
)
MOJ_DFE_COHORT = (r"(?i)>=\s*(date\s*)?'1985-08-31'", r"(?i)>=\s*(date\s*)?'2000-01-01'")

INTERNAL_ONLY_SOURCES = ("hmcts-weekly-mi", "hmcts-trials-mi")
POSSIBLY_PERSONAL_SOURCES = ("victims-code-monitoring", "dip-sampling")

AGGREGATE_ONLY_RECIPIENTS = ("nhs", "department of health", "care quality commission", "ofsted")
"""Bodies that the pupil privacy notices give only anonymised or aggregate data (requirement 214)."""

CLEARANCE_NEEDED = {
    "OFFICIAL": (),
    "OFFICIAL-SENSITIVE": ("BPSS", "CTC", "SC", "DV"),
    "SECRET": ("SC", "DV"),
    "TOP SECRET": ("DV",),
}
CLASSIFICATIONS = tuple(CLEARANCE_NEEDED)

LAB_IDENTIFIERS = ("first_name", "surname", "dob", "gender")
LAB_DATES = ("index_date", "conviction_date", "intervention_start")


def may_cite(text: str, citations: Iterable[Citation], on: date) -> bool:
    """Whether ``text`` names one of these, with or without the word Article, in force on that day."""
    said = text.casefold().removeprefix("uk gdpr ").removeprefix("article ").replace(" ", "")
    return any(said == one.text.casefold() and (one.starts is None or one.starts <= on) for one in citations)


def names_a_power(text: str, powers: Iterable[Citation]) -> bool:
    """Whether ``text`` names one of these powers."""
    said = " ".join(text.casefold().replace("-", " ").split())
    return any(power.text in said for power in powers)
