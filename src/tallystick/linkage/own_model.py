"""Training of a Splink model of the user's own: by the native scorer, or by Splink where a level is not known to it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from tallystick.linkage import engines
from tallystick.linkage.cohort import as_read
from tallystick.linkage.score import NotKnown
from tallystick.linkage.score.estimate import Trained, Training, estimate


def train(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    training: Training,
    *,
    id_column: str = "record_id",
    progress: Callable[[float, str], None] = lambda done, text: None,
) -> Trained:
    """Return ``settings`` with m, u and the prior estimated from ``tables``, a table each source.

    Tables that have the columns which the model reads are taken as they are; else they are cleaned as the model ``person`` has
    them. Raises BadInput as ``estimate`` does.
    """
    read = engines.columns_read(
        {**settings, "blocking_rules_to_generate_predictions": list(training.em_rules)}
    )
    is_cleaned = not all(read <= set(table.column_names) for table in tables.values())
    rules = [*training.em_rules, *training.sure_rules]
    wanted = {**settings, "blocking_rules_to_generate_predictions": rules}
    ready = {
        name: as_read(table, wanted, name, id_column, is_cleaned=is_cleaned) for name, table in tables.items()
    }
    try:
        return estimate(ready, settings, training, id_column=id_column, progress=progress)
    except NotKnown as unknown:
        warnings.warn(
            f"The native scorer does not know {unknown}. Splink trains the whole model instead, which is slower.",
            stacklevel=2,
        )
    from tallystick.linkage.engine_splink import train as by_splink

    return by_splink(ready, settings, training, id_column=id_column)
