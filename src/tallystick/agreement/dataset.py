"""A dataset of the agreement and its fields: whose it is, under which power it is shared, what it holds, how good it is."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tallystick.agreement.values import Fraction, Name, Section

Classification = Literal["OFFICIAL", "OFFICIAL-SENSITIVE", "SECRET", "TOP SECRET"]
FieldKind = Literal["identifier", "attribute", "event-date", "case-id", "linkage-evidence"]
FieldType = Literal["string", "date", "datetime", "integer", "number", "boolean"]
Validation = Literal["validated", "partly-validated", "unvalidated"]
SpecialCategory = Literal[
    "racial-or-ethnic-origin", "political-opinions", "religious-or-philosophical-beliefs",
    "trade-union-membership", "genetic", "biometric", "health", "sex-life", "sexual-orientation",
]  # fmt: skip
"""UK GDPR Article 9(1); criminal-offence data is not among them (requirement 89)."""


class DataField(Section):
    """`[[dataset.field]]`: one column, its kind, and why it is needed.

    Without a ``type`` an event or birth date is a date and all else is text; a birth date of ``type = "string"`` is taken
    as written, even where no such day exists.
    """

    name: str
    kind: FieldKind
    matches: str = ""
    required: bool = False
    type: FieldType | None = None
    format: str = ""
    allowed: tuple[str, ...] = ()
    minimum: float | date | None = None
    maximum: float | date | None = None
    max_length: int | None = Field(default=None, ge=1)
    unique: bool = False
    description: str = ""
    special_category: bool | SpecialCategory = False
    criminal_offence: bool = False
    confidential_health: bool = False
    intelligence: bool = False
    justification: str = ""
    reviewed_on: date | None = None
    origin: str = ""

    @property
    def is_sensitive(self) -> bool:
        """Whether the field needs a justification of its own (requirements 90 and 169)."""
        return bool(self.special_category) or self.criminal_offence or self.confidential_health


class Quality(Section):
    """`[dataset.quality]`: the quality statement that goes with a dataset (requirement 289)."""

    scope: str = ""
    format: str = ""
    definitions: str = ""
    period: str = ""
    limits: str = ""
    validation: Validation | None = None
    timeliness: Literal["", "day-to-day", "research"] = ""
    frequency: str = ""


class Dataset(Section):
    """`[[dataset]]`: what one supplier supplies, under which power, and its columns."""

    name: Name
    supplier: str
    gateway: str = ""
    regulations: str = ""
    path: str = ""
    id_column: str = "record_id"
    eligible: str = ""
    new_supply: Literal["replaces", "adds"] = "replaces"
    covers_from: date | None = None
    covers_to: date | None = None
    title: str = ""
    description: str = ""
    owner: str = ""
    source: str = ""
    population: Literal["", "children", "adults", "both"] = ""
    classification: Classification | None = None
    handling: str = ""
    about_people: bool = True
    anonymised: bool = False
    pseudonymised: bool = False
    anonymisation_assessment: str = ""
    anonymisation_doubt: bool = False
    dpo_referral: str = ""
    smallest_group: int | None = Field(default=None, ge=0)
    publication: Literal["", "allowed", "internal-only", "embargoed"] = ""
    embargo_until: date | None = None
    compliance_confirmed: bool = False
    set_aside: Fraction | None = None
    retention_reviewed_on: date | None = None
    quality: Quality = Quality()
    fields: tuple[DataField, ...] = Field(default=(), alias="field")

    @property
    def identifiers(self) -> tuple[DataField, ...]:
        """The fields that the linker sees."""
        return tuple(field for field in self.fields if field.kind == "identifier")

    @property
    def is_personal(self) -> bool:
        """Whether it holds personal data: records of people that are not anonymised (requirement 207)."""
        return self.about_people and not self.anonymised

    def field(self, name: str) -> DataField | None:
        """Return the field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)
