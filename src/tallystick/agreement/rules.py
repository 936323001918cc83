"""All rules that read the agreement, a project, or what is done under them; and the check that runs them.

`governance` keeps its own table of the same `Rule` for the states that it holds; `docs/requirements.md` is made from both.
"""

from __future__ import annotations

from datetime import date

from tallystick.agreement.act_rules import ACT_RULES
from tallystick.agreement.agreement_logic import JUDGED
from tallystick.agreement.agreement_rules import ROWS
from tallystick.agreement.data_logic import DATA_JUDGED
from tallystick.agreement.project import Project
from tallystick.agreement.project_rules import PROJECT_RULES
from tallystick.agreement.rule import DOORS, Case, Door, Need, Rule, broken
from tallystick.agreement.schema import Agreement
from tallystick.errors import Finding

__all__ = ["DOORS", "RULES", "Case", "Door", "Need", "Rule", "broken", "check", "check_project"]

RULES: tuple[Rule, ...] = (*ROWS, *JUDGED, *DATA_JUDGED, *PROJECT_RULES, *ACT_RULES)


def check(agreement: Agreement, on: date) -> tuple[Finding, ...]:
    """Return every finding of every rule that reads an agreement, as things stand on that day."""
    return broken(RULES, "agreement", agreement, Case(on, agreement))


def check_project(agreement: Agreement, project: Project, on: date) -> tuple[Finding, ...]:
    """Return every finding of every rule that reads a project, as things stand on that day."""
    return broken(RULES, "project", project, Case(on, agreement, project))
