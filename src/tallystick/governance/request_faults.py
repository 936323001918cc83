"""What is wrong with a request, a release or an access that only logic can say: each function yields the places.

They are named for what they find. Rows with requirement, words and remedy are in `tallystick.governance.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tallystick.agreement.bodies import body as full
from tallystick.agreement.rule import Case as Day
from tallystick.governance.cases import Case
from tallystick.governance.conditions import Asking
from tallystick.governance.people import (
    appointments,
    assets,
    classification_of,
    decided,
    deciders,
    has_accepted_terms,
    holders,
    is_cleared,
    is_valid,
    speaks_for,
    undecided,
)
from tallystick.governance.tables.vocabulary import PRINCIPLES
from tallystick.governance.triage import IN_FORCE, is_personal, uncovered

Test = Callable[[Asking, Day], Iterator[str]]
DRAFTING = ("draft", "answer", "submit")
OPEN_DISPUTES = frozenset({"raised", "under-review", "escalated"})


def own_request(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the person who decides on a request of their own."""
    if asking.command.by in {event.by for event in asking.before.acts(*DRAFTING)}:
        yield "by"


def period_reversed(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the period that ends before it begins."""
    start, end = asking.day("period_from"), asking.day("period_to")
    if start is not None and end is not None and end < start:
        yield "period_to"


def kept_until_past(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the retention that is over before it began."""
    end = asking.day("keep_until")
    if end is not None and end < asking.on:
        yield "keep_until"


def unknown_datasets(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the datasets that no register holds."""
    wanted = asking.get("datasets", ())
    known = {asset.id for asset in assets(asking.registry, wanted)}
    yield from (name for name in wanted if name not in known)


def empty_offices(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the owners and panels for which nobody holds the office on the day."""
    for body in deciders(asking.registry, asking.after.answers):
        if not holders(asking.registry, body.name, body.office, asking.on):
            yield f"{body.office} of {body.name}"


def not_a_decider(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the body that has nothing to decide here, or for which somebody of another organisation or office speaks."""
    name = asking.command.organisation
    body = speaks_for(deciders(asking.registry, asking.after.answers), name)
    if body is None or asking.command.role != body.office:
        yield f"{asking.command.role} of {name}"
    elif asking.command.act == "approve" and full(name) in decided(asking.before):
        yield f"{name} has decided already"


def stage_too_early(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the bodies of earlier stages that have not approved."""
    deciding = deciders(asking.registry, asking.after.answers)
    body = speaks_for(deciding, asking.command.organisation)
    if body is not None:
        for other in undecided(asking.registry, asking.before):
            if other.stage < body.stage:
                yield other.name


def no_advice(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the request that no stakeholder has reviewed since it was submitted."""
    if not any(event.act == "advise" for event in asking.before.after("submit")):
        yield "advise"


def papers(asking: Asking, process: str, *states: str) -> tuple[Case, ...]:
    """Return the papers about a case or its agreement that are in one of these states."""
    return tuple(case for case in asking.registry.about(process, *asking.about) if case.state in states)


def not_screened(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the case for which no DPIA screening is decided, or for which one was opened again."""
    if not papers(asking, "screening", "not-needed", "full-needed") or papers(asking, "screening", "open"):
        yield "DPIA screening"


def no_dpia(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the case that needs a full DPIA and has none approved."""
    if papers(asking, "screening", "full-needed") and not papers(asking, "dpia", "approved"):
        yield "DPIA"


def no_notice(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the case without a published privacy notice."""
    if not papers(asking, "notice", "published"):
        yield "privacy notice"


def no_eia(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the case without a complete equality impact assessment."""
    if not papers(asking, "eia", "complete"):
        yield "equality impact assessment"


def principles_missing(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the principles that were not considered."""
    yield from (name for name in PRINCIPLES if name not in (asking.given("principles") or ()))


def anonymised_would_do(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the request that says itself that anonymised data would do."""
    if asking.get("anonymised_suffices") is True:
        yield "anonymised_suffices"


def unfit(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the uses for which data that is not validated is not fit."""
    yield from (key for key in ("about_individuals", "complete_accuracy") if asking.get(key) is True)


def unnamed_recipients(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the recipients of a release, by position, that the request does not name."""
    named = {*asking.get("recipients", ()), *asking.get("third_parties", ())}
    yield from (f"to {index}" for index, name in enumerate(asking.given("to") or (), 1) if name not in named)


def other_purpose(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the purpose that is not the request's."""
    if asking.given("released_for") != asking.get("purpose"):
        yield "released_for"


def agreement_of(asking: Asking) -> Case | None:
    """Return the agreement that a case names."""
    return asking.registry.find("agreement", str(asking.get("agreement", "")))


def no_agreement(asking: Asking, _: Day) -> Iterator[str]:
    """Yield what the named agreement does not cover, or that there is none.

    Where nobody can be identified an MoU is good practice and no duty (requirement 100): one that is named must still cover.
    """
    agreement = agreement_of(asking)
    if not is_personal(asking.after.answers) and not asking.get("agreement"):
        return
    if agreement is None:
        yield "agreement: there is none of that name"
        return
    if agreement.get("is_complete") is not True:
        yield "agreement: it is not complete"
    yield from (f"agreement: {what}" for what in uncovered(agreement, asking.after.answers, asking.on))


def no_agreement_named(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the release that names no agreement."""
    if not asking.get("agreement"):
        yield "agreement"


def review_overdue(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the agreement whose review is overdue."""
    agreement = agreement_of(asking)
    review = agreement.day("next_review") if agreement is not None else None
    if review is not None and review < asking.on:
        yield "agreement, next_review"


def ad_hoc_research(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the research that asks for the ad hoc path."""
    if asking.get("purpose") == "research":
        yield "ad_hoc"


def not_cleared(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the recipients, by position, whose clearance does not meet the classification.

    Above OFFICIAL-SENSITIVE each must be a person of the directory; below, a body may be named, and its people are
    checked when they are granted access.
    """
    classification = classification_of(asking.registry, asking.get("datasets", ()))
    for index, name in enumerate(asking.given("to") or (), 1):
        is_person = any(appointments(asking.registry, name))
        must_be = classification in ("SECRET", "TOP SECRET")
        if (is_person or must_be) and not is_cleared(asking.registry, name, classification, asking.on):
            yield f"to {index}"


def embargoed(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the datasets under embargo for which nobody agreed to an early release."""
    if asking.given("early_release_agreed"):
        return
    for asset in assets(asking.registry, asking.get("datasets", ())):
        until = asset.day("embargo_until")
        if asset.get("publication") == "embargoed" and (until is None or asking.on < until):
            yield asset.id


def not_publishable(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the datasets that would be published or shared on, and may not."""
    if asking.given("publishes") is True:
        for asset in assets(asking.registry, asking.get("datasets", ())):
            if asset.get("publication") != "allowed":
                yield asset.id


def disputed(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the open disputes about a case or its agreement."""
    for dispute in asking.registry.about("dispute", *asking.about):
        if dispute.state in OPEN_DISPUTES:
            yield dispute.id


def no_chief_statistician(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the release of pupil data for which the Chief Statistician has not approved."""
    if "dfe-chief-statistician" not in decided(asking.before):
        yield "dfe-chief-statistician"


def request_of(asking: Asking) -> Case | None:
    """Return the request that an access is about."""
    return asking.registry.find("request", str(asking.get("about", "")))


def access_not_approved(asking: Asking, _: Day) -> Iterator[str]:
    """Yield what of an access no approved request holds."""
    request = request_of(asking)
    if request is None or request.state not in (
        "approved",
        "approved-with-conditions",
        "covered",
        "released",
    ):
        yield "about: no approved request"
        return
    people = request.get("people") or request.get("recipients", ())
    if asking.get("person") not in people:
        yield "person"
    yield from (name for name in asking.given("datasets") or () if name not in request.get("datasets", ()))


def is_research(asking: Asking) -> bool:
    """Return whether an access is for research."""
    request = request_of(asking)
    return request is not None and request.get("purpose") == "research"


def not_accredited(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the researcher without a valid accreditation."""
    person = str(asking.get("person", ""))
    if is_research(asking) and not is_valid(asking.registry, person, "accredited_until", asking.on):
        yield "person, accredited_until"


def terms_not_accepted(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the person who has not accepted the terms."""
    if not has_accepted_terms(asking.registry, str(asking.get("person", ""))):
        yield "person, terms"


def person_not_cleared(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the person whose clearance does not meet the classification; accredited researchers see de-identified data."""
    classification = classification_of(asking.registry, asking.given("datasets") or ())
    person = str(asking.get("person", ""))
    if not is_research(asking) and not is_cleared(asking.registry, person, classification, asking.on):
        yield "person, cleared_until"


def not_trained(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the person without a valid training."""
    if not is_valid(asking.registry, str(asking.get("person", "")), "trained_until", asking.on):
        yield "person, trained_until"


def access_too_long(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the end of an access that lies after what was agreed."""
    request, until = request_of(asking), asking.day("until")
    limit = (request.day("access_until") or request.day("keep_until")) if request is not None else None
    if until is None or limit is None or until > limit or until < asking.on:
        yield "until"


def access_over(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the access whose time is over."""
    until = asking.before.day("until")
    if until is None or asking.on > until:
        yield "until"


def used_beyond(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the use for another purpose than the request's, by another person, or after the agreement ceased."""
    request = request_of(asking)
    if request is None or asking.given("used_for") != request.get("purpose"):
        yield "used_for"
    if asking.command.by != asking.get("person"):
        yield "by"
    agreement = asking.registry.find("agreement", str(request.get("agreement", ""))) if request else None
    if agreement is not None and agreement.state not in IN_FORCE:
        yield f"agreement: it is {agreement.state}"
