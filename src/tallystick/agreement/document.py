"""An agreement as a document: the sections that an MoU or a DSA must have, as plain parts that HTML and Word both print.

The sections are those of the guidance of 2023 (requirements 103 to 106). An MoU and a DSA have the same sections where the
data is personal, whatever the title says (requirement 102, tension X3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.io import document_hash
from tallystick.agreement.schema import Agreement, Contact

KINDS = {
    "mou": "Memorandum of understanding",
    "dsa": "Data sharing agreement",
    "isp": "Information sharing protocol",
}
OFFICES = {
    "iao": "Information asset owner",
    "dpo": "Data protection officer",
    "siro": "Senior information risk owner",
    "cdo": "Chief data officer",
    "custodian": "Information custodian",
    "dp-practitioner": "Data protection practitioner",
    "data-access-team": "Data access team",
    "chair": "Chair",
    "lead": "Lead",
}
NOT_STATED = "Not stated"


@dataclass(frozen=True)
class Facts:
    """Labels and what is said of each."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table with a caption and a row of headings."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Part:
    """A section: its heading, and what stands under it."""

    title: str
    blocks: tuple[Facts | Table | Text, ...]


@dataclass(frozen=True)
class Document:
    """What is printed: a title, a line under it, the parts, and the hash of what it was printed from."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]
    hash: str


def document(agreement: Agreement) -> Document:
    """Return the agreement as the document that people read and sign."""
    about = agreement.about
    return Document(
        about.title or about.id,
        f"{KINDS[about.kind]}, version {about.version}",
        tuple(part for part in parts(agreement) if part.blocks),
        document_hash(agreement),
    )


def parts(agreement: Agreement) -> Iterable[Part]:
    """Yield the sections, in the order in which people ask."""
    yield purpose(agreement)
    yield parties(agreement)
    yield recipients(agreement)
    yield data(agreement)
    if agreement.is_personal:
        yield lawful_basis(agreement)
        yield assessments(agreement)
        yield rights(agreement)
    yield governance(agreement)
    if agreement.linkage:
        yield linkage(agreement)
    yield transfer(agreement)
    yield retention(agreement)
    yield publication(agreement)
    yield Part("Freedom of information", (contact(agreement.foi),))
    yield Part("Incidents", (contact(agreement.incident),))
    yield Part("Disputes", (contact(agreement.dispute),))
    yield review(agreement)
    if agreement.lab:
        yield lab(agreement)
    if "Wales" in agreement.about.nations:
        yield wales(agreement)
    yield signatures(agreement)


def said(value: Any) -> str:
    """Return an answer as words; what has none reads "Not stated".

    >>> said(date(2026, 6, 1)), said(True), said(()), said(("a", "b"))
    ('1 June 2026', 'Yes', 'Not stated', 'a; b')
    """
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return f"{value:%H:%M} UTC on {said(value.date())}"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(said(item) for item in value) or NOT_STATED
    if value is None or value == "":
        return NOT_STATED
    return f"{value:g}" if isinstance(value, float) else str(value)


def facts(rows: Iterable[tuple[str, Any]], *, all_of_them: bool = True) -> Facts:
    """Return labels and answers; those without an answer are left out unless ``all_of_them``."""
    worded = ((label, said(value)) for label, value in rows)
    return Facts(tuple((label, text) for label, text in worded if all_of_them or text != NOT_STATED))


def contact(section: Contact) -> Facts:
    """Return who is told and what is done."""
    return facts(
        [
            ("What is done", section.procedure),
            ("Contact", section.contact),
            ("Escalation", section.escalation),
        ]
    )


def purpose(agreement: Agreement) -> Part:
    """Return what the sharing is for, and from when to when."""
    about = agreement.about
    rows = [
        ("Reference", about.id),
        ("Aim", about.aim),
        ("Kind of share", about.purpose),
        ("Benefit", about.benefit),
        ("Why it is necessary and proportionate", about.justification),
        ("Starts", about.starts),
        ("Ends", about.ends),
        ("Security classification", about.classification),
    ]
    more = [
        ("Method", about.method),
        ("Business need (ad hoc share)", about.business_need),
        ("Earlier purpose of the data", about.previous_purpose),
        ("Compatibility with the earlier purpose", about.compatibility),
        ("Replaces", about.supersedes),
        ("Nations", about.nations if about.nations != ("England",) else None),
    ]
    return Part("Purpose", (facts(rows), facts(more, all_of_them=False)))


def parties(agreement: Agreement) -> Part:
    """Return who the parties are, what each does, and who holds its offices."""
    blocks: list[Facts | Table | Text] = [
        Table(
            "Parties to the agreement",
            ("Party", "Role", "Responsibilities", "Contact"),
            tuple((p.name, p.role, said(p.responsibilities), said(p.contact)) for p in agreement.parties),
        )
    ]
    offices = tuple(
        (party.name, OFFICES[office], holder)
        for party in agreement.parties
        for office, holder in party.officers.items()
    )
    if offices:
        blocks.append(Table("Offices", ("Party", "Office", "Held by"), offices))
    for party in agreement.parties:
        if party.instructions:
            blocks.append(Text(f"Instructions to {party.name}: {party.instructions}"))
    return Part("Parties and controllers", tuple(blocks))


def recipients(agreement: Agreement) -> Part:
    """Return the other organisations that may receive something, and what."""
    rows = tuple(
        (
            one.name + (" (third party)" if one.third_party else ""),
            said(one.receives),
            said(one.purposes),
            said((*one.datasets, *one.fields)) if one.datasets or one.fields else "All that it may receive",
            said(one.conditions),
        )
        for one in agreement.recipients
    )
    header = ("Recipient", "Receives", "Purposes", "Datasets and fields", "Conditions")
    table = Table("Who may receive the data", header, rows)
    return Part("Other organisations that may receive the data", (table,) if rows else (Text(NOT_STATED),))


def data(agreement: Agreement) -> Part:
    """Return each dataset, its power and its fields."""
    blocks: list[Facts | Table | Text] = []
    for dataset in agreement.datasets:
        blocks.extend(described(dataset))
    return Part("Data to be shared", tuple(blocks) or (Text(NOT_STATED),))


def described(dataset: Dataset) -> tuple[Facts, Table]:
    """Return one dataset: what it is, and its fields."""
    quality = dataset.quality
    about = facts(
        [
            ("Dataset", dataset.title or dataset.name),
            ("Supplier", dataset.supplier),
            ("Legal gateway", dataset.gateway),
            ("Regulations", dataset.regulations),
            ("Who is in it", dataset.eligible),
            ("Covers from", dataset.covers_from),
            ("Covers to", dataset.covers_to),
            ("Classification", dataset.classification),
            ("Handling", dataset.handling),
            ("Scope", quality.scope),
            ("Definitions", quality.definitions),
            ("Known limits", quality.limits),
            ("Validation", quality.validation),
        ],
        all_of_them=False,
    )
    rows = tuple(
        (field.name, field.kind, field.matches or "–", sensitivity(field.special_category, field.criminal_offence),
         field.justification or field.description or "–")
        for field in dataset.fields
    )  # fmt: skip
    header = ("Field", "Kind", "Matched as", "Sensitive", "Why, or what")
    return about, Table(f"Fields of {dataset.title or dataset.name}", header, rows)


def sensitivity(special: bool | str, criminal: bool) -> str:
    """Return in words whether a field is of a special category or of criminal offences."""
    words = ["special category" if special is True else f"special category: {special}"] if special else []
    return "; ".join([*words, *(["criminal offence"] if criminal else [])]) or "–"


def lawful_basis(agreement: Agreement) -> Part:
    """Return the lawful basis and the conditions that legitimise special categories and offences."""
    basis, part_3 = agreement.lawful_basis, agreement.part_3
    rows = [
        ("Regime", {"uk-gdpr": "UK GDPR", "part-3": "Data Protection Act 2018, Part 3"}[agreement.regime]),
        ("Article 6", basis.article_6),
        ("Article 9", basis.article_9),
        ("Data Protection Act 2018, Schedule 1", basis.schedule_1),
        ("Safeguards", basis.safeguards),
        ("How the principles are kept", basis.necessity),
        ("Justification", basis.justification),
        ("Consent", basis.consent),
        ("Confidentiality", basis.confidentiality),
        ("Other law looked at", basis.other_law),
        ("Part 3 basis", part_3.basis),
        ("Part 3 sensitive processing", part_3.sensitive_processing),
        ("Part 3 logging", part_3.logging),
        ("Part 3 distinction", part_3.distinction),
    ]
    return Part("Lawful basis and conditions", (facts(rows, all_of_them=False),))


def assessments(agreement: Agreement) -> Part:
    """Return the data protection and equality impact assessments, as far as the agreement holds them."""
    dpia, eia = agreement.dpia, agreement.eia
    rows = [
        ("DPIA screened on", dpia.screened_on),
        ("Outcome", dpia.outcome),
        ("Reason", dpia.reason),
        ("Reference", dpia.reference),
        ("Completed on", dpia.completed_on),
        ("Data protection officer's advice", dpia.dpo_advice),
        ("Equality impact assessment", eia.done_on),
        ("Its outcome", eia.outcome),
    ]
    blocks: list[Facts | Table | Text] = [facts(rows, all_of_them=False)]
    if dpia.risks:
        risks = tuple(
            (r.risk, said(r.solution), said(r.result), said(r.evaluation), said(r.residual))
            for r in dpia.risks
        )
        blocks.append(Table("Risks", ("Risk", "Solution", "Result", "Evaluation", "What remains"), risks))
    return Part("Assessments", tuple(blocks))


def rights(agreement: Agreement) -> Part:
    """Return who answers which right."""
    rights = agreement.rights
    rows = [
        ("Considered", rights.considered),
        ("Access", rights.access),
        ("Rectification", rights.rectification),
        ("Erasure", rights.erasure),
        ("Restriction", rights.restriction),
        ("Objection", rights.objection),
        ("Complaints", rights.complaints),
    ]
    return Part("Information rights", (facts(rows), facts([("Opt-out", rights.opt_out)], all_of_them=False)))


def governance(agreement: Agreement) -> Part:
    """Return how the data is handled and controlled."""
    handling = agreement.handling
    rows = [("Handling", handling.instructions), ("Controls", handling.controls)]
    more = [("Joint sign-off of findings", handling.joint_sign_off), ("Independence", handling.independence)]
    return Part("Information governance", (facts(rows), facts(more, all_of_them=False)))


def linkage(agreement: Agreement) -> Part:
    """Return who links what with what, and how."""
    link = agreement.linkage
    assert link is not None
    rows = [
        ("Between", [" and ".join(pair) for pair in link.between] or "all datasets"),
        *(
            [
                ("Match keys, in order", [" + ".join(key.on) for key in link.keys]),
                ("Stages", "match keys alone" if link.stages == "keys" else "match keys, then the model"),
            ]
            if link.keys
            else []
        ),
        ("Model", link.model),
        ("Threshold (probability)", link.threshold),
        ("One to one", link.one_to_one),
        ("Linked by", link.linker),
        ("People who see identifiers", link.people),
        ("Quality assured by", link.quality_assured_by),
    ]
    text = "Links are probable, not certain: some join two people, some are missed. They serve analysis only."
    return Part("Linkage", (facts(rows), Text(text)) if link.analytical_only else (facts(rows),))


def transfer(agreement: Agreement) -> Part:
    """Return how the data moves and where it lies."""
    supply = agreement.supply
    rows = [
        ("Mechanism", supply.mechanism),
        ("Routes", supply.routes),
        ("Storage", supply.storage),
        ("Encrypted", supply.encrypted),
    ]
    more = [("Reason for direct access", supply.direct_access_reason)]
    return Part("Transfer and storage", (facts(rows), facts(more, all_of_them=False)))


def retention(agreement: Agreement) -> Part:
    """Return until when what is kept, and how it goes."""
    kept = agreement.retention
    rows = [
        ("Identifiers", in_words(kept.identifiers)),
        ("Why identifiers are kept", kept.identifiers_reason or None),
        ("Other data", in_words(kept.attributes)),
        ("Links", in_words(kept.links)),
        ("Extracts", in_words(kept.extracts)),
        ("A provider's cohort, after publication", in_words(kept.cohort_after_publication)),
        ("The pool that a comparison group is drawn from", in_words(kept.comparison_pool)),
        ("Disposal", kept.disposal),
        ("Responsible", kept.responsible),
    ]
    return Part("Retention and disposal", (facts(rows, all_of_them=False),))


def in_words(period: Any) -> Any:
    """Return a period of the agreement in words.

    >>> in_words("P1Y6M"), in_words("on-linkage")
    ('1 year, 6 months', 'destroyed on linkage')
    """
    named = {
        "on-linkage": "destroyed on linkage",
        "after-review": "destroyed after clerical review",
        "indefinite": "kept indefinitely, for research and statistics only",
    }
    if isinstance(period, date):
        return f"until {said(period)}"
    if not period or period in named:
        return named.get(period, period)
    units = {"Y": "year", "M": "month", "W": "week", "D": "day"}
    words, number = [], ""
    for sign in period[1:]:
        if sign.isdigit():
            number += sign
        else:
            words.append(f"{int(number)} {units[sign]}{'' if int(number) == 1 else 's'}")
            number = ""
    return ", ".join(words)


def publication(agreement: Agreement) -> Part:
    """Return what may leave, who may publish, and what may be shared on."""
    rules = agreement.disclosure
    rows = [
        ("Smallest count that may leave", rules.minimum_cell_count),
        ("Counts rounded to", rules.rounding),
        ("Aggregate only", rules.aggregate_only),
        ("Who may publish", rules.publication),
        ("Onward sharing", rules.onward_sharing),
    ]
    more = [
        ("Fewest people alike in an extract", rules.smallest_group),
        ("Analysis agreed", rules.analysis_agreed),
        ("Caveat that travels with the data", rules.caveat),
    ]
    return Part("Outputs, publication and onward sharing", (facts(rows), facts(more, all_of_them=False)))


def review(agreement: Agreement) -> Part:
    """Return when the agreement is looked at again."""
    rows = [
        ("Next review", agreement.about.next_review),
        ("Last review", agreement.about.reviewed_on),
        ("Every", in_words(agreement.review.every)),
        ("By", agreement.review.by),
    ]
    return Part("Review", (facts(rows, all_of_them=False),))


def lab(agreement: Agreement) -> Part:
    """Return the promises of a Justice Data Lab share."""
    promises = agreement.lab
    assert promises is not None
    rows = [
        ("Smallest cohort", promises.minimum_cohort),
        ("Analysis team", promises.team),
        ("Provider's review before publication (weeks)", promises.review_weeks),
        ("Follow-up (months)", promises.follow_up_months),
        ("Other follow-ups (months)", ", ".join(map(str, promises.other_follow_ups)) or None),
        ("Other outcomes than proven reoffending", ", ".join(promises.other_outcomes) or None),
        ("The pseudonymised set is kept", agreement.retention.keep_pseudonymised),
        ("The provider may opt out", agreement.retention.opt_out),
    ]
    return Part("Justice Data Lab", (facts(rows),))


def wales(agreement: Agreement) -> Part:
    """Return what the Wales Accord asks."""
    accord = agreement.wales
    rows = [
        ("Template", accord.template),
        ("Quality assured on", accord.quality_assured_on),
        ("Decision on the agreement required", accord.agreement_decision),
    ]
    return Part("Wales Accord on the Sharing of Personal Information", (facts(rows),))


def signatures(agreement: Agreement) -> Part:
    """Return the signatures, and whether each is of this text."""
    here = document_hash(agreement)
    rows = tuple(
        (
            signature.party,
            OFFICES[signature.officer],
            signature.name,
            said(signature.signed_at),
            "Yes" if signature.document_hash == here else "No: void",
        )
        for signature in agreement.signatures
    )
    header = ("Party", "Office", "Name", "Signed", "Of this text")
    block = Table("Signatures", header, rows) if rows else Text("Not signed yet.")
    return Part("Signatures", (block,))
