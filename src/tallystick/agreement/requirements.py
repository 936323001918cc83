"""The 331 requirements, as a table: number, area, kind (E enforceable, W workflow, D document), source and a paraphrase.

They were drawn from five published documents, named here once; a rule cites a requirement by its number.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

DOCUMENTS = {
    "000": "MoJ–DfE data share privacy notice (2025)",
    "001": "Data First privacy and data protection, v2.0 (2021)",
    "002": "DfE pupil privacy notices",
    "003": "Justice Data Lab DPIA (2018)",
    "004": "Data sharing for the criminal justice system: guidance (2023)",
}


@dataclass(frozen=True)
class Requirement:
    """One numbered item."""

    number: int
    area: str
    kind: str
    source: str
    text: str


@cache
def requirements() -> dict[int, Requirement]:
    """Return all requirements by number."""
    text = files("tallystick.agreement").joinpath("tables/requirements.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        int(row["number"]): Requirement(
            int(row["number"]), row["area"], row["kind"], in_words(row["source"]), row["requirement"]
        )
        for row in rows
    }


def in_words(source: str) -> str:
    """Return a source with its documents' names in place of their numbers."""
    return re.sub(r"\b00[0-4]\b", lambda match: DOCUMENTS[match[0]], source)


def source_of(number: int) -> str:
    """Return the document and section that a requirement comes from."""
    return requirements()[number].source
