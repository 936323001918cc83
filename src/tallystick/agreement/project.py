"""A project: who may use which fields and rows of a share, in what detail, where, and until when.

One file `projects/<id>.toml` for each project. Requirements 156, 169 to 173 and 211.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from tallystick.agreement.values import Name, Section

Detail = Literal[
    "full", "year", "quarter", "month", "week", "days-from", "band", "clipped", "outward-code", "geography",
    "first-characters", "grouped", "rare-merged", "keyed",
]  # fmt: skip
Setting = Literal["ons-srs", "certified", "assured-connectivity", "government-analytical-platform"]
KeyPolicy = Literal["per-project", "per-extract"]
Coverage = Literal["linked", "all"]
"""Whose rows leave: people found in more than one dataset, or everybody (requirement 211)."""
Decision = Literal["approved", "approved-with-conditions", "rejected", "withdrawn"]


class Person(Section):
    """`[[person]]`: one researcher, and until when the accreditation and training hold."""

    name: str
    account: str = ""
    organisation: str = ""
    accreditation: str = ""
    accredited_until: date | None = None
    trained_until: date | None = None
    clearance: Literal["", "BPSS", "CTC", "SC", "DV"] = ""
    accepted_terms_on: date | None = None
    employee: bool = False


class ProjectField(Section):
    """`[[dataset.field]]`: one approved field, in how much detail it leaves, and why it is needed.

    ``bands`` are the lower cut points of a number; ``groups`` maps a category to the one that stands for it;
    ``characters`` is how many leading characters are kept; ``bottom`` and ``top`` where a number is clipped; ``index`` the
    event from which days are counted (a field of the same dataset, or ``dataset.field`` for the person's first); ``level``
    the rung of the geography ladder; ``minimum_count`` the fewest rows a category may have and still stand alone.
    """

    name: str
    detail: Detail = "full"
    bands: tuple[float, ...] = ()
    groups: dict[str, str] = Field(default_factory=dict)
    characters: int | None = Field(default=None, ge=1)
    bottom: float | None = None
    top: float | None = None
    index: str = ""
    level: str = ""
    minimum_count: int | None = Field(default=None, ge=2)
    justification: str = ""

    @model_validator(mode="after")
    def detail_has_its_setting(self) -> ProjectField:
        """Refuse a detail without what it needs, and cut points that do not rise."""
        needs: dict[str, tuple[str, object]] = {
            "band": ("bands", self.bands),
            "grouped": ("groups", self.groups),
            "first-characters": ("characters", self.characters),
            "clipped": ("bottom' or 'top", (self.bottom, self.top) != (None, None)),
            "days-from": ("index", self.index),
            "geography": ("level", self.level),
            "rare-merged": ("minimum_count", self.minimum_count),
        }
        if self.detail in needs and not needs[self.detail][1]:
            raise ValueError(f"detail {self.detail!r} needs {needs[self.detail][0]!r}")
        if list(self.bands) != sorted(set(self.bands)):
            raise ValueError("bands must rise from each to the next")
        return self


class ProjectDataset(Section):
    """`[[dataset]]`: the fields of one of the share's datasets, and which rows (a DuckDB condition)."""

    name: Name
    rows: str = ""
    coverage_justification: str = ""
    fields: tuple[ProjectField, ...] = Field(default=(), alias="field")


class Approval(Section):
    """`[[approval]]`: what a data owner, a panel or a board decided."""

    body: str
    decision: Decision
    decided_on: date
    stage: Literal["data-owner", "accreditation-panel"] = "data-owner"
    datasets: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    reference: str = ""


class FiveSafes(Section):
    """`[five_safes]`: one statement for each of people, projects, settings, data, outputs (requirement 171)."""

    people: str = ""
    projects: str = ""
    settings: str = ""
    data: str = ""
    outputs: str = ""


class Merits(Section):
    """`[merits]`: what the panels ask (requirement 167)."""

    ethics: str = ""
    necessity: str = ""
    data_protection: str = ""
    method: str = ""
    public_good: str = ""


class AcceptedRisk(Section):
    """`[accepted_risk]`: the risk owner who let an extract go with smaller groups than the agreement asks for, when, and why (170)."""

    by: str = ""
    accepted_on: date | None = None
    reason: str = ""


class Project(Section):
    """The whole project.

    ``linkage_weights``: each table carries the weight that lets its linked records stand for those like them that did not link.
    """

    id: Name
    title: str = ""
    aim: str = ""
    summary: str = ""
    summary_withheld_because: str = ""
    starts: date | None = None
    ends: date | None = None
    revoked_on: date | None = None
    keys: KeyPolicy = "per-project"
    coverage: Coverage = "linked"
    linkage_weights: bool = False
    setting: Setting | None = None
    recipient: str = ""
    outside_data: tuple[str, ...] = ()
    court_performance: bool = False
    about_individuals: bool = False
    operational_use: bool = False
    combination_assessment: str = ""
    outputs: tuple[str, ...] = ()
    people: tuple[Person, ...] = Field(default=(), alias="person")
    datasets: tuple[ProjectDataset, ...] = Field(default=(), alias="dataset")
    approvals: tuple[Approval, ...] = Field(default=(), alias="approval")
    five_safes: FiveSafes = FiveSafes()
    merits: Merits = Merits()
    accepted_risk: AcceptedRisk = AcceptedRisk()
    minimum_cell_count: int | None = Field(default=None, ge=1)
    keep_extract_until: date | None = None

    def dataset(self, name: str) -> ProjectDataset | None:
        """Return the project's part of that dataset, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)
