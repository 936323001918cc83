"""Who may see and do what: three tables. What may be done in which state is the core's (`governance.tables.processes`).

``docs/service-roles.md`` is printed from here, and a test tries every cell of it in the service itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.disclosure.review import Act
from tallystick.governance.tables.processes import NEW, PROCESSES, WORKERS
from tallystick.governance.tables.processes import ROLES as OFFICES
from tallystick.lab.life import AFTER

PROVIDER, LAB_ANALYST, BOARD_MEMBER = "provider", "lab-analyst", "board-member"
ROLES: Mapping[str, str] = {**OFFICES, **WORKERS}
SHARE_STEPS: Mapping[str, tuple[str, ...]] = {
    # a role, and up to which step it may ask the worker to go on with a share
    "linker": ("link", "destroy"),
    "steward": ("deidentify", "extract", "report"),
}
"""A step begins with those before it that are not done: they are done by the worker, who opens each room for its own door."""
REVIEW_ACTS: Mapping[str, tuple[str, ...]] = {
    # a role, and what it may do in a share's clerical review: draw the sample, judge its pairs (and see them), close it
    "linker": ("draw", "judge", "close"),
    "reviewer": ("judge",),
    "lead": ("close",),
}
SEES_SHARES = frozenset(
    {
        "supplier",
        "linker",
        "reviewer",
        "steward",
        "iao",
        "custodian",
        "dpo",
        "siro",
        "cdo",
        "lead",
        "data-access-team",
    }
)

SEES_PROJECTS = frozenset(
    {"output-checker", "data-access-team", "steward", "iao", "custodian", "dpo", "siro", "lead"}
)
"""They see the projects of the shares to which their organisation is a party; a researcher those that name them."""
OUTPUT_ACTS: Mapping[str, tuple[Act, ...]] = {
    # a role, and the acts of an output's review that it does; the review itself says when, and to whom not
    "researcher": ("change", "submit", "withdraw"),
    "output-checker": ("assign", "vote"),
    "data-access-team": ("assign", "release"),
}
"""A checker takes an output up for themselves; the data access team may name the checker."""
PACK_ACTS: Mapping[str, tuple[str, ...]] = {
    # a role, and what it may do on a board to which its organisation is a party (a member: or a recipient)
    "supplier": ("upload",),
    "board-analyst": ("build", "look", "compare", "publish"),
    BOARD_MEMBER: ("look", "compare"),
}
"""A return is its supplier's own; an early sight is for the body that the memorandum lists, whoever built it."""
LAB_ACTS: Mapping[str, tuple[str, ...]] = {
    # a role, and what it may do on an analysis that is its organisation's (the provider's) or to which it is a party (the lab)
    PROVIDER: ("ask", "upload", "withdraw", "opt-out"),
    LAB_ANALYST: ("begin", "evaluate", "review", "send", "publish", "correct", "destroy"),
}
LAB_STATES: Mapping[str, tuple[str, ...]] = {
    # the life's own events, and the work between them
    **AFTER,  # type: ignore[dict-item]
    "send": ("analysing",),  # in review a better report goes by `correct`, and the review begins again
    "ask": ("new",),
    "upload": ("new",),
    "evaluate": ("analysing", "in review", "published"),
    "review": ("analysing", "in review", "published"),
}

NO_SECOND_FACTOR = frozenset({"requester"})
"""Every other role signs, checks, decides or sees personal data: it signs in with two factors or not at all."""

OVERSIGHT = frozenset(
    {"data-access-team", "iao", "custodian", "dpo", "dp-practitioner", "siro", "cdo", "security"}
)
SEES: Mapping[str, frozenset[str]] = {
    # a process, and the roles that see every case of it that concerns their organisation; whoever else may do one of its
    # acts sees the cases that they opened themselves
    "request": OVERSIGHT | {"requester", "lead", "chair", "panel"},
    "agreement": OVERSIGHT | {"requester", "lead", "chair", "panel"},
    "screening": OVERSIGHT | {"lead", "chair", "panel", "requester"},
    "dpia": OVERSIGHT | {"lead", "panel"},
    "eia": OVERSIGHT | {"lead", "panel"},
    "notice": frozenset(OFFICES),
    "office": OVERSIGHT | {"lead"},
    "access": OVERSIGHT,
    "asset": frozenset(OFFICES),
    "transfer": OVERSIGHT | {"lead"},
    "holding": OVERSIGHT | {"lead", "requester"},
    "rights": frozenset({"data-access-team", "dpo", "dp-practitioner"}),
    "complaint": frozenset({"dpo", "dp-practitioner"}),
    "incident": frozenset({"dpo", "dp-practitioner", "siro", "security", "data-access-team", "iao"}),
    "dispute": OVERSIGHT | {"lead", "chair"},
}


def needs_second_factor(role: str) -> bool:
    """Return whether this role signs in with a second factor or not at all."""
    return role not in NO_SECOND_FACTOR


def sees_all(role: str, process: str) -> bool:
    """Return whether a role sees every case of a process that concerns its organisation."""
    return role in SEES[process]


def sees_own(role: str, process: str) -> bool:
    """Return whether a role sees the cases of a process that the person opened: it may do one of its acts."""
    return any(role in roles for roles in PROCESSES[process].may.values())


def sees_shares(role: str) -> bool:
    """Return whether a role sees the shares of its organisation: where they stand, and their ledger."""
    return role in SEES_SHARES


def share_steps(role: str) -> tuple[str, ...]:
    """Return the steps of a share that a role may ask for."""
    return SHARE_STEPS.get(role, ())


def review_acts(role: str) -> tuple[str, ...]:
    """Return what a role may do in a clerical review; to a role that may do nothing there it is not there."""
    return REVIEW_ACTS.get(role, ())


def may_supply(role: str) -> bool:
    """Return whether a role hands in its organisation's data."""
    return role == "supplier"


def works_on_projects(role: str) -> bool:
    """Return whether a role sees projects because they name the person, and no others."""
    return role == "researcher"


def sees_projects(role: str) -> bool:
    """Return whether a role sees the projects of its organisation's shares."""
    return role in SEES_PROJECTS


def opens_projects(role: str) -> bool:
    """Return whether a role opens the project that an approved research request becomes."""
    return role == "data-access-team"


def sees_outputs(role: str) -> bool:
    """Return whether a role sees outputs that were handed in."""
    return role in OUTPUT_ACTS


def output_acts(role: str) -> tuple[Act, ...]:
    """Return the acts of an output's review that a role does."""
    return OUTPUT_ACTS.get(role, ())


def sees_packs(role: str) -> bool:
    """Return whether a role sees boards and their packs."""
    return role in PACK_ACTS


def pack_acts(role: str) -> tuple[str, ...]:
    """Return what a role may do on a board."""
    return PACK_ACTS.get(role, ())


def sees_lab(role: str) -> bool:
    """Return whether a role sees analyses of the Justice Data Lab: a provider its own, an analyst those of its lab."""
    return role in LAB_ACTS


def lab_acts(role: str, state: str) -> tuple[str, ...]:
    """Return the acts that a role may do on an analysis in this state."""
    return tuple(act for act in LAB_ACTS.get(role, ()) if state in LAB_STATES[act])


def processes(role: str) -> tuple[str, ...]:
    """Return the processes of which a role sees anything."""
    return tuple(name for name in PROCESSES if sees_all(role, name) or sees_own(role, name))


def acts(role: str, process: str, state: str) -> tuple[str, ...]:
    """Return the acts that a role may do on a case in this state."""
    table = PROCESSES[process]
    return tuple(act for act in table.table[state] if role in table.may[act])


def begins(role: str, process: str) -> tuple[str, ...]:
    """Return the acts with which a role may begin a case of a process."""
    return acts(role, process, NEW)
