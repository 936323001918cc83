"""Governance for other programs: the catalogue in DCAT 3, an agreement as an ODRL policy with DPV terms, forms as JSON Schema.

JSON-LD throughout. ODRL Information Model 2.2 (W3C, 2018): https://www.w3.org/TR/odrl-model/; Data Privacy Vocabulary 2
(W3C Community Group): https://w3id.org/dpv; DCAT 3 (W3C, 2024): https://www.w3.org/TR/vocab-dcat-3/. Requirement 299.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tallystick.agreement.schema import Agreement, Dataset, Recipient
from tallystick.governance.forms import Question
from tallystick.governance.registers import Register
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import QUESTIONS

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
FREQUENCIES = (("weekly", "WEEKLY"), ("monthly", "MONTHLY"), ("quarterly", "QUARTERLY"), ("annual", "ANNUAL"))
ODRL = "http://www.w3.org/ns/odrl.jsonld"
DPV = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "tally": "urn:tallystick:",
}
PURPOSES = {
    "research": "dpv:ResearchAndDevelopment",
    "performance": "dpv:OrganisationGovernance",
    "operational": "dpv:ServiceProvision",
    "law-enforcement": "dpv:EnforceSecurity",
}
"""Our four kinds of share, each by the nearest of DPV's purposes; the kind itself is given beside it."""


def urn(*parts: str) -> str:
    """Return a stable name for a thing of ours."""
    return ":".join(("urn:tallystick", *(re.sub(r"[^A-Za-z0-9._-]+", "-", part) for part in parts)))


def dcat(catalogue: Register) -> dict[str, Any]:
    """Return the catalogue as a DCAT 3 catalogue in JSON-LD."""
    names = [column.name for column in catalogue.columns]
    datasets = [dcat_dataset(dict(zip(names, row, strict=True))) for row in catalogue.rows]
    return {
        "@context": CONTEXT,
        "@id": urn("catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": {"@value": catalogue.title, "@language": "en-GB"},
        "dct:modified": {"@value": catalogue.as_of.isoformat(), "@type": "xsd:dateTime"},
        "dcat:dataset": datasets,
    }


def dcat_dataset(line: Mapping[str, str]) -> dict[str, Any]:
    """Return one line of the catalogue as a ``dcat:Dataset``; what it does not say is left out."""
    often = next((code for word, code in FREQUENCIES if line["frequency"].startswith(word)), None)
    access = "NON_PUBLIC" if line["publication"] != "allowed" else "PUBLIC"
    found: dict[str, Any] = {
        "@id": urn("dataset", line["id"]),
        "@type": "dcat:Dataset",
        "dct:identifier": line["id"],
        "dct:title": {"@value": line["title"], "@language": "en-GB"},
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": line["owner"]},
        "dct:accessRights": {
            "@id": f"http://publications.europa.eu/resource/authority/access-right/{access}"
        },
        "dcat:keyword": [word for word in re.split(r"\W+", line["title"].lower()) if len(word) > 3],
        "dcat:distribution": {"@type": "dcat:Distribution", "dct:description": line["access_route"]},
    }
    if line["quality"]:
        found["dct:description"] = {"@value": line["quality"], "@language": "en-GB"}
    if often:
        found["dct:accrualPeriodicity"] = {"@id": FREQUENCY + often}
    return found


def odrl(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement as an ODRL agreement in JSON-LD, its purpose and legal basis in DPV's terms."""
    about = agreement.about
    controllers = [party for party in agreement.parties if party.role.endswith("controller")]
    return {
        "@context": [ODRL, DPV],
        "@type": "Agreement",
        "uid": urn("agreement", about.id, str(about.version)),
        "profile": "https://w3id.org/dpv/mappings/odrl",
        "dpv:hasPurpose": {"@id": PURPOSES[about.purpose], "tally:kind": about.purpose, "dpv:hasName": about.aim},
        "dpv:hasLegalBasis": [{"@id": basis} for basis in legal_bases(agreement)],
        "dpv:hasDataController": [{"@id": urn("party", party.name), "dpv:hasName": party.name} for party in controllers],
        "permission": [
            permission(agreement, dataset, recipient)
            for dataset in agreement.datasets
            for recipient in agreement.recipients
            if not recipient.datasets or dataset.name in recipient.datasets
        ],
        "prohibition": prohibitions(agreement),
        "obligation": obligations(agreement),
    }  # fmt: skip


def legal_bases(agreement: Agreement) -> list[str]:
    """Return the legal bases that DPV names: ``6(1)(e)`` is ``eu-gdpr:A6-1-e``, whose text the UK GDPR shares."""
    found = []
    for text in (agreement.lawful_basis.article_6, agreement.lawful_basis.article_9):
        if match := re.fullmatch(r"(\d+)\((\d+)\)\(([a-z])\)", text):
            found.append(f"eu-gdpr:A{match[1]}-{match[2]}-{match[3]}")
    return found


def constraint(left: str, operator: str, right: Any) -> dict[str, Any]:
    """Return an ODRL constraint."""
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def permission(agreement: Agreement, dataset: Dataset, recipient: Recipient) -> dict[str, Any]:
    """Return what a recipient may do with a dataset, until when, and for which purpose."""
    rules = [constraint("purpose", "eq", {"@id": PURPOSES[agreement.about.purpose]})]
    for operator, day in (("gteq", agreement.about.starts), ("lteq", agreement.about.ends)):
        if day is not None:
            rules.append(constraint("dateTime", operator, {"@value": day.isoformat(), "@type": "xsd:date"}))
    fields = [
        field.name for field in dataset.fields if not recipient.fields or field.name in recipient.fields
    ]
    return {
        "target": {"uid": urn("dataset", dataset.name), "dpv:hasPersonalData": fields},
        "assigner": urn("party", dataset.supplier),
        "assignee": urn("party", recipient.name),
        "action": "use",
        "constraint": rules,
    }


def prohibitions(agreement: Agreement) -> list[dict[str, Any]]:
    """Return what nobody may do: pass the data on, where the agreement does not allow it; identify anybody."""
    targets = [urn("dataset", dataset.name) for dataset in agreement.datasets]
    found = [{"target": target, "action": {"@id": "tally:identify-individuals"}} for target in targets]
    if agreement.disclosure.onward_sharing in ("", "none"):
        found += [{"target": target, "action": "distribute"} for target in targets]
    return found


def obligations(agreement: Agreement) -> list[dict[str, Any]]:
    """Return what must be done: delete identifiers and attributes when their time is over."""
    kept = agreement.retention
    times = {"identifiers": kept.identifiers, "attributes": kept.attributes}
    return [
        {
            "target": urn("dataset", dataset.name, part),
            "action": {
                "@id": "odrl:delete",
                "refinement": [constraint("elapsedTime", "lteq", str(time))],
            },
        }
        for dataset in agreement.datasets
        for part, time in times.items()
        if time is not None and time != "indefinite"
    ]


SCHEMAS: Mapping[str, tuple[str, str]] = {
    # file: the process and the act whose form it describes
    "request": ("request", "submit"),
    "screening": ("screening", "decide"),
    "assessment": ("dpia", "submit"),
    "equality-impact-assessment": ("eia", "complete"),
    "privacy-notice": ("notice", "publish"),
    "transfer": ("transfer", "receive"),
    "deletion": ("holding", "dispose"),
    "incident": ("incident", "report"),
}
TYPES: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "word": {"type": "string"},
    "words": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "list": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "yes-no": {"type": "boolean"},
    "must-be-yes": {"const": True},
    "must-be-no": {"const": False},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "number": {"type": "number"},
    "period": {"type": "string", "format": "duration"},
}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a form. What is asked only under a condition is not required by the schema."""
    process, act = SCHEMAS[name]
    asked = [question for question in QUESTIONS if (question.process, question.act) == (process, act)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": urn("schema", name),
        "title": f"{PROCESSES[process].title}: {act}",
        "type": "object",
        "additionalProperties": False,
        "properties": {question.key: as_property(question) for question in asked},
        "required": [question.key for question in asked if question.required and not question.when],
    }


def as_property(question: Question) -> dict[str, Any]:
    """Return a question as a property, with the requirements that it comes from."""
    found: dict[str, Any] = {"description": question.text, **TYPES[question.kind]}
    if question.words and question.kind == "words":
        found["items"] = {"enum": list(question.words)}
    elif question.words:
        found["enum"] = list(question.words)
    if question.requirements:
        found["$comment"] = f"requirements {', '.join(str(number) for number in question.requirements)}"
    return found
