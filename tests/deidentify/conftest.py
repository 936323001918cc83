"""A small share of two datasets, its agreement, and a project that asks for part of it."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement

# first calls compile and read: a deadline would judge the machine, not the code
settings.register_profile("tallystick", deadline=None)
settings.load_profile("tallystick")


@pytest.fixture
def agreement() -> Agreement:
    return Agreement.model_validate(
        {
            "agreement": {
                "id": "share",
                "kind": "dsa",
                "purpose": "research",
                "title": "A share",
                "ends": date(2028, 1, 1),
            },
            "dataset": [
                {
                    "name": "justice",
                    "supplier": "Justice",
                    "covers_to": date(2025, 5, 31),
                    "field": [
                        {"name": "surname", "kind": "identifier", "matches": "surname"},
                        {
                            "name": "offence",
                            "kind": "attribute",
                            "criminal_offence": True,
                            "justification": "the question",
                        },
                        {"name": "offended_on", "kind": "event-date", "type": "date"},
                        {"name": "age", "kind": "attribute", "type": "integer"},
                        {"name": "case_number", "kind": "case-id"},
                        {"name": "notes", "kind": "attribute"},
                        {"name": "custody", "kind": "linkage-evidence"},
                    ],
                },
                {
                    "name": "education",
                    "supplier": "Education",
                    "field": [
                        {"name": "school", "kind": "attribute"},
                        {"name": "postcode", "kind": "attribute"},
                        {"name": "left_on", "kind": "event-date", "type": "date"},
                        {"name": "score", "kind": "attribute", "type": "number"},
                    ],
                },
            ],
        }
    )


@pytest.fixture
def persons() -> pa.Table:
    rows = [("justice", f"j{i}", f"P{i // 2}", 0.97) for i in range(40)]
    rows += [("education", f"e{i}", f"P{i}", 0.995) for i in range(15)]
    rows += [("education", f"e{i}", f"Q{i}", None) for i in range(15, 20)]
    return pa.table(
        {
            name: [row[i] for row in rows]
            for i, name in enumerate(["source", "supply_key", "person_id", "match_probability"])
        }
    )


@pytest.fixture
def attributes() -> dict[str, pa.Table]:
    return {
        "justice": pa.table(
            {
                "supply_key": [f"j{i}" for i in range(40)],
                "offence": ["theft" if i % 3 else "fraud" for i in range(40)],
                "offended_on": pa.array([date(2020, 1 + i % 12, 1 + i % 28) for i in range(40)]),
                "age": [18 + i for i in range(40)],
                "case_number": [f"C{i // 4}" for i in range(40)],
                "notes": [f"met the offender number {i} at home" for i in range(40)],
            }
        ),
        "education": pa.table(
            {
                "supply_key": [f"e{i}" for i in range(20)],
                "school": [f"School {i % 3}" for i in range(20)],
                "postcode": ["SW1A 1AA" if i % 2 else "m1 1ae" for i in range(20)],
                "left_on": [f"2018-07-{1 + i:02}" for i in range(20)],
                "score": [float(i) for i in range(20)],
            }
        ),
    }


@pytest.fixture
def project() -> Project:
    return make_project()


def make_project(**changes: Any) -> Project:
    document: dict[str, Any] = {
        "id": "alpha",
        "title": "Alpha",
        "aim": "To learn",
        "ends": date(2027, 1, 1),
        "minimum_cell_count": 10,
        "person": [{"name": "A Researcher"}],
        "dataset": [
            {
                "name": "justice",
                "rows": "age >= 20 and offence in ('theft', 'fraud')",
                "field": [
                    {"name": "offence", "justification": "outcome"},
                    {"name": "offended_on", "detail": "days-from", "index": "education.left_on"},
                    {"name": "age", "detail": "band", "bands": [21, 30]},
                    {"name": "case_number"},
                    {"name": "notes"},
                ],
            },
            {
                "name": "education",
                "field": [
                    {"name": "school", "detail": "keyed"},
                    {"name": "postcode", "detail": "outward-code"},
                    {"name": "left_on", "detail": "quarter"},
                ],
            },
        ],
    }
    document.update(changes)
    return Project.model_validate(document)
