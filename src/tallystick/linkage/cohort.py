"""A few records against a large file made ready once: index the file, then link each cohort with the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import clean, engines, files, others, prepare
from tallystick.linkage.score import NotKnown
from tallystick.linkage.score.index import Index, build, links_with
from tallystick.linkage.score.store import open_index, save


def index_table(
    table: pa.Table, settings: Mapping[str, Any], folder: Path, *, source: str, id_column: str
) -> Index:
    """Return the index of ``table`` under a trained Splink model, written to ``folder``.

    A table that has the columns which the model reads is taken as it is; else it is cleaned as the model ``person`` has it.
    Raises BadInput for what ``links`` does, and for a model with a level that only Splink can follow.
    """
    is_cleaned = not engines.columns_read(settings) <= set(table.column_names)
    ready = as_read(table, settings, source, id_column, is_cleaned=is_cleaned)
    try:
        made = build(ready, settings, source=source, id_column=id_column, is_cleaned=is_cleaned)
    except NotKnown as unknown:
        raise BadInput(
            f"There can be no index under this model: the native scorer does not know {unknown}. Link the files whole, "
            "with `tally link files`."
        ) from None
    save(made, folder)
    return made


def link_cohort(
    table: pa.Table,
    folder: Path,
    threshold: float,
    *,
    source: str,
    id_column: str | None = None,
    progress: Callable[[float, str], None] = lambda done, text: None,
) -> pa.Table:
    """Return the pairs of at least ``threshold`` between ``table`` and the index in ``folder``, as a linkage of the two files
    gives them. ``id_column`` is the table's own; in the links it bears the name that it has in the index.
    Raises BadInput as ``index_table`` does, and for a folder that is no index."""
    index = open_index(folder)
    table = files.named(table, id_column or index.id_column, index.id_column)
    ready = as_read(table, index.settings, source, index.id_column, is_cleaned=index.is_cleaned)
    return links_with(index, ready, threshold, source=source, progress=progress)


def as_read(
    table: pa.Table, settings: Mapping[str, Any], source: str, id_column: str, *, is_cleaned: bool
) -> pa.Table:
    """Return the columns that a model reads, with the ids; first cleaned where they are not there as they are.

    Raises BadInput naming the columns that are still missing.
    """
    ids = clean.record_ids(table, id_column, source)
    if is_cleaned:
        table = clean.standard(table, id_column, source).table
    wanted = sorted(engines.columns_read(settings) - {id_column})
    table = prepare.with_numbers(others.completed({source: table}, wanted)[source], wanted)
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise BadInput(
            f"{source}: the model reads columns that are not there: {', '.join(missing)}. Add them, or use another model."
        )
    kept = table.select(wanted)
    return kept.add_column(0, id_column, ids) if id_column not in wanted else kept
