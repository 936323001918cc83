"""A request for an analysis: what is asked, fixed and hashed before any outcome is looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tallystick.errors import BadInput, Finding
from tallystick.lab.estimate import Method

__all__ = ["COVARIATES", "Request", "Run", "parse"]

Run = Literal["national", "regional", "assessed"]

NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
COVARIATES = (
    "age_at_index", "sex", "ethnicity", "nationality", "area", "deprivation", "offence_group", "disposal", "age_at_first_offence",
    "prior_offences", "prior_court_appearances", "prior_custody", "offending_rate", "employed", "on_benefits",
)  # fmt: skip

ASSESSMENT = ("reoffending_score", "accommodation_need", "employment_need", "lifestyle_need", "thinking_need")


class Request(BaseModel):
    """What `request.toml` says. ``outcome`` is what is asked, ``outcome_date`` the day it happened.

    It is made from the dataset ``events`` of the share: offences, by the official definition, or any other dated events. Where the
    agreement has no such dataset, ``outcome`` is a yes-or-no column of the police data. ``other_outcomes`` are the secondary family.

    ``negative_control`` names a column that the work cannot have changed. ``covariate_sets`` and ``callipers`` are further
    specifications to try. ``runs`` is the three-run approach: the whole country, the cohort's own areas, and those in the country who
    were assessed, with the assessment among the covariates (``assessment`` names its columns). Every specification is tried; the
    choice is made on balance, blind to outcomes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    title: str = Field(min_length=1)
    programme: str = Field(min_length=1)
    assured_by: str = ""
    share: str = "."
    cohort: str = "cohort"
    pool: str = "pnc"
    outcome: str = Field(default="reoffended", pattern=NAME)
    outcome_date: str = Field(default="reoffence_date", pattern=NAME)
    outcome_words: str = ""
    good_is: Literal["lower", "higher"] = "lower"
    events: str = "offences"
    events_are: Literal["offences", "events"] = "offences"
    event_date: str = Field(default="happened", pattern=NAME)
    follow_up_months: int = Field(default=12, ge=1, le=120)
    waiting_months: int = Field(default=6, ge=0, le=60)
    subgroups: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    negative_control: str = ""
    assessment: tuple[str, ...] = ASSESSMENT
    covariate_sets: dict[str, tuple[str, ...]] = {}
    runs: tuple[Run, ...] = ("national", "regional", "assessed")
    methods: tuple[Method, ...] = ("radius", "nearest", "entropy")
    calliper: float | None = Field(default=None, gt=0)
    callipers: tuple[Annotated[float, Field(gt=0)], ...] = ()
    certain: float = Field(default=0.9, ge=0.5, le=1)
    longest_gap_days: int = Field(default=365, ge=1)

    @property
    def did(self) -> str:
        """What those did who had the outcome, in words."""
        years = {12: "a one-year period", 24: "a two-year period"}
        within = f"within {years.get(self.follow_up_months, f'{self.follow_up_months} months')}"
        what = (
            "committed a proven reoffence"
            if self.events_are == "offences"
            else f"had the outcome {self.outcome.replace('_', ' ')}"
        )
        return self.outcome_words or f"{what} {within}"

    def hash(self) -> str:
        """Return the SHA-256 of the request in canonical JSON, as the ledger keeps it."""
        text = json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def parse(said: Mapping[str, Any], file: str) -> Request:
    """Return the request; raises `BadInput` with each wrong entry by its name."""
    try:
        made = Request.model_validate(dict(said))
    except ValidationError as error:
        found = [
            Finding(
                "lab.request",
                f"{fault['msg']}.",
                "See docs/lab-service.md for what a request holds.",
                f"{file}: {'.'.join(map(str, fault['loc']))}",
            )
            for fault in error.errors(include_input=False, include_url=False)
        ]
    else:
        if not made.methods or not made.runs:
            raise BadInput(f"{file}: name at least one method and one run.")
        if "all" in made.covariate_sets or not all(made.covariate_sets.values()):
            raise BadInput(
                f"{file}: covariate_sets: give each set a name other than all, and at least one covariate."
            )
        return made
    raise BadInput(f"{file} is no request that can be followed.", found)
