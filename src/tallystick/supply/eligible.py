"""The agreement's `eligible` condition: which records belong to the share at all.

The condition is SQL, but only so much of it as a condition on one record needs: the dataset's own columns, literals,
comparisons and a short list of functions. Everything else (subqueries, files, settings, other functions) is refused before
DuckDB sees it. Its conjuncts are the reasons by which dropped records are counted.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot
from sqlglot import exp

from tallystick.errors import BadInput
from tallystick.supply.sql import connection

NODES: Final[tuple[type[exp.Expr], ...]] = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is,
    exp.In, exp.Between, exp.Like, exp.ILike, exp.Null, exp.Boolean, exp.Literal, exp.Column,
    exp.Identifier, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Case, exp.If, exp.Cast,
    exp.TryCast, exp.DataType, exp.Interval, exp.Var, exp.Lower, exp.Upper, exp.Trim, exp.Length,
    exp.Coalesce, exp.Abs, exp.Substring, exp.StartsWith, exp.Left, exp.Right, exp.Extract, exp.Year,
    exp.Month, exp.Day, exp.DateDiff, exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimestampTrunc,
    exp.TsOrDsToDate, exp.Nullif, exp.Date,
)  # fmt: skip
FUNCTIONS: Final = (
    "lower, upper, trim, length, coalesce, nullif, abs, substring, starts_with, left, right, year, month, day, "
    "date_diff, date_trunc"
)
TYPES: Final = frozenset(
    {"DATE", "TIMESTAMP", "INT", "BIGINT", "DOUBLE", "VARCHAR", "TEXT", "BOOLEAN", "DECIMAL"}
)
LONGEST: Final = 5_000


@dataclass(frozen=True)
class Reason:
    """One conjunct of the condition: how many records it ``dropped``, of which ``unknown`` for want of a value."""

    condition: str
    dropped: int
    unknown: int


@dataclass(frozen=True)
class Eligible:
    """Which rows may stay (``mask``), and the reasons that the others may not; a row can have several."""

    mask: np.ndarray[Any, np.dtype[np.bool_]]
    reasons: tuple[Reason, ...] = ()


def conjuncts(condition: str, columns: Collection[str]) -> tuple[str, ...]:
    """The parts of ``condition`` that must all hold, as DuckDB SQL over ``columns`` and nothing else.

    Empty for an empty condition. Raises BadInput for anything outside the permitted part of SQL.

    >>> conjuncts("dob >= date '1985-08-31' and sex = 'F'", ["dob", "sex"])
    ('CAST("dob" AS DATE) >= CAST(\\'1985-08-31\\' AS DATE)', '"sex" = \\'F\\'')
    """
    if not condition.strip():
        return ()
    if len(condition) > LONGEST:
        raise BadInput(f"The `eligible` condition is longer than {LONGEST:,} characters. Shorten it.")
    tree = _parse(condition)
    for node in tree.walk():
        _require_permitted(node, columns)
    parts = list(tree.unnest().flatten()) if isinstance(tree.unnest(), exp.And) else [tree]
    return tuple(part.sql(dialect="duckdb", identify=True) for part in parts)


def apply(condition: str, table: pa.Table) -> Eligible:
    """The rows of ``table`` that meet ``condition``; one that is unknown for want of a value does not meet it."""
    parts = conjuncts(condition, table.column_names)
    if not parts or not len(table):
        return Eligible(np.ones(len(table), dtype=bool))
    answers = _evaluate(parts, table)
    reasons = []
    masks = []
    for part, answer in zip(parts, answers.columns, strict=True):
        met = answer.fill_null(False).to_numpy()
        masks.append(met)
        reasons.append(Reason(part, int((~met).sum()), answer.null_count))
    return Eligible(functools.reduce(np.logical_and, masks), tuple(reasons))


def _evaluate(parts: tuple[str, ...], table: pa.Table) -> pa.Table:
    """One boolean column for each part, in the order of the table's rows."""
    numbered = table.append_column("tallystick row", pa.array(np.arange(len(table))))
    answers = ", ".join(f"({part})::boolean as c{i}" for i, part in enumerate(parts))
    query = f'select {answers} from supply order by "tallystick row"'  # noqa: S608 - checked above
    con = connection()
    con.register("supply", numbered)
    result = None
    try:
        result = con.sql(query).to_arrow_table()
    except duckdb.Error:  # DuckDB quotes the value that it cannot convert: its text must not go on
        pass
    finally:
        con.close()
    if result is None:
        raise BadInput(
            "The `eligible` condition cannot be worked out on the supply's columns: "
            + "; ".join(parts)
            + ". Compare "
            "dates with DATE '2000-01-31', numbers with numbers and text with text."
        )
    return result


def _parse(condition: str) -> exp.Expr:
    trees: list[Any] = []
    problem = ""
    try:
        trees = sqlglot.parse(condition, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        problem = str(error).splitlines()[0]
    except RecursionError:
        problem = "it is nested too deep"
    if problem or len(trees) != 1 or trees[0] is None:
        raise BadInput(
            "The `eligible` condition is not one SQL condition. Write for example dob >= DATE '1985-08-31' AND sex = 'F'."
        )
    tree: exp.Expr = trees[0]
    return tree


def _require_permitted(node: exp.Expr, columns: Collection[str]) -> None:
    if isinstance(node, exp.Column):
        if node.table:
            raise BadInput(
                f"The `eligible` condition names a table ({node.table}). Use the dataset's columns alone."
            )
        if node.name not in columns:
            raise BadInput(
                f"The `eligible` condition uses {node.name}, which is no column of the dataset. Use: {', '.join(columns)}."
            )
    elif isinstance(node, exp.DataType) and node.this.name not in TYPES:
        raise BadInput(
            f"The `eligible` condition casts to {node.this.name}. Use one of: {', '.join(sorted(TYPES))}."
        )
    elif not isinstance(node, NODES) or type(node) is exp.Anonymous:
        what = node.name if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
        raise BadInput(
            f"The `eligible` condition uses {what}, which is not allowed. Use columns, literals, comparisons and the functions "
            f"{FUNCTIONS}."
        )


def counted(reasons: tuple[Reason, ...]) -> list[Mapping[str, object]]:
    """The reasons as plain values, for JSON."""
    return [{"condition": r.condition, "dropped": r.dropped, "unknown": r.unknown} for r in reasons]
