"""The engine by name: the same links from each."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage.numbers import Numbers

RULE = "A blocking rule"


def links(
    engine: str,
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    *,
    id_column: str,
    master: str = "local[*]",
) -> pa.Table:
    """Return the pairs of at least ``threshold`` under ``settings``, scored by ``engine`` (native, splink or spark)."""
    if engine == "native":
        from tallystick.linkage import score

        try:
            return score.links(tables, settings, threshold, id_column=id_column)
        except score.NotKnown as unknown:
            warnings.warn(
                f"The native scorer does not know {unknown}. The whole model goes to Splink instead, which is slower.",
                stacklevel=2,
            )
    if engine in {"native", "splink"}:
        from tallystick.linkage.engine_splink import links as by_splink

        return by_splink(tables, settings, threshold, id_column=id_column)
    if engine == "spark":
        from tallystick.linkage.spark import links as by_spark

        return by_spark(tables, settings, threshold, id_column=id_column, master=master)
    raise BadInput(f"There is no engine {engine!r}. Use native, splink or spark.")


def links_of_new(
    engine: str,
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    numbers: Numbers,
    is_new: npt.NDArray[np.bool_],
    *,
    master: str = "local[*]",
) -> pa.Table:
    """Return those of ``links`` that a record of ``is_new`` (by number) has a part in.

    The native engine compares no other pair; Splink and Spark compare all and leave out the rest.
    """
    if engine == "native":
        from tallystick.linkage import increment, score

        with suppress(score.NotKnown):
            return increment.links(tables, settings, threshold, numbers, is_new)
    every = links(engine, tables, settings, threshold, id_column=numbers.id_column, master=master)
    edges = numbers.edges(every)
    return every.filter(pa.array(is_new[edges.a] | is_new[edges.b]))


def columns_read(settings: Mapping[str, Any]) -> set[str]:
    """Return the columns of a record that a Splink model reads in comparisons, frequencies and blocking rules.

    Raises BadInput for a level or a rule that is not SQL.
    """
    found: set[str] = set()
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level.get("tf_adjustment_column"):
                found.add(level["tf_adjustment_column"])
            if level["sql_condition"].strip().upper() != "ELSE":
                named = _columns(level["sql_condition"], "A level")
                found |= {name.removesuffix("_l").removesuffix("_r") for name in named}
    for rule in settings.get("blocking_rules_to_generate_predictions", ()):
        found |= _columns(rule["blocking_rule"] if isinstance(rule, Mapping) else rule, RULE)
    return found


def rules_as_conditions(settings: Mapping[str, Any]) -> list[str]:
    """Return what each blocking rule asks of two whole records: where a rule opens lists, that they have an entry in common."""
    import sqlglot
    from sqlglot import exp

    from tallystick.linkage.score.model import in_common

    made = []
    for rule in settings["blocking_rules_to_generate_predictions"]:
        sql = str(rule["blocking_rule"] if isinstance(rule, Mapping) else rule)
        opened = (rule.get("arrays_to_explode") if isinstance(rule, Mapping) else None) or ()

        def whole(node: exp.Expr, opened: Collection[str] = opened) -> exp.Expr:
            is_opened = isinstance(node, exp.EQ) and {c.name for c in node.find_all(exp.Column)} & set(opened)
            return in_common(node.this, node.expression) if is_opened else node

        made.append(
            sqlglot.parse_one(sql, read="duckdb").transform(whole).sql(dialect="duckdb") if opened else sql
        )
    return made


def _columns(sql: str, what: str) -> set[str]:
    import sqlglot
    from sqlglot import exp

    like = "Rules look like: l.surname = r.surname"
    try:
        columns = list(sqlglot.parse_one(sql, read="duckdb").find_all(exp.Column))
    except sqlglot.errors.SqlglotError:
        raise BadInput(f"{what} is not SQL that can be read: {sql!r}. {like}") from None
    if what == RULE and {column.table.lower() for column in columns} != {"l", "r"}:
        raise BadInput(
            f"{what} must say of each column whose it is, l or r, and compare the two: {sql!r}. {like}"
        )
    return {column.name for column in columns}
