"""The candidate pairs of the person model: as many rules as fit a budget of pairs, the sharpest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from tallystick.linkage.compare import quoted

Rule = tuple[str, ...]


@dataclass(frozen=True)
class Blocking:
    """The rules taken, the pairs that each makes (pairs made by two rules are counted twice), and those left for their cost."""

    rules: tuple[Rule, ...]
    pairs: tuple[int, ...]
    left: tuple[tuple[Rule, int], ...]


def pairs_of(con: duckdb.DuckDBPyConnection, rule: Rule) -> int:
    """Return how many pairs of ``records`` agree on every column of ``rule``, without making them."""
    keys = ", ".join(quoted(c) for c in rule)
    filled = " and ".join(f"{quoted(c)} is not null" for c in rule)
    counted = con.execute(
        f"select coalesce(sum(n * (n - 1) / 2), 0) from (select count(*) as n from records where {filled} group by {keys})"  # noqa: S608
    )
    return int(counted.fetchall()[0][0])


def within_budget(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], budget: float) -> Blocking:
    """Return the rules of ``rules``, in order, whose pairs still fit into ``budget``; rules with a missing column are passed over."""
    columns = {column[0] for column in con.execute("select * from records limit 0").description}
    taken: list[Rule] = []
    pairs: list[int] = []
    left: list[tuple[Rule, int]] = []
    for rule in rules:
        if not set(rule) <= columns:
            continue
        cost = pairs_of(con, rule)
        if sum(pairs) + cost <= budget:
            taken.append(rule)
            pairs.append(cost)
        else:
            left.append((rule, cost))
    return Blocking(tuple(taken), tuple(pairs), tuple(left))
