"""The rules on a project: people, fields, approvals, setting, time. Sections D, I and J of the requirements; the Five Safes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tallystick.agreement import law
from tallystick.agreement.bodies import CHIEF_STATISTICIAN, DFE, body, is_same, panels
from tallystick.agreement.dataset import DataField, Dataset
from tallystick.agreement.project import AcceptedRisk, Project
from tallystick.agreement.rule import Case, Condition, Door, Need, Places, Rule, is_answered
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import after

DOORS: frozenset[Door] = frozenset({"extract", "output", "release"})
EXTRACT: frozenset[Door] = frozenset({"extract"})


def row(
    id: str,  # noqa: A002
    requirements: tuple[int, ...],
    test: str | Need | Places,
    says: str,
    do: str,
    *,
    when: Condition | None = None,
    doors: frozenset[Door] = DOORS,
    **more: Any,
) -> Rule:
    """Return a rule on a project; a bare path asks that there be an answer."""
    need = Need(test) if isinstance(test, str) else test
    return Rule(f"project.{id}", requirements, "project", need, says, do, doors, when, **more)


def personal(project: Project, case: Case) -> bool:
    """The agreement holds personal data of living people."""
    return case.agreement is not None and case.agreement.is_personal


def research(project: Project, case: Case) -> bool:
    """The agreement is for research on personal data."""
    return (
        case.agreement is not None
        and case.agreement.is_personal
        and case.agreement.about.purpose == "research"
    )


def pupils(project: Project, case: Case) -> bool:
    """The project uses data of the Department for Education about pupils."""
    return research(project, case) and any(is_same(one.supplier, DFE) for one in used(project, case))


def started(project: Project) -> bool:
    """Whether the project has a first day."""
    return project.starts is not None


def used(project: Project, case: Case) -> list[Dataset]:
    """Return the agreement's datasets that the project uses."""
    agreement = agreement_of(case)
    return [found for part in project.datasets if (found := agreement.dataset(part.name)) is not None]


def agreement_of(case: Case) -> Agreement:
    """Return the agreement under which the project is."""
    assert case.agreement is not None
    return case.agreement


def chosen(project: Project, case: Case) -> Iterator[tuple[str, DataField, str]]:
    """Yield where each chosen field stands, the field of the agreement, and the detail in which it would leave."""
    for part in project.datasets:
        dataset = agreement_of(case).dataset(part.name)
        for field in part.fields:
            found = dataset.field(field.name) if dataset else None
            if found is not None:
                yield f"dataset {part.name!r}, field {field.name!r}", found, field.detail


def outside_agreement(project: Project, case: Case) -> Iterator[str]:
    """A project uses only what the agreement holds."""
    for part in project.datasets:
        dataset = agreement_of(case).dataset(part.name)
        if dataset is None:
            yield f"dataset {part.name!r}"
            continue
        for field in part.fields:
            if dataset.field(field.name) is None:
                yield f"dataset {part.name!r}, field {field.name!r}"


def asks_for_identifiers(project: Project, case: Case) -> Iterator[str]:
    """No identifier reaches a researcher; ids are made new for each project."""
    for where, field, _ in chosen(project, case):
        if field.kind in ("identifier", "linkage-evidence"):
            yield where


def asks_for_intelligence(project: Project, case: Case) -> Iterator[str]:
    """What may reveal an intelligence source is not extracted."""
    for where, field, _ in chosen(project, case):
        if field.intelligence:
            yield where


def unjustified_fields(project: Project, case: Case) -> Iterator[str]:
    """Each field is justified by the project itself."""
    for part in project.datasets:
        for field in part.fields:
            if not is_answered(field.justification):
                yield f"dataset {part.name!r}, field {field.name!r}, justification"


def owners_not_asked(project: Project, case: Case) -> Iterator[str]:
    """The owner of each dataset approved, by the panel that it keeps for that."""
    for dataset in used(project, case):
        panel = panel_for(dataset.supplier, agreement_of(case))
        if not is_approved(project, {panel, dataset.supplier}, dataset.name):
            yield f"dataset {dataset.name!r}: {panel}"


def panel_for(supplier: str, agreement: Agreement) -> str:
    """Return who approves for a supplier: the last of its panels, or the supplier itself (162 to 165)."""
    found = panels(supplier, agreement.about.template)
    return found[-1].name if found and not found[-1].is_officer else supplier


def is_approved(project: Project, bodies: set[str], dataset: str) -> bool:
    """Whether one of these bodies approved the project's use of a dataset (an approval that names none is for all)."""
    names = {body(name) for name in bodies}
    return any(
        body(approval.body) in names
        and approval.decision in ("approved", "approved-with-conditions")
        and (not approval.datasets or dataset in approval.datasets)
        for approval in project.approvals
    )


def stages_out_of_order(project: Project, case: Case) -> Iterator[str]:
    """The accreditation panel decides after the data owners, and it has decided."""
    owners = [one.decided_on for one in project.approvals if one.stage == "data-owner"]
    panel = [
        one.decided_on
        for one in project.approvals
        if one.stage == "accreditation-panel" and one.decision.startswith("approved")
    ]
    if not panel or (owners and max(panel) < max(owners)):
        yield "approval"


def refused_by_someone(project: Project, case: Case) -> Iterator[str]:
    """No later rejection or withdrawal stands."""
    for index, one in enumerate(project.approvals, 1):
        later = [o for o in project.approvals if o.body == one.body and o.decided_on > one.decided_on]
        if one.decision in ("rejected", "withdrawn") and not later:
            yield f"approval {index}"


def without_chief_statistician(project: Project, case: Case) -> Iterator[str]:
    """Pupil data for research is approved and controlled by the department's Chief Statistician."""
    names = [dataset.name for dataset in used(project, case) if is_same(dataset.supplier, DFE)]
    if not all(is_approved(project, {CHIEF_STATISTICIAN.name}, name) for name in names):
        yield "approval"


def accreditation_expired(project: Project, case: Case) -> Iterator[str]:
    """Each researcher's accreditation holds today."""
    for index, person in enumerate(project.people, 1):
        if person.accredited_until is None or person.accredited_until < case.on:
            yield f"person {index}, accredited_until"


def training_expired(project: Project, case: Case) -> Iterator[str]:
    """Training that was given holds today."""
    for index, person in enumerate(project.people, 1):
        if person.trained_until is not None and person.trained_until < case.on:
            yield f"person {index}, trained_until"


def not_cleared(project: Project, case: Case) -> Iterator[str]:
    """Nobody's clearance is below the data's classification."""
    needed = law.CLEARANCE_NEEDED.get(agreement_of(case).about.classification or "", ())
    for index, person in enumerate(project.people, 1):
        if needed and person.clearance and person.clearance not in needed:
            yield f"person {index}, clearance"


def not_a_recipient(project: Project, case: Case) -> Iterator[str]:
    """The project's recipient is one that the agreement names."""
    names = {recipient.name for recipient in agreement_of(case).recipients}
    if is_answered(project.recipient) and project.recipient not in names:
        yield "recipient"


def lasts_longer(project: Project, case: Case) -> Iterator[str]:
    """A project ends with the agreement at the latest."""
    ends = agreement_of(case).about.ends
    if project.ends and ends and project.ends > ends:
        yield "ends"


def kept_too_long(project: Project, case: Case) -> Iterator[str]:
    """An extract is kept no longer than the agreement has it."""
    kept = agreement_of(case).retention.extracts
    until = project.keep_extract_until
    if until and project.starts and kept and until > after(project.starts, kept):
        yield "keep_extract_until"


def looser_than_agreement(project: Project, case: Case) -> Iterator[str]:
    """A project's own threshold is never below the agreement's."""
    floor = agreement_of(case).disclosure.minimum_cell_count
    if project.minimum_cell_count is not None and floor is not None and project.minimum_cell_count < floor:
        yield "minimum_cell_count"


def takes_a_risk(project: Project, case: Case) -> bool:
    """The project says that a risk was accepted."""
    return project.accepted_risk != AcceptedRisk()


def accepted_by_nobody(project: Project, case: Case) -> Iterator[str]:
    """A risk is accepted by a senior information risk owner of the agreement, on a day that has come, for a reason."""
    said = project.accepted_risk
    if said.by not in {party.officers.get("siro") for party in agreement_of(case).parties if said.by}:
        yield "accepted_risk, by"
    if said.accepted_on is None or said.accepted_on > case.on:
        yield "accepted_risk, accepted_on"
    if not is_answered(said.reason):
        yield "accepted_risk, reason"


# fmt: off
PROJECT_RULES: tuple[Rule, ...] = (
    row("in-document", (107, 109, 211), outside_agreement, "The project asks for what the agreement does not hold.",
        "Take it out, or have the agreement amended and signed."),
    row("no-identifiers", (68, 190, 212), asks_for_identifiers, "The project asks for an identifier.",
        "Take it out: researchers get meaningless ids.", when=personal),
    row("no-intelligence", (228,), asks_for_intelligence, "The project asks for a field that may reveal an intelligence source.",
        "Take it out."),
    row("justified", (169, 211), unjustified_fields, "A field is asked for with no reason.",
        "Give its `justification`, or take it out.", when=personal),
    row("coverage-justified", (169,), "datasets.*.coverage_justification", "The coverage asked for has no reason.",
        "Say in `coverage_justification` why these rows and years are needed.", when=research),
    row("combination", (170,), "combination_assessment", "The items were not judged together for the risk of disclosure.",
        "Fill in `combination_assessment`.", when=research),
    row("owner", (53, 162, 163, 164, 165), owners_not_asked, "The owner of a dataset has not approved the project.",
        "Ask its panel, and record the `[[approval]]`.", when=research),
    row("two-stages", (166,), stages_out_of_order, "The accreditation panel has not approved after the data owners.",
        'Record its `[[approval]]` with `stage = "accreditation-panel"`.', when=research),
    row("no-refusal", (52,), refused_by_someone, "A body rejected or withdrew, and has not approved since.",
        "Meet its reasons and apply again.", when=research),
    row("chief-statistician", (179, 180), without_chief_statistician,
        "Pupil data goes to research without the Chief Statistician's approval.", "Record the `[[approval]]`.", when=pupils),
    row("aim", (168,), "aim", "The project has no aim.", "Say in `aim` what it will find out."),
    row("ethics", (167,), "merits.ethics", "The panels' test of ethics is not answered.",
        "Fill in `[merits] ethics`.", when=research),
    row("necessity", (167,), "merits.necessity", "Nothing says why access is necessary.",
        "Fill in `[merits] necessity`.", when=research),
    row("data-protection", (167,), "merits.data_protection", "The panels' test of data protection is not answered.",
        "Fill in `[merits] data_protection`.", when=research),
    row("method", (32, 167), "merits.method", "The method is not described.", "Fill in `[merits] method`.", when=research),
    row("public-good", (167, 168), "merits.public_good", "Nothing says how it serves the public.",
        "Fill in `[merits] public_good`.", when=research),
    row("safe-people", (171,), "five_safes.people", "Safe people: not answered.",
        "Fill in `[five_safes] people`.", when=research),
    row("safe-projects", (171,), "five_safes.projects", "Safe projects: not answered.", "Fill in `[five_safes] projects`.",
        when=research),
    row("safe-settings", (171,), "five_safes.settings", "Safe settings: not answered.", "Fill in `[five_safes] settings`.",
        when=research),
    row("safe-data", (171,), "five_safes.data", "Safe data: not answered.", "Fill in `[five_safes] data`.", when=research),
    row("safe-outputs", (171,), "five_safes.outputs", "Safe outputs: not answered.", "Fill in `[five_safes] outputs`.",
        when=research),
    row("people", (50, 178), "people", "Nobody is named who will use the extract.", "List each `[[person]]`."),
    row("accredited", (156, 178), accreditation_expired, "A researcher is not accredited today.",
        "Renew it, or take the person off the project.", when=research),
    row("trained", (152, 156), training_expired, "Somebody's training has run out.", "Renew it."),
    row("cleared", (153,), not_cleared, "Somebody's clearance is below the data's classification.",
        "Have them cleared, or take them off the project."),
    row("terms", (65,), "people.*.accepted_terms_on",
        "A researcher has not accepted the terms: no attempt to identify anybody.", "Give `accepted_terms_on`.",
        when=research),
    row("setting", (175, 178, 218), "setting", "The project has no safe setting.",
        "Give `setting`: ons-srs, certified or assured-connectivity.", when=research),
    row("no-court-performance", (66,), Need("court_performance", "no"),
        "The project would analyse courts' performance or judges' decisions.", "Leave that out.", when=research),
    row("no-decisions", (69, 76), Need("about_individuals", "no"),
        "The project would support a measure or decision about particular people.", "Use it for statistics only.",
        when=personal),
    row("no-operational-use", (64,), Need("operational_use", "no"), "Research data would serve operations.",
        "Ask for an operational share, with its own agreement.", when=research),
    row("no-outside-data", (67,), Need("outside_data", "empty"), "Outside data would be brought in to combine.",
        "Leave it out, or have it linked under an agreement.", when=research),
    row("recipient", (50, 51, 107), not_a_recipient, "The project's recipient is not named in the agreement.",
        "Correct `recipient`, or have the agreement amended."),
    row("starts", (172,), "starts", "The project has no first day.", "Give `starts`."),
    row("ends", (172,), "ends", "The project has no last day.", "Give `ends`: access is for a fixed time."),
    row("not-started", (172,), Need("starts", "not later", of=started), "The project has not begun.", "Wait until `starts`."),
    row("over", (172,), Need("ends", "not earlier", of=lambda project: project.ends is not None), "The project has ended.",
        "Ask for an extension; access has ended of itself."),
    row("revoked", (173,), Need("revoked_on", "empty"), "Access was revoked.", "Apply anew."),
    row("within-agreement", (106, 172), lasts_longer, "The project lasts longer than the agreement.", "Shorten it."),
    row("retention", (249, 259), kept_too_long, "The extract would be kept longer than agreed.", "Shorten `keep_extract_until`."),
    row("accepted-risk", (170,), accepted_by_nobody, "Nobody who may accepted the risk of groups smaller than agreed.",
        "Have a SIRO whom the agreement names accept it: `[accepted_risk]` by, accepted_on, reason; or take it out.",
        when=takes_a_risk, doors=EXTRACT),
    row("threshold", (217,), looser_than_agreement, "The project's threshold is below the agreement's.", "Raise it."),
)
# fmt: on
