"""Blocking advice: what each rule would cost in pairs and bring in true pairs, without making a pair.

A rule's cost is the number of pairs that agree on its columns, counted from group sizes. What it finds is estimated from the
trained model: a true pair agrees on a column with the m probability of its level of exact agreement, where both records have
a value. Errors in different columns are taken as independent, so the estimate for several columns is a little low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from tallystick.linkage import clean, compare, person, prepare
from tallystick.linkage.blocking import Rule, pairs_of, with_lists, within_budget
from tallystick.linkage.compare import levels, name_of, quoted
from tallystick.linkage.train import train


@dataclass(frozen=True)
class Advice:
    """One rule: the pairs it would make, the share of true pairs it would find, and whether it is proposed."""

    rule: Rule
    pairs: int
    found: float
    is_proposed: bool

    @property
    def sql(self) -> str:
        """The rule in Splink's form."""
        return person.rule_sql(self.rule)


def advise(
    tables: Mapping[str, pa.Table],
    *,
    id_column: str = "record_id",
    pairs_per_record: float = 100.0,
    candidates: Sequence[Rule] = person.BLOCKING,
    seed: int = 1,
) -> tuple[Advice, ...]:
    """Return advice on each candidate rule whose columns all files have, the proposed ones first, then by what they find.

    Proposed are the rules, in the order of ``candidates`` (the sharpest first), whose pairs fit ``pairs_per_record`` times the
    number of records. Raises BadInput where the files have fewer than two columns that the model compares.
    """
    cleaned = {source: clean.standard(table, id_column, source) for source, table in tables.items()}
    sources, _ = prepare.for_the_person_model(cleaned, id_column)
    shared = next(iter(sources.values())).column_names
    link_type = "dedupe_only" if len(sources) == 1 else "link_and_dedupe"
    untrained = person.settings(shared, (), link_type, id_column)
    with compare.open_records(sources, untrained, id_column) as con:
        budget = pairs_per_record * sum(table.num_rows for table in sources.values())
        taken = set(within_budget(con, candidates, budget).rules)
        model = train(con, untrained, seed)
        rules = [
            form
            for rule in candidates
            if set(rule) <= set(shared)
            for form in dict.fromkeys((with_lists(rule, shared), rule))
            if form in taken or form == with_lists(rule, shared)
        ]
        found = [Advice(rule, pairs_of(con, rule), _found(con, model, rule), rule in taken) for rule in rules]
    return tuple(sorted(found, key=lambda one: (not one.is_proposed, -one.found, one.pairs)))


def _found(con: duckdb.DuckDBPyConnection, model: Mapping[str, Any], rule: Rule) -> float:
    """Return the estimated share of true pairs that agree on every column of the rule."""
    share = 1.0
    for column in rule:
        filled = con.execute(
            f"select avg(cast({quoted(column)} is not null as integer)) from records"  # noqa: S608
        ).fetchall()
        share *= float(filled[0][0]) ** 2 * _agreement(model, column)
    return share


def _agreement(model: Mapping[str, Any], column: str) -> float:
    """Return how often records of one person agree on a column: the m of every level at least as strict as that agreement.

    A part of a value (a sound, a district, a year) agrees wherever the whole does.
    """
    best = 0.0
    for comparison in model["comparisons"]:
        total = 0.0
        for level in levels(comparison):
            total += level["m_probability"]
            if (
                f'"{column}_l" = "{column}_r"' in level["sql_condition"]
                or f'list_intersect("{column}_l"' in level["sql_condition"]
            ):
                best = max(best, total)
        if name_of(comparison) == column or column.startswith(f"{name_of(comparison)}_"):
            best = best or levels(comparison)[0]["m_probability"]
    return min(1.0, best or 0.9)
