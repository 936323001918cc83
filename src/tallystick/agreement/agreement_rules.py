"""The rules that read the agreement alone: rows of one shape first, then those with logic of their own.

Sections A, D, E, F, G, J, K, M of the requirements, as far as the document itself can be held to them. A module of over 300
lines, because it is a table that is read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from tallystick.agreement import law
from tallystick.agreement.rule import Case, Condition, Door, Need, Places, Rule, is_answered
from tallystick.agreement.schema import Agreement, DataField, Dataset, Party, Recipient

LIVE: frozenset[Door] = frozenset(
    {"supply", "link", "review", "deidentify", "lab", "extract", "output", "release", "publish"}
)
CONTENT: frozenset[Door] = LIVE | {"sign"}
LEAVING: frozenset[Door] = frozenset({"extract", "output", "release", "publish", "sign"})
NEW: frozenset[Door] = frozenset({"supply", "extract", "release", "publish"})


def row(
    id: str,  # noqa: A002
    requirements: tuple[int, ...],
    test: str | Need | Places,
    says: str,
    do: str,
    *,
    when: Condition | None = None,
    doors: frozenset[Door] = CONTENT,
    severity: Literal["refuse", "warn"] = "refuse",
    **more: Any,
) -> Rule:
    """Return a rule on the agreement; a bare path asks that there be an answer."""
    need = Need(test) if isinstance(test, str) else test
    return Rule(id, requirements, "agreement", need, says, do, doors, when, severity=severity, **more)


# Conditions: when a rule is asked at all.
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


# fmt: off
ROWS: tuple[Rule, ...] = (
    # What it is for, between whom, and when
    row("aim", (18, 99, 103), "about.aim", "The agreement states no purpose.", "Say in `aim` what the data is for."),
    row("benefit", (45,), "about.benefit", "No benefit is stated to weigh against the risk.", "Say in `benefit` who gains."),
    row("justification", (17, 106), "about.justification", "Nothing says why sharing is necessary and proportionate.",
        "Say so in `justification`."),
    row("starts", (106,), "about.starts", "The agreement has no first day.", "Give `starts`."),
    row("ends", (25, 106), "about.ends", "The agreement has no last day.", "Give `ends`: for how long is the data needed?"),
    row("not-started", (54,), Need("about.starts", "not later", of=has_start), "The agreement has not begun.",
        "Wait until `starts`, or have a new version signed.", doors=LIVE),
    row("expired", (54, 106), Need("about.ends", "not earlier", of=has_end), "The agreement has ended.",
        "Agree an extension (a new version, signed), or stop and destroy.", doors=LIVE),
    row("suspended", (54,), Need("about.suspended_on", "empty"), "The agreement is suspended.",
        "Lift it with a new version, signed.", doors=LIVE),
    row("ended", (54,), Need("about.ended_on", "empty"), "The agreement was ended.", "Make a new agreement.", doors=LIVE),
    row("classification", (245,), "about.classification", "The agreement has no security classification.",
        "Give `classification`, such as OFFICIAL-SENSITIVE."),
    row("handling", (105,), "handling.instructions", "Nothing says how the data is to be handled.",
        "Fill in `[handling] instructions`."),
    row("controls", (14, 105), "handling.controls", "The controls on personal data are not described.",
        "Fill in `[handling] controls`.", when=personal),
    row("independence", (12,), "handling.independence",
        "Nothing keeps policing, prosecution and the courts independent of the board that reads this.",
        "Say in `[handling] independence` that no partner is held to account through it.", when=performance),
    row("contact", (105,), "parties.*.contact", "A party has no contact.", "Give its `contact`."),
    row("responsibilities", (105,), "parties.*.responsibilities", "A party's responsibilities are not set out.",
        "Fill in its `responsibilities`."),
    row("iao", (148,), Need("parties.*.officers.iao", of=is_controller), "A controller names no information asset owner.",
        "Name the holder under `[party.officers] iao`: nobody can accept the risk for an empty office."),
    row("siro", (148,), Need("parties.*.officers.siro", of=is_controller), "A controller names no senior risk owner.",
        "Name the holder under `[party.officers] siro`."),
    row("dpo", (148,), Need("parties.*.officers.dpo", of=is_controller), "A controller names no data protection officer.",
        "Name the holder under `[party.officers] dpo`.", when=personal),
    row("instructions", (96,), Need("parties.*.instructions", of=is_processor),
        "A processor has no instructions from its controller.", "Record them in its `instructions`."),
    row("accredited-processor", (181,), Need("parties.*.accredited_processor", of=is_processor),
        "A processor of research data is not accredited under the Digital Economy Act 2017.",
        "Give its accreditation, or choose an accredited processor.", when=research),
    row("processor-dpia", (119,), "dpia.reference", "Data goes to a processor, and no DPIA covers it.",
        "Give the DPIA's `reference`.", when=with_processor),
    row("ad-hoc-need", (121,), "about.business_need", "An ad hoc share has no business need on record.",
        "Fill in `business_need`, or make a standing agreement.", when=ad_hoc),

    # Whether the law of personal data applies, and under which basis
    row("not-personal-reason", (5,), "about.personal_data_reason",
        "The share is said to hold no personal data, and the reason is not on record.",
        "Fill in `personal_data_reason`: why nobody can be identified, alone or by combination.", when=not_personal),
    row("article-6", (8, 78), "lawful_basis.article_6", "Personal data is shared on no lawful basis.",
        "Name the condition of UK GDPR Article 6 in `[lawful_basis] article_6`; without one, stop.", when=uk_gdpr),
    row("article-9", (78,), "lawful_basis.article_9", "Special category data is shared with no condition of Article 9.",
        "Name the condition in `[lawful_basis] article_9`.", when=special),
    row("schedule-1", (80,), "lawful_basis.schedule_1",
        "Criminal-offence data is shared with no condition of DPA 2018 Schedule 1 (UK GDPR Article 10).",
        "Name Part and paragraph in `[lawful_basis] schedule_1`, such as \"Part 1 para 4\".", when=criminal),
    row("safeguards", (80,), "lawful_basis.safeguards",
        "Research on criminal-offence data states no safeguards (DPA 2018 Schedule 1 para 4 and section 19).",
        "Fill in `[lawful_basis] safeguards`.", when=research_on_offences),
    row("necessity", (40,), "lawful_basis.necessity", "Nothing shows that the seven principles were considered.",
        "Say in `[lawful_basis] necessity` how each principle is kept.", when=personal),
    row("part-3-basis", (2,), "part_3.basis",
        "Sharing for law enforcement goes by the established Part 3 process, and none is named.",
        "Name its basis and reference in `[part_3] basis`, or give the share its true purpose.", when=part_3),
    row("part-3-logging", (146,), "part_3.logging", "Part 3 processing keeps no log (DPA 2018 s.62).",
        "Say in `[part_3] logging` where collection, alteration, consultation, disclosure, combination and erasure are logged.",
        when=part_3),
    row("part-3-distinction", (146,), "part_3.distinction",
        "Part 3 processing does not tell suspects, convicted people, victims and witnesses apart (DPA 2018 s.38).",
        "Fill in `[part_3] distinction`.", when=part_3),
    row("other-law", (97,), "lawful_basis.other_law", "Other law was not screened (human rights, PECR, investigatory powers).",
        "List in `[lawful_basis] other_law` what was looked at.", when=lab, severity="warn"),
    row("compatibility", (98,), "about.compatibility", "The purpose is new, and its compatibility with the old is untested.",
        "Record the test in `compatibility`.", when=new_purpose),
    row("confidential-health", (312,), "lawful_basis.confidentiality",
        "Confidential patient information has no court order, legislation, consent or overriding public interest.",
        "Name which in `[lawful_basis] confidentiality`; the lawful basis of UK GDPR is needed besides.", when=patients),
    row("rights-considered", (29,), "rights.considered", "The rights of the people in the data are not considered.",
        "Fill in `[rights] considered`.", when=personal),
    row("rights-access", (104, 280), "rights.access", "Nothing says who answers a request for access.",
        "Fill in `[rights] access`.", when=personal),
    row("rights-rest", (104, 280), rights_unanswered, "Nothing says who answers this right.",
        "Fill it in under `[rights]`.", when=personal),
    row("complaints", (), "rights.complaints", "There is no route for data-protection complaints.",
        "Fill in `[rights] complaints`: an electronic form or other means, acknowledged within 30 days.", when=personal,
        starts=date(2026, 6, 19), source="DPA 2018 s.164A, as inserted by the Data (Use and Access) Act 2025 s.103",
        unverified=True),
    row("opt-out", (213,), "rights.opt_out", "A learner cannot opt out of the sharing of achievement data.",
        "Say in `[rights] opt_out` how.", when=of_template("learner-register")),

    # Data
    row("datasets", (99, 103), "datasets", "The agreement names no data.", "List each `[[dataset]]` with its fields."),
    row("fields", (99, 103), "datasets.*.fields", "A dataset lists no fields, so all of it would be refused.",
        "List its `[[dataset.field]]`."),
    row("gateway", (85, 87), Need("datasets.*.gateway", of=about_people), "A dataset has no legal gateway.",
        "Name in `gateway` the power under which its supplier may share it.", when=personal),
    row("coverage", (184,), "datasets.*.covers_to", "A dataset does not say to which day it reaches.",
        "Give `covers_to`.", when=research),
    row("sensitive-justified", (90, 169), Need("datasets.*.fields.*.justification", of=is_sensitive),
        "A field of a special category or of criminal offences is shared without a justification of its own.",
        "Fill in its `justification`, or leave it out.", when=personal),
    row("quality-scope", (289,), "datasets.*.quality.scope", "A dataset has no quality statement: its scope is unsaid.",
        "Fill in `[dataset.quality] scope`.", when=performance),
    row("quality-limits", (289,), "datasets.*.quality.limits", "A dataset's known limits are unsaid.",
        "Fill in `[dataset.quality] limits`.", when=performance),
    row("quality-definitions", (289, 299), "datasets.*.quality.definitions", "A dataset's definitions are unsaid.",
        "Fill in `[dataset.quality] definitions`, or a link to them.", when=performance),
    row("validation", (296,), "datasets.*.quality.validation", "A dataset does not say whether it was validated.",
        "Give `[dataset.quality] validation`."),
    row("timeliness", (293,), "datasets.*.quality.timeliness", "A dataset's timeliness band is unsaid.",
        "Give `[dataset.quality] timeliness`: day-to-day or research.", when=performance),
    row("caveat", (41, 227), "disclosure.caveat", "Data that is not fully validated goes out with no caveat.",
        "Write in `[disclosure] caveat` what travels with it.", when=unvalidated),
    row("possibly-personal", (16,), Need("datasets.*.handling", of=possibly_personal),
        "Victims' Code monitoring or dip sampling may be personal, and gets no handling of its own.",
        "Fill in the dataset's `handling`."),
    row("anonymised-assessed", (208,), Need("datasets.*.anonymisation_assessment", of=is_anonymised),
        "A dataset is called anonymised with no assessment on record.",
        "Have the DPO assess it case by case, and refer to it in `anonymisation_assessment`; until then it is personal."),
    row("anonymised-size", (209,), Need("datasets.*.smallest_group", "at least", 10, of=is_anonymised),
        "A dataset is called anonymised, and its smallest group is unknown or under ten people.",
        "Give `smallest_group`, or aggregate further."),
    row("anonymisation-doubt", (210,), Need("datasets.*.dpo_referral", of=has_doubt),
        "There is doubt whether a dataset is anonymous, and the data protection officer was not asked.",
        "Refer it, and give the reference in `dpo_referral`."),
    row("embargo-until", (61,), Need("datasets.*.embargo_until", of=is_embargoed),
        "A dataset is embargoed to no date.", "Give `embargo_until`: the day of the scheduled release."),
    row("analysis-agreed", (226,), "disclosure.analysis_agreed",
        "Unpublished data is shared with no agreement on its analysis and use.", "Fill in `[disclosure] analysis_agreed`.",
        when=unpublished),
    row("compliance-assured", (75, 92), Need("datasets.*.compliance_confirmed", "yes", of=is_cohort),
        "The provider has not assured that sharing this cohort complies with the law.",
        "Ask every time; set `compliance_confirmed` when it is given.", when=lab),

    # Assessments and notice
    row("screened", (55, 123), "dpia.screened_on", "No DPIA screening was done.", "Screen, and give `[dpia] screened_on`.",
        when=personal),
    row("screened-in-future", (55,), Need("dpia.screened_on", "not later", of=has_screening),
        "The DPIA screening lies in the future.", "Complete it first.", when=personal),
    row("screening-outcome", (124,), Need("dpia.outcome", "one of", ("full", "not-needed")),
        "The DPIA screening has no outcome.", "Give `[dpia] outcome`: full or not-needed.", when=personal),
    row("screening-reason", (124,), "dpia.reason", "The outcome of the DPIA screening has no reason.",
        "Give `[dpia] reason`.", when=personal),
    row("screening-name", (124,), "dpia.screened_by", "Nobody stands for the DPIA screening.",
        "Give `[dpia] screened_by`.", when=personal),
    row("dpo-advice", (123,), "dpia.dpo_advice", "The data protection officer's advice is not on record (tension X11).",
        "Record it in `[dpia] dpo_advice`.", when=personal),
    row("dpia-completed", (135, 136), "dpia.completed_on",
        "The screening asked for a full DPIA, and none is complete: to go on would itself be a breach.",
        "Complete it, and give `[dpia] completed_on`.", when=full_dpia),
    row("dpia-approved-by", (133,), "dpia.approved_by", "Nobody approved the DPIA.", "Give `[dpia] approved_by`.",
        when=full_dpia),
    row("dpia-approver-role", (133,), "dpia.approver_role", "The DPIA's approver has no role.",
        "Give `[dpia] approver_role`.", when=full_dpia),
    row("dpia-approved-on", (133,), "dpia.approved_on", "The DPIA's approval has no date.",
        "Give `[dpia] approved_on`.", when=full_dpia),
    row("dpia-iao", (133,), "dpia.iao", "The DPIA names no information asset owner.", "Give `[dpia] iao`.", when=full_dpia),
    row("no-consultation-reason", (132,), "dpia.no_consultation_reason",
        "No stakeholder was consulted on the DPIA, and nothing says why (tension X11).",
        "Consult, or give `[dpia] no_consultation_reason`.", when=nobody_asked),
    row("dpia-risks", (130,), "dpia.risks", "The DPIA has no risk table.", "Fill in `[[dpia.risk]]`.", when=full_dpia),
    row("risk-solution", (130,), "dpia.risks.*.solution", "A risk has no solution.", "Give its `solution`."),
    row("risk-result", (130,), "dpia.risks.*.result", "A risk's result is unsaid.",
        "Give its `result`: eliminated, reduced or accepted."),
    row("risk-evaluation", (130,), "dpia.risks.*.evaluation", "A risk is not evaluated.",
        "Say in `evaluation` whether what remains is justified, compliant and proportionate."),
    row("regulator-consulted", (134,), "dpia.regulator_consulted_on",
        "A high risk remains, and the regulator was not consulted.",
        "Consult before any processing, and give `[dpia] regulator_consulted_on`.", when=high_residual),
    row("no-automated-decision", (73,), Need("dpia.automated_decisions", "no"),
        "Decisions about people would be taken by automated processing.", "Put a person in each decision.", when=personal),
    row("eia", (143,), "eia.done_on", "No equality impact assessment was made.", "Make one, and give `[eia] done_on`.",
        when=personal),
    row("notice", (139,), "notice.published_at", "No privacy notice is published.",
        "`tally agreement document --notice` writes it; publish it and give `[notice] published_at`.", when=personal),
    row("notice-version", (139, 328), "notice.version", "The privacy notice has no version.",
        "Give `[notice] version` and `dated`.", when=personal),
    row("notice-date", (139, 328), "notice.dated", "The privacy notice has no date.", "Give `[notice] dated`.", when=personal),

    # Sections that each agreement has
    row("foi", (105,), "foi.procedure", "Nothing says how a freedom of information request is handled.",
        "Fill in `[foi] procedure`: the other party is told first and may make representations."),
    row("incident", (105,), "incident.procedure", "Nothing says what is done when data goes astray.",
        "Fill in `[incident] procedure`."),
    row("incident-contact", (105, 283), "incident.contact", "Nobody is named to be told of an incident.",
        "Fill in `[incident] contact`."),
    row("dispute", (105,), "dispute.procedure", "Nothing says how a dispute is settled.", "Fill in `[dispute] procedure`."),
    row("escalation", (122,), "dispute.escalation", "No route of escalation is named for disputes.",
        "List in `[dispute] escalation` who decides, in order."),
    row("onward", (59, 105), Need("disclosure.onward_sharing", "one of", ("none", "named-recipients", "with-consent-of-owner")),
        "Nothing says whether the data may be shared on.", "Give `[disclosure] onward_sharing`."),
    row("publication", (105, 225), Need("disclosure.publication", "one of", ("provider", "joint", "recipient")),
        "Nothing says who may publish.", "Give `[disclosure] publication`."),
    row("review-date", (110,), "about.next_review", "No review is planned.", "Give `next_review`, within a year."),
    row("review-overdue", (110,), Need("about.next_review", "not earlier", of=has_review), "The yearly review is overdue.",
        "Review it; then give the new `next_review` in a new version, signed.", doors=NEW),

    # Recipients, disclosure, retention
    row("recipients", (47, 50), "recipients", "Nobody is named who may receive the data.", "List each `[[recipient]]`."),
    row("receives", (50,), "recipients.*.receives", "A recipient has nothing it may receive.", "Give its `receives`."),
    row("recipient-purposes", (58,), "recipients.*.purposes", "A recipient has no purpose.", "Give its `purposes`."),
    row("third-party", (51,), Need("recipients.*.conditions", of=is_third_party),
        "A third party may receive data on no conditions.", "Give its `conditions`, or take it off the list."),
    row("identified-release", (193, 206), Need("recipients.*.conditions", of=receives_identified),
        "A recipient would receive people's identities, and nothing says why pseudonyms would not do.",
        "Say so in its `conditions`, or let it receive a de-identified extract."),
    row("minimum-cell", (217, 230), Need("disclosure.minimum_cell_count", "at least", 5),
        "The smallest count that may leave is not set, or is under five.", "Give `[disclosure] minimum_cell_count`."),
    row("aggregate-only", (215, 219), Need("disclosure.aggregate_only", "yes"),
        "Research outputs would not be aggregate only.", "Set `[disclosure] aggregate_only` to true.", when=research),
    row("retention", (246, 260), "retention.attributes", "Nothing says how long the data is kept.",
        "Give `[retention] attributes`, such as P3Y."),
    row("disposal", (247,), "retention.disposal", "Nothing says how the data is disposed of.", "Fill in `[retention] disposal`."),
    row("retention-responsible", (247,), "retention.responsible", "Nobody is responsible for disposal.",
        "Fill in `[retention] responsible`."),
    row("identifiers-kept", (188, 259), "retention.identifiers_reason",
        "Identifiers outlive the linkage, and nothing says why (tension X1).",
        "Say why in `[retention] identifiers_reason`, or set `identifiers` to on-linkage.", when=keeps_identifiers),

    # Linkage
    row("linker", (186,), "linkage.linker", "Nothing says which party links.", "Give `[linkage] linker`.", when=linked),
    row("linkage-people", (158, 192), "linkage.people", "Nobody is named who may see the identifiers.",
        "List in `[linkage] people` those who link, and nobody else.", when=linked),
    row("analytical-only", (194,), Need("linkage.analytical_only", "yes"),
        "A probabilistic link would be used as if it were certain.", "Set `[linkage] analytical_only` to true.",
        when=linked_research),

    # The Justice Data Lab
    row("lab-team", (71, 155), "lab.team", "The analysis team is not named.", "Give `[lab] team`.", when=lab),
    row("lab-minimum", (195,), Need("lab.minimum_cohort", "at least", 60), "A cohort under 60 people could be analysed.",
        "Set `[lab] minimum_cohort` to 60 or more.", when=lab),
    row("lab-outcome", (201,), Need("lab.follow_up_months", "one of", (12,)),
        "The outcome is not one-year proven reoffending.", "Set `[lab] follow_up_months` to 12.", when=lab),
    row("lab-deletion", (251, 252), "retention.cohort_after_publication",
        "Nothing says how long the cohort is kept after publication.",
        "Give `[retention] cohort_after_publication`: one month is P1M (tension X2).", when=lab),
    row("lab-pool", (246, 260), "retention.comparison_pool",
        "Nothing says how long the pool is kept that the comparison group is drawn from.",
        "Give `[retention] comparison_pool`: a day, or a period from the start such as P1Y.", when=lab),
    row("lab-opt-out", (72, 253), Need("retention.opt_out", "yes"),
        "The pseudonymised set is kept, and the provider cannot opt out.", "Set `[retention] opt_out` to true.",
        when=keeps_pseudonymised),
    row("lab-countries", (70,), Need("parties.*.country", "one of", ("United Kingdom",)),
        "A party holds the data outside the United Kingdom.", "Hold and move it within the United Kingdom.", when=lab),
    row("lab-routes", (232,), "supply.routes", "No secure route of submission is named.",
        "List in `[supply] routes` the secure accounts that may be used.", when=lab),

    # How it moves, and Wales
    row("mechanism", (238,), "supply.mechanism", "The mechanism of transfer is not agreed.", "Fill in `[supply] mechanism`."),
    row("storage", (238,), "supply.storage", "The storage is not described.", "Fill in `[supply] storage`.", when=personal),
    row("encrypted", (234,), Need("supply.encrypted", "yes"), "Personal data would move unencrypted (tension X12).",
        "Set `[supply] encrypted` to true.", when=personal),
    row("direct-access", (77,), "supply.direct_access_reason",
        "Direct access to a system is refused unless nothing else is possible.",
        "Say in `[supply] direct_access_reason` why, or use another mechanism.", when=direct_access),
    row("two-factor", (242,), Need("supply.two_factor", "yes"), "System access is given without two factors.",
        "Set `[supply] two_factor` when it is so.", when=direct_access),
    row("role-based", (242,), Need("supply.role_based_access", "yes"), "System access is not by role.",
        "Set `[supply] role_based_access` when it is so.", when=direct_access),
    row("waspi-template", (112, 316), "wales.template", "A WASPI signatory shares without WASPI's template.",
        "Use it, and name it in `[wales] template`.", when=waspi),
    row("waspi-quality", (112, 316), "wales.quality_assured_on", "The agreement has not passed WASPI's quality assurance.",
        "Give `[wales] quality_assured_on`.", when=waspi),
    row("waspi-decision", (113,), "wales.agreement_decision", "WASPI's decision on which agreement is required was not made.",
        "Record it in `[wales] agreement_decision`.", when=welsh),
)
# fmt: on
