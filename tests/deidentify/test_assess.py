"""The assessment as a whole, the page of it, and the Five Safes with the end of access."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.deidentify import Limits, access, assess, extract, is_over, risk_page
from tallystick.errors import BadInput


def one_row_each(n: int = 300) -> dict[str, pa.Table]:
    random = np.random.default_rng(1)
    return {
        "justice": pa.table(
            {
                "person_id": [f"{i:032x}" for i in range(n)],
                "age": random.integers(18, 80, n),
                "area": [f"area-{v}" for v in random.integers(0, 30, n)],
                "offence": [f"offence-{v}" for v in random.integers(0, 4, n)],
                "link_quality": ["0.999 or more"] * n,
            }
        )
    }


def test_assess_reports_every_part_and_proposes_what_passes() -> None:
    tables = one_row_each()
    made = assess(
        tables, Limits(k=5), np.random.default_rng(2), sensitive=["justice.offence"], other=one_row_each()
    )
    assert made.risk.columns == ("justice.age", "justice.area")
    assert {attack.name for attack in made.attacks} >= {
        "singling out",
        "linkability",
        "inference of justice.offence",
    }
    assert {found.rule for found in made.findings} >= {"risk.k"}
    assert made.proposal is not None
    assert made.proposal.passes
    assert made.proposal.after.k >= 5
    assert 0 < made.proposal.total_cost < 1
    assert sum(made.contribution.values()) == pytest.approx(1, abs=0.01)
    assert made.joins is not None
    assert made.joins.share > 0.5


def test_risk_page_holds_no_value() -> None:
    tables = one_row_each()
    page = risk_page(assess(tables, Limits(k=5), np.random.default_rng(2), other=tables), "Alpha <b>")
    assert "area-" not in page
    assert "offence-" not in page
    assert f"{1:032x}" not in page
    assert "&lt;b&gt;" in page
    assert "The least loss of detail" in page


def test_assess_takes_people_with_many_rows(
    attributes: dict[str, pa.Table], persons: pa.Table, project: Project, agreement: Agreement
) -> None:
    made = extract(attributes, persons, project, agreement, bytes(32))
    report = assess(
        made.tables, Limits(), np.random.default_rng(1), leave_out=["justice.case_number", "education.school"]
    )
    assert report.risk.people == 15
    assert "justice.case_number" not in report.risk.columns


def test_assess_names_a_column_that_is_not_there() -> None:
    with pytest.raises(BadInput, match=r"table\.column"):
        assess(one_row_each(), Limits(), np.random.default_rng(1), known=["age"])
    with pytest.raises(BadInput, match="fewer than ten"):
        assess(one_row_each(5), Limits(), np.random.default_rng(1))


def whole(**changes: object) -> Project:
    document = {
        "id": "alpha",
        "starts": date(2025, 1, 1),
        "ends": date(2027, 1, 1),
        "setting": "ons-srs",
        "minimum_cell_count": 10,
        "person": [{"name": "A", "accreditation": "UKSA 1", "accredited_until": date(2026, 12, 1)}],
        "approval": [{"body": "DAGB", "decision": "approved", "decided_on": date(2025, 1, 1)}],
        "dataset": [{"name": "justice", "field": [{"name": "age", "justification": "the question"}]}],
        **changes,
    }
    return Project.model_validate(document)


def test_access_is_open_when_every_safe_passes(agreement: Agreement) -> None:
    found = access(whole(), agreement, date(2026, 1, 1))
    assert found.is_open
    assert found.last_day == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("changes", "on", "safe"),
    [
        ({"person": []}, date(2026, 1, 1), "people"),
        ({}, date(2026, 12, 15), "people"),
        ({"approval": []}, date(2026, 1, 1), "projects"),
        ({}, date(2024, 1, 1), "projects"),
        ({"revoked_on": date(2025, 6, 1)}, date(2026, 1, 1), "projects"),
        ({"setting": None}, date(2026, 1, 1), "settings"),
        ({"dataset": [{"name": "justice", "field": [{"name": "age"}]}]}, date(2026, 1, 1), "data"),
        ({"minimum_cell_count": None}, date(2026, 1, 1), "outputs"),
    ],
)
def test_access_names_the_safe_that_fails(
    agreement: Agreement, changes: dict[str, object], on: date, safe: str
) -> None:
    found = access(whole(**changes), agreement, on)
    assert not found.is_open
    assert found.failing() == {safe}


def test_access_ends_by_itself(agreement: Agreement) -> None:
    assert not is_over(whole(), agreement, date(2027, 1, 1))
    assert is_over(whole(), agreement, date(2027, 1, 2))
    assert is_over(whole(revoked_on=date(2026, 1, 1)), agreement, date(2026, 1, 1))
    assert is_over(whole(ends=None), agreement, date(2028, 1, 2)), "the agreement's own end holds too"
