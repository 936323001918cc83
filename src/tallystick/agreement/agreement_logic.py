"""The rules with a logic of their own on an agreement itself: who, under which law, assessed, signed; a function yields where it is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tallystick.agreement import law
from tallystick.agreement.agreement_rules import LIVE, row
from tallystick.agreement.bodies import DFE, is_same
from tallystick.agreement.conditions import (
    all_fields,
    criminal,
    is_controller,
    part_3,
    personal,
    research,
    same_person,
    special,
    uk_gdpr,
)
from tallystick.agreement.io import document_hash
from tallystick.agreement.rule import Case, Rule, is_answered
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import after


# The parties and the kind of document
def supplier_not_controller(agreement: Agreement, case: Case) -> Iterator[str]:
    """Each dataset's supplier is a party, and answers for it as a controller."""
    for dataset in agreement.datasets:
        party = agreement.party(dataset.supplier)
        if party is None or (agreement.is_personal and not is_controller(party)):
            yield f"dataset {dataset.name!r}, supplier"


def too_few_parties(agreement: Agreement, case: Case) -> Iterator[str]:
    """An agreement is between two."""
    if len(agreement.parties) < 2:
        yield "party"


def mou_outside_government_security(agreement: Agreement, case: Case) -> Iterator[str]:
    """An MoU may carry personal data only between bodies under the same government security requirements."""
    if agreement.about.kind == "mou":
        for party in agreement.parties:
            if not party.government_security:
                yield f"party {party.name!r}, government_security"


def incompetent_under_part_3(agreement: Agreement, case: Case) -> Iterator[str]:
    """Only a competent authority may process for law enforcement under Part 3, unless people consented."""
    if not is_answered(agreement.lawful_basis.consent):
        for party in agreement.parties:
            if is_controller(party) and not party.competent_authority:
                yield f"party {party.name!r}, competent_authority"


def part_3_without_its_purpose(agreement: Agreement, case: Case) -> Iterator[str]:
    """The purpose brings the regime: nobody is under Part 3 for what is not law enforcement."""
    if is_answered(agreement.part_3.basis):
        yield "part_3, basis"


# Personal data and its law
def personal_in_disguise(agreement: Agreement, case: Case) -> Iterator[str]:
    """Records of people are personal data though pseudonymised or meant for an aggregate."""
    if agreement.about.personal_data is False and agreement.about.about_living_people:
        for dataset in agreement.datasets:
            if dataset.is_personal or dataset.pseudonymised:
                yield f"dataset {dataset.name!r}"


def article_6_unknown(agreement: Agreement, case: Case) -> Iterator[str]:
    """Article 6 is cited by a word of the list that is in force."""
    text = agreement.lawful_basis.article_6
    if is_answered(text) and not law.may_cite(text, law.ARTICLE_6, case.on):
        yield "lawful_basis, article_6"


def article_9_unknown(agreement: Agreement, case: Case) -> Iterator[str]:
    """Article 9 is cited by a word of the list."""
    text = agreement.lawful_basis.article_9
    if is_answered(text) and not law.may_cite(text, law.ARTICLE_9, case.on):
        yield "lawful_basis, article_9"


def schedule_1_unknown(agreement: Agreement, case: Case) -> Iterator[str]:
    """A condition of Schedule 1 is cited by Part and paragraph."""
    text = agreement.lawful_basis.schedule_1
    if is_answered(text) and not re.fullmatch(law.SCHEDULE_1, text):
        yield "lawful_basis, schedule_1"


def cited_before_the_act(agreement: Agreement, case: Case) -> Iterator[str]:
    """No citation is of the Bill, of the Act of 1998, or of an Article that does not exist."""
    said = {f"lawful_basis, {name}": text for name, text in agreement.lawful_basis if name != "article_6"}
    for one in agreement.datasets:
        said |= {
            f"dataset {one.name!r}, gateway": one.gateway,
            f"dataset {one.name!r}, regulations": one.regulations,
        }
    said |= {
        f"dpia, {name}": getattr(agreement.dpia, name) for name in ("reason", "dpo_advice", "alternatives")
    }
    said |= {f"rights, {name}": text for name, text in agreement.rights}
    for where, text in said.items():
        texts = text if isinstance(text, tuple) else (text,)
        if any(re.search(law.BEFORE_THE_ACT, str(one), re.IGNORECASE) for one in texts):
            yield where


def research_condition(agreement: Agreement, case: Case) -> Iterator[str]:
    """Research on special categories rests on Article 9(2)(j) or on explicit consent."""
    text = agreement.lawful_basis.article_9
    known = law.may_cite(text, law.ARTICLE_9, case.on)
    if known and not law.may_cite(
        text, [one for one in law.ARTICLE_9 if one.text in ("9(2)(a)", "9(2)(j)")], case.on
    ):
        yield "lawful_basis, article_9"


def unmapped_gateway(agreement: Agreement, case: Case) -> Iterator[str]:
    """What the Department for Education supplies has a power of its own, which is one of the table's."""
    for dataset in agreement.datasets:
        if (
            is_same(dataset.supplier, DFE)
            and is_answered(dataset.gateway)
            and not law.names_a_power(dataset.gateway, law.DFE_POWERS)
        ):
            yield f"dataset {dataset.name!r}, gateway"


def special_and_criminal(agreement: Agreement, case: Case) -> Iterator[str]:
    """Criminal-offence data is no special category: it has its own flag and its own rules."""
    for dataset in agreement.datasets:
        for field in dataset.fields:
            if field.special_category and field.criminal_offence:
                yield f"dataset {dataset.name!r}, field {field.name!r}"


def classification_lowered(agreement: Agreement, case: Case) -> Iterator[str]:
    """The whole is no lower than its parts, unless the owner sanitised and approved."""
    label = agreement.about.classification
    if label and not is_answered(agreement.about.declassified_by):
        for dataset in agreement.datasets:
            if dataset.classification and above(dataset.classification, label):
                yield f"dataset {dataset.name!r}, classification"


def above(first: str, second: str) -> bool:
    """Whether one classification is higher than another."""
    return law.CLASSIFICATIONS.index(first) > law.CLASSIFICATIONS.index(second)


def health_for_police(agreement: Agreement, case: Case) -> Iterator[str]:
    """Patients' data for law enforcement goes by the local form, never by direct access."""
    if agreement.supply.direct_access and any(field.confidential_health for field in all_fields(agreement)):
        yield "supply, direct_access"


def unfit_for_individuals(agreement: Agreement, case: Case) -> Iterator[str]:
    """A use about individuals needs accurate and timely data."""
    if agreement.about.purpose in ("operational", "law-enforcement"):
        for dataset in agreement.datasets:
            if dataset.quality.validation == "unvalidated":
                yield f"dataset {dataset.name!r}, quality, validation"


# Assessments
def unknown_triggers(agreement: Agreement, case: Case) -> Iterator[str]:
    """Triggers are words of the regulator's list."""
    if set(agreement.dpia.triggers) - set(law.DPIA_TRIGGERS):
        yield "dpia, triggers"


def missed_triggers(agreement: Agreement, case: Case) -> Iterator[str]:
    """What the agreement itself shows to be a trigger is listed as one."""
    kinds = {field.special_category for field in all_fields(agreement)}
    shown = {
        "data-matching": agreement.linkage is not None,
        "children-or-vulnerable": any(one.population in ("children", "both") for one in agreement.datasets),
        "biometric": "biometric" in kinds,
        "genetic": "genetic" in kinds,
    }
    for trigger, is_shown in shown.items():
        if is_shown and is_answered(agreement.dpia.outcome) and trigger not in agreement.dpia.triggers:
            yield f"dpia, triggers: {trigger}"


def triggered_but_not_full(agreement: Agreement, case: Case) -> Iterator[str]:
    """A trigger asks for the full DPIA."""
    if agreement.dpia.outcome == "not-needed" and set(agreement.dpia.triggers) & set(law.DPIA_TRIGGERS):
        yield "dpia, outcome"


def offences_without_dpia(agreement: Agreement, case: Case) -> Iterator[str]:
    """Criminal-offence data weighs towards a DPIA."""
    if agreement.dpia.outcome == "not-needed":
        yield "dpia, outcome"


def approved_own_dpia(agreement: Agreement, case: Case) -> Iterator[str]:
    """Who drafts an assessment does not approve it."""
    dpia = agreement.dpia
    if is_answered(dpia.approved_by) and same_person(dpia.approved_by, dpia.drafted_by):
        yield "dpia, approved_by"


def nobody_consulted(agreement: Agreement, case: Case) -> Iterator[str]:
    """Stakeholders are consulted, or the want of time is at least seen by whoever approves."""
    if agreement.dpia.outcome == "full" and not agreement.dpia.stakeholders:
        yield "dpia, stakeholders"


def consulted_without_answer(agreement: Agreement, case: Case) -> Iterator[str]:
    """What the stakeholders said is on record."""
    if agreement.dpia.stakeholders and not is_answered(agreement.dpia.stakeholder_approval):
        yield "dpia, stakeholder_approval"


def eia_out_of_date(agreement: Agreement, case: Case) -> Iterator[str]:
    """An equality impact assessment is made again at each review."""
    done, reviewed = agreement.eia.done_on, agreement.about.reviewed_on
    if done and reviewed and done < reviewed:
        yield "eia, done_on"


# Signatures, versions, reviews
def unsigned(agreement: Agreement, case: Case) -> Iterator[str]:
    """Each controller has signed, whatever became of the signature."""
    signed = {signature.party for signature in agreement.signatures}
    for party in agreement.parties:
        if is_controller(party) and party.name not in signed:
            yield f"party {party.name!r}"


def signed_by_another(agreement: Agreement, case: Case) -> Iterator[str]:
    """Only the holder of an office signs for it; there is no proxy."""
    for index, signature in enumerate(agreement.signatures, 1):
        party = agreement.party(signature.party)
        holder = party.officers.get(signature.officer, "") if party else ""
        if not same_person(holder, signature.name):
            yield f"signature {index}"


def changed_since_signed(agreement: Agreement, case: Case) -> Iterator[str]:
    """What was signed is what is here."""
    if agreement.signatures:
        here = document_hash(agreement)
        for index, signature in enumerate(agreement.signatures, 1):
            if signature.document_hash != here:
                yield f"signature {index}, document_hash"


def signed_in_the_future(agreement: Agreement, case: Case) -> Iterator[str]:
    """A signature has its time, and it has come."""
    for index, signature in enumerate(agreement.signatures, 1):
        if signature.signed_at.date() > case.on:
            yield f"signature {index}, signed_at"


def orphan_version(agreement: Agreement, case: Case) -> Iterator[str]:
    """A later version names the one that it replaces."""
    if agreement.about.version > 1 and not is_answered(agreement.about.supersedes):
        yield "agreement, supersedes"


def review_too_far(agreement: Agreement, case: Case) -> Iterator[str]:
    """Reviews are at most a year apart; a week's grace lets them fall on a working day."""
    last = agreement.about.reviewed_on or agreement.about.starts
    due = agreement.about.next_review
    if last and due and due > after(last, "P1Y") + timedelta(days=7):
        yield "agreement, next_review"


def runs_backwards(agreement: Agreement, case: Case) -> Iterator[str]:
    """It ends after it starts."""
    starts, ends = agreement.about.starts, agreement.about.ends
    if starts and ends and ends < starts:
        yield "agreement, ends"


# fmt: off
JUDGED: tuple[Rule, ...] = (
    row("two-parties", (103,), too_few_parties, "An agreement needs two parties.", "List each `[[party]]`."),
    row("supplier-controls", (93, 94, 95), supplier_not_controller,
        "A dataset's supplier is no party, or is not its controller.", "Add the party, or correct its `role`."),
    row("mou-or-dsa", (100,), mou_outside_government_security,
        "An MoU may carry personal data only where every party meets the same government security requirements.",
        "Make it a DSA (`kind`), or set `government_security` where it is so.", when=personal),
    row("competent-authority", (3,), incompetent_under_part_3,
        "A controller is no competent authority, so Part 3 is closed to it.",
        "Share under UK GDPR, set `competent_authority`, or record the consent in `[lawful_basis]`.", when=part_3),
    row("purpose-brings-regime", (4,), part_3_without_its_purpose,
        "Part 3 is cited for a purpose that is not law enforcement.",
        "Take `[part_3]` out: a competent authority with another purpose is under UK GDPR.", when=uk_gdpr),
    row("personal-in-disguise", (6, 207), personal_in_disguise,
        "The agreement is said to hold no personal data, and this dataset holds records of people.",
        "Pseudonymised data is personal data; take `personal_data = false` out, or aggregate first."),
    row("article-6-known", (78,), article_6_unknown, "This is no condition of Article 6 that is in force (tension X10).",
        "Write one of 6(1)(a) to 6(1)(f); a public authority's task is 6(1)(e).", when=uk_gdpr),
    row("article-9-known", (78,), article_9_unknown, "This is no condition of Article 9 (tension X10).",
        "Write one of 9(2)(a) to 9(2)(j).", when=uk_gdpr),
    row("schedule-1-known", (80,), schedule_1_unknown, "This names no Part and paragraph of Schedule 1.",
        'Write it as "Part 1 para 4".', when=uk_gdpr),
    row("cited-before-the-act", (), cited_before_the_act, "This cites the Bill, the Act of 1998 or an Article that is none.",
        "Cite the Data Protection Act 2018 and UK GDPR.", source="Justice Data Lab DPIA (2018), tension X10"),
    row("research-condition", (79,), research_condition,
        "Research on special category data rests on Article 9(2)(j), or on explicit consent.",
        "Correct `[lawful_basis] article_9`.", when=lambda a, c: research(a, c) and special(a, c)),
    row("gateway-known", (83,), unmapped_gateway, "No mapped power lets the department share this dataset.",
        "Name the section, such as Education Act 1996 s.537A.", when=personal),
    row("offences-are-no-special-category", (89,), special_and_criminal,
        "Criminal-offence data is not of a special category.", "Keep `criminal_offence`; take `special_category` out."),
    row("classification-lowered", (60,), classification_lowered, "A dataset is classified higher than the agreement.",
        "Raise the agreement's `classification`, or have the owner approve the sanitised data (`declassified_by`)."),
    row("health-for-police", (313,), health_for_police, "Patients' data is opened to law enforcement directly.",
        "Go by the local DP9 or DP7 form.", when=part_3),
    row("fit-for-individuals", (292,), unfit_for_individuals,
        "A use about individuals rests on data that nobody validated.", "Validate it first, or share trends only."),
    row("triggers-known", (125,), unknown_triggers, "This is no trigger of the regulator's list.",
        f"Use: {', '.join(law.DPIA_TRIGGERS)}.", when=personal),
    row("triggers-missed", (125,), missed_triggers, "The screening missed what the agreement shows.",
        "Add the trigger, and look again at the outcome.", when=personal),
    row("triggered", (125,), triggered_but_not_full, "A trigger asks for a full DPIA, and the screening said otherwise.",
        "Make a full DPIA.", when=personal),
    row("offences-weigh", (126,), offences_without_dpia, "Criminal-offence data is shared without a full DPIA.",
        "It weighs towards one: make it, or have the DPO say in `dpo_advice` why not.", when=criminal, severity="warn"),
    row("own-approval", (133,), approved_own_dpia, "The DPIA was approved by whoever drafted it (tension X11).",
        "Have the information asset owner approve it."),
    row("consulted", (132,), nobody_consulted, "No stakeholder was consulted on the DPIA (tension X11).",
        "Consult, and list them in `[dpia] stakeholders`; want of time is not a reason.", when=personal, severity="warn"),
    row("consultation-answered", (132,), consulted_without_answer, "What the stakeholders said is blank (tension X11).",
        "Fill in `[dpia] stakeholder_approval`.", when=personal),
    row("eia-renewed", (143,), eia_out_of_date, "The equality impact assessment is older than the last review.",
        "Make it again.", when=personal),
    row("unsigned", (56, 54), unsigned, "A controller has not signed.", "`tally agreement sign`.", doors=LIVE),
    row("signed-by-office", (57, 115), signed_by_another,
        "The signature is of someone who does not hold that office in the agreement.",
        "Have the holder sign; there is no proxy.", doors=LIVE),
    row("changed-since-signed", (108,), changed_since_signed, "The agreement was changed after this signature.",
        "Have the new version signed.", doors=LIVE),
    row("signature-time", (115,), signed_in_the_future, "The signature's time has not come.", "Sign it anew.", doors=LIVE),
    row("supersedes", (108,), orphan_version, "A later version does not name the one before.",
        "`tally agreement amend` fills in `supersedes`."),
    row("review-yearly", (110,), review_too_far, "The next review is more than a year after the last.",
        "Review at least once a year."),
    row("ends-after-start", (106,), runs_backwards, "The agreement ends before it starts.", "Correct the dates."),
)
# fmt: on
