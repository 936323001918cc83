"""Trained Splink models with one level of each kind, and records for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

NAMES = (
    "anna",
    "anne",
    "hannah",
    "jon",
    "john",
    "jöhn",
    "o'neil",
    "oneil",
    "smith",
    "smyth",
    "",
    "li",
    "日本",
)
CONDITIONS = {
    "exact": '"a_l" = "a_r"',
    "reversed": '"a_l" = "b_r" AND "a_r" = "b_l"',
    "either way": '"a_l" = "b_r" OR "b_l" = "a_r"',
    "not": 'NOT ("a_l" = "a_r") AND "b_l" = "b_r"',
    "not of or": 'NOT ("a_l" = "a_r" OR "b_l" IS NULL OR "b_r" = "b_l")',
    "unequal": '"a_l" <> "a_r"',
    "jaro": 'jaro_similarity("a_l", "a_r") >= 0.8',
    "jaro-winkler": 'jaro_winkler_similarity("a_l", "a_r") > 0.88',
    "jaro-winkler across": 'jaro_winkler_similarity("a_l", "b_r") >= 0.9',
    "levenshtein": 'levenshtein("a_l", "a_r") <= 1',
    "damerau-levenshtein": 'damerau_levenshtein("a_l", "a_r") < 3',
    "limit first": '2 >= levenshtein("a_l", "a_r")',
    "not alike": 'NOT (jaro_winkler_similarity("a_l", "a_r") >= 0.7)',
    "jaccard": "jaccard(coalesce(\"a_l\", 'x') || 'y', coalesce(\"a_r\", 'x') || 'y') >= 0.6",
    "first letters": 'substr("a_l", 1, 2) = substr("a_r", 1, 2)',
    "regular expression": "NULLIF(regexp_extract(\"p_l\", '^[A-Z]{1,2}', 0), '') = NULLIF(regexp_extract(\"p_r\", '^[A-Z]{1,2}', 0), '')",
    "lower case": 'jaro_winkler_similarity(lower("p_l"), lower("p_r")) >= 0.9',
    "literal": "\"a_l\" = 'anna' AND \"a_r\" = 'anna'",
    "literal left": "\"a_l\" = 'anna'",
    "days": "ABS(EPOCH(try_strptime(\"d_l\", '%Y-%m-%d')) - EPOCH(try_strptime(\"d_r\", '%Y-%m-%d'))) <= 86400",
    "number": 'ABS("n_l" - "n_r") <= 2',
    "signed number": '("n_l" - "n_r") > 1',
    "shared entries": 'array_length(list_intersect("t_l", "t_r")) >= 1',
    "closest entries": (
        'list_max(list_transform(flatten(list_transform("t_l", x -> list_transform("t_r", y -> [x, y]))), '
        "pair -> jaro_winkler_similarity(pair[1], pair[2]))) >= 0.8"
    ),
    "nearest entries": (
        'list_min(list_transform(flatten(list_transform("t_l", x -> list_transform("t_r", y -> [x, y]))), '
        "pair -> levenshtein(pair[1], pair[2]))) <= 1"
    ),
}
RULES = (
    'l."g" = r."g"',
    'l."b" = r."b"',
    'l."g" = r."g" AND substr(l."a", 1, 1) = substr(r."a", 1, 1)',
    'l."a" = r."b"',
    'l."b" = r."b" AND levenshtein(l."a", r."a") <= 2',
    'l."t" = r."t"',
    'l."g" = r."g" AND l."t" = r."t"',
)
"""The lists ``t`` are opened (Splink's ``arrays_to_explode``)."""


def model(condition: str, rules: list[str], link_type: str, tf: bool) -> dict[str, Any]:
    """Return a trained model whose first comparison has a null level, this level and ELSE, and whose second has frequencies."""
    adjusted = (
        {"tf_adjustment_column": "a", "tf_adjustment_weight": 0.7, "tf_minimum_u_value": 0.01} if tf else {}
    )
    return {
        "link_type": link_type,
        "unique_id_column_name": "record_id",
        "probability_two_random_records_match": 0.05,
        "blocking_rules_to_generate_predictions": [
            {
                "blocking_rule": rule,
                "sql_dialect": "duckdb",
                **({"arrays_to_explode": ["t"]} if '"t"' in rule else {}),
            }
            for rule in rules
        ],
        "comparisons": [
            {
                "output_column_name": "first",
                "comparison_levels": [
                    {"sql_condition": '"g_l" IS NULL OR "g_r" IS NULL', "is_null_level": True},
                    {"sql_condition": condition, "m_probability": 0.8, "u_probability": 0.05},
                    {"sql_condition": "ELSE", "m_probability": 0.2, "u_probability": 0.95},
                ],
            },
            {
                "output_column_name": "a",
                "comparison_levels": [
                    {"sql_condition": '"a_l" IS NULL OR "a_r" IS NULL', "is_null_level": True},
                    {
                        "sql_condition": '"a_l" = "a_r"',
                        "m_probability": 0.7,
                        "u_probability": 0.1,
                        **adjusted,
                    },
                    {
                        "sql_condition": 'jaro_winkler_similarity("a_l", "a_r") >= 0.8',
                        "m_probability": 0.2,
                        "u_probability": 0.1,
                        **adjusted,
                    },
                    {"sql_condition": "ELSE", "m_probability": 0.1, "u_probability": 0.8},
                ],
            },
        ],
    }


def table(rng: np.random.Generator, count: int, prefix: str, words: Sequence[str] = NAMES) -> pa.Table:
    def some(values: list[Any], kind: pa.DataType, share: float = 0.12) -> pa.Array:
        return pa.array([None if rng.random() < share else v for v in values], kind)

    names = [words[i] for i in rng.integers(0, len(words), count)]
    return pa.table(
        {
            "record_id": [f"{prefix}{i}" for i in rng.permutation(count * 3)[:count]],
            "a": some(names, pa.string()),
            "b": some([words[i] for i in rng.integers(0, len(words), count)], pa.string()),
            "g": some([int(i) for i in rng.integers(0, 3, count)], pa.int64()),
            "p": some([("SW1A", "sw1b", "M1", "B2")[i] for i in rng.integers(0, 4, count)], pa.string()),
            "d": some([f"2001-02-{i:02d}" for i in rng.integers(1, 31, count)], pa.string()),
            "n": some([float(i) for i in rng.integers(0, 9, count)], pa.float64()),
            "t": some(
                [[words[i] for i in rng.integers(0, len(words), rng.integers(0, 4))] for _ in range(count)],
                pa.list_(pa.string()),
            ),
        }
    )
