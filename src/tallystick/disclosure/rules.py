"""The rules as ``rules.toml`` holds them, the limits of an agreement, and the finding that a check makes of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from tallystick.disclosure.counts import Counts
from tallystick.disclosure.grid import Ints
from tallystick.errors import Finding

MOST_NAMED = 10
"""Cells that one finding names; the count says how many more there are."""


@dataclass(frozen=True)
class Limits:
    """What the agreement lets out."""

    minimum_cell_count: int = 10
    zeros_are_disclosive: bool = False
    dominance_n: int = 2
    dominance_share: float = 0.9
    p_percent: float = 0.1
    minimum_degrees_of_freedom: int = 10


@dataclass(frozen=True)
class Rule:
    """One rule as ``rules.toml`` holds it."""

    id: str
    statistic: str
    risk: str
    check: str
    evidence: str
    remedy: str
    requirement: str


def rules() -> dict[str, Rule]:
    """Return the rules by their identity, in the file's order."""
    text = resources.files("tallystick.disclosure").joinpath("rules.toml").read_text(encoding="utf-8")
    return {each["id"]: Rule(**each) for each in tomllib.loads(text)["rule"]}


def finding(
    rule: str,
    where: str,
    message: str,
    severity: Literal["refuse", "warn"] = "refuse",
    places: Sequence[str] = (),
) -> Finding:
    """Return a finding of a rule of the file; ``places`` are named up to ten."""
    held = rules()[rule]
    named = "; ".join(places[:MOST_NAMED]) + (
        f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    )
    full = f"{where}: {named}" if named else where
    return Finding(rule, message, held.remedy, full, held.requirement, "SDC handbook", severity)


def labelled(counts: Counts, cells: Ints) -> list[str]:
    """Return the places of cells in words."""
    return [counts.grid.label(int(cell)) for cell in cells[: MOST_NAMED + 1]] + [""] * max(
        0, len(cells) - MOST_NAMED - 1
    )
