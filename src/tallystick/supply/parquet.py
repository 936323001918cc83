"""Parquet files: columns keep their types; nested and binary ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.errors import BadInput
from tallystick.supply.reading import MAX_COLUMNS, Reading

BATCH: Final = 1 << 16
LARGEST: Final = 16 << 30  # bytes in memory: a few kilobytes of Parquet can hold a repeated value without end


def read_parquet(path: Path, largest: int = LARGEST) -> Reading:
    """The rows of a Parquet file. Raises BadInput for a truncated, encrypted, nested or overgrown one."""
    problem = ""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            _require_plain(path.name, schema)
            table = _read_batches(path.name, file, schema, largest)
    except (pa.ArrowException, OSError) as error:
        problem = type(error).__name__
    if problem:
        raise BadInput(
            f"{path.name} is not a whole Parquet file (truncated, damaged or encrypted). Write it again and compare "
            "its size with the original."
        )
    rows = np.arange(2, len(table) + 2, dtype=np.int64)
    return Reading(path.name, "parquet", tuple(schema.names), table, rows).without_blank_rows()


def _require_plain(name: str, schema: pa.Schema) -> None:
    if len(schema) > MAX_COLUMNS:
        raise BadInput(f"{name}: {len(schema):,} columns. A supply has at most {MAX_COLUMNS:,}.")
    for position, field in enumerate(schema, start=1):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise BadInput(
                f"{name}, column {position}: nested and binary columns are not read. Write text, numbers, dates or "
                "booleans."
            )


def _read_batches(name: str, file: pq.ParquetFile, schema: pa.Schema, largest: int) -> pa.Table:
    """The whole file, batch by batch, so that one which unpacks without end is stopped on the way."""
    plain = pa.schema(
        [
            pa.field(f"c{i}", field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
            for i, field in enumerate(schema)
        ]
    )
    batches = []
    size = 0
    for batch in file.iter_batches(batch_size=BATCH):
        part = pa.Table.from_batches([batch]).rename_columns(plain.names).cast(plain)
        size += part.nbytes
        if size > largest:
            raise BadInput(
                f"{name} unpacks to more than {largest >> 30} GB. Split it, or check how it was made."
            )
        batches.append(part)
    return pa.concat_tables(batches) if batches else plain.empty_table()
