"""What is wrong with an agreement, an assessment, a holding, a right or an incident that only logic can say.

Each function yields the places and is named for what it finds; its row is in `tallystick.governance.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from tallystick.agreement.rule import Case as Day
from tallystick.agreement.values import after
from tallystick.governance.clocks import CLOCKS, due
from tallystick.governance.conditions import Asking, clock_of, paused, started
from tallystick.governance.people import holders
from tallystick.governance.retention import agreed_parties, end_of_keeping, places_left

YEAR = str(CLOCKS["agreement-review"].count)
BEFORE_THE_END = "P3M"
DRAFTING = ("open", "answer", "add-risk", "submit", "change")


def not_holder(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the person who does not hold the office in whose name they act, on the day of the act."""
    command = asking.command
    if command.by not in holders(asking.registry, command.organisation, command.role, asking.on):
        yield f"{command.role} of {command.organisation or 'no organisation'}"


def dates_reversed(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the agreement that ends before it begins."""
    starts, ends = asking.day("starts"), asking.day("ends")
    if starts is not None and ends is not None and ends < starts:
        yield "ends"


def review_too_late(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the review that lies more than a year after the act, or after an agreement's start where that is later."""
    review, starts = asking.day("next_review"), asking.day("starts")
    begins = max(asking.on, starts) if starts is not None and asking.command.act == "record" else asking.on
    if review is not None and review > after(begins, YEAR):
        yield "next_review"


def other_document(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the signature under another document."""
    if asking.given("signed_hash") != to_sign(asking, "document_hash"):
        yield "signed_hash"


def incomplete(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the document that the agreement's own rules find incomplete."""
    if to_sign(asking, "is_complete") is not True:
        yield "is_complete"


def not_a_signatory(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the signature that the document does not ask for, that is there already, or that another body gives."""
    office = f"{asking.command.organisation}/{asking.command.role}"
    if office not in unsigned(asking):
        yield office


def to_sign(asking: Asking, key: str) -> object:
    """Return what the document that waits for signatures says: the next version's words while it is being amended."""
    return asking.get(f"next_{key}" if asking.before.state == "being-amended" else key)


def unsigned(asking: Asking) -> tuple[str, ...]:
    """Return the offices, as party/office, that have not signed the current document."""
    done = {
        f"{event.organisation}/{event.role}"
        for event in asking.before.acts("sign")
        if event.answers.get("signed_hash") == to_sign(asking, "document_hash")
    }
    return tuple(name for name in asking.get("signs", ()) if name not in done)


def version_skipped(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the amendment that does not count up, or changes nothing."""
    if asking.given("next_version") != asking.before.get("version", 0) + 1:
        yield "next_version"
    if asking.given("next_document_hash") == asking.before.get("document_hash"):
        yield "next_document_hash"


def triggers_ignored(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the triggers that apply while no full DPIA is asked for."""
    if asking.get("outcome") == "not-needed" and not asking.get("replaced_by"):
        yield from (name for name in asking.get("triggers", ()) if name != "none")


def none_and_some(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the answer that names triggers and none."""
    triggers = asking.get("triggers", ())
    if "none" in triggers and len(triggers) > 1:
        yield "triggers"


def offence_unweighed(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the offence data for which no full DPIA is asked."""
    if asking.get("outcome") == "not-needed" and asking.get("criminal_offence") is True:
        yield "criminal_offence"


def no_risks(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the assessment without a single risk."""
    if not asking.before.acts("add-risk"):
        yield "risks"


def own_draft(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the approver who wrote the assessment."""
    if asking.command.by in {event.by for event in asking.before.acts(*DRAFTING)}:
        yield "by"


def no_opinion(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the assessment on which the DPO has given no opinion since it was submitted."""
    if not any(event.act == "advise" for event in asking.before.after("submit")):
        yield "opinion"


def place_lost(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the places that a new list leaves out."""
    given = asking.given("locations") or ()
    yield from (place for place in asking.before.get("locations", ()) if place not in given)


def place_unknown(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the place that is in no line of the register that is still open."""
    if asking.given("place") not in places_left(asking.before):
        yield "place"


def extension_early(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the extension asked for before the period nears its end, or of what has none."""
    end, _why = end_of_keeping(asking.before)
    if end is None or after(asking.on, BEFORE_THE_END) < end:
        yield "until"


def extension_shorter(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the extension that does not extend."""
    end, _why = end_of_keeping(asking.before)
    new = asking.given("new_until")
    if end is not None and new is not None and date.fromisoformat(str(new)) <= max(end, asking.on):
        yield "new_until"


def not_a_party(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the party that has nothing to agree, has agreed already, or is spoken for by another."""
    party = asking.command.organisation
    if party not in asking.get("parties", ()) or party in agreed_parties(asking.before):
        yield party or "no organisation"


def person_left(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the places from which a person's record is not said to be gone."""
    gone = asking.given("removed_from") or ()
    yield from (place for place in places_left(asking.before) if place not in gone)


def child_old_enough(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the child who is at or over the age that the controller's own notice names (tension X16: not law)."""
    agreement = asking.registry.find("agreement", str(asking.get("about", "")))
    limit, age = (agreement.get("child_age") if agreement else None), asking.get("child_age")
    if limit is not None and age is not None and age >= limit:
        yield "child_age"


def linked_answered(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the access to linked data that is answered here instead of by the source."""
    if asking.get("linked") is True and clock_of(asking) != "foi":
        yield "linked"


def party_untold(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the request under freedom of information on shared data of which the other party was not told."""
    if asking.get("shared") is True and clock_of(asking) == "foi" and not asking.before.acts("notify-party"):
        yield "notify-party"


def portability(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the request for portability that is answered with data."""
    if asking.get("kind") == "portability":
        yield "kind"


def extension_late(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the extension that comes twice, after the first month, or under freedom of information."""
    case = asking.before
    limit = due("access", started(asking), paused(case))
    if case.acts("extend") or clock_of(asking) == "foi" or asking.command.at > limit:
        yield "extend"


def aware_in_future(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the awareness that lies after its report."""
    aware = asking.get("aware_at")
    if aware is not None and datetime.fromisoformat(str(aware)) > asking.command.at:
        yield "aware_at"


def is_personal_incident(asking: Asking) -> bool:
    """Return whether the law on breaches of personal data applies."""
    return str(asking.get("regime")) != "not-personal"


def regulator_untold(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the incident that the regulator had to be told of and was not, by its latest assessment."""
    if (
        is_personal_incident(asking)
        and asking.get("risk") in ("risk", "high")
        and not asking.before.acts("notify-regulator")
    ):
        yield "notify-regulator"


def people_untold(asking: Asking, _: Day) -> Iterator[str]:
    """Yield the incident of high risk of which the people were not told."""
    if (
        is_personal_incident(asking)
        and asking.get("risk") == "high"
        and not asking.before.acts("tell-people")
    ):
        yield "tell-people"
