"""A trained Splink model read into the program that a kernel follows.

Every comparison level and blocking rule is SQL. sqlglot parses it; an expression that reads one side of the pair only is
left to DuckDB, record by record, so its meaning is exact; what reads both sides must be one of the kinds of atom that `program` lists. NOT is
pushed down to the atoms (De Morgan holds in SQL's three-valued logic too), after which a condition is true just when its
AND/OR tree over *true* literals is: "null" and "false" need not be told apart. So a condition becomes a list of literals,
each with the place to go when it is true and when it is not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from tallystick.errors import BadInput
from tallystick.linkage.score.program import (
    EQUAL,
    LEFT_OUT,
    NULL,
    NUMBER,
    PAIRWISE,
    SHARED,
    TAKEN,
    TEXT,
    TRUTH,
    Atom,
    Level,
    Literal,
    NotKnown,
    Program,
    Rule,
)  # fmt: skip

FUNCTIONS = {
    "jaro_similarity": 0,
    "jaro_winkler_similarity": 1,
    "levenshtein": 2,
    "damerau_levenshtein": 3,
    "jaccard": 4,
}
OPERATORS: dict[type[exp.Expr], int] = {exp.GTE: 0, exp.GT: 1, exp.LTE: 2, exp.LT: 3, exp.EQ: 4}
MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GTE: exp.LTE,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.LT: exp.GT,
    exp.EQ: exp.EQ,
}


def read(settings: Mapping[str, Any], id_column: str) -> Program:
    """Return the program of a trained model. Raises NotKnown for a level it cannot follow, BadInput for an untrained one."""
    from splink.internals.settings_creator import SettingsCreator

    try:
        model = SettingsCreator.from_path_or_dict(
            {**settings, "unique_id_column_name": id_column}
        ).get_settings("duckdb")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"The model is not Splink settings ({type(error).__name__}). Give the JSON that Splink saved."
        ) from error
    core = model.core_model_settings
    prior = core.probability_two_random_records_match
    program = Program(prior=prior, link_type=model._link_type)
    for comparison in core.comparisons:
        levels = comparison.comparison_levels
        program.comparisons.append(
            tuple(_level(program, comparison.output_column_name, level, levels) for level in levels)
        )
    for rule in model._blocking_rules_to_generate_predictions:
        opened = getattr(rule, "array_columns_to_explode", ())
        program.rules.append(_rule(program, rule.blocking_rule_sql, opened))
    return program


def _level(program: Program, name: str, level: Any, levels: list[Any]) -> Level:
    if not level._is_trained:
        raise BadInput(
            f"The model is not trained: comparison {name}, level “{level.label_for_charts}” has no m or no u probability. "
            "Train it first, or use the model `person`, which trains itself."
        )
    first = len(program.literals)
    if not level._is_else_level:
        _literals(
            program, sqlglot.parse_one(level.sql_condition, read="duckdb"), f"{name}: {level.sql_condition}"
        )
    adjusted = (
        level._has_tf_adjustments and level.comparison_vector_value != -1 and level._tf_adjustment_weight
    )
    if not adjusted or level._is_else_level:
        return Level(first, len(program.literals) - first, level._match_weight)
    try:
        exact = level._u_probability_corresponding_to_exact_match(levels)
    except ValueError:
        raise BadInput(
            f"Comparison {name} is adjusted by term frequency, and none of its levels asks for exact agreement. Add one, or leave out the "
            "adjustment."
        ) from None
    return Level(
        first,
        len(program.literals) - first,
        level._match_weight,
        tf_column=program.column(_quoted(level._tf_adjustment_input_column.unquote().name), "code"),
        tf_weight=level._tf_adjustment_weight,
        tf_log2_u=math.log2(exact),
        tf_minimum=level._tf_minimum_u_value,
    )


def _rule(program: Program, sql: str, opened: Collection[str] = ()) -> Rule:
    tree = sqlglot.parse_one(sql, read="duckdb")
    parts = list(_unwrapped(tree).flatten()) if isinstance(_unwrapped(tree), exp.And) else [tree]
    keys: list[tuple[int, int]] = []
    lists: list[tuple[int, int]] = []
    rest: list[exp.Expr] = []
    for part in parts:
        part = _unwrapped(part)
        ends = _ends(part.this, part.expression) if isinstance(part, exp.EQ) else None
        named = {column.name for column in part.find_all(exp.Column)} & set(opened)
        if named and not (ends and all(isinstance(end, exp.Column) and end.name in named for end in ends)):
            raise NotKnown(
                f"the blocking rule {sql!r} opens a list and does more with it than ask for an entry in common"
            )
        if ends is None:
            rest.append(part)
            continue
        left, right = (program.column(_bare(end), "list" if named else "code") for end in ends)
        program.join(left, right)
        (lists if named else keys).append((left, right))
        if named:
            rest.append(in_common(*ends))
    if not keys and not lists:
        raise NotKnown(f"the blocking rule {sql!r} has no equality between the two records")
    first = len(program.literals)
    if rest:
        _literals(program, exp.and_(*rest), f"blocking rule: {sql}")
    return Rule(tuple(keys), first, len(program.literals) - first, sql, tuple(lists))


def in_common(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return the condition that two lists share an entry: what equality means where a blocking rule opens them."""
    lists = ", ".join(end.sql(dialect="duckdb") for end in (one, other))
    return sqlglot.parse_one(f"array_length(list_intersect({lists})) >= 1", read="duckdb")


def _literals(program: Program, tree: exp.Expr, where: str) -> None:
    """Append the literals of a condition, with their jumps counted from the program's first literal."""
    nested = _normal(program, tree, False, where)
    _place(program, nested, TAKEN, LEFT_OUT, len(program.literals))


def _place(program: Program, nested: Any, if_true: int, if_not: int, at: int) -> int:
    """Put a nested condition at place ``at`` and return the place after it; jumps inside are absolute."""
    if nested[0] == "literal":
        program.literals.append(Literal(nested[1], nested[2], if_true, if_not))
        return at + 1
    kind, parts = nested
    for number, part in enumerate(parts):
        after = at + _size(part)
        is_last = number == len(parts) - 1
        if kind == "and":
            at = _place(program, part, if_true if is_last else after, if_not, at)
        else:
            at = _place(program, part, if_true, if_not if is_last else after, at)
    return at


def _size(nested: Any) -> int:
    return 1 if nested[0] == "literal" else sum(_size(part) for part in nested[1])


def _normal(program: Program, tree: exp.Expr, is_negated: bool, where: str) -> Any:
    tree = _unwrapped(tree)
    if isinstance(tree, exp.Not):
        return _normal(program, tree.this, not is_negated, where)
    if len(_sides(tree)) == 2 and isinstance(tree, exp.And | exp.Or):
        is_and = isinstance(tree, exp.And) != is_negated
        parts = [_normal(program, part, is_negated, where) for part in (tree.this, tree.expression)]
        return ("and" if is_and else "or", parts)
    if isinstance(tree, exp.NEQ) and len(_sides(tree)) == 2:
        return _normal(program, exp.EQ(this=tree.this, expression=tree.expression), not is_negated, where)
    return ("literal", _atom(program, tree, where), is_negated)


def _atom(program: Program, tree: exp.Expr, where: str) -> int:
    sides = _sides(tree)
    if len(sides) < 2:
        atom = _one_sided(program, tree, sides)
    else:
        made = _two_sided(program, tree)
        if made is None:
            raise NotKnown(where)
        atom = made
    if atom not in program.atoms:
        program.atoms.append(atom)
    return program.atoms.index(atom)


def _one_sided(program: Program, tree: exp.Expr, sides: set[str]) -> Atom:
    is_right = sides == {"r"}
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        column = program.column(_bare(tree.this), "code")
        return Atom(NULL, -1 if is_right else column, column if is_right else -1)
    column = program.column(_bare(tree), "truth")
    return Atom(TRUTH, -1 if is_right else column, column if is_right else -1)


def _two_sided(program: Program, tree: exp.Expr) -> Atom | None:
    operator = type(tree)
    if operator not in OPERATORS:
        return None
    one, other = _unwrapped(tree.this), _unwrapped(tree.expression)
    if operator is exp.EQ and (ends := _ends(one, other)):
        left, right = (program.column(_bare(end), "code") for end in ends)
        program.join(left, right)
        return Atom(EQUAL, left, right)
    if (limit := _constant(other)) is None:
        one, operator, limit = other, MIRRORED[operator], _constant(one)
    if limit is None:
        return None
    value = _value(program, one)
    if value is None:
        return None
    kind, left, right, function = value
    if value not in program.slots:
        program.slots.append(value)
    return Atom(kind, left, right, function, OPERATORS[operator], limit, program.slots.index(value))


def _value(program: Program, tree: exp.Expr) -> tuple[int, int, int, int] | None:
    """Return (kind, left, right, function) of a number worked out from both sides, or None."""
    if isinstance(tree, exp.Abs) and isinstance(inner := _unwrapped(tree.this), exp.Sub):
        return _with_ends(program, NUMBER, (inner.this, inner.expression), 1, "number")
    if isinstance(tree, exp.Sub):
        found = _with_ends(program, NUMBER, (tree.this, tree.expression), 0, "number")
        return found if found and _sides(tree.this) == {"l"} else None
    if (name := _name(tree)) in FUNCTIONS:
        return _with_ends(program, TEXT, _arguments(tree), FUNCTIONS[name], "text")
    if name in {"array_length", "len", "length", "array_size"}:
        inner = _unwrapped(_arguments(tree)[0])
        if _name(inner) in {"list_intersect", "array_intersect"}:
            return _with_ends(program, SHARED, _arguments(inner), 0, "list")
    if name in {"list_max", "list_min"}:
        return _pairwise(program, tree, most=name == "list_max")
    return None


def _pairwise(program: Program, tree: exp.Expr, *, most: bool) -> tuple[int, int, int, int] | None:
    """Return the value of Splink's own pattern: the best of a text function over every pair of two lists' entries."""
    called = [node for node in tree.walk() if _name(node) in FUNCTIONS]
    columns = {column.sql(dialect="duckdb") for column in tree.find_all(exp.Column) if _side(column)}
    if len(called) != 1 or len(columns) != 2:
        return None
    ends = [sqlglot.parse_one(column, read="duckdb") for column in sorted(columns)]
    expected = (
        f"{'list_max' if most else 'list_min'}(list_transform(flatten(list_transform({{0}}, x -> list_transform({{1}}, "
        f"y -> [x, y]))), pair -> {_name(called[0])}(pair[1], pair[2])))"
    )
    shapes = [
        sqlglot.parse_one(expected.format(*(end.sql(dialect="duckdb") for end in order)), read="duckdb")
        for order in (ends, ends[::-1])
    ]
    if tree not in shapes:
        return None
    function = FUNCTIONS[_name(called[0])] + (0 if most else len(FUNCTIONS))
    return _with_ends(program, PAIRWISE, ends, function, "list")


def _with_ends(
    program: Program, kind: int, arguments: Sequence[exp.Expr], function: int, reads: str
) -> tuple[int, int, int, int] | None:
    ends = _ends(*arguments) if len(arguments) == 2 else None
    if ends is None:
        return None
    left, right = (program.column(_bare(end), reads) for end in ends)
    program.join(left, right)
    return kind, left, right, function


def _ends(one: exp.Expr, other: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """Return the left record's expression and the right's, or None where the two are not one of each."""
    sides = (_sides(one), _sides(other))
    if sides == ({"l"}, {"r"}):
        return one, other
    return (other, one) if sides == ({"r"}, {"l"}) else None


def _arguments(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.Anonymous):
        return list(tree.expressions)
    found = [tree.args.get(name) for name in ("this", "expression", "expressions")]
    flat = [
        part for item in found if item is not None for part in (item if isinstance(item, list) else [item])
    ]
    return [part for part in flat if isinstance(part, exp.Expr)]


def _name(tree: exp.Expr) -> str:
    """Return DuckDB's name of the function that this is, or an empty text."""
    if isinstance(tree, exp.Anonymous):
        return str(tree.name).lower()
    if isinstance(tree, exp.Func) and not isinstance(tree, exp.Connector):
        return tree.sql(dialect="duckdb").split("(")[0].lower()
    return ""


def _constant(tree: exp.Expr) -> float | None:
    if isinstance(tree, exp.Neg):
        inner = _constant(tree.this)
        return None if inner is None else -inner
    if isinstance(tree, exp.Literal) and not tree.is_string:
        return float(tree.this)
    return None


def _unwrapped(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def _side(column: exp.Column) -> str:
    """Return which side a column reads: by its table in a blocking rule, by its ending in a level; empty if neither."""
    if column.table:
        return column.table.lower() if column.table.lower() in {"l", "r"} else ""
    ending = column.name[-2:].lower()
    return ending[1] if ending in {"_l", "_r"} else ""


def _sides(tree: exp.Expr) -> set[str]:
    found = {_side(column) for column in tree.find_all(exp.Column)}
    return found - {""}


def _bare(tree: exp.Expr) -> str:
    """Return the SQL of a one-sided expression over one record: no table, no _l or _r."""

    def without_side(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and _side(node):
            name = node.name if node.table else node.name[:-2]
            return exp.column(exp.to_identifier(name, quoted=True))
        return node

    return str(tree.copy().transform(without_side).sql(dialect="duckdb"))


def _quoted(name: str) -> str:
    return str(exp.column(exp.to_identifier(name, quoted=True)).sql(dialect="duckdb"))
