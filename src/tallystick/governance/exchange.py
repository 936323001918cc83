"""Governance for other programs: the catalogue in DCAT 3 (JSON-LD), and the forms as JSON Schema.

DCAT 3 (W3C, 2024): https://www.w3.org/TR/vocab-dcat-3/. Requirement 299. An agreement in ODRL's and DPV's words is
`tallystick.agreement.linked_data`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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
