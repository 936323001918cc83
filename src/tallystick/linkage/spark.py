"""The same links on a Spark cluster: Splink's own Spark back end, for files that no one machine holds.

A model's SQL is written for DuckDB. Here each level and rule is put into Spark's dialect, with the names that Splink's
functions have there. Functions that Spark does not have are named, and nothing is guessed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from tallystick.errors import BadInput
from tallystick.linkage.engine_splink import in_order

NAMES = {
    "jaro_similarity": "jaro_sim",
    "jaro_winkler_similarity": "jaro_winkler",
    "damerau_levenshtein": "damerau_levenshtein",
    "levenshtein": "levenshtein",
    "jaccard": "jaccard",
    "list_intersect": "array_intersect",
}
KNOWN = {
    "length",
    "substr",
    "substring",
    "lower",
    "upper",
    "abs",
    "cast",
    "coalesce",
    "nullif",
    "regexp_extract",
    "array_length",
    *NAMES,
}


def links(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    *,
    id_column: str = "record_id",
    master: str = "local[*]",
) -> pa.Table:
    """Return the links of a trained model as Splink's ``predict`` gives them on Spark; ``master`` is the cluster's address.

    Columns and order are those of the other engines. Raises BadInput where pyspark or Java is missing, and for a function
    that Spark does not have.
    """
    model = in_spark({**settings, "unique_id_column_name": id_column, "retain_matching_columns": False})
    session = _session(master)
    try:
        import splink

        make: Any = splink.SparkAPI
        api = make(spark_session=session, break_lineage_method="persist", num_partitions_on_repartition=4)
        frames = [
            api.register(tables[source].to_pandas(), dataset_display_name=source) for source in sorted(tables)
        ]
        linker = splink.Linker(frames if len(frames) > 1 else frames[0], model, log_level=None)
        scored = linker.inference.predict(threshold_match_probability=threshold or None).as_spark_dataframe()
        rows = scored.toArrow()
    finally:
        session.stop()
    one = pa.array([next(iter(tables))] * rows.num_rows, pa.string())
    several = len(tables) > 1
    return in_order(
        pa.table(
            {
                "source_l": rows["source_dataset_l"] if several else one,
                f"{id_column}_l": rows[f"{id_column}_l"],
                "source_r": rows["source_dataset_r"] if several else one,
                f"{id_column}_r": rows[f"{id_column}_r"],
                "match_weight": rows["match_weight"],
                "match_probability": rows["match_probability"],
            }
        ),
        id_column,
    )


def in_spark(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with every level and blocking rule in Spark's dialect."""
    model = copy.deepcopy(dict(settings))
    model["sql_dialect"] = "spark"
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"].strip().upper() != "ELSE":
                level["sql_condition"] = translated(level["sql_condition"])
    model["blocking_rules_to_generate_predictions"] = [
        {
            "blocking_rule": translated(rule["blocking_rule"] if isinstance(rule, Mapping) else rule),
            "sql_dialect": "spark",
            **(
                {"arrays_to_explode": rule["arrays_to_explode"]}
                if isinstance(rule, Mapping) and rule.get("arrays_to_explode")
                else {}
            ),
        }
        for rule in model.get("blocking_rules_to_generate_predictions", ())
    ]
    return model


def translated(sql: str) -> str:
    """Return one condition in Spark's dialect; raise BadInput where it uses a function that Spark does not have."""

    def renamed(node: exp.Expr) -> exp.Expr:
        is_function = isinstance(node, exp.Func) and not isinstance(node, exp.Connector)
        name = node.sql(dialect="duckdb").split("(")[0].lower() if is_function else ""
        if is_function and name not in KNOWN:
            raise BadInput(
                f"The model uses {name or 'a function'}, which Splink's Spark back end does not have. "
                "Use the native engine or Splink on DuckDB."
            )
        if name in NAMES:
            arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this, node.expression]
            return exp.Anonymous(
                this=NAMES[name], expressions=[part.transform(renamed) for part in arguments]
            )
        return node

    return str(sqlglot.parse_one(sql, read="duckdb").transform(renamed).sql(dialect="spark"))


def _session(master: str) -> Any:
    import shutil

    if shutil.which("java") is None:
        raise BadInput(
            "Spark needs Java, and there is none here. Install a Java runtime, or use another engine."
        )
    try:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location
    except ImportError as error:
        raise BadInput("Spark needs pyspark: install Tallystick with its extra `spark`.") from error
    return (
        SparkSession.builder.master(master)
        .appName("tallystick")
        .config("spark.jars", similarity_jar_location())
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
