"""A trained model in the form that a kernel can follow: literals with jumps, over columns of codes."""

from __future__ import annotations

from dataclasses import dataclass, field

EQUAL, NULL, TRUTH, NUMBER, TEXT, SHARED, PAIRWISE = range(7)
TAKEN, LEFT_OUT = -1, -2
"""Where a literal may jump instead of to another literal: the condition is true; it is not."""


class NotKnown(Exception):
    """A level or rule that the native scorer cannot follow: the model goes to Splink whole."""


@dataclass(frozen=True)
class Atom:
    """One test of a pair. ``left`` and ``right`` are numbers of columns; -1 where the atom reads one side only.

    ``function`` is a text function, or for NUMBER whether the difference is absolute (1) or not (0); ``slot`` numbers the
    value (function and columns) so that it is worked out once for a pair; ``operator`` and ``limit`` make it a truth.
    """

    kind: int
    left: int = -1
    right: int = -1
    function: int = 0
    operator: int = 0
    limit: float = 0.0
    slot: int = -1


@dataclass(frozen=True)
class Literal:
    """An atom or its opposite, and where to go next."""

    atom: int
    is_negated: bool
    if_true: int
    if_not: int


@dataclass(frozen=True)
class Level:
    """One level: the range of its literals (empty for ELSE), its weight, and its term-frequency adjustment."""

    first: int
    count: int
    weight: float
    tf_column: int = -1
    tf_weight: float = 0.0
    tf_log2_u: float = 0.0
    tf_minimum: float = 0.0


@dataclass(frozen=True)
class Rule:
    """One blocking rule: columns that must be equal (left, right), literals for the rest, and columns of lists (left, right) that share
    an entry (Splink's ``arrays_to_explode``); the literals ask for that too, so that they say alone whether the rule finds a pair."""

    keys: tuple[tuple[int, int], ...]
    first: int
    count: int
    sql: str
    lists: tuple[tuple[int, int], ...] = ()


@dataclass
class Program:
    """The whole model. ``columns`` are expressions over one record, by number; ``groups`` join columns that are compared.

    ``reads`` says of each column what the kernel needs: "code", "truth", "number", "text" or "list".
    """

    prior: float
    columns: list[str] = field(default_factory=list)
    reads: list[set[str]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    atoms: list[Atom] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    comparisons: list[tuple[Level, ...]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    slots: list[tuple[int, int, int, int]] = field(default_factory=list)
    link_type: str = "dedupe_only"

    def column(self, sql: str, reads: str) -> int:
        """Return the number of the column that ``sql`` names, new if need be."""
        if sql not in self.columns:
            self.columns.append(sql)
            self.reads.append(set())
            self.parents.append(len(self.columns) - 1)
        number = self.columns.index(sql)
        self.reads[number].add(reads)
        return number

    def group(self, column: int) -> int:
        """Return the number that stands for all columns compared with this one."""
        while self.parents[column] != column:
            column = self.parents[column]
        return column

    def join(self, left: int, right: int) -> None:
        """Note that two columns are compared: they share their codes."""
        a, b = sorted((self.group(left), self.group(right)))
        self.parents[b] = a
