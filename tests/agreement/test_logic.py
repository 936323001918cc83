"""Every rule with a logic of its own, and every rule on an act: a scene in which it is silent, and the change that makes it speak.

A scene starts from a shipped template, signed. ``sound`` sets the circumstances under which the rule is asked at all; ``broken`` is
laid on top. Paths go by attribute, by number or name in a list, `*` for each; those of a project or an act may start with
`agreement.` or `project.` to change what it stands under.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.agreement import io, law, signing
from tallystick.agreement.acts import Access, Analysis, Movement, Output, Submission
from tallystick.agreement.rule import Case, Door, Need, Rule, broken
from tallystick.agreement.rules import RULES
from tallystick.agreement.schema import Agreement

MOJ_DFE, LEARNERS, LAB, LOCAL = "moj-dfe", "learner-register", "justice-data-lab", "local-performance"
ON = date(2026, 11, 20)
TEMPLATES = Path(io.__file__).parent / "templates"
RULE = {rule.id: rule for rule in RULES}
ACCEPTED = {
    "accepted_risk.by": "MoJ senior information risk owner",
    "accepted_risk.accepted_on": "2026-11-20",
    "accepted_risk.reason": "The setting is closed",
}
RESEARCHERS = "Accredited researchers in the ONS Secure Research Service"
Changes = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """A rule, the place that it names, what breaks it, and under which circumstances."""

    rule: str
    where: str
    broken: Changes
    sound: Changes = field(default_factory=dict)
    template: str = MOJ_DFE
    on: date = ON
    door: Door | None = None


ACTS: dict[str, tuple[type[Any], Changes]] = {
    "movement": (
        Movement,
        {
            "dataset": "justice",
            "fields": ["offence_group"],
            "recipient": RESEARCHERS,
            "purpose": "research",
            "route": "secure-transfer",
            "label": "OFFICIAL-SENSITIVE",
        },
    ),
    "output": (
        Output,
        {"within_scope": True, "checked_by": ["ann"], "produced_by": "bob", "smallest_cell": 10},
    ),
    "access": (
        Access,
        {
            "person": "DfE linking analyst one",
            "purpose": "linkage",
            "clearance": "SC",
            "resources": ["justice"],
            "level": "read-only",
            "until": "2026-12-31",
            "two_factor": True,
            "by_role": True,
            "security_terms_signed": True,
            "trained_until": "2026-11-20",
            "identifiers": True,
            "lab": True,
        },
    ),
    "analysis": (Analysis, {"cohort": 60, "assured_by": "A. Name, provider's data protection officer"}),
    "submission": (
        Submission,
        {
            "cohort": 60,
            "has_fields": [*law.LAB_IDENTIFIERS, "index_date"],
            "route": "cjsm",
            "sender_registered": True,
            "on_template": True,
            "compliance_assured": True,
            "receipt_sent": True,
            "original_deleted": True,
            "names_only": 0.5,
        },
    ),
}


def drop(index: int) -> Callable[[list[Any]], list[Any]]:
    return lambda many: many[:index] + many[index + 1 :]


def a(rule: str, where: str, broken: Changes, **more: Any) -> Scene:
    return Scene(rule, where, broken, **more)


ENFORCE = {"about.purpose": "law-enforcement", "parties.1.competent_authority": True}
# fmt: off
SCENES: tuple[Scene, ...] = (
    # The parties and the kind of document
    a("two-parties", "party", {"parties": drop(1)}),
    a("supplier-controls", "dataset 'justice', supplier", {"datasets.justice.supplier": "Somebody Else"}),
    a("supplier-controls", "dataset 'education', supplier", {"parties.1.role": "processor"}),
    a("mou-or-dsa", "party 'Department for Education', government_security",
      {"parties.1.government_security": False}, sound={"about.kind": "mou"}),
    a("competent-authority", "party 'Department for Education', competent_authority",
      {"parties.1.competent_authority": False}, sound=ENFORCE),
    a("competent-authority", "party 'Department for Education', competent_authority", {"lawful_basis.consent": " – "},
      sound={"about.purpose": "law-enforcement", "lawful_basis.consent": "Form 7, signed by each person"}),
    a("purpose-brings-regime", "part_3, basis", {"part_3.basis": "DPA 2018 s.35"}),
    # Personal data and its law
    a("personal-in-disguise", "dataset 'education'", {"datasets.education.about_people": True},
      sound={"about.personal_data": False, "datasets.*.about_people": False}),
    a("personal-in-disguise", "dataset 'charging'", {"datasets.charging.pseudonymised": True}, template=LOCAL),
    a("article-6-known", "lawful_basis, article_6", {"lawful_basis.article_6": "1(e)"}),
    a("article-6-known", "lawful_basis, article_6", {"lawful_basis.article_6": "public task"},
      sound={"lawful_basis.article_6": "Article 6(1)(e)"}),
    a("article-9-known", "lawful_basis, article_9", {"lawful_basis.article_9": "9(2)(k)"}),
    a("schedule-1-known", "lawful_basis, schedule_1", {"lawful_basis.schedule_1": "paragraph 4"}),
    a("schedule-1-known", "lawful_basis, schedule_1", {"lawful_basis.schedule_1": "Part 4 para 1"},
      sound={"lawful_basis.schedule_1": "Part 3 paragraph 36"}),
    a("cited-before-the-act", "lawful_basis, necessity", {"lawful_basis.necessity": "Section 19 of the Bill"}),
    a("cited-before-the-act", "lawful_basis, safeguards", {"lawful_basis.safeguards": "DPB 2018 s.18"}),
    a("cited-before-the-act", "dataset 'justice', gateway", {"datasets.justice.gateway": "Data Protection Act 1998 s.29"}),
    a("research-condition", "lawful_basis, article_9", {"lawful_basis.article_9": "9(2)(g)"},
      sound={"lawful_basis.article_9": "9(2)(a)"}),
    a("gateway-known", "dataset 'education', gateway", {"datasets.education.gateway": "A memorandum of 2009"}),
    a("gateway-known", "dataset 'education', gateway", {"datasets.education.gateway": "Common law powers"},
      sound={"datasets.education.gateway": "Children Act 1989 s.83"}),
    a("offences-are-no-special-category", "dataset 'justice', field 'offence_group'",
      {"datasets.justice.fields.offence_group.special_category": True}),
    a("classification-lowered", "dataset 'justice', classification", {"about.classification": "OFFICIAL"}),
    a("classification-lowered", "dataset 'justice', classification", {"about.declassified_by": ""},
      sound={"about.classification": "OFFICIAL", "about.declassified_by": "MoJ information asset owner"}),
    a("health-for-police", "supply, direct_access", {"supply.direct_access": True},
      sound={**ENFORCE, "datasets.education.fields.special_needs.confidential_health": True}),
    a("fit-for-individuals", "dataset 'justice', quality, validation", {"datasets.justice.quality.validation": "unvalidated"},
      sound={"about.purpose": "operational"}),
    # Assessments
    a("triggers-known", "dpia, triggers", {"dpia.triggers": ["data-matching", "children-or-vulnerable", "sheer-size"]}),
    a("triggers-missed", "dpia, triggers: children-or-vulnerable", {"dpia.triggers": ["data-matching"]}),
    a("triggers-missed", "dpia, triggers: data-matching", {"dpia.triggers": ["children-or-vulnerable"]}),
    a("triggers-missed", "dpia, triggers: biometric",
      {"datasets.education.fields.special_needs.special_category": "biometric"}),
    a("triggers-missed", "dpia, triggers: genetic", {"datasets.education.fields.special_needs.special_category": "genetic"}),
    a("triggered", "dpia, outcome", {"dpia.outcome": "not-needed"}),
    a("offences-weigh", "dpia, outcome", {"dpia.outcome": "not-needed"}),
    a("own-approval", "dpia, approved_by", {"dpia.approved_by": "MOJ  data linking lead "}),
    a("consulted", "dpia, stakeholders", {"dpia.stakeholders": []}),
    a("consultation-answered", "dpia, stakeholder_approval", {"dpia.stakeholder_approval": " "}),
    a("eia-renewed", "eia, done_on", {"about.reviewed_on": "2026-03-17"}, sound={"about.reviewed_on": "2026-03-16"}),
    # Signatures, versions, reviews
    a("unsigned", "party 'Department for Education'", {"signatures": drop(1)}),
    a("signed-by-office", "signature 1", {"signatures.0.name": "A Deputy"}),
    a("signed-by-office", "signature 2", {"signatures.1.officer": "dpo"}),
    a("signed-by-office", "signature 1", {"signatures.0.party": "Nobody"}),
    a("changed-since-signed", "signature 1, document_hash", {"about.aim": "Another aim"}),
    a("signature-time", "signature 2, signed_at", {"signatures.1.signed_at": "2026-11-21T00:00:00Z"},
      sound={"signatures.1.signed_at": "2026-11-20T23:59:00Z"}),
    a("supersedes", "agreement, supersedes", {"about.supersedes": ""}, sound={"about.version": 2, "about.supersedes": "v1"}),
    a("review-yearly", "agreement, next_review", {"about.next_review": "2027-06-09"}, sound={"about.next_review": "2027-06-08"}),
    a("review-yearly", "agreement, next_review", {"about.next_review": "2028-06-09"},
      sound={"about.reviewed_on": "2027-06-01", "about.next_review": "2028-06-08"}),
    a("ends-after-start", "agreement, ends", {"about.ends": "2026-05-31"}, sound={"about.ends": "2026-06-01"}),
    # Retention
    a("kept-for-ever", "retention, attributes", {"about.purpose": "operational"}, sound={"retention.attributes": "indefinite"}),
    a("identifiers-until", "retention, identifiers", {"retention.identifiers": "2029-06-01"},
      sound={"retention.identifiers": "2029-05-31"}),
    a("retention-reviewed", "dataset 'education', retention_reviewed_on",
      {"datasets.education.retention_reviewed_on": "2026-11-30"},
      sound={"datasets.*.retention_reviewed_on": "2026-12-01"}, on=date(2027, 12, 1)),
    a("retention-reviewed", "dataset 'justice', retention_reviewed_on", {"retention.reviewed_on": None},
      sound={"retention.reviewed_on": "2027-06-01"}, on=date(2027, 12, 1)),
    a("retention-schedule", "party 'Ministry of Justice', standard_retention", {"retention.agreed_by_all": False},
      sound={"parties.0.standard_retention": "P2Y"}),
    a("retention-schedule", "party 'Ministry of Justice', standard_retention", {"retention.attributes": "P3Y1M"},
      sound={"parties.0.standard_retention": "P36M", "retention.agreed_by_all": False}),
    # Linkage and de-identification
    a("linkage-known", "linkage, between 1", {"linkage.between": [["justice", "nowhere"]]}),
    a("linkage-known", "linkage, key 2", {"linkage.keys": [{"on": ["surname:3", "dob_year"]}, {"on": ["first_root", "uln"]}]}),
    a("linker-is-party", "linkage, linker", {"linkage.linker": "Nobody"}),
    a("needless-identifier", "dataset 'education', field 'postcode'", {"datasets.education.fields.postcode.matches": ""}),
    a("needless-identifier", "dataset 'justice', field 'surname'", {"linkage": None}),
    a("needless-identifier", "dataset 'education', field 'surname'", {"linkage.between": [["justice", "justice"]]}),
    a("moj-dfe-identifiers", "dataset 'education', field 'upn'",
      {"datasets.education.fields.upn.kind": "identifier", "datasets.education.fields.upn.matches": "upn"}),
    a("moj-dfe-cohort", "dataset, eligible", {"datasets.justice.eligible": "dob >= DATE '1985-08-31'"}),
    a("moj-dfe-cohort", "dataset, eligible",
      {"datasets.justice.eligible": "dob < DATE '1985-08-31' AND first_offence >= DATE '2000-01-01'"}),
    a("learner-age", "dataset 'schools', eligible", {"datasets.schools.eligible": ""}, template=LEARNERS),
    a("four-eyes", "linkage, quality_assured_by", {"linkage.quality_assured_by": "dfe linking analyst ONE"}),
    a("four-eyes", "linkage, quality_assured_by", {"linkage.quality_assured_by": ""}),
    a("operational-id", "dataset 'education', field 'upn'", {"datasets.education.fields.upn.kind": "attribute"}),
    a("rights-rest", "rights, objection", {"rights.objection": "…"}),
    # Recipients
    a("identifier-to-recipient", f"recipient {RESEARCHERS!r}", {"recipients.0.fields": ["justice.surname"]},
      sound={"recipients.0.fields": ["justice.offence_group"]}),
    a("identifier-to-recipient", f"recipient {RESEARCHERS!r}", {"recipients.0.receives": "identifiers"}),
    a("identifier-to-recipient", "recipient 'The careers service'",
      {"recipients.0.receives": "outputs"},
      sound={"recipients.0.name": "The careers service", "recipients.0.fields": ["surname"], "recipients.0.receives": "identifiers"},
      template=LEARNERS),
    a("recipient-known", f"recipient {RESEARCHERS!r}", {"recipients.0.datasets": ["tax"]},
      sound={"recipients.0.datasets": ["justice"]}),
    a("recipient-known", f"recipient {RESEARCHERS!r}", {"recipients.0.fields": ["education.offence_group"]},
      sound={"recipients.0.fields": ["justice.offence_group", "upn"]}),
    a("intelligence", f"recipient {RESEARCHERS!r}", {"datasets.justice.fields.offence_group.intelligence": True},
      sound={"recipients.0.fields": ["offence_group"]}),
    a("clearance", f"recipient {RESEARCHERS!r}, clearance", {"recipients.0.clearance": "CTC"},
      sound={"about.classification": "SECRET", "recipients.0.clearance": "SC"}),
    a("aggregate-recipients", "recipient 'Ofsted', receives", {"recipients.0.receives": "de-identified extract"},
      sound={"recipients.0.name": "Ofsted", "recipients.0.receives": "aggregate"}, template=LEARNERS),
    a("internal-source", "dataset 'charging', publication", {"datasets.charging.publication": "allowed"},
      sound={"datasets.charging.source": "hmcts-weekly-mi", "datasets.charging.publication": "internal-only"}, template=LOCAL),
    a("pnc-research", "dataset 'pnc'", {"about.purpose": "operational"}, template=LAB),
    # The Justice Data Lab
    a("lab-fields", "dataset 'cohort'", {"datasets.cohort.fields.surname.matches": "alias"}, template=LAB),
    a("lab-fields", "dataset 'cohort'", {"datasets.cohort.fields.intervention_start.name": "began"}, template=LAB),
    a("lab-own-characteristics", "dataset 'cohort', field 'Nationality'",
      {"datasets.cohort.fields.intervention_end.name": "Nationality"}, template=LAB),
    a("lab-own-characteristics", "dataset 'cohort', field 'intervention_end'",
      {"datasets.cohort.fields.intervention_end.special_category": "health"}, template=LAB),
    a("lab-aggregate", "receives", {"recipients.*.receives": "de-identified extract"}, template=LAB),
    # Projects
    a("project.in-document", "dataset 'tax'", {"datasets.justice.name": "tax"}),
    a("project.in-document", "dataset 'justice', field 'salary'", {"datasets.justice.fields.offence_group.name": "salary"}),
    a("project.no-identifiers", "dataset 'justice', field 'surname'", {"datasets.justice.fields.offence_group.name": "surname"}),
    a("project.no-identifiers", "dataset 'justice', field 'offence_group'",
      {"agreement.datasets.justice.fields.offence_group.kind": "linkage-evidence"}),
    a("project.no-intelligence", "dataset 'justice', field 'offence_group'",
      {"agreement.datasets.justice.fields.offence_group.intelligence": True}),
    a("project.justified", "dataset 'education', field 'exclusions', justification",
      {"datasets.education.fields.exclusions.justification": "?"}),
    a("project.owner", "dataset 'justice': Data Access Governance Board", {"approvals.0.decision": "rejected"}),
    a("project.owner", "dataset 'education': Department for Education", {"approvals.1.datasets": ["justice"]},
      sound={"approvals.1.datasets": ["education"]}),
    a("project.two-stages", "approval", {"approvals.3.decided_on": "2026-06-02"}, sound={"approvals.3.decided_on": "2026-06-03"}),
    a("project.two-stages", "approval", {"approvals.3.decision": "rejected"}),
    a("project.no-refusal", "approval 1", {"approvals.0.decision": "withdrawn"}),
    a("project.no-refusal", "approval 1", {"approvals.1.decided_on": "2026-06-01"},
      sound={"approvals.0.body": "Department for Education", "approvals.0.decision": "rejected"}),
    a("project.chief-statistician", "approval", {"approvals.2.body": "A statistician"}),
    a("project.accredited", "person 1, accredited_until", {"people.0.accredited_until": "2026-11-19"},
      sound={"people.0.accredited_until": "2026-11-20"}),
    a("project.accredited", "person 1, accredited_until", {"people.0.accredited_until": None}),
    a("project.trained", "person 1, trained_until", {"people.0.trained_until": "2026-11-19"},
      sound={"people.0.trained_until": "2026-11-20"}),
    a("project.cleared", "person 1, clearance", {"people.0.clearance": "BPSS"},
      sound={"agreement.about.classification": "SECRET", "people.0.clearance": "SC"}),
    a("project.recipient", "recipient", {"recipient": "Somebody"}),
    a("project.within-agreement", "ends", {"ends": "2029-06-01"}, sound={"ends": "2029-05-31"}),
    a("project.retention", "keep_extract_until", {"keep_extract_until": "2029-07-02"}, sound={"keep_extract_until": "2029-07-01"}),
    a("project.accepted-risk", "accepted_risk, by", {"accepted_risk.by": "Somebody"}, sound=ACCEPTED),
    a("project.accepted-risk", "accepted_risk, reason", {"accepted_risk.reason": " "}, sound=ACCEPTED),
    a("project.accepted-risk", "accepted_risk, accepted_on", {"accepted_risk.accepted_on": "2026-11-21"}, sound=ACCEPTED),
    a("project.threshold", "minimum_cell_count", {"minimum_cell_count": 9}),
    # Movements
    a("movement.in-document", "dataset 'tax'", {"dataset": "tax"}),
    a("movement.in-document", "dataset 'justice', field 'salary'", {"fields": ["offence_group", "salary"]}),
    a("movement.recipient", "recipient", {"recipient": "Somebody"}, sound={"recipient": "Department for Education"}),
    a("movement.recipient-list", "field 'first_offence'", {"fields": ["first_offence"]},
      sound={"agreement.recipients.0.fields": ["justice.offence_group"]}),
    a("movement.recipient-list", "dataset 'education'", {"dataset": "education"},
      sound={"agreement.recipients.0.datasets": ["justice"]}),
    a("movement.purpose", "purpose", {"purpose": "operational"}),
    a("movement.route", "route", {"route": "post"}),
    a("movement.encrypted", "encrypted", {"encrypted": False}),
    a("movement.label", "label", {"label": "OFFICIAL"}),
    a("movement.country", "country", {"country": "Ruritania"}, template=LAB),
    a("movement.apart", "fields", {"fields": ["surname", "offence_group"]}, sound={"fields": ["surname"]}),
    a("movement.identifiers", "fields", {"fields": ["surname"]}),
    a("movement.identifiers", "fields", {"recipient": "Somebody"},
      sound={"fields": ["surname"], "agreement.recipients.0.receives": "identifiers"}),
    a("movement.intelligence", "field 'ethnicity'", {"fields": ["ethnicity"]},
      sound={"agreement.datasets.justice.fields.ethnicity.intelligence": True}),
    a("movement.embargo", "dataset 'justice', embargo_until", {"agreement.datasets.justice.embargo_until": "2026-11-21"},
      sound={"agreement.datasets.justice.publication": "embargoed", "agreement.datasets.justice.embargo_until": "2026-11-20"}),
    a("movement.embargo", "dataset 'justice', embargo_until", {"agreement.datasets.justice.publication": "embargoed"}),
    a("movement.internal", "dataset 'justice', publication", {"agreement.recipients.0.third_party": True},
      sound={"agreement.datasets.justice.publication": "internal-only"}, door="extract"),
    a("movement.internal", "dataset 'justice', publication", {"agreement.datasets.justice.publication": "internal-only"},
      door="publish"),
    a("movement.accuracy", "dataset 'justice', quality, validation",
      {"agreement.datasets.justice.quality.validation": "partly-validated"}, sound={"needs_complete_accuracy": True}),
    a("movement.accuracy", "dataset 'justice', quality, validation", {"about_individuals": True},
      sound={"agreement.datasets.justice.quality.validation": "unvalidated"}),
    a("movement.caveat", "caveat", {"caveat": ""},
      sound={"agreement.datasets.justice.quality.validation": "unvalidated", "caveat": "Not fully validated"}),
    a("movement.onward", "onward", {"agreement.disclosure.onward_sharing": "none"},
      sound={"onward": True, "agreement.disclosure.onward_sharing": "named-recipients"}),
    a("movement.onward", "onward", {"recipient": "Somebody"},
      sound={"onward": True, "agreement.disclosure.onward_sharing": "named-recipients"}),
    a("movement.publisher", "publisher", {"publisher": "Department for Education"},
      sound={"publisher": "Ministry of Justice", "agreement.disclosure.publication": "provider"}),
    a("movement.one-analysis", "for_another_analysis", {"for_another_analysis": True}, template=LAB),
    # Outputs
    a("output.aggregate", "aggregate", {"aggregate": False}),
    a("output.scope", "within_scope", {"within_scope": None}),
    a("output.scope", "within_scope", {"within_scope": False}),
    a("output.not-identifying", "identifies_individuals", {"identifies_individuals": True}),
    a("output.checked", "checked_by", {"checked_by": ["Bob "]}),
    a("output.checked", "checked_by", {"checked_by": ["ann", "Ann"]},
      sound={"agreement.disclosure.checkers": 2, "checked_by": ["ann", "cat", "bob"]}),
    a("output.cell-count", "smallest_cell", {"smallest_cell": 9}),
    a("output.cell-count", "smallest_cell", {"smallest_cell": 11}, sound={"project.minimum_cell_count": 12, "smallest_cell": 12}),
    a("output.one-person", "about_one_person", {"about_one_person": True}, template=LAB),
    a("output.same-account", "returned_to", {"returned_to": "b@cjsm.example"},
      sound={"supplied_from": "a@cjsm.example", "returned_to": "a@cjsm.example"}, template=LAB),
    # Access
    a("access.linker", "person", {"person": "Somebody"}),
    a("access.clearance", "clearance", {"clearance": ""}),
    a("access.clearance", "clearance", {"clearance": "CTC"}, sound={"agreement.about.classification": "SECRET"}),
    a("access.purpose", "purpose", {"purpose": ""}),
    a("access.resources", "resources", {"resources": []}),
    a("access.level", "level", {"level": "all"}),
    a("access.until", "until", {"until": "2026-11-19"}, sound={"until": "2026-11-20"}),
    a("access.until", "until", {"until": None}),
    a("access.two-factor", "two_factor", {"two_factor": False}, sound={"agreement.supply.direct_access": True}),
    a("access.by-role", "by_role", {"by_role": False}, sound={"agreement.supply.direct_access": True}),
    a("access.security-terms", "security_terms_signed", {"security_terms_signed": False}, template=LAB),
    a("access.trained", "trained_until", {"trained_until": "2026-11-19"}, template=LAB),
    # Analyses
    a("analysis.lab", "agreement, lab", {"agreement.lab": None}, template=LAB),
    a("analysis.cohort", "cohort", {"cohort": 59}, template=LAB),
    a("analysis.assurance", "assured_by", {"assured_by": " "}, template=LAB),
    a("analysis.outcome", "follow_up_months", {"follow_up_months": 24}, template=LAB),
    a("analysis.outcome", "outcome", {"is_reoffending": False, "outcome": "employed"}, template=LAB,
      sound={"agreement.lab.other_outcomes": ["benefits"]}),
    a("analysis.pool", "comparison_pool", {"agreement.retention.comparison_pool": "P5M"}, template=LAB),
    a("analysis.pool", "comparison_pool", {"agreement.retention.comparison_pool": "2026-11-19"}, template=LAB,
      sound={"agreement.retention.comparison_pool": "2026-11-20"}),
    # Submissions
    a("submission.cohort", "cohort", {"cohort": 59}, template=LAB),
    a("submission.cohort", "cohort", {"agreement.lab.minimum_cohort": 61}, template=LAB),
    a("submission.fields", "column 'dob'", {"has_fields": ["first_name", "surname", "gender", "index_date"]}, template=LAB),
    a("submission.fields", "one of the columns", {"has_fields": list(law.LAB_IDENTIFIERS)}, template=LAB),
    a("submission.route", "route", {"route": "post"}, template=LAB),
    a("submission.sender", "sender_registered", {"sender_registered": False}, template=LAB),
    a("submission.template", "on_template", {"on_template": False}, template=LAB),
    a("submission.compliance", "compliance_assured", {"compliance_assured": False}, template=LAB),
    a("submission.receipt", "receipt_sent", {"receipt_sent": False}, template=LAB),
    a("submission.inbox", "original_deleted", {"original_deleted": False}, template=LAB),
    a("submission.names-only", "names_only", {"names_only": 0.51}, template=LAB),
)
# fmt: on


def signed(agreement: Agreement) -> Agreement:
    for party in agreement.parties:
        moment = datetime(2026, 11, 3, tzinfo=UTC)
        agreement = signing.sign(agreement, party.name, "iao", party.officers["iao"], moment)
    return agreement


AGREEMENT = {name: signed(io.load(TEMPLATES / f"{name}.toml")) for name in (MOJ_DFE, LEARNERS, LAB, LOCAL)}
PROJECT = io.load_project(TEMPLATES / "moj-dfe.project.toml")


def put(tree: Any, path: list[str], value: Any) -> int:
    """Set each answer that the path leads to and return how many; a function is given the answer that stands there."""
    part, *rest = path
    if isinstance(tree, list):
        return sum(
            put(item, rest, value)
            for number, item in enumerate(tree)
            if part in ("*", str(number)) or (isinstance(item, dict) and item.get("name") == part)
        )
    assert part in tree, f"no {part!r}"
    if rest:
        return put(tree[part], rest, value)
    tree[part] = value(tree[part]) if callable(value) else value
    return 1


def changed(document: Any, changes: Changes) -> Any:
    """Return the document with those answers changed; every path must lead somewhere."""
    tree = json.loads(document.model_dump_json(by_alias=False))
    for path, value in changes.items():
        assert put(tree, path.split("."), value), f"{path} leads nowhere"
    return type(document).model_validate(tree)


def staged(scene: Scene, changes: Changes) -> tuple[Any, Case]:
    """Return what the scene's rule reads, and the case beside it."""
    rule = RULE[scene.rule]
    door = scene.door or min(rule.doors)
    if rule.subject == "agreement":
        agreement = changed(AGREEMENT[scene.template], changes)
        return agreement, Case(scene.on, agreement, door=door)
    apart: dict[str, Changes] = {"agreement": {}, "project": {}, "": {}}
    for path, value in changes.items():
        of, _, rest = path.partition(".")
        apart[of if of in apart else ""][rest if of in apart else path] = value
    agreement = changed(AGREEMENT[scene.template], apart["agreement"])
    if rule.subject == "project":
        project = changed(PROJECT, apart[""])
        return project, Case(scene.on, agreement, project, door)
    model, usual = ACTS[rule.subject]
    of_lab = {"dataset": "", "fields": [], "recipient": "", "route": ""} if scene.template == LAB else {}
    if rule.subject == "submission":
        usual = {**usual, "route": agreement.supply.routes[0]}
    act = model.model_validate({**usual, **(of_lab if rule.subject == "movement" else {}), **apart[""]})
    return act, Case(scene.on, agreement, changed(PROJECT, apart["project"]), door)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_rule_speaks_when_broken_and_is_silent_when_sound(scene: Scene) -> None:
    rule = RULE[scene.rule]
    sound, case = staged(scene, scene.sound)
    assert rule.when is None or rule.when(sound, case), (
        "the rule is not asked at all: the scene proves nothing"
    )
    assert [str(f) for f in broken([rule], rule.subject, sound, case)] == []
    wrong, case = staged(scene, {**scene.sound, **scene.broken})
    found = [f for f in broken(RULES, rule.subject, wrong, case) if f.rule == rule.id]
    assert any(scene.where in f.where for f in found), [f.where for f in found]
    assert all(f.message and f.remedy and f.source and f.severity == rule.severity for f in found)


def test_every_rule_that_needs_a_scene_has_one() -> None:
    needing = {rule.id for rule in RULES if needs_scene(rule)}
    assert needing - {scene.rule for scene in SCENES} == set()
    assert {scene.rule for scene in SCENES} <= needing


def needs_scene(rule: Rule) -> bool:
    return not isinstance(rule.test, Need) or rule.subject in ACTS


@pytest.mark.parametrize("subject", ["movement", "output", "access"])
def test_sound_act_breaks_nothing(subject: str) -> None:
    model, usual = ACTS[subject]
    for door in {door for rule in RULES if rule.subject == subject for door in rule.doors}:
        found = broken(
            RULES, subject, model.model_validate(usual), Case(ON, AGREEMENT[MOJ_DFE], PROJECT, door)
        )
        assert [str(f) for f in found] == []


@pytest.mark.parametrize(("on", "rules"), [(date(2026, 2, 4), 1), (date(2026, 2, 5), 0)])
def test_a_new_condition_may_be_cited_from_its_day(on: date, rules: int) -> None:
    agreement = changed(AGREEMENT[MOJ_DFE], {"lawful_basis.article_6": "6(1)(ea)"})
    assert len(broken([RULE["article-6-known"]], "agreement", agreement, Case(on, agreement))) == rules
