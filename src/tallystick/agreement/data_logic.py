"""The rules with a logic of their own on what an agreement lets happen to data: kept, linked, received, published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from tallystick.agreement import law
from tallystick.agreement.agreement_rules import LEAVING, row
from tallystick.agreement.conditions import (
    is_cohort,
    lab,
    linked,
    of_template,
    personal,
    receives_identified,
    same_person,
)
from tallystick.agreement.rule import Case, Rule, is_answered
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import after


# Retention
def kept_for_ever(agreement: Agreement, case: Case) -> Iterator[str]:
    """Only what is used purely for research and statistics may be kept without end."""
    if agreement.retention.attributes == "indefinite" and agreement.about.purpose != "research":
        yield "retention, attributes"


def identifiers_outlive_agreement(agreement: Agreement, case: Case) -> Iterator[str]:
    """Identifiers go with the agreement at the latest."""
    until, ends = agreement.retention.identifiers, agreement.about.ends
    if isinstance(until, date) and ends and until > ends:
        yield "retention, identifiers"


def retention_unreviewed(agreement: Agreement, case: Case) -> Iterator[str]:
    """The need for each dataset is looked at again each year."""
    starts = agreement.about.starts
    if starts and after(starts, "P1Y") < case.on:
        for dataset in agreement.datasets:
            last = max(
                filter(None, (dataset.retention_reviewed_on, agreement.retention.reviewed_on)), default=starts
            )
            if after(last, "P1Y") < case.on:
                yield f"dataset {dataset.name!r}, retention_reviewed_on"


def retention_beyond_schedule(agreement: Agreement, case: Case) -> Iterator[str]:
    """Keeping longer than a recipient's own schedule is agreed by all."""
    kept, start = agreement.retention.attributes, agreement.about.starts or case.on
    if kept and not agreement.retention.agreed_by_all:
        for party in agreement.parties:
            own = party.standard_retention
            if own and (kept == "indefinite" or after(start, kept) > after(start, own)):
                yield f"party {party.name!r}, standard_retention"


# Linkage and de-identification
def linkage_of_unknown(agreement: Agreement, case: Case) -> Iterator[str]:
    """Only the agreement's own datasets are linked, and keys are made of the identifiers that each of them has."""
    if agreement.linkage:
        known = {dataset.name for dataset in agreement.datasets}
        for index, pair in enumerate(agreement.linkage.between, 1):
            if not set(pair) <= known:
                yield f"linkage, between {index}"
        linked = {name for pair in agreement.linkage.between for name in pair}
        roles = [
            {field.matches for field in dataset.identifiers}
            for dataset in agreement.datasets
            if dataset.name in linked
        ]
        for index, key in enumerate(agreement.linkage.keys, 1):
            wanted = {one for part in key.on for one in _identifiers_of(part)}
            if not all(wanted <= held for held in roles):
                yield f"linkage, key {index}"


def _identifiers_of(part: str) -> tuple[str, ...]:
    """Return the identifiers that a part of a match key is made of: `surname:3` is of surname, `dob_year` of dob."""
    if part == "names_any_order":
        return ("first_name", "surname")
    name = part.partition(":")[0]
    made_of = {"first_root": "first_name", "first_sound": "first_name", "surname_sound": "surname"}
    stem = re.sub(r"_(year|day|any_order|sector|district)$", "", name)
    return (made_of.get(name, stem if stem in ("dob", "postcode") else name),)


def linker_is_no_party(agreement: Agreement, case: Case) -> Iterator[str]:
    """Who links is a party."""
    if (
        agreement.linkage
        and is_answered(agreement.linkage.linker)
        and not agreement.party(agreement.linkage.linker)
    ):
        yield "linkage, linker"


def needless_identifier(agreement: Agreement, case: Case) -> Iterator[str]:
    """An identifier has a role in the linkage model, in a dataset that is linked."""
    between = agreement.linkage.between if agreement.linkage else ()
    names = {name for pair in between for name in pair} or {dataset.name for dataset in agreement.datasets}
    for dataset in agreement.datasets:
        for field in dataset.identifiers:
            if not is_answered(field.matches) or agreement.linkage is None or dataset.name not in names:
                yield f"dataset {dataset.name!r}, field {field.name!r}"


def other_identifier(agreement: Agreement, case: Case) -> Iterator[str]:
    """The MoJ–DfE share links on name, date of birth, gender and postcode, and on nothing else."""
    for dataset in agreement.datasets:
        for field in dataset.identifiers:
            if is_answered(field.matches) and field.matches not in law.MOJ_DFE_IDENTIFIERS:
                yield f"dataset {dataset.name!r}, field {field.name!r}"


def other_cohort(agreement: Agreement, case: Case) -> Iterator[str]:
    """The MoJ–DfE cohort: born on or after 31 August 1985, with an offending record from 2000 or later."""
    texts = [dataset.eligible for dataset in agreement.datasets]
    if not any(all(re.search(condition, text) for condition in law.MOJ_DFE_COHORT) for text in texts):
        yield "dataset, eligible"


def learner_too_young(agreement: Agreement, case: Case) -> Iterator[str]:
    """The Unique Learner Number is for those of 14 and over: each dataset of learners says who is eligible."""
    for dataset in agreement.datasets:
        if dataset.population in ("children", "both") and not is_answered(dataset.eligible):
            yield f"dataset {dataset.name!r}, eligible"


def one_pair_of_eyes(agreement: Agreement, case: Case) -> Iterator[str]:
    """Someone who did not link assures the quality of the matches."""
    assert agreement.linkage is not None
    second = agreement.linkage.quality_assured_by
    if not is_answered(second) or any(same_person(second, person) for person in agreement.linkage.people):
        yield "linkage, quality_assured_by"


def operational_id_as_attribute(agreement: Agreement, case: Case) -> Iterator[str]:
    """An operational number is an identifier or a case id, so that it is replaced; it never passes as an attribute."""
    for dataset in agreement.datasets:
        for field in dataset.fields:
            if field.kind in ("attribute", "event-date") and field.name.casefold() in law.OPERATIONAL_IDS:
                yield f"dataset {dataset.name!r}, field {field.name!r}"


# Recipients
def identifiers_to_researchers(agreement: Agreement, case: Case) -> Iterator[str]:
    """Research recipients never get an identifier, nor anybody who is not listed as receiving identifiers."""
    names = {f"{d.name}.{f.name}" for d in agreement.datasets for f in d.identifiers}
    bare = {f.name for d in agreement.datasets for f in d.identifiers}
    for recipient in agreement.recipients:
        listed = any(field in names or field in bare for field in recipient.fields)
        if agreement.about.purpose == "research":
            if listed or receives_identified(recipient):
                yield f"recipient {recipient.name!r}"
        elif listed and not receives_identified(recipient):
            yield f"recipient {recipient.name!r}"


def recipient_of_unknown(agreement: Agreement, case: Case) -> Iterator[str]:
    """A recipient receives the agreement's own datasets and fields."""
    datasets = {dataset.name for dataset in agreement.datasets}
    fields = {name for d in agreement.datasets for f in d.fields for name in (f.name, f"{d.name}.{f.name}")}
    for recipient in agreement.recipients:
        if not set(recipient.datasets) <= datasets or not set(recipient.fields) <= fields:
            yield f"recipient {recipient.name!r}"


def intelligence_leaves(agreement: Agreement, case: Case) -> Iterator[str]:
    """What would reveal an intelligence source is in no recipient's list."""
    secret = {
        n
        for d in agreement.datasets
        for f in d.fields
        if f.intelligence
        for n in (f.name, f"{d.name}.{f.name}")
    }
    for recipient in agreement.recipients:
        if secret & set(recipient.fields):
            yield f"recipient {recipient.name!r}"


def too_little_clearance(agreement: Agreement, case: Case) -> Iterator[str]:
    """Whoever receives records is cleared to their classification."""
    needed = law.CLEARANCE_NEEDED.get(agreement.about.classification or "", ())
    for recipient in agreement.recipients:
        if needed and recipient.clearance and recipient.clearance not in needed:
            yield f"recipient {recipient.name!r}, clearance"


def more_than_aggregate(agreement: Agreement, case: Case) -> Iterator[str]:
    """Health bodies, the Care Quality Commission and Ofsted get aggregate pupil data only."""
    for recipient in agreement.recipients:
        name = recipient.name.casefold()
        if any(body in name for body in law.AGGREGATE_ONLY_RECIPIENTS) and recipient.receives not in (
            "", "aggregate", "outputs",
        ):  # fmt: skip
            yield f"recipient {recipient.name!r}, receives"


def internal_source_published(agreement: Agreement, case: Case) -> Iterator[str]:
    """The two local dashboards of HMCTS are never published."""
    for dataset in agreement.datasets:
        if dataset.source in law.INTERNAL_ONLY_SOURCES and dataset.publication != "internal-only":
            yield f"dataset {dataset.name!r}, publication"


def pnc_for_other_use(agreement: Agreement, case: Case) -> Iterator[str]:
    """The research copy of the Police National Computer is for research and analysis only."""
    for dataset in agreement.datasets:
        if dataset.source == "pnc-research-copy" and agreement.about.purpose != "research":
            yield f"dataset {dataset.name!r}"


# The Justice Data Lab
def cohort_lacks_fields(agreement: Agreement, case: Case) -> Iterator[str]:
    """A cohort has first name, surname, date of birth and gender, and a date to follow up from."""
    for dataset in filter(is_cohort, agreement.datasets):
        matched = {field.matches for field in dataset.identifiers}
        names = {field.name for field in dataset.fields}
        if not set(law.LAB_IDENTIFIERS) <= matched or not names & set(law.LAB_DATES):
            yield f"dataset {dataset.name!r}"


def cohort_describes_people(agreement: Agreement, case: Case) -> Iterator[str]:
    """Ethnicity, nationality and their like come from the justice data, not from the provider."""
    for dataset in filter(is_cohort, agreement.datasets):
        for field in dataset.fields:
            if field.special_category or field.name.casefold() in ("ethnicity", "nationality"):
                yield f"dataset {dataset.name!r}, field {field.name!r}"


def cohort_leaves_team(agreement: Agreement, case: Case) -> Iterator[str]:
    """Nobody outside the team receives more than aggregates."""
    for recipient in agreement.recipients:
        if recipient.receives not in ("", "aggregate", "outputs"):
            yield f"recipient {recipient.name!r}, receives"


# fmt: off
DATA_JUDGED: tuple[Rule, ...] = (
    row("kept-for-ever", (258,), kept_for_ever, "Only data used purely for research may be kept without end.",
        "Give a period, such as P3Y.", when=personal),
    row("identifiers-until", (188, 259), identifiers_outlive_agreement, "Identifiers would outlive the agreement.",
        "Give a day no later than `ends`.", when=personal),
    row("retention-reviewed", (257,), retention_unreviewed, "The need to keep this dataset was not reviewed within a year.",
        "Review it, and give `retention_reviewed_on`.", when=personal, doors=LEAVING),
    row("retention-schedule", (249,), retention_beyond_schedule,
        "Data is kept longer than this party's own schedule, and not all have agreed.",
        "Shorten it, or set `[retention] agreed_by_all` when they have."),
    row("linkage-known", (107,), linkage_of_unknown, "The linkage names a dataset, or a match key an identifier, that is not in the agreement.",
        "Add the dataset or the field (by what it `matches`), or correct the name."),
    row("linker-is-party", (186,), linker_is_no_party, "Who links is no party to the agreement.", "Add the party.",
        when=linked),
    row("needless-identifier", (185, 211), needless_identifier, "The linkage does not need this identifier.",
        "Take it out, or say in `matches` which column of the model it is.", when=personal),
    row("moj-dfe-identifiers", (185,), other_identifier,
        "The MoJ–DfE share links on name, date of birth, gender and postcode only.", "Take the field out.",
        when=of_template("moj-dfe")),
    row("moj-dfe-cohort", (183,), other_cohort, "No dataset keeps to the cohort of the MoJ–DfE share.",
        "`eligible`: born on or after 1985-08-31 and an offence on or after 2000-01-01.", when=of_template("moj-dfe")),
    row("learner-age", (213,), learner_too_young, "A dataset of learners does not say who is eligible.",
        "Give `eligible`: the Unique Learner Number is for those of 14 and over.", when=of_template("learner-register")),
    row("four-eyes", (160,), one_pair_of_eyes, "Nobody but the linkers assures the quality of the matches.",
        "Give `[linkage] quality_assured_by`: a second person.", when=linked),
    row("operational-id", (189, 191), operational_id_as_attribute,
        "A number of an operational system would leave as an attribute.",
        'Set its `kind` to "case-id" or "identifier", so that it is replaced or removed.', when=personal),
    row("identifier-to-recipient", (68, 190, 212), identifiers_to_researchers,
        "A recipient would receive identifiers.", "Take them off its list; it gets meaningless ids.", when=personal),
    row("recipient-known", (50, 107), recipient_of_unknown, "A recipient is promised what the agreement does not hold.",
        "Add the dataset or field, or correct the name."),
    row("intelligence", (228,), intelligence_leaves, "A field that may reveal an intelligence source would leave.",
        "Take it off the recipient's list."),
    row("clearance", (153,), too_little_clearance, "A recipient's clearance is below the data's classification.",
        "Let only cleared people receive it."),
    row("aggregate-recipients", (214,), more_than_aggregate, "This body receives aggregate pupil data only.",
        'Set its `receives` to "aggregate".', when=of_template("learner-register")),
    row("internal-source", (62,), internal_source_published, "Local HMCTS dashboards must not be published.",
        'Set the dataset\'s `publication` to "internal-only".'),
    row("pnc-research", (203,), pnc_for_other_use, "The research copy of the PNC serves research only.", "Take it out."),
    row("lab-fields", (196, 205), cohort_lacks_fields, "The cohort lacks a field that the analysis must have.",
        f"Identifiers {', '.join(law.LAB_IDENTIFIERS)}, and one of {', '.join(law.LAB_DATES)}.", when=lab),
    row("lab-own-characteristics", (202,), cohort_describes_people, "The provider is asked for what justice data holds.",
        "Take the field out of the cohort.", when=lab),
    row("lab-aggregate", (71, 219), cohort_leaves_team, "More than aggregates would leave the analysis team.",
        'Set the recipient\'s `receives` to "aggregate".', when=lab),
)
# fmt: on
