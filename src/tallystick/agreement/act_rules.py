"""The rules on what is done at a door: a movement of data, an output, a person's access, a provider's cohort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tallystick.agreement import law
from tallystick.agreement.acts import Access, Analysis, Movement, Output, Submission
from tallystick.agreement.agreement_logic import above
from tallystick.agreement.conditions import same_person, written_alike
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.rule import Case, Condition, Door, Need, Places, Rule, is_answered
from tallystick.agreement.schema import Agreement, Recipient

MOVES: frozenset[Door] = frozenset({"supply", "link", "deidentify", "extract", "release", "publish"})
LEAVES: frozenset[Door] = frozenset({"extract", "release", "publish"})
PUBLIC: frozenset[Door] = frozenset({"publish"})
OUTPUTS: frozenset[Door] = frozenset({"output", "release", "publish"})
EVALUATES: frozenset[Door] = frozenset({"lab"})
ROOMS: frozenset[Door] = frozenset({"link", "review", "deidentify", "extract"})


def row(
    subject: str,
    id: str,  # noqa: A002
    requirements: tuple[int, ...],
    test: str | Need | Places,
    says: str,
    do: str,
    *,
    doors: frozenset[Door],
    when: Condition | None = None,
    **more: Any,
) -> Rule:
    """Return a rule on an act; a bare path asks that there be an answer."""
    need = Need(test) if isinstance(test, str) else test
    return Rule(f"{subject}.{id}", requirements, subject, need, says, do, doors, when, **more)


def agreement_of(case: Case) -> Agreement:
    """Return the agreement under which it is done."""
    assert case.agreement is not None
    return case.agreement


# When an act is asked.
def personal(act: Any, case: Case) -> bool:
    """The agreement holds personal data of living people."""
    return agreement_of(case).is_personal


def in_lab(act: Any, case: Case) -> bool:
    """The agreement is for the Justice Data Lab."""
    return agreement_of(case).lab is not None


def in_research(act: Any, case: Case) -> bool:
    """The agreement is for research on personal data."""
    return agreement_of(case).is_personal and agreement_of(case).about.purpose == "research"


def sees_identifiers(access: Access, case: Case) -> bool:
    """The access is to identifiers."""
    return access.identifiers and agreement_of(case).is_personal


def direct_access(access: Access, case: Case) -> bool:
    """The access is to a supplier's own system."""
    return agreement_of(case).supply.direct_access


def unvalidated_leaves(movement: Movement, case: Case) -> bool:
    """What leaves is not fully validated."""
    dataset = moved(movement, case)
    return dataset is not None and dataset.quality.validation in ("unvalidated", "partly-validated")


def moved(movement: Movement, case: Case) -> Dataset | None:
    """Return the dataset that moves, if the agreement holds it."""
    return agreement_of(case).dataset(movement.dataset)


def recipient_of(movement: Movement, case: Case) -> Recipient | None:
    """Return the recipient as the agreement names it, or None."""
    return next((one for one in agreement_of(case).recipients if one.name == movement.recipient), None)


# Movements
def not_in_document(movement: Movement, case: Case) -> Iterator[str]:
    """Only the agreement's own datasets and fields move."""
    if movement.dataset:
        dataset = moved(movement, case)
        if dataset is None:
            yield f"dataset {movement.dataset!r}"
        else:
            for name in movement.fields:
                if dataset.field(name) is None:
                    yield f"dataset {dataset.name!r}, field {name!r}"


def unnamed_recipient(movement: Movement, case: Case) -> Iterator[str]:
    """Data goes to a party or a named recipient, and to nobody else."""
    if (
        movement.recipient
        and agreement_of(case).party(movement.recipient) is None
        and recipient_of(movement, case) is None
    ):
        yield "recipient"


def not_for_this_recipient(movement: Movement, case: Case) -> Iterator[str]:
    """A recipient gets the datasets and fields listed for it."""
    recipient = recipient_of(movement, case)
    if recipient is None:
        return
    if recipient.datasets and movement.dataset and movement.dataset not in recipient.datasets:
        yield f"dataset {movement.dataset!r}"
    listed = {name.split(".")[-1] for name in recipient.fields}
    for name in movement.fields:
        if listed and name not in listed:
            yield f"field {name!r}"


def other_purpose(movement: Movement, case: Case) -> Iterator[str]:
    """Data serves the purpose that was agreed; research data never serves operations."""
    if movement.purpose is not None and movement.purpose != agreement_of(case).about.purpose:
        yield "purpose"


def other_route(movement: Movement, case: Case) -> Iterator[str]:
    """Data comes and goes by the routes that were agreed."""
    routes = agreement_of(case).supply.routes
    if movement.route and routes and movement.route not in routes:
        yield "route"


def label_lowered(movement: Movement, case: Case) -> Iterator[str]:
    """A label is not lowered on the way out, unless the owner approved."""
    agreement, dataset = agreement_of(case), moved(movement, case)
    label = (dataset.classification if dataset else None) or agreement.about.classification
    if (
        movement.label
        and label
        and above(label, movement.label)
        and not is_answered(agreement.about.declassified_by)
    ):
        yield "label"


def identifiers_with_attributes(movement: Movement, case: Case) -> Iterator[str]:
    """Identifiers travel apart from everything else."""
    dataset = moved(movement, case)
    kinds = {field.kind for field in dataset.fields if field.name in movement.fields} if dataset else set()
    if "identifier" in kinds and kinds & {"attribute", "event-date", "case-id"}:
        yield "fields"


def identifiers_leave(movement: Movement, case: Case) -> Iterator[str]:
    """Identifiers leave to nobody who is not listed as receiving them."""
    dataset, recipient = moved(movement, case), recipient_of(movement, case)
    named = [field.name for field in dataset.identifiers if field.name in movement.fields] if dataset else []
    if named and (recipient is None or recipient.receives not in ("identifiers", "person-level extract")):
        yield "fields"


def intelligence_leaves(movement: Movement, case: Case) -> Iterator[str]:
    """What may reveal an intelligence source is taken out first."""
    dataset = moved(movement, case)
    for field in dataset.fields if dataset else ():
        if field.intelligence and field.name in movement.fields:
            yield f"field {field.name!r}"


def under_embargo(movement: Movement, case: Case) -> Iterator[str]:
    """Unpublished figures wait for the scheduled release."""
    dataset = moved(movement, case)
    if (
        dataset
        and dataset.publication == "embargoed"
        and (not dataset.embargo_until or case.on < dataset.embargo_until)
    ):
        yield f"dataset {dataset.name!r}, embargo_until"


def internal_only(movement: Movement, case: Case) -> Iterator[str]:
    """What is for internal use is neither published nor sent to third parties."""
    dataset, recipient = moved(movement, case), recipient_of(movement, case)
    goes_out = case.door == "publish" or (recipient is not None and recipient.third_party)
    if dataset and dataset.publication == "internal-only" and goes_out:
        yield f"dataset {dataset.name!r}, publication"


def not_accurate_enough(movement: Movement, case: Case) -> Iterator[str]:
    """Returns that are not fully checked serve nothing that needs complete accuracy, nor a use about a person."""
    dataset = moved(movement, case)
    needs = movement.needs_complete_accuracy or movement.about_individuals
    if needs and dataset and dataset.quality.validation in ("unvalidated", "partly-validated"):
        yield f"dataset {dataset.name!r}, quality, validation"


def shared_on(movement: Movement, case: Case) -> Iterator[str]:
    """Data is shared on only as agreed."""
    allowed = agreement_of(case).disclosure.onward_sharing
    if movement.onward and (allowed != "named-recipients" or recipient_of(movement, case) is None):
        yield "onward"


def published_by_another(movement: Movement, case: Case) -> Iterator[str]:
    """The right to publish stays with the provider unless agreed otherwise."""
    dataset = moved(movement, case)
    rule = agreement_of(case).disclosure.publication
    if movement.publisher and dataset and rule in ("", "provider") and movement.publisher != dataset.supplier:
        yield "publisher"


# Outputs
def unchecked(output: Output, case: Case) -> Iterator[str]:
    """As many people as agreed checked it, none of whom made it."""
    others = {written_alike(name) for name in output.checked_by} - {written_alike(output.produced_by), ""}
    if len(others) < agreement_of(case).disclosure.checkers:
        yield "checked_by"


def too_small(output: Output, case: Case) -> Iterator[str]:
    """No count is below the threshold of the agreement, or of the project where that is higher."""
    floors = [agreement_of(case).disclosure.minimum_cell_count or 0]
    if case.project and case.project.minimum_cell_count:
        floors.append(case.project.minimum_cell_count)
    if output.smallest_cell is not None and 0 < output.smallest_cell < max(floors):
        yield "smallest_cell"


def other_account(output: Output, case: Case) -> Iterator[str]:
    """A report goes back to the account that sent the cohort."""
    if output.returned_to != output.supplied_from:
        yield "returned_to"


# Access
def not_a_linker(access: Access, case: Case) -> Iterator[str]:
    """Only those who link see the identifiers."""
    linkage = agreement_of(case).linkage
    people = linkage.people if linkage else ()
    if not any(same_person(access.person, one) for one in people):
        yield "person"


def below_classification(access: Access, case: Case) -> Iterator[str]:
    """Clearance meets the classification."""
    needed = law.CLEARANCE_NEEDED.get(agreement_of(case).about.classification or "", ())
    if needed and access.clearance not in needed:
        yield "clearance"


# Analyses
def no_lab(analysis: Analysis, case: Case) -> Iterator[str]:
    """Only a Justice Data Lab agreement permits an evaluation."""
    if agreement_of(case).lab is None:
        yield "agreement, lab"


def other_outcome(analysis: Analysis, case: Case) -> Iterator[str]:
    """What is asked is the agreed outcome within the agreed follow-up, or another that the agreement lists."""
    lab = agreement_of(case).lab
    if lab and not analysis.is_reoffending and analysis.outcome not in lab.other_outcomes:
        yield "outcome"
    if lab and analysis.follow_up_months not in (lab.follow_up_months, *lab.other_follow_ups):
        yield "follow_up_months"


def pool_over(analysis: Analysis, case: Case) -> Iterator[str]:
    """The comparison pool is not used after the day until which it is kept."""
    until = agreement_of(case).pool_kept_until
    if until is not None and case.on > until:
        yield "retention, comparison_pool"


# Submissions
def too_few(submission: Submission | Analysis, case: Case) -> Iterator[str]:
    """A cohort is of sixty at least, or of more where the agreement says so."""
    lab = agreement_of(case).lab
    if submission.cohort < (lab.minimum_cohort if lab else 60):
        yield "cohort"


def lacks_fields(submission: Submission, case: Case) -> Iterator[str]:
    """A cohort has the mandatory fields and one of the dates."""
    for name in law.LAB_IDENTIFIERS:
        if name not in submission.has_fields:
            yield f"column {name!r}"
    if not set(law.LAB_DATES) & set(submission.has_fields):
        yield f"one of the columns {', '.join(law.LAB_DATES)}"


def by_another_route(submission: Submission, case: Case) -> Iterator[str]:
    """A cohort comes by a secure account."""
    if submission.route not in agreement_of(case).supply.routes:
        yield "route"


# fmt: off
ACT_RULES: tuple[Rule, ...] = (
    row("movement", "in-document", (107, 109), not_in_document, "This is not in the agreement.",
        "Handle it apart as an ad hoc request, or have the agreement amended.", doors=MOVES),
    row("movement", "recipient", (50, 51, 107), unnamed_recipient, "Nobody of that name may receive the data.",
        "Send it to a named recipient, or have the agreement amended.", doors=MOVES),
    row("movement", "recipient-list", (50, 158), not_for_this_recipient, "This recipient is not to have this.",
        "Leave it out.", doors=LEAVES),
    row("movement", "purpose", (58, 64), other_purpose, "The purpose is not the one that was agreed.",
        "Ask the owner for an agreement on that purpose.", doors=MOVES),
    row("movement", "route", (232, 238), other_route, "This route is not one that was agreed.",
        "Use one of `[supply] routes`; delete what came by another, and tell the sender why.", doors=MOVES),
    row("movement", "encrypted", (234,), Need("encrypted", "yes"), "The data is not encrypted.", "Encrypt it.",
        doors=MOVES, when=personal),
    row("movement", "label", (60, 245), label_lowered, "The label is lower than the data's classification.",
        "Keep the label, or have the owner approve the sanitised data.", doors=LEAVES),
    row("movement", "country", (70,), Need("country", "one of", ("United Kingdom",)),
        "The data would leave the United Kingdom.", "Keep it in the United Kingdom.", doors=MOVES, when=in_lab),
    row("movement", "apart", (187,), identifiers_with_attributes, "Identifiers and other data travel together.",
        "Split them; `tally supply` does.", doors=frozenset({"link"}), when=personal),
    row("movement", "identifiers", (68, 190, 193), identifiers_leave, "Identifiers would leave.",
        "Leave them out.", doors=LEAVES, when=personal),
    row("movement", "intelligence", (228,), intelligence_leaves, "This may reveal an intelligence source.",
        "Take the field out.", doors=LEAVES),
    row("movement", "embargo", (61,), under_embargo, "The figures are embargoed until their scheduled release.",
        "Wait until `embargo_until`.", doors=LEAVES),
    row("movement", "internal", (62,), internal_only, "This dataset is for internal use.", "Do not publish it.", doors=LEAVES),
    row("movement", "accuracy", (63, 292), not_accurate_enough,
        "The use needs complete accuracy, and the data is not validated.", "Wait for validated data.", doors=LEAVES),
    row("movement", "caveat", (41, 227), "caveat", "Data that is not validated leaves without its caveat.",
        "Send the agreement's caveat with it.", doors=LEAVES, when=unvalidated_leaves),
    row("movement", "onward", (58, 59), shared_on, "The data would be shared on beyond what was agreed.",
        "Ask the owning agency for its express agreement.", doors=LEAVES),
    row("movement", "publisher", (59, 225), published_by_another, "Publication is the provider's right.",
        "Ask the provider.", doors=PUBLIC),
    row("movement", "one-analysis", (72,), Need("for_another_analysis", "no"),
        "A cohort serves only the analysis that it was sent for.", "Ask the provider for a submission of its own.",
        doors=MOVES, when=in_lab),
    row("output", "aggregate", (215, 219), Need("aggregate", "yes"), "The output is not aggregate.",
        "Aggregate it.", doors=OUTPUTS, when=personal),
    row("output", "scope", (216,), Need("within_scope", "yes"), "Nobody said that the output is in the project's scope.",
        "Have a checker say so, or leave it out.", doors=frozenset({"release", "publish"}), when=in_research),
    row("output", "not-identifying", (69, 216), Need("identifies_individuals", "no"), "The output identifies people.",
        "Suppress or aggregate.", doors=OUTPUTS),
    row("output", "checked", (216, 218), unchecked, "The output was not checked by somebody else.",
        "Have it checked.", doors=frozenset({"release", "publish"}), when=personal),
    row("output", "cell-count", (217, 219, 230), too_small, "A count is below the threshold.",
        "Suppress, round or merge it: `tally output check` shows where.", doors=OUTPUTS),
    row("output", "one-person", (76,), Need("about_one_person", "no"), "The result is about one person's reoffending.",
        "Report groups only.", doors=OUTPUTS, when=in_lab),
    row("output", "same-account", (222,), other_account, "The report would go to another account than sent the cohort.",
        "Return it to that account.", doors=frozenset({"release"}), when=in_lab),
    row("access", "linker", (158, 192), not_a_linker, "This person does not carry out the linkage.",
        "Only those in `[linkage] people` see identifiers.", doors=ROOMS, when=sees_identifiers),
    row("access", "clearance", (153, 155), below_classification, "The clearance is below the data's classification.",
        "Have the person cleared.", doors=ROOMS, when=personal),
    row("access", "purpose", (158,), "purpose", "The access has no purpose.", "Say what it is for.", doors=ROOMS, when=personal),
    row("access", "resources", (241,), "resources", "The grant names no resources.", "Name the datasets.", doors=ROOMS),
    row("access", "level", (241,), Need("level", "one of", ("read-only", "edit", "download")),
        "The grant has no level.", "Give `level`: read-only, edit or download.", doors=ROOMS),
    row("access", "until", (172, 241), Need("until", "not earlier"), "The grant has no end, or has ended.",
        "Give `until`.", doors=ROOMS),
    row("access", "two-factor", (242,), Need("two_factor", "yes"), "The access is without a second factor.",
        "Set up two-factor authentication.", doors=ROOMS, when=direct_access),
    row("access", "by-role", (242,), Need("by_role", "yes"), "The access is not by role.", "Give it through a role.",
        doors=ROOMS, when=direct_access),
    row("access", "security-terms", (155,), Need("security_terms_signed", "yes"),
        "The Security Operating Agreement is not signed.", "Have it signed.", doors=ROOMS, when=in_lab),
    row("access", "trained", (155, 156), Need("trained_until", "not earlier"), "Training is missing, or has run out.",
        "Renew it.", doors=ROOMS, when=in_lab),
    row("analysis", "lab", (201,), no_lab, "The agreement permits no evaluation of a cohort.",
        "Use a share whose agreement has a `[lab]` section: `tally init --template justice-data-lab`.", doors=EVALUATES),
    row("analysis", "cohort", (195,), too_few, "The cohort is smaller than an analysis may be.",
        "Wait until at least sixty people have taken part.", doors=EVALUATES),
    row("analysis", "assurance", (75, 92), Need("assured_by"),
        "Nobody assures that this cohort is shared lawfully; that is asked for each time.",
        "Give --assured-by, or `assured_by` in the request, with the name and role of who assures it.", doors=EVALUATES),
    row("analysis", "outcome", (201,), other_outcome, "The outcome is not one that was agreed.",
        "Ask for one-year proven reoffending, or have `[lab] other_outcomes` or `other_follow_ups` amended.", doors=EVALUATES),
    row("analysis", "pool", (246, 260), pool_over, "The comparison pool's time is over.",
        "Have it destroyed (`tally run` does); a new analysis needs a new supply.", doors=EVALUATES),
    row("submission", "cohort", (195,), too_few, "The cohort is smaller than an analysis may be.",
        "Wait until at least sixty people have taken part.", doors=frozenset({"supply"})),
    row("submission", "fields", (196, 205, 237), lacks_fields, "The cohort lacks a mandatory column.",
        "Add it; `tally lab template` has them all.", doors=frozenset({"supply"})),
    row("submission", "route", (232, 233), by_another_route, "The cohort came by a route that is not permitted.",
        "Delete and purge it, tell the sender why, and ask for it by a secure account.", doors=frozenset({"supply"})),
    row("submission", "sender", (236,), Need("sender_registered", "yes"), "The sender is not registered for the secure account.",
        "Check the registration.", doors=frozenset({"supply"})),
    row("submission", "template", (237,), Need("on_template", "yes"), "The cohort is not on the template.",
        "Send it back, saying what is needed.", doors=frozenset({"supply"})),
    row("submission", "compliance", (75, 92), Need("compliance_assured", "yes"),
        "The provider has not assured that it complies with the law.", "Ask every time; do not go on without it.",
        doors=frozenset({"supply"})),
    row("submission", "receipt", (235,), Need("receipt_sent", "yes"), "Receipt was not confirmed to the sender.",
        "Confirm it.", doors=frozenset({"supply"})),
    row("submission", "inbox", (234,), Need("original_deleted", "yes"),
        "The original still lies in the inbox or on the medium.", "Delete it there.", doors=frozenset({"supply"})),
    row("submission", "names-only", (199, 237), Need("names_only", "at most", 0.5),
        "Most rows have a name and nothing else to match on.", "Return it, saying what is needed.",
        doors=frozenset({"supply"})),
)
# fmt: on
