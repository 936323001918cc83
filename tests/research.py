"""A research application under the sample's agreement, as its applicant answers it, and the panels that decide on it."""

from __future__ import annotations

from typing import Any

from tallystick.governance.specimens import specimen

FIELDS = ["justice.first_offence", "education.absence_rate", "education.exclusions"]
REASONS = {
    "justice.first_offence": "The outcome; a month is enough",
    "education.absence_rate": "The exposure",
    "education.exclusions": "A confounder",
    "coverage": "All years, for first offences are rare at each age",
}
PANELS = (
    # who speaks for a panel in the sample, which panel, in the order in which they decide
    ("mag", "moj-data-access-group"),
    ("dcs", "dfe-chief-statistician"),
    ("gov", "moj-data-access-governance-board"),
    ("rap", "uksa-research-accreditation-panel"),
)


def application(**changes: Any) -> dict[str, Any]:
    """Return the applicant's answers."""
    answers: dict[str, Any] = {
        "aim": "Find out how far absence from school precedes a first offence",
        "purpose": "research", "body": "research-organisation", "datasets": ["justice", "education"],
        "fields": FIELDS, "people": ["ria"], "setting": "ons-srs", "timeliness": "research-or-policy",
        "recipients": ["Accredited researchers in the ONS Secure Research Service"],
        "field_justification": "\n".join(f"{name}: {reason}" for name, reason in REASONS.items()),
        "access_until": "2028-06-30", "keep_until": "2028-06-30", "criminal_offence": True,
    }  # fmt: skip
    return specimen("request", "submit", **{**answers, **changes})
