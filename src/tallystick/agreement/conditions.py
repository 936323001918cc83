"""When a rule on an agreement is asked, and of which party, dataset, field or recipient: named so that the table of rules reads in words."""

from __future__ import annotations

from collections.abc import Iterator

from tallystick.agreement import law
from tallystick.agreement.dataset import DataField, Dataset
from tallystick.agreement.rule import Case, Condition, is_answered
from tallystick.agreement.schema import Agreement, Party, Recipient


def personal(agreement: Agreement, case: Case) -> bool:
    """Personal data of living people."""
    return agreement.is_personal


def not_personal(agreement: Agreement, case: Case) -> bool:
    """Said to hold no personal data of living people."""
    return not agreement.is_personal


def research(agreement: Agreement, case: Case) -> bool:
    """Personal data for research or statistics."""
    return agreement.is_personal and agreement.about.purpose == "research"


def performance(agreement: Agreement, case: Case) -> bool:
    """Performance or strategic sharing between justice partners."""
    return agreement.about.purpose == "performance"


def part_3(agreement: Agreement, case: Case) -> bool:
    """Processing for law-enforcement purposes."""
    return agreement.regime == "part-3"


def uk_gdpr(agreement: Agreement, case: Case) -> bool:
    """Personal data under UK GDPR."""
    return agreement.regime == "uk-gdpr"


def special(agreement: Agreement, case: Case) -> bool:
    """UK GDPR, with data of a special category."""
    return uk_gdpr(agreement, case) and agreement.has_special_category


def criminal(agreement: Agreement, case: Case) -> bool:
    """UK GDPR, with criminal-offence data."""
    return uk_gdpr(agreement, case) and agreement.has_criminal_offence


def full_dpia(agreement: Agreement, case: Case) -> bool:
    """Personal data whose screening asked for a full DPIA."""
    return agreement.is_personal and agreement.dpia.outcome == "full"


def nobody_asked(agreement: Agreement, case: Case) -> bool:
    """Personal data whose full DPIA lists no stakeholder."""
    return full_dpia(agreement, case) and not agreement.dpia.stakeholders


def linked(agreement: Agreement, case: Case) -> bool:
    """Personal data that is linked."""
    return agreement.is_personal and agreement.linkage is not None


def lab(agreement: Agreement, case: Case) -> bool:
    """A Justice Data Lab share."""
    return agreement.lab is not None


def ad_hoc(agreement: Agreement, case: Case) -> bool:
    """A single ad hoc share, the named exception of tension X4."""
    return agreement.about.ad_hoc


def waspi(agreement: Agreement, case: Case) -> bool:
    """Personal data and a body that signed the Wales Accord."""
    return agreement.is_personal and any(party.waspi_signatory for party in agreement.parties)


def welsh(agreement: Agreement, case: Case) -> bool:
    """Personal data in Wales."""
    return agreement.is_personal and "Wales" in agreement.about.nations


def unvalidated(agreement: Agreement, case: Case) -> bool:
    """Some dataset has not been fully validated."""
    return any(one.quality.validation in ("unvalidated", "partly-validated") for one in agreement.datasets)


def of_template(name: str) -> Condition:
    """Return the condition that the agreement says it is of that template."""

    def condition(agreement: Agreement, case: Case) -> bool:
        return agreement.about.template == name

    return condition


def research_on_offences(agreement: Agreement, case: Case) -> bool:
    """Research or statistics on criminal-offence data, under UK GDPR."""
    return research(agreement, case) and criminal(agreement, case)


def linked_research(agreement: Agreement, case: Case) -> bool:
    """Research on personal data that is linked."""
    return research(agreement, case) and agreement.linkage is not None


def with_processor(agreement: Agreement, case: Case) -> bool:
    """Personal data that a processor handles."""
    return agreement.is_personal and any(is_processor(party) for party in agreement.parties)


def new_purpose(agreement: Agreement, case: Case) -> bool:
    """Personal data that was collected for another purpose."""
    return agreement.is_personal and is_answered(agreement.about.previous_purpose)


def patients(agreement: Agreement, case: Case) -> bool:
    """Confidential patient information is shared."""
    return agreement.is_personal and any(one.confidential_health for one in all_fields(agreement))


def unpublished(agreement: Agreement, case: Case) -> bool:
    """Some dataset is not published, or not yet."""
    return any(one.publication in ("internal-only", "embargoed") for one in agreement.datasets)


def high_residual(agreement: Agreement, case: Case) -> bool:
    """The risk table leaves a high risk."""
    return agreement.is_personal and any(risk.residual == "high" for risk in agreement.dpia.risks)


def keeps_identifiers(agreement: Agreement, case: Case) -> bool:
    """Personal identifiers outlive the linkage."""
    return agreement.is_personal and agreement.retention.identifiers != "on-linkage"


def keeps_pseudonymised(agreement: Agreement, case: Case) -> bool:
    """A Justice Data Lab share that keeps the pseudonymised linked set."""
    return agreement.lab is not None and agreement.retention.keep_pseudonymised


def direct_access(agreement: Agreement, case: Case) -> bool:
    """Someone gets into the supplier's own system."""
    return agreement.supply.direct_access


# What is asked of one party, dataset, field or recipient.
def is_controller(party: Party) -> bool:
    """Whether a party answers for the data."""
    return party.role in ("controller", "joint-controller", "independent-controller")


def is_processor(party: Party) -> bool:
    """Whether a party acts on another's instructions."""
    return party.role == "processor"


def has_start(agreement: Agreement) -> bool:
    """Whether a first day is given."""
    return agreement.about.starts is not None


def has_end(agreement: Agreement) -> bool:
    """Whether a last day is given."""
    return agreement.about.ends is not None


def has_review(agreement: Agreement) -> bool:
    """Whether the next review is planned."""
    return agreement.about.next_review is not None


def has_screening(agreement: Agreement) -> bool:
    """Whether the screening has a date."""
    return agreement.dpia.screened_on is not None


def about_people(dataset: Dataset) -> bool:
    """Whether its rows are people."""
    return dataset.about_people


def is_anonymised(dataset: Dataset) -> bool:
    """Whether it is called anonymised."""
    return dataset.anonymised


def has_doubt(dataset: Dataset) -> bool:
    """Whether someone doubts that it is anonymous."""
    return dataset.anonymisation_doubt


def is_embargoed(dataset: Dataset) -> bool:
    """Whether it waits for a scheduled release."""
    return dataset.publication == "embargoed"


def possibly_personal(dataset: Dataset) -> bool:
    """Whether its source is one that guidance flags as possibly personal."""
    return dataset.source in law.POSSIBLY_PERSONAL_SOURCES


def is_cohort(dataset: Dataset) -> bool:
    """Whether it is the cohort that a provider sends to the Justice Data Lab."""
    return dataset.source == "provider-cohort"


def is_sensitive(field: DataField) -> bool:
    """Whether it is of a special category, of criminal offences, or confidential health data."""
    return field.is_sensitive


def is_third_party(recipient: Recipient) -> bool:
    """Whether it is no party."""
    return recipient.third_party


def receives_identified(recipient: Recipient) -> bool:
    """Whether it would receive people's identities."""
    return recipient.receives in ("identifiers", "person-level extract")


def rights_unanswered(agreement: Agreement, case: Case) -> Iterator[str]:
    """Each of the other rights has someone who answers it."""
    for right in ("rectification", "erasure", "restriction", "objection"):
        if not is_answered(getattr(agreement.rights, right)):
            yield f"rights, {right}"


def all_fields(agreement: Agreement) -> Iterator[DataField]:
    """Yield each field of each dataset."""
    for dataset in agreement.datasets:
        yield from dataset.fields


def same_person(one: str, other: str) -> bool:
    """Whether two names are written alike."""
    return bool(one) and written_alike(one) == written_alike(other)


def written_alike(name: str) -> str:
    """Return a name without what typing makes of it: case and spaces."""
    return " ".join(name.casefold().split())
