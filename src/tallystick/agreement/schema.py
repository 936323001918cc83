"""The agreement as one frozen document: who shares what with whom, why, under which power, until when.

The model is deliberately lenient: an empty answer is a finding of a rule (`tallystick.agreement.rules`), with a source and a
remedy; only what cannot be read at all (an unknown key, a wrong type, a word outside a closed vocabulary) is an error here.
Names in TOML are singular for repeated tables (`[[party]]`), as `docs/agreement.md` shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from tallystick.agreement.bodies import is_same
from tallystick.agreement.dataset import Classification, Dataset
from tallystick.agreement.values import Fraction, Moment, Name, Period, Section, after

Kind = Literal["mou", "dsa", "isp"]
Purpose = Literal["performance", "operational", "research", "law-enforcement"]
Regime = Literal["uk-gdpr", "part-3", "not-personal"]
Role = Literal["controller", "joint-controller", "independent-controller", "processor", "recipient"]
Office = Literal[
    "iao", "dpo", "siro", "cdo", "custodian", "dp-practitioner", "data-access-team", "chair", "lead"
]


class About(Section):
    """`[agreement]`: what this is, for what, and when it runs."""

    id: Name
    title: str = ""
    kind: Kind
    purpose: Purpose
    aim: str = ""
    benefit: str = ""
    justification: str = ""
    classification: Classification | None = None
    declassified_by: str = ""
    starts: date | None = None
    ends: date | None = None
    next_review: date | None = None
    reviewed_on: date | None = None
    version: int = Field(default=1, ge=1)
    supersedes: str = ""
    ad_hoc: bool = False
    personal_data: bool | None = None
    personal_data_reason: str = ""
    about_living_people: bool = True
    previous_purpose: str = ""
    compatibility: str = ""
    nations: tuple[Literal["England", "Wales", "Scotland", "Northern Ireland"], ...] = ("England",)
    business_need: str = ""
    method: str = ""
    template: str = ""
    suspended_on: date | None = None
    suspension_reason: str = ""
    ended_on: date | None = None


class Party(Section):
    """`[[party]]`: a body that shares or receives, its role in law, and who holds its offices."""

    name: str
    role: Role
    body: str = ""
    contact: str = ""
    responsibilities: str = ""
    officers: dict[Office, str] = Field(default_factory=dict)
    competent_authority: bool = False
    government_security: bool | None = None
    accredited_processor: str = ""
    instructions: str = ""
    waspi_signatory: bool = False
    country: str = "United Kingdom"
    secure_platform: str = ""
    assures_compliance: bool = False
    standard_retention: Period | None = None
    subject_access: str = ""


class LawfulBasis(Section):
    """`[lawful_basis]`: the conditions that make the processing lawful."""

    article_6: str = ""
    article_9: str = ""
    schedule_1: str = ""
    safeguards: str = ""
    justification: str = ""
    necessity: str = ""
    consent: str = ""
    confidentiality: Literal["", "court-order", "legislation", "consent", "public-interest"] = ""
    other_law: tuple[str, ...] = ()


class Part3(Section):
    """`[part_3]`: what law-enforcement processing asks under DPA 2018 Part 3, and nothing else does (X6)."""

    basis: str = ""
    sensitive_processing: str = ""
    logging: str = ""
    distinction: str = ""


class Risk(Section):
    """`[[dpia.risk]]`: one row of the risk table."""

    risk: str
    solution: str = ""
    result: Literal["", "eliminated", "reduced", "accepted"] = ""
    evaluation: str = ""
    residual: Literal["", "low", "medium", "high"] = ""


class Dpia(Section):
    """`[dpia]`: the screening and, where it says so, the full assessment."""

    screened_on: date | None = None
    screened_by: str = ""
    outcome: Literal["", "full", "not-needed"] = ""
    reason: str = ""
    reference: str = ""
    triggers: tuple[str, ...] = ()
    completed_on: date | None = None
    drafted_by: str = ""
    approved_by: str = ""
    approver_role: str = ""
    approved_on: date | None = None
    iao: str = ""
    dpo_advice: str = ""
    stakeholders: tuple[str, ...] = ()
    no_consultation_reason: str = ""
    stakeholder_approval: str = ""
    alternatives: str = ""
    risks: tuple[Risk, ...] = Field(default=(), alias="risk")
    regulator_consulted_on: date | None = None
    published_at: str = ""
    automated_decisions: bool = False
    review_on: date | None = None


class Eia(Section):
    """`[eia]`: the equality impact assessment."""

    done_on: date | None = None
    reference: str = ""
    outcome: str = ""


class MatchKey(Section):
    """`[[linkage.key]]`: parts of a record that must all agree for a link at this stage (`docs/linkage.md` lists them)."""

    on: tuple[str, ...] = Field(min_length=1)
    name: str = ""


class Analysis(Section):
    """`[[linkage.analysis]]`: an analysis whose answer the quality report gives at each threshold, fields named `dataset.field`.

    The mean of ``outcome`` (or the share of people for whom it is ``value``) among those who linked, by the groups of ``by`` if given.
    """

    outcome: str
    value: str = ""
    by: str = ""


class Linkage(Section):
    """`[linkage]`: which datasets are linked, with which model, and by whom.

    Match keys are tried in order, the strictest first: before the model, or alone. Persons get an id at each of the further
    `thresholds` too, and with `layers` one within each source.

    ``expected_to_link`` names datasets whose people should all be found in another one: whoever is not counts as missed.
    """

    model: str = "person"
    keys: tuple[MatchKey, ...] = Field(default=(), alias="key")
    stages: Literal["keys-then-model", "keys"] = "keys-then-model"
    between: tuple[tuple[str, str], ...] = ()
    one_to_one: bool = True
    threshold: Fraction = 0.95
    thresholds: tuple[Fraction, ...] = ()
    layers: bool = False
    uses: tuple[str, ...] = ()
    linker: str = ""
    people: tuple[str, ...] = ()
    quality_assured_by: str = ""
    analytical_only: bool = True
    review_sample: int = Field(default=0, ge=0)
    expected_to_link: tuple[str, ...] = ()
    analyses: tuple[Analysis, ...] = Field(default=(), alias="analysis")


class Supply(Section):
    """`[supply]`: how supplies come in, and how many rows may be set aside before a supply is refused."""

    set_aside: Fraction = 0.0
    mechanism: str = ""
    storage: str = ""
    routes: tuple[str, ...] = ()
    encrypted: bool = True
    direct_access: bool = False
    direct_access_reason: str = ""
    two_factor: bool = False
    role_based_access: bool = False


class Retention(Section):
    """`[retention]`: until when each thing is kept, and how it is disposed of."""

    identifiers: Literal["on-linkage", "after-review"] | date = "on-linkage"
    identifiers_reason: str = ""
    attributes: Period | Literal["indefinite"] | None = None
    links: Period | Literal["indefinite"] | None = None
    extracts: Period | None = None
    disposal: str = ""
    responsible: str = ""
    reviewed_on: date | None = None
    agreed_by_all: bool = False
    cohort_after_publication: Period | None = None
    keep_pseudonymised: bool = False
    comparison_pool: Period | date | None = None
    opt_out: bool = True


class Disclosure(Section):
    """`[disclosure]`: what may leave as an output; ``smallest_group`` how many people must be alike in an extract (k)."""

    minimum_cell_count: int | None = Field(default=None, ge=1)
    smallest_group: int | None = Field(default=None, ge=2)
    rounding: int | None = Field(default=None, ge=1)
    dominance_n: int = Field(default=2, ge=1)
    dominance_share: Fraction = 0.9
    p_percent: Fraction = 0.1
    minimum_degrees_of_freedom: int = Field(default=10, ge=0)
    zeros_are_disclosive: bool = False
    aggregate_only: bool = True
    publication: Literal["", "provider", "joint", "recipient"] = ""
    onward_sharing: Literal["", "none", "named-recipients", "with-consent-of-owner"] = ""
    analysis_agreed: str = ""
    caveat: str = ""
    checkers: int = Field(default=1, ge=1)


class Recipient(Section):
    """`[[recipient]]`: who may receive what, for which purposes."""

    name: str
    receives: Literal[
        "", "identifiers", "de-identified extract", "outputs", "aggregate", "person-level extract"
    ] = ""
    purposes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    third_party: bool = False
    link: str = ""
    conditions: str = ""
    prescribed_by: str = ""
    clearance: Literal["", "BPSS", "CTC", "SC", "DV"] = ""
    accreditation: str = ""


class Review(Section):
    """`[review]`: how often the agreement is looked at again, and by whom."""

    every: Period | None = None
    dates: tuple[date, ...] = ()
    by: str = ""


class Handling(Section):
    """`[handling]`: controls on the data, and what people must know to handle it."""

    instructions: str = ""
    controls: str = ""
    joint_sign_off: str = ""
    independence: str = ""


class Contact(Section):
    """Who is told, what is done: the shape of `[foi]`, `[incident]` and `[dispute]`."""

    contact: str = ""
    procedure: str = ""
    escalation: tuple[str, ...] = ()


class Rights(Section):
    """`[rights]`: who answers which right of the people in the data."""

    considered: str = ""
    access: str = ""
    rectification: str = ""
    erasure: str = ""
    restriction: str = ""
    objection: str = ""
    complaints: str = ""
    opt_out: str = ""
    child_age: int | None = Field(default=None, ge=0, le=18)


class Notice(Section):
    """`[notice]`: the privacy notice, its version, where it stands, and whom people may write to."""

    published_at: str = ""
    version: str = ""
    dated: date | None = None
    contact: str = ""
    dpo: str = ""
    regulator: str = "Information Commission"
    regulator_contact: str = ""
    how_used: str = ""


class Wales(Section):
    """`[wales]`: what WASPI asks where a Welsh body shares personal data."""

    template: str = ""
    quality_assured_on: date | None = None
    agreement_decision: str = ""


class Lab(Section):
    """`[lab]`: the promises of a Justice Data Lab share."""

    minimum_cohort: int = Field(default=60, ge=1)
    team: str = ""
    review_weeks: int = Field(default=4, ge=0)
    follow_up_months: int = Field(default=12, ge=1)
    other_follow_ups: tuple[int, ...] = ()
    other_outcomes: tuple[str, ...] = ()


class Signature(Section):
    """`[[signature]]`: who signed for which office of which party, when, and which document."""

    party: str
    officer: Office
    name: str
    signed_at: Moment
    document_hash: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")


class Agreement(Section):
    """The whole agreement. Equal agreements have equal hashes; a signature is never part of what is signed."""

    about: About = Field(alias="agreement")
    parties: tuple[Party, ...] = Field(default=(), alias="party")
    lawful_basis: LawfulBasis = LawfulBasis()
    part_3: Part3 = Part3()
    dpia: Dpia = Dpia()
    eia: Eia = Eia()
    datasets: tuple[Dataset, ...] = Field(default=(), alias="dataset")
    linkage: Linkage | None = None
    supply: Supply = Supply()
    retention: Retention = Retention()
    disclosure: Disclosure = Disclosure()
    recipients: tuple[Recipient, ...] = Field(default=(), alias="recipient")
    review: Review = Review()
    handling: Handling = Handling()
    foi: Contact = Contact()
    incident: Contact = Contact()
    dispute: Contact = Contact()
    rights: Rights = Rights()
    notice: Notice = Notice()
    wales: Wales = Wales()
    lab: Lab | None = None
    signatures: tuple[Signature, ...] = Field(default=(), alias="signature")

    @model_validator(mode="after")
    def names_are_unique(self) -> Agreement:
        """Refuse two parties, two datasets, or two fields of one dataset, of the same name."""
        for what, names in self._names():
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} named twice: {', '.join(twice)}")
        return self

    def _names(self) -> Iterator[tuple[str, list[str]]]:
        yield "party", [party.name for party in self.parties]
        yield "dataset", [dataset.name for dataset in self.datasets]
        for dataset in self.datasets:
            yield f"field of dataset {dataset.name}", [field.name for field in dataset.fields]

    @property
    def is_personal(self) -> bool:
        """Whether data-protection law applies: what the agreement says, or else what its datasets are.

        UK GDPR covers living people only (recital 27, DPA 2018 s.3(2)).
        """
        if not self.about.about_living_people:
            return False
        if self.about.personal_data is not None:
            return self.about.personal_data
        return any(dataset.is_personal for dataset in self.datasets)

    @property
    def pool_kept_until(self) -> date | None:
        """The last day on which a lab's comparison pool is kept: the day named, or the period after the start; None if unsaid."""
        kept = self.retention.comparison_pool
        if isinstance(kept, str):
            return after(self.about.starts, kept) if self.about.starts else None
        return kept

    @property
    def regime(self) -> Regime:
        """The law that the purpose brings with it, whatever the body's status (requirements 3 and 4)."""
        if not self.is_personal:
            return "not-personal"
        return "part-3" if self.about.purpose == "law-enforcement" else "uk-gdpr"

    @property
    def has_special_category(self) -> bool:
        """Whether any field is of a special category (Article 9)."""
        return any(field.special_category for dataset in self.datasets for field in dataset.fields)

    @property
    def has_criminal_offence(self) -> bool:
        """Whether any field is criminal-offence data (Article 10)."""
        return any(field.criminal_offence for dataset in self.datasets for field in dataset.fields)

    def party(self, name: str) -> Party | None:
        """Return the party of that name, short or full, or None."""
        return next((party for party in self.parties if is_same(party.name, name)), None)

    def dataset(self, name: str) -> Dataset | None:
        """Return the dataset of that name, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)

    def set_aside_for(self, dataset: Dataset) -> float:
        """Return the share of the dataset's rows that may be set aside before the supply is refused."""
        return self.supply.set_aside if dataset.set_aside is None else dataset.set_aside
