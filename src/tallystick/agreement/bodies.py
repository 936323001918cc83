"""The public bodies that rules know, under whatever name a person writes, and the panels that decide on research with their data.

Requirements 162 to 165, 179 and 180. The rules on a project and the routing of requests read this one table.
"""

from __future__ import annotations

from dataclasses import dataclass

MOJ = "Ministry of Justice"
HMCTS = "HM Courts & Tribunals Service"
HMPPS = "HM Prison and Probation Service"
DFE = "Department for Education"
SHORT = {"moj": MOJ, "hmcts": HMCTS, "hmpps": HMPPS, "dfe": DFE}


@dataclass(frozen=True)
class Panel:
    """Who decides on research with a body's data: the id in the routing of requests, and the name in a project's approvals.

    ``deputies`` are the ids of those to which it escalates, who decide in its place. ``is_officer`` says that it is an officer of the
    body, so that a project records the body's own approval beside the officer's.
    """

    id: str
    name: str
    deputies: tuple[str, ...] = ()
    is_officer: bool = False


OF_MOJ = (
    Panel("moj-data-access-group", "Data Access Group"),
    Panel("moj-data-access-governance-board", "Data Access Governance Board"),
)
CHIEF_STATISTICIAN = Panel("dfe-chief-statistician", "Chief Statistician", is_officer=True)
PANELS: tuple[tuple[str, str, tuple[Panel, ...], str], ...] = (
    # whose data, in which programme ("" any), who decides, the last of them approves; requirement
    (MOJ, "", OF_MOJ, "162"),
    (HMCTS, "", (Panel("hmcts-data-access-panel", "Data Access Panel",
                       ("hmcts-data-governance-authority", "hmcts-shadow-data-governance-panel")),), "163"),
    (HMPPS, "data-first", OF_MOJ, "164"),
    (HMPPS, "", (Panel("hmpps-national-research-committee", "National Research Committee"),), "164"),
    (DFE, "", (CHIEF_STATISTICIAN,), "179, 180"),
)  # fmt: skip
"""Document 001; the first row that fits a dataset holds. Whoever is not listed decides by its own process (165)."""


def body(name: str) -> str:
    """Return a body's full name for its short one, and for ``and`` or ``His Majesty's`` written out; other names as they are.

    >>> body("HMCTS") == body("HM Courts and Tribunals Service") == body("HM Courts & Tribunals Service")
    True
    """
    return _known().get(_folded(name), name)


def is_same(one: str, other: str) -> bool:
    """Return whether two names are of one body."""
    return body(one) == body(other)


def panels(owner: str, programme: str = "") -> tuple[Panel, ...]:
    """Return who decides on research with an owner's data in a programme, in order; none where it has a process of its own."""
    return next(
        (found for whose, within, found, _ in PANELS if whose == body(owner) and within in ("", programme)),
        (),
    )


def _known() -> dict[str, str]:
    return {_folded(full): full for full in SHORT.values()} | SHORT


def _folded(name: str) -> str:
    words = " ".join(name.casefold().replace("&", " and ").replace("’", "'").split())
    return words.replace("his majesty's", "hm").replace("her majesty's", "hm").removeprefix("the ")
