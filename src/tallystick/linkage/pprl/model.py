"""How encoded records are compared: a Splink model on codes and tokens, trained on the data and scored like any other.

A field's outcome is read from what the two records can show of it: its filters where they share a birth date or a postcode, the tokens
of combinations elsewhere; where they can show nothing it is null. Two first names of one home that have nothing in common are of
brothers, sisters or twins, as in the person model.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import clean
from tallystick.linkage.compare import quoted
from tallystick.linkage.identifiers import STRENGTH
from tallystick.linkage.person import HOUSEHOLD_BITS, TWIN_BITS, rule_sql
from tallystick.linkage.pprl.encode import METADATA
from tallystick.linkage.pprl.levels import (
    ALIKE,
    LITTLE,
    ONE_CHARACTER,
    ONE_SLIP,
    OUTCOMES,
    TWO_CHARACTERS,
    TWO_SLIPS,
)

Settings = dict[str, Any]
Chance = Mapping[str, list[float]]
BLOCKING: tuple[tuple[str, ...], ...] = tuple(
    (name,)
    for name in (
        *(f"key_{number}" for number in STRENGTH),
        "code_surname_by_dob",
        "code_first_name_by_dob",
        "key_name",
        "code_surname_by_postcode",
        "key_first_root_postcode",
        "code_postcode_by_dob",
        "key_dob",
        "key_postcode",
        "key_name_year",
        "key_name_day",
        "key_name_sector",
        "key_surname_sound_dob",
    )
)
BLOCKS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("key_dob",): ("dob",),
    ("code_first_name_by_postcode",): ("first_name", "postcode"),
    ("key_name",): ("first_name", "surname"),
    ("key_national_id",): ("national_id",),
}
"""The blocks for training, as the person model's (none of what a household shares), and the comparisons that each fixes."""


def are_encoded(tables: Mapping[str, pa.Table]) -> bool:
    """Return whether any of the tables is of :func:`encode`'s making."""
    return any(METADATA in (table.schema.metadata or {}) for table in tables.values())


def checked(
    tables: Mapping[str, pa.Table], id_column: str
) -> tuple[dict[str, pa.Table], dict[str, list[float]]]:
    """Return the encoded tables with the columns that all have, and how often their fields agree by chance.

    Raises ``BadInput`` where the files cannot be compared: not encoded, under different keys, with different parameters.
    """
    manifests = {source: _manifest(table, source) for source, table in tables.items()}
    _same_settings(manifests)
    for source, table in tables.items():
        clean.record_ids(table, id_column, source)
    filled = {
        source: [name for name in table.column_names if table[name].null_count < table.num_rows]
        for source, table in tables.items()
    }
    first = next(iter(filled.values()))
    shared = [name for name in first if all(name in names for names in filled.values())]
    rows = [table.num_rows for table in tables.values()]
    by_chance = {
        field: list(np.average([one["chance"][field] for one in manifests.values()], axis=0, weights=rows))
        for field in next(iter(manifests.values()))["chance"]
    }
    return {
        source: table.select(shared).replace_schema_metadata(None) for source, table in tables.items()
    }, by_chance


def _manifest(table: pa.Table, source: str) -> dict[str, Any]:
    try:
        return dict(json.loads(table.schema.metadata[METADATA]))
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            f"{source}: this file is not encoded, and another is. Encode each with `tally link encode` (and keep the Parquet as "
            "written), or none."
        ) from None


def _same_settings(manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ``BadInput`` that names what differs between the files' keys and parameters."""
    (first, one), *others = manifests.items()
    for source, other in others:
        differ = sorted(name for name in {*one, *other} - {"chance"} if one.get(name) != other.get(name))
        if differ == ["key"]:
            raise BadInput(
                f"{first} and {source} were encoded under different keys (fingerprints {one['key']} and {other['key']}), so nothing in "
                "them can be compared. Every supplier encodes under the same key."
            )
        if differ:
            raise BadInput(
                f"{first} and {source} were encoded with different settings ({', '.join(differ)}), so nothing in them can be compared. "
                "Every supplier encodes with the same version, fields and bounds, under the same key."
            )


def settings(
    columns: Collection[str],
    rules: Collection[tuple[str, ...]],
    link_type: str,
    id_column: str,
    by_chance: Chance,
) -> Settings:
    """Return Splink settings for encoded data with ``columns``, the u probabilities given and the rest untrained."""
    made = [
        _comparison(name, conditions, by_chance[name]) for name, conditions in _conditions(columns).items()
    ]
    made += [_number(name) for name in STRENGTH if f"key_{name}" in columns]
    return {
        "link_type": link_type,
        "unique_id_column_name": id_column,
        "source_dataset_column_name": "source_dataset",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "comparisons": made,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule_sql(rule)} for rule in rules],
    }


def with_household(model: Settings, columns: Collection[str]) -> Settings:
    """Return the trained model with what speaks against one person where two of one family name share a home or a birth date."""
    levels = []
    for salt, bits in (("postcode", HOUSEHOLD_BITS), ("dob", TWIN_BITS)):
        first, surname = f"code_first_name_by_{salt}", f"code_surname_by_{salt}"
        if {first, surname, f"key_{salt}", "key_postcode"} <= set(columns):
            unlike = f"{_same(f'key_{salt}')} AND {_dice(first)} < {LITTLE} AND {_dice(surname)} >= {ALIKE}"
            root = f"key_first_root_{salt}"
            levels.append(
                _level(f"{unlike} AND NOT {_same(root)}", f"another first name, one {salt}", 2.0**-bits)
            )
    if not levels:
        return model
    missing = " AND ".join(f'"{name}_l" IS NULL' for name in sorted(columns) if name.startswith("code_first"))
    unknown = {
        "sql_condition": missing,
        "label_for_charts": "first names do not compare",
        "is_null_level": True,
    }
    household = {
        "output_column_name": "household",
        "comparison_description": "household",
        "comparison_levels": [unknown, *levels, _level("ELSE", "all else", 1.0)],
    }
    return {**model, "comparisons": [*model["comparisons"], household]}


def _conditions(columns: Collection[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return for each field the SQL of when it cannot be compared, and of each outcome but the last."""

    def either(*conditions: tuple[str, str]) -> str:
        """Return the conditions whose columns are there, joined by or."""
        return " OR ".join(sql for needs, sql in conditions if needs in columns) or "1 = 0"

    def within(field: str, bound: float) -> tuple[tuple[str, str], ...]:
        """Return that a field's filters are as alike as ``bound``, for each of its salts."""
        names = {salt: f"code_{field}_by_{salt}" for salt in ("dob", "postcode") if salt != field}
        return tuple(
            (name, f"({_same(f'key_{salt}')} AND {_dice(name)} >= {bound})") for salt, name in names.items()
        )

    def tokens(*names: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, _same(name)) for name in names)

    named = tokens("key_name", "key_name_year", "key_name_day", "key_name_sector")
    swapped = tuple(
        (f"code_surname_by_{salt}", f'"code_{one}_by_{salt}_l" = "code_{other}_by_{salt}_r"')
        for salt in ("dob", "postcode")
        for one, other in (("first_name", "surname"), ("surname", "first_name"))
    )
    conditions = {
        "first_name": (
            f"NOT coalesce({either(*within('first_name', 0.0), *named)}, false)",
            (
                either(*tokens("code_first_name_by_dob", "code_first_name_by_postcode")),
                either(*tokens("key_first_root_dob", "key_first_root_postcode"), *named),
                either(*within("first_name", ALIKE)),
                either(*within("first_name", LITTLE)),
            ),
        ),
        "surname": (
            f"NOT coalesce({either(*within('surname', 0.0), *named)}, false)",
            (
                either(*tokens("code_surname_by_dob", "code_surname_by_postcode", "key_name")),
                either(*swapped),
                either(*within("surname", ALIKE)),
                either(*tokens("key_surname_sound_dob"), *named),
                either(*within("surname", LITTLE)),
            ),
        ),
        "dob": (
            '"key_dob_l" IS NULL OR "key_dob_r" IS NULL',
            (
                _same("key_dob"),
                either(*within("dob", ONE_SLIP)),
                either(*within("dob", TWO_SLIPS)),
                either(*tokens("key_name_year", "key_name_day")),
            ),
        ),
    }
    if "key_postcode" in columns:
        conditions["postcode"] = (
            '"key_postcode_l" IS NULL OR "key_postcode_r" IS NULL',
            (
                _same("key_postcode"),
                either(*within("postcode", ONE_CHARACTER)),
                either(*tokens("key_name_sector"), *within("postcode", TWO_CHARACTERS)),
            ),
        )
    return conditions


def _comparison(name: str, conditions: tuple[str, tuple[str, ...]], u: list[float]) -> dict[str, Any]:
    null, outcomes = conditions
    levels: list[dict[str, Any]] = [
        {"sql_condition": null, "label_for_charts": f"{name} does not compare", "is_null_level": True}
    ]
    for sql, label, share in zip((*outcomes, "ELSE"), OUTCOMES[name], u, strict=True):
        levels.append({"sql_condition": sql, "label_for_charts": label, "u_probability": share})
    return {"output_column_name": name, "comparison_description": name, "comparison_levels": levels}


def _number(name: str) -> dict[str, Any]:
    key = f"key_{name}"
    levels: list[dict[str, Any]] = [
        {"sql_condition": f'"{key}_l" IS NULL OR "{key}_r" IS NULL', "label_for_charts": f"{name} is missing", "is_null_level": True},
        {"sql_condition": _same(key), "label_for_charts": "the same"},
        {"sql_condition": "ELSE", "label_for_charts": "all else"},
    ]  # fmt: skip
    return {"output_column_name": name, "comparison_description": name, "comparison_levels": levels}


def _same(column: str) -> str:
    return f"{quoted(column + '_l')} = {quoted(column + '_r')}"


def _dice(code: str) -> str:
    """Return the SQL of the Dice coefficient of a code, as DuckDB reads it."""
    left, right = (f"cast({quoted(code + side)} as bit)" for side in ("_l", "_r"))
    return f"2.0 * bit_count({left} & {right}) / (bit_count({left}) + bit_count({right}))"


def _level(sql: str, label: str, factor: float) -> dict[str, Any]:
    return {
        "sql_condition": sql,
        "label_for_charts": label,
        "m_probability": 0.5 * factor,
        "u_probability": 0.5,
    }
