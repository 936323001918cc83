"""The page on who may see and do what, printed from the tables: ``python -m tallystick.service.manual docs``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from tallystick.governance.tables.processes import NEW, PROCESSES, Process
from tallystick.lab.life import State
from tallystick.service import roles

PAGE = "service-roles.md"
LAB_LIFE: tuple[str, ...] = get_args(State)


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield "# Roles: who sees and does what in the web service"
    yield ""
    yield "Printed from the code (`python -m tallystick.service.manual docs`); a test tries every cell in the service itself."
    yield ""
    yield "Two questions are asked of every page. **Is it theirs to see?** A case concerns the organisations that acted on it, whose"
    yield "data it is about, or that must decide on it; to everybody else it is not there (404), whatever their role. **May they do it?** The"
    yield "role and the state must both allow it; for some acts the register of offices must also say that the person holds the office."
    yield ""
    yield "## Roles"
    yield ""
    yield from table(
        ("role", "who", "second factor"),
        (
            (role, who, "must" if roles.needs_second_factor(role) else "may")
            for role, who in roles.ROLES.items()
        ),
    )
    yield ""
    yield "## What each role sees"
    yield ""
    yield "*all*: every case that concerns the person's organisation; *own*: those that the person began; –: none. The register of"
    yield "datasets (asset) is open to all who sign in."
    yield ""
    yield from table(
        ("process", *roles.ROLES),
        ((name, *(sight(role, name) for role in roles.ROLES)) for name in PROCESSES),
    )
    yield ""
    yield "## Shares"
    yield ""
    yield "Of the shares to which the person's organisation is a party; a supplier hands in its own organisation's datasets alone."
    yield ""
    yield from table(
        ("share", "sees where it stands", "hands in data", "asks for", "in its clerical review"),
        (
            (
                role,
                "yes" if roles.sees_shares(role) else "–",
                "yes" if roles.may_supply(role) else "–",
                ", ".join(roles.share_steps(role)) or "–",
                ", ".join(roles.review_acts(role)) or "–",
            )
            for role in roles.ROLES
        ),
    )
    yield ""
    yield "## Projects and outputs"
    yield ""
    yield "*own*: the projects that name the person, whatever their organisation; *all*: those of the shares to which it is a party,"
    yield "their outputs once handed in. A checker sees no other's vote before all are cast, and nobody checks or releases what they made."
    yield ""
    yield from table(
        ("output", "sees projects", "sees outputs", "does", "opens projects"),
        (
            (
                role,
                *project_sight(role),
                ", ".join(roles.output_acts(role)) or "–",
                "yes" if roles.opens_projects(role) else "–",
            )
            for role in roles.ROLES
        ),
    )
    yield ""
    yield "## Boards and their packs"
    yield ""
    yield "Of the boards to which the person's organisation is a party; a member's may be a recipient instead. A supplier hands in its own"
    yield "organisation's returns alone; an early sight is there for the body that the memorandum lists, and for nobody else."
    yield ""
    yield from table(
        ("board", "does"), ((role, ", ".join(roles.pack_acts(role)) or "–") for role in roles.ROLES)
    )
    yield ""
    yield "## Justice Data Lab"
    yield ""
    yield "Of the analyses whose cohort the person's organisation hands in (a provider: its own, and no other's), or to which it is a party"
    yield "(an analyst). No page of either shows a name; a provider reads its report once it was sent. By the state of the analysis:"
    yield ""
    yield from table(
        ("lab", *LAB_LIFE),
        (
            (role, *(", ".join(roles.lab_acts(role, state)) or "–" for state in LAB_LIFE))
            for role in roles.LAB_ACTS
        ),
    )
    for process in PROCESSES.values():
        yield ""
        yield f"## {process.title}"
        yield ""
        yield from acts(process)


def sight(role: str, process: str) -> str:
    """Return what a role sees of a process, in a word."""
    if roles.sees_all(role, process):
        return "all"
    return "own" if roles.sees_own(role, process) else "–"


def project_sight(role: str) -> tuple[str, str]:
    """Return what a role sees of projects and of outputs, in a word each."""
    which = "own" if roles.works_on_projects(role) else "all" if roles.sees_projects(role) else "–"
    return which, which if roles.sees_outputs(role) else "–"


def acts(process: Process) -> Iterator[str]:
    """Yield a process's table: for each role and each state, the acts."""
    states = [state for state in (NEW, *process.states) if process.table[state]]
    rows = (
        (role, *(", ".join(roles.acts(role, process.name, state)) or "–" for state in states))
        for role in roles.ROLES
        if any(role in who for who in process.may.values())
    )
    yield from table((process.name, *states), rows)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table in Markdown."""
    names = tuple(header)
    yield "| " + " | ".join(names) + " |"
    yield "| " + " | ".join("---" for _ in names) + " |"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    (Path(sys.argv[1]) / PAGE).write_text(page(), encoding="utf-8")
