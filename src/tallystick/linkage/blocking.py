"""The candidate pairs of the person model: as many rules as fit a budget of pairs, the sharpest first.

Where records hold further values beside their own (``others``), a rule reads the lists of them all: two records that share an alias and a
birth date are looked at as two that share a name and a birth date are. A rule whose lists cost too many pairs reads the own values alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from tallystick.linkage import others
from tallystick.linkage.compare import quoted

Rule = tuple[str, ...]


@dataclass(frozen=True)
class Blocking:
    """The rules taken, the pairs that each makes (pairs made by two rules are counted twice), and those left for their cost."""

    rules: tuple[Rule, ...]
    pairs: tuple[int, ...]
    left: tuple[tuple[Rule, int], ...]


def pairs_of(con: duckdb.DuckDBPyConnection, rule: Rule) -> int:
    """Return how many pairs of ``records`` agree on every column of ``rule``, without making them; a pair that shares several
    entries of a list is counted for each."""
    keys = ", ".join(quoted(c) for c in rule)
    filled = " and ".join(f"{quoted(c)} is not null" for c in rule)
    counted = con.execute(
        f"""
        select coalesce(sum(n * (n - 1) / 2), 0)
        from (select count(*) as n from ({opened(rule)}) where {filled} group by {keys})
        """  # noqa: S608
    )
    return int(counted.fetchall()[0][0])


def opened(rule: Rule, *also: str) -> str:
    """Return SQL for the columns of ``rule`` (and ``also``) in ``records``, a row for each choice of an entry from every list among them."""
    made = "records"
    for column in rule:
        if column in others.OWN:
            made = f"(select * replace (unnest({quoted(column)}) as {quoted(column)}) from {made})"  # noqa: S608
    return f"select {', '.join(quoted(c) for c in (*also, *rule))} from {made}"  # noqa: S608


def with_lists(rule: Rule, columns: Collection[str]) -> Rule:
    """Return the rule over the lists that the records hold, in place of their own values."""
    made = (others.LIST_OF.get(column, column) for column in rule)
    return tuple(m if m in columns else own for m, own in zip(made, rule, strict=True))


def within_budget(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], budget: float) -> Blocking:
    """Return the rules of ``rules``, in order, whose pairs still fit into ``budget``; rules with a missing column are passed over.

    A rule reads the lists that the records hold; where that costs too much, the records' own values.
    """
    columns = {column[0] for column in con.execute("select * from records limit 0").description}
    taken: list[Rule] = []
    pairs: list[int] = []
    left: list[tuple[Rule, int]] = []
    for rule in rules:
        if not set(rule) <= columns:
            continue
        for form in dict.fromkeys((with_lists(rule, columns), rule)):
            cost = pairs_of(con, form)
            if sum(pairs) + cost <= budget:
                taken.append(form)
                pairs.append(cost)
                break
            left.append((form, cost))
    return Blocking(tuple(taken), tuple(pairs), tuple(left))
