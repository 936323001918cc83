"""Links by Splink itself on DuckDB: the reference engine, and the one for models that the native scorer does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from splink.internals.exceptions import EMTrainingException, SplinkException

from tallystick.errors import BadInput
from tallystick.linkage.compare import quoted
from tallystick.linkage.score.estimate import Session, Trained, Training


def links(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    threshold: float,
    *,
    id_column: str = "record_id",
) -> pa.Table:
    """Return the pairs whose match probability under ``settings`` is at least ``threshold``, as Splink's ``predict`` finds them.

    Columns source_l, <id>_l, source_r, <id>_r, match_weight, match_probability, sorted by the first four; the left record of a
    pair is the one that comes first by (source, id). Raises BadInput where Splink cannot score the model.
    """
    named = _named(tables)
    try:
        linker, api = _linker(tables, settings, id_column)
        scored = linker.inference.predict(threshold_match_probability=threshold or None).physical_name
    except (ValueError, SplinkException, duckdb.Error) as error:
        raise BadInput(
            f"Splink cannot score this model ({type(error).__name__}). Check that DuckDB can work out every level and rule on these files."
        ) from None
    one = f"'{next(iter(named))}'"
    source_l, source_r = ("source_dataset_l", "source_dataset_r") if len(tables) > 1 else (one, one)
    found = api.duckdb_con.sql(
        f"""
        select {source_l} as source_l, {quoted(id_column + "_l")}, {source_r} as source_r, {quoted(id_column + "_r")},
               match_weight, match_probability
        from {scored}
        """  # noqa: S608
    ).to_arrow_table()
    called = pa.array(list(named.values()), pa.string())
    for side in ("source_l", "source_r"):
        at = pc.index_in(found[side], value_set=pa.array(list(named), pa.string()))
        found = found.set_column(found.column_names.index(side), side, called.take(at.combine_chunks()))
    return in_order(found, id_column)


def _named(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Return a name that is safe in SQL for each source: a file may be called "left"."""
    return {f"source_{number:04}": source for number, source in enumerate(sorted(tables))}


def _linker(tables: Mapping[str, pa.Table], settings: Mapping[str, Any], id_column: str) -> tuple[Any, Any]:
    """Return Splink's linker and its database."""
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI()
    api.duckdb_con.execute(
        "set lambda_syntax = 'ENABLE_SINGLE_ARROW'"
    )  # Splink 5.0 writes lambdas the old way
    frames = [
        api.register(tables[source], dataset_display_name=name) for name, source in _named(tables).items()
    ]
    model = {**settings, "unique_id_column_name": id_column, "retain_matching_columns": False}
    return Linker(frames if len(frames) > 1 else frames[0], model, log_level=None), api


def train(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    training: Training,
    *,
    id_column: str = "record_id",
) -> Trained:
    """Return ``settings`` with m, u and the prior as Splink estimates them. Raises BadInput in Splink's words, without values."""
    linker, _ = _linker(tables, settings, id_column)
    own = linker.training
    try:
        if training.sure_rules and training.recall is not None:
            own.estimate_probability_two_random_records_match(
                list(training.sure_rules), recall=training.recall
            )
        own.estimate_u_using_random_sampling(max_pairs=training.random_pairs, seed=training.seed)
        sessions = tuple(_session(own, rule, training) for rule in training.em_rules)
    except (EMTrainingException, ValueError) as error:
        raise BadInput(
            f"Splink could not train the model ({type(error).__name__}). Try other rules."
        ) from None
    model = dict(linker.misc.save_model_to_json())
    prior = float(model["probability_two_random_records_match"])
    return Trained(model, training.random_pairs, sessions, prior, ("Trained by Splink.",))


def _session(own: Any, rule: str, training: Training) -> Session:
    done = own.estimate_parameters_using_expectation_maximisation(
        rule, estimate_without_term_frequencies=True, max_pairs=training.em_pairs
    )
    core = done.core_model_settings
    return Session(
        rule=rule,
        pairs=0,
        true_share=float(core.probability_two_random_records_match),
        iterations=len(done._core_model_settings_history) - 1,
        is_settled=True,
        comparisons=tuple(each.output_column_name for each in core.comparisons),
    )


def in_order(found: pa.Table, id_column: str) -> pa.Table:
    """Return links with the side that comes first by (source, id) on the left, sorted."""
    left, right = ("source_l", f"{id_column}_l"), ("source_r", f"{id_column}_r")
    swap = pc.or_(
        pc.greater(found[left[0]], found[right[0]]),
        pc.and_(pc.equal(found[left[0]], found[right[0]]), pc.greater(found[left[1]], found[right[1]])),
    )
    made: dict[str, Any] = {}
    for mine, other in zip((*left, *right), (*right, *left), strict=True):
        made[mine] = pc.if_else(swap, found[other], found[mine])
    made["match_weight"], made["match_probability"] = found["match_weight"], found["match_probability"]
    return pa.table(made).sort_by([(name, "ascending") for name in (*left, *right)])
