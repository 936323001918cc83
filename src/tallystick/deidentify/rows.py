"""The condition that says which rows of a dataset a project may have: a small, safe part of SQL.

A condition comes from an approval, so it is read before it is run: columns that the dataset has, constants, comparisons,
and/or/not, in, between, is null, like, and casts of constants. Nothing else: no function, no query inside, no file.
Requirement 211: the row filter is generated from the approval.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from tallystick.errors import BadInput

ALLOWED = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is,
    exp.Null, exp.Boolean, exp.Literal, exp.Column, exp.Identifier, exp.Like, exp.ILike, exp.Cast, exp.DataType, exp.Neg,
    exp.Add, exp.Sub, exp.Mul, exp.DataTypeParam,
)  # fmt: skip


def checked_condition(condition: str, columns: Collection[str], where: str) -> str:
    """Return the condition as DuckDB SQL with every name quoted; raise BadInput for anything but a plain comparison."""
    try:
        tree = sqlglot.parse_one(condition, dialect="duckdb", into=exp.Condition)
    except (sqlglot.errors.ParseError, sqlglot.errors.TokenError) as error:
        raise BadInput(
            f"{where}: the condition on rows cannot be read as SQL. Write it like age >= 18."
        ) from error
    for node in tree.walk():
        if type(node) not in ALLOWED:
            raise BadInput(
                f"{where}: the condition on rows uses {node.key!r}. "
                "Only comparisons of columns with constants, joined by and, or, not, are allowed."
            )
        if isinstance(node, exp.Column) and (node.table or node.name not in columns):
            raise BadInput(
                f"{where}: the condition on rows names {node.name!r}, which is not a column that may be used. "
                f"Use one of: {', '.join(sorted(columns))}."
            )
        if isinstance(node, exp.Identifier):
            node.set("quoted", True)
    return tree.sql(dialect="duckdb")


def rows_where(table: pa.Table, condition: str, columns: Collection[str], where: str) -> pa.Table:
    """Return the rows for which the condition is true (a null is not true), in the order they came.

    ``columns`` are the names that the condition may use. Raises BadInput for an unsafe condition, or one that does not
    fit the columns' types.
    """
    if not condition.strip():
        return table
    checked = checked_condition(condition, columns, where)
    numbered = table.append_column("row_number", pa.array(range(table.num_rows), pa.int64()))
    with duckdb.connect(config={"enable_external_access": "false"}) as database:
        database.register("source_rows", numbered)
        try:
            kept: pa.Table = database.sql(
                f"select row_number from source_rows where {checked} order by row_number"  # noqa: S608 - parsed above
            ).to_arrow_table()
        except duckdb.Error as error:
            raise BadInput(
                f"{where}: the condition on rows does not fit the types of the columns ({type(error).__name__}). "
                "Compare a date with DATE '2020-01-01' and a text with 'text'."
            ) from None
    return table.take(kept["row_number"])
