"""The flaws of two published documents, written in as they stand (tensions X9 to X12), are found, each by its rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tallystick.agreement import gates, io
from tallystick.agreement.rules import check
from tallystick.agreement.schema import Agreement
from tallystick.errors import Finding, Refused

ON = date(2026, 11, 20)
TEMPLATES = Path(io.__file__).parent / "templates"


def written(template: str, section: str, **answers: Any) -> Agreement:
    agreement = io.load(TEMPLATES / f"{template}.toml")
    return agreement.model_copy(
        update={section: getattr(agreement, section).model_copy(update=answers), "signatures": ()}
    )


def found(agreement: Agreement) -> dict[str, Finding]:
    """Return what is found beyond the want of signatures, by rule."""
    return {finding.rule: finding for finding in check(agreement, ON) if finding.rule != "unsigned"}


@pytest.mark.parametrize("template", ["moj-dfe", "justice-data-lab"])
def test_nothing_is_found_in_the_templates_that_mend_them(template: str) -> None:
    assert found(written(template, "about")) == {}


def test_x9_offences_shared_under_articles_6_and_9_alone() -> None:
    agreement = written("moj-dfe", "lawful_basis", schedule_1="", safeguards="")
    faults = found(agreement)
    assert set(faults) == {"schedule-1", "safeguards"}
    assert "Article 10" in faults["schedule-1"].message
    with pytest.raises(Refused):
        gates.ask(agreement, "supply", ON)


@pytest.mark.parametrize("text", ["Article 1(e)", "1(e)", "Art. 1 (e)", "GDPR Article 1(e)"])
def test_x10_article_1_e_for_6_1_e(text: str) -> None:
    assert "article-6-known" in found(written("justice-data-lab", "lawful_basis", article_6=text))


@pytest.mark.parametrize(
    ("section", "answers"),
    [
        ("lawful_basis", {"schedule_1": "Schedule 1, Part 1, paragraph 4 of The Bill"}),
        ("lawful_basis", {"safeguards": "Section 18 of the DPB 2018"}),
        ("lawful_basis", {"other_law": ("Data Protection Act 1998",)}),
        ("lawful_basis", {"necessity": "Processing is lawful under Article 1(e)"}),
        ("rights", {"access": "Data Protection Act 1998, section 7"}),
        ("dpia", {"dpo_advice": "Lawful under the Data Protection Bill"}),
    ],
)
def test_x10_the_bill_and_the_act_before(section: str, answers: dict[str, Any]) -> None:
    assert "cited-before-the-act" in found(written("justice-data-lab", section, **answers))


def test_x10_citations_of_today_are_let_through() -> None:
    agreement = written(
        "justice-data-lab", "lawful_basis", article_6="Article 6(1)(e)", schedule_1="Part 1 paragraph 4"
    )
    assert found(agreement) == {}


def test_x11_drafter_approves_without_dpo_stakeholders_or_time() -> None:
    faults = found(
        written(
            "justice-data-lab",
            "dpia",
            drafted_by="JDL project manager",
            approved_by="JDL project manager",
            approver_role="Project manager",
            dpo_advice="",
            stakeholders=(),
            stakeholder_approval="",
            no_consultation_reason="Due to time constraints",
        )
    )
    assert set(faults) == {"own-approval", "dpo-advice", "consulted"}
    assert faults["own-approval"].severity == faults["dpo-advice"].severity == "refuse"


def test_x11_nobody_consulted_and_no_word_why() -> None:
    assert "no-consultation-reason" in found(written("justice-data-lab", "dpia", stakeholders=()))


def test_x11_stakeholders_listed_and_their_cells_blank() -> None:
    assert set(found(written("justice-data-lab", "dpia", stakeholder_approval=""))) == {
        "consultation-answered"
    }


def test_x12_supplies_not_encrypted() -> None:
    assert "encrypted" in found(written("justice-data-lab", "supply", encrypted=False))
