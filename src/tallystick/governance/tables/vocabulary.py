"""The closed vocabularies that more than one form uses, each with the requirement it comes from."""

from __future__ import annotations

from typing import get_args

from tallystick.agreement.dataset import Classification, SpecialCategory
from tallystick.agreement.schema import Office, Purpose

PURPOSES = get_args(Purpose)
CLASSIFICATIONS = get_args(Classification)
SPECIAL_CATEGORIES = get_args(SpecialCategory)
"""Requirements 1, 245 and 89, in the agreement's own words."""

VALIDATION = ("validated", "partly-validated", "unprocessed")
"""Requirements 14 and 289."""

BODIES = (
    "police-and-crime-commissioner", "local-criminal-justice-board", "criminal-justice-board-for-wales", "police",
    "hmcts", "hmpps", "youth-justice-board", "cps", "government-department", "welsh-government", "apcc", "npcc",
    "health", "education", "local-government", "research-organisation", "service-provider",
)  # fmt: skip
"""Requirement 11; the last two ask under documents 001 and 003."""

PRINCIPLES = (
    "lawfulness-fairness-transparency", "purpose-limitation", "data-minimisation", "accuracy", "storage-limitation",
    "integrity-and-confidentiality", "accountability",
)  # fmt: skip
"""Requirements 40 and 48: seven, as §7.2 lists them (tension X7)."""

HIGH_RISK = (
    "innovative-technology", "large-scale-profiling", "biometric", "genetic", "data-matching", "invisible-processing",
    "tracking", "children-or-vulnerable", "risk-of-physical-harm",
)  # fmt: skip
"""Requirement 125."""

INCIDENTS = (
    "personal-email", "wrong-recipient", "accidental-disclosure", "personal-data-left-in", "credential-sharing",
    "unapproved-download", "corruption-or-unavailability", "integrity", "required-dpia-missing", "kept-after-deletion",
    "other",
)  # fmt: skip
"""Requirement 282; requirement 135 makes a missing DPIA one, requirement 256 a copy that an audit finds."""

ALTERNATIVES = ("longer-period", "omit-until-verified", "subset-first", "anonymised", "later")
"""Requirement 42."""

LOCAL_PURPOSES = (
    "local-picture", "end-to-end-performance", "service-gaps", "board-running", "engage-partners", "unmet-need",
    "case-coordination", "avoid-repeating-information",
)  # fmt: skip
"""Requirement 318."""

ROUTES = ("cjsm", "government-secure-email", "secure-platform", "sftp", "encrypted-medium", "other")
"""Requirement 232; ``other`` is what is not permitted."""

HOLDINGS = (
    "identifiers", "attributes", "links", "extract", "individual-level", "linked-anonymised", "linked-pseudonymised",
    "aggregate", "research-dataset",
)  # fmt: skip
"""Requirements 251 to 254 and 258: what the clocks tell apart."""

INDEFINITE = frozenset({"aggregate", "research-dataset"})
"""What may be kept without an end (requirements 254 and 258)."""

OFFICES = (*get_args(Office), "security", "panel", "requester", "researcher", "linker", "lab-analyst")
"""Requirement 147, and the people whose training and clearance count (153, 155, 156)."""

CLEARANCES = ("BPSS", "CTC", "SC", "DV")
"""Requirement 153, lowest first."""

CLEARANCE_NEEDED = {"OFFICIAL": "BPSS", "OFFICIAL-SENSITIVE": "BPSS", "SECRET": "SC", "TOP SECRET": "DV"}
"""The least clearance for each classification (requirement 153)."""
