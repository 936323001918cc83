"""What can go wrong, as one tree, with the exit code that each branch has on the command line.

    TallystickError   3   an internal failure
    ├── Refused       1   a rule said no: each finding names its rule, its source and its remedy
    └── BadInput      2   a file or an argument cannot be used: where it is wrong, and what to do

No message may hold a personal value: a row, a column, a value's class and length at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

Severity = Literal["refuse", "warn"]


@dataclass(frozen=True)
class Finding:
    """One thing that a rule or a check found, as a value.

    ``rule`` is the rule's own identity (``"signed-by-office"``, ``"supply.date"``); ``requirement`` its number in the
    requirements (``"57"``, or empty); ``source`` the document and section; ``where`` the clause, file, row or column.
    """

    rule: str
    message: str
    remedy: str
    where: str = ""
    requirement: str = ""
    source: str = ""
    severity: Severity = "refuse"

    def __str__(self) -> str:
        source = ", ".join(
            part
            for part in (f"requirement {self.requirement}" if self.requirement else "", self.source)
            if part
        )
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} {self.remedy} [{self.rule}{'; ' + source if source else ''}]"


class TallystickError(Exception):
    """The root of all errors that Tallystick raises on purpose."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, findings: Iterable[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings: tuple[Finding, ...] = tuple(findings)


class Refused(TallystickError):
    """A rule of the agreement or of the law said no."""

    exit_code: ClassVar[int] = 1

    def __init__(self, findings: Iterable[Finding], message: str = "") -> None:
        found = tuple(findings)
        count = len(found)
        super().__init__(message or f"Refused by {count} rule{'s' if count != 1 else ''}.", found)


class BadInput(TallystickError):
    """What was handed in cannot be used; the message says where it is wrong and what to do."""

    exit_code: ClassVar[int] = 2
