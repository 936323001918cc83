"""What an agreement already answers of an assessment, and whom an incident obliges one to tell, by when.

Requirements 123 to 146 and 281 to 288. An answer that the agreement holds is filled in; the rest is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tallystick.agreement.schema import Agreement
from tallystick.governance.cases import Case
from tallystick.governance.clocks import due
from tallystick.governance.registers import Column, Register, processed, shown

REGULATOR = "Information Commission"
"""The regulator's name since the Data (Use and Access) Act 2025 s.117; an agreement's notice may name another."""


def known_screening(agreement: Agreement) -> dict[str, Any]:
    """Return the screening's answers that follow from what is shared: matching, children, offences, health."""
    triggers = list(agreement.dpia.triggers)
    fields = [field for dataset in agreement.datasets for field in dataset.fields]
    if agreement.linkage is not None:
        triggers.append("data-matching")
    if any(dataset.population in ("children", "both") for dataset in agreement.datasets):
        triggers.append("children-or-vulnerable")
    triggers += [name for name in ("genetic", "biometric") if any(f.special_category == name for f in fields)]
    return {
        "about": agreement.about.id,
        "triggers": sorted(set(triggers)) or ["none"],
        "criminal_offence": any(field.criminal_offence for field in fields),
    }


def known_dpia(agreement: Agreement) -> dict[str, Any]:
    """Return the DPIA's answers that the agreement holds."""
    dpia, about = agreement.dpia, agreement.about
    sources = "; ".join(
        f"{d.title or d.name} from {d.supplier} by {agreement.supply.mechanism or 'a mechanism not stated'}"
        for d in agreement.datasets
    )
    return {
        "about": about.id,
        "need": dpia.reason,
        "description": f"{about.aim} {sources}".strip(),
        "stakeholders": list(dpia.stakeholders),
        "no_consultation_reason": dpia.no_consultation_reason,
        "necessity": agreement.lawful_basis.necessity or about.justification,
        "measures": agreement.handling.controls,
        "iao": dpia.iao,
        "review_on": shown(dpia.review_on),
        "alternatives": dpia.alternatives,
        "data_flow": sources,
        "other_law": "; ".join(agreement.lawful_basis.other_law),
    }


def known_eia(agreement: Agreement) -> dict[str, Any]:
    """Return the equality impact assessment's answers that the agreement holds."""
    return {
        "about": agreement.about.id,
        "impacts": agreement.eia.outcome,
        "done_on": shown(agreement.eia.done_on),
    }


def known_notice(agreement: Agreement) -> dict[str, Any]:
    """Return the privacy notice's answers that the agreement holds: nearly all of them (requirement 140)."""
    (_, controller, others, dpo, purpose, cohort, categories, recipients, _, retention, _, basis) = processed(
        agreement
    )
    identifiers = sorted(
        {field.matches or field.name for dataset in agreement.datasets for field in dataset.identifiers}
    )
    rights = agreement.rights
    return {
        "about": agreement.about.id,
        "controllers": shown([controller, *others]),
        "how_used": agreement.notice.how_used or purpose,
        "items_linked_on": shown(identifiers),
        "items_linked": shown([name for name in categories if name not in identifiers]),
        "cohort": shown(cohort),
        "lawful_basis": shown(basis),
        "powers": shown([f"{d.title or d.name}: {d.gateway}" for d in agreement.datasets if d.gateway]),
        "recipients": shown(recipients),
        "retention": retention,
        "rights": shown(
            [f"access: {rights.access}", f"rectification: {rights.rectification}"] if rights.access else None
        ),
        "access_route": rights.access,
        "contacts": agreement.notice.contact,
        "dpo": agreement.notice.dpo or shown(dpo),
        "regulator": f"{agreement.notice.regulator}, {agreement.notice.regulator_contact}".rstrip(", "),
        "published_at": agreement.notice.published_at,
        "version": agreement.notice.version,
        "dated": shown(agreement.notice.dated),
    }


KNOWN: Mapping[str, Callable[[Agreement], dict[str, Any]]] = {
    "screening": known_screening,
    "dpia": known_dpia,
    "eia": known_eia,
    "notice": known_notice,
}


def known_answers(agreement: Agreement, process: str) -> dict[str, Any]:
    """Return what an agreement already answers of a process's form; an empty answer is left out."""
    known = KNOWN[process](agreement) if process in KNOWN else {}
    return {key: value for key, value in known.items() if value not in ("", [], None)}


@dataclass(frozen=True)
class Duty:
    """Somebody who must be told of an incident: by when, whether it is done, and under which law."""

    who: str
    by: datetime
    state: str
    law: str


def duties(incident: Case, now: datetime) -> tuple[Duty, ...]:
    """Return whom an incident obliges one to tell, by its law and its latest assessment (requirements 283 to 286).

    The security team and the agreement's contact at once; the regulator within 72 elapsed hours of awareness unless a
    risk is unlikely; the people without undue delay where the risk is high.
    """
    aware = datetime.fromisoformat(str(incident.get("aware_at")))
    part_3 = incident.get("regime") == "part-3"
    informed = incident.acts("inform")
    found = [
        Duty(who, aware, "told" if informed else "to be told now", "004 §5.4")
        for who in ("security team", "agreement's contact")
    ]
    if incident.get("regime") == "not-personal" or incident.get("risk") == "unlikely":
        return tuple(found)
    limit = due("breach", aware)
    waits = "to be told" if now <= limit else "overdue: the reason must be given"
    told = "told" if incident.acts("notify-regulator") else waits
    found.append(Duty(REGULATOR, limit, told, "DPA 2018 s.67" if part_3 else "UK GDPR Art. 33"))
    if incident.get("risk") == "high":
        state = "told" if incident.acts("tell-people") else "to be told without undue delay"
        found.append(Duty("the people", limit, state, "DPA 2018 s.68" if part_3 else "UK GDPR Art. 34"))
    return tuple(found)


def regulator_form(incident: Case, agreement: Agreement | None, now: datetime) -> Register:
    """Return the draft of the notification to the regulator: what Article 33(3), or s.67(4), asks for.

    It is a draft to copy from: nothing is sent. What is not known yet may follow in phases (Article 33(4)).
    """
    dpo = shown([p.officers.get("dpo", "") for p in agreement.parties]) if agreement is not None else ""
    lines = (
        ("What happened", incident.get("what")),
        ("Kind of incident", incident.get("kind")),
        ("Effect on the data", shown(incident.get("effects"))),
        ("When somebody became aware", incident.get("aware_at")),
        ("To be notified by", shown(due("breach", datetime.fromisoformat(str(incident.get("aware_at")))))),
        ("People concerned, about", shown(incident.get("people_affected"))),
        ("Likely consequences", incident.get("impact")),
        ("Measures taken", shown([str(e.answers.get("actions")) for e in incident.acts("contain")])),
        ("Were the people told", shown(bool(incident.acts("tell-people")))),
        ("Why it is late, if it is", incident.get("late_reason")),
        ("Data protection officer", dpo),
    )
    return Register(
        "regulator",
        f"Draft notification to the {agreement.notice.regulator if agreement else REGULATOR}: {incident.id}",
        (Column("question", "What is asked"), Column("answer", "Answer")),
        tuple((label, shown(answer) or "Not known yet") for label, answer in lines),
        now,
    )
