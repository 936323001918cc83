"""An agreement in the words of ODRL (who may do what) and of the Data Privacy Vocabulary (DPV), as JSON-LD.

Machine-readable metadata is what requirement 299 asks. The terms are those of ODRL 2.2 (W3C Recommendation, 2018) and of DPV 2;
what neither has a term for stays in the agreement's own JSON.
"""

from __future__ import annotations

import json
from typing import Any

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.io import document_hash
from tallystick.agreement.schema import Agreement, Recipient

CONTEXT = {
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
PURPOSES = {
    "research": "dpv:ResearchAndDevelopment",
    "performance": "dpv:OptimisationForController",
    "operational": "dpv:ServiceProvision",
    "law-enforcement": "dpv:EnforceSecurity",
}
ROLES = {
    "controller": "dpv:DataController",
    "joint-controller": "dpv:JointDataControllers",
    "independent-controller": "dpv:DataController",
    "processor": "dpv:DataProcessor",
    "recipient": "dpv:Recipient",
}


def agreement_jsonld(agreement: Agreement) -> str:
    """Return the agreement as an ODRL agreement with one permission for each recipient and dataset."""
    about = agreement.about
    tree: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": ["odrl:Agreement", "dpv:DataSharingAgreement"],
        "@id": f"urn:tallystick:agreement:{about.id}:{document_hash(agreement).removeprefix('sha256:')}",
        "dct:title": about.title,
        "dct:identifier": about.id,
        "dct:hasVersion": about.version,
        "dpv:hasPurpose": {"@type": PURPOSES[about.purpose], "dct:description": about.aim},
        "dpv:hasEntity": [{"@type": ROLES[party.role], "dct:title": party.name} for party in agreement.parties],
        "dpv:hasLegalBasis": basis(agreement),
        "odrl:permission": [
            permission(agreement, recipient, dataset)
            for recipient in agreement.recipients
            for dataset in agreement.datasets
            if not recipient.datasets or dataset.name in recipient.datasets
        ],
        "odrl:prohibition": [
            {"odrl:action": {"@id": "odrl:distribute"}, "dct:description": "Sharing on"}
        ] if agreement.disclosure.onward_sharing == "none" else [],
    }  # fmt: skip
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def basis(agreement: Agreement) -> list[dict[str, str]]:
    """Return the legal bases; each is named as it is cited."""
    cited = (
        agreement.lawful_basis.article_6,
        agreement.lawful_basis.article_9,
        agreement.lawful_basis.schedule_1,
    )
    return [{"@type": "dpv:LegalBasis", "dct:title": text} for text in cited if text]


def permission(agreement: Agreement, recipient: Recipient, dataset: Dataset) -> dict[str, Any]:
    """Return what one recipient may do with one dataset, and until when."""
    about = agreement.about
    constraints = [
        {
            "odrl:leftOperand": {"@id": "odrl:purpose"},
            "odrl:operator": {"@id": "odrl:isA"},
            "odrl:rightOperand": {"@id": PURPOSES[about.purpose]},
        }
    ]
    if about.ends:
        constraints.append(
            {
                "odrl:leftOperand": {"@id": "odrl:dateTime"},
                "odrl:operator": {"@id": "odrl:lteq"},
                "odrl:rightOperand": {"@type": "xsd:date", "@value": about.ends.isoformat()},
            }
        )
    duties = [{"odrl:action": {"@id": "odrl:delete"}, "dct:description": agreement.retention.disposal}]
    return {
        "odrl:target": {
            "@type": "dpv:PersonalData" if dataset.is_personal else "dpv:Data",
            "dct:title": dataset.name,
        },
        "odrl:assigner": {"@type": "dpv:DataController", "dct:title": dataset.supplier},
        "odrl:assignee": {"@type": "dpv:Recipient", "dct:title": recipient.name},
        "odrl:action": {"@id": "odrl:use"},
        "dct:description": recipient.receives,
        "odrl:constraint": constraints,
        "odrl:duty": duties,
    }
