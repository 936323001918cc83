"""What is done at a door, as values that rules read: data that moves, an output, an access, a cohort that a provider sends.

Whoever opens a door says what passes through it; what is not said is taken as not done.
"""

from __future__ import annotations

from datetime import date

from pydantic import Field

from tallystick.agreement.dataset import Classification
from tallystick.agreement.schema import Purpose
from tallystick.agreement.values import Fraction, Section


class Movement(Section):
    """Data that leaves one room for another: at the doors supply, link, extract, release and publish."""

    dataset: str = ""
    fields: tuple[str, ...] = ()
    sender: str = ""
    recipient: str = ""
    purpose: Purpose | None = None
    route: str = ""
    encrypted: bool = True
    label: Classification | None = None
    country: str = "United Kingdom"
    caveat: str = ""
    needs_complete_accuracy: bool = False
    about_individuals: bool = False
    for_another_analysis: bool = False
    onward: bool = False
    publisher: str = ""


class Output(Section):
    """A result that asks to leave: at the doors output, release and publish."""

    project: str = ""
    aggregate: bool = True
    within_scope: bool | None = None
    checked_by: tuple[str, ...] = ()
    produced_by: str = ""
    smallest_cell: int | None = Field(default=None, ge=0)
    identifies_individuals: bool = False
    about_one_person: bool = False
    returned_to: str = ""
    supplied_from: str = ""
    published_on: date | None = None


class Access(Section):
    """A person's access to a room: at the doors link, review, deidentify and extract."""

    person: str
    purpose: str = ""
    employee: bool = False
    clearance: str = ""
    resources: tuple[str, ...] = ()
    level: str = ""
    until: date | None = None
    two_factor: bool = False
    by_role: bool = False
    security_terms_signed: bool = False
    trained_until: date | None = None
    identifiers: bool = False
    lab: bool = False


class Analysis(Section):
    """A cohort that is to be evaluated against a comparison group: at the door lab.

    ``outcome`` is asked within ``follow_up_months``; ``is_reoffending`` where it is proven reoffending as officially defined.
    """

    cohort: int = Field(default=0, ge=0)
    assured_by: str = ""
    outcome: str = "reoffended"
    is_reoffending: bool = True
    follow_up_months: int = Field(default=12, ge=1)


class Submission(Section):
    """A cohort that a provider sends to the Justice Data Lab: at the door supply."""

    cohort: int = Field(default=0, ge=0)
    has_fields: tuple[str, ...] = ()
    route: str = ""
    sender_registered: bool = False
    on_template: bool = False
    compliance_assured: bool = False
    receipt_sent: bool = False
    original_deleted: bool = False
    names_only: Fraction = 0.0
