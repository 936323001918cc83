"""The records as codes: every distinct value once, one row of small integers a record.

Columns that are compared with each other share a dictionary, so that two values are equal just when their codes are. What a
kernel needs beside the code (the bytes of a text, a number, a frequency, the entries of a list) lies in pools, where a
column's values begin at its base.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage.score.program import EQUAL, NotKnown, Program

Ints = npt.NDArray[np.int64]
NO_VALUE = -1


@dataclass(frozen=True)
class Pools:
    """What codes stand for. ``*_base[column]`` is where a column's values begin in a pool; -1 where it has none."""

    data: npt.NDArray[np.uint8]
    starts: Ints
    masks: npt.NDArray[np.uint64]
    text_base: Ints
    numbers: npt.NDArray[np.float64]
    number_base: Ints
    frequencies: npt.NDArray[np.float64]
    frequency_base: Ints
    list_starts: Ints
    list_entries: Ints
    list_base: Ints

    def frequencies_of(self, column: int) -> npt.NDArray[np.float64]:
        """Return the frequencies of a column's values by code."""
        base = self.frequency_base[column]
        later = self.frequency_base[self.frequency_base > base]
        return self.frequencies[base : later.min() if len(later) else None]


@dataclass(frozen=True)
class Known:
    """What codes stand for, as more records can be coded by it: by group of columns its distinct values (of a group of lists,
    their entries) in the order of the codes; by column the records of each code, and each list's length and entries."""

    distinct: dict[int, pa.Array] = field(default_factory=dict)
    counts: dict[int, Ints] = field(default_factory=dict)
    lengths: dict[int, Ints] = field(default_factory=dict)
    entries: dict[int, Ints] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """All records of all sources: ``codes`` (records × columns, int32, -1 for null) and their pools."""

    codes: npt.NDArray[np.int32]
    pools: Pools
    sizes: tuple[int, ...]
    known: Known = field(default_factory=Known)


def encode(
    program: Program, tables: Mapping[str, pa.Table], sources: list[str], known: Known | None = None
) -> Records:
    """Return the records of ``sources`` in order. Raises BadInput for a column that is missing or cannot be read as asked.

    With ``known``, values that it holds keep their codes, and frequencies count its records too.
    """
    count = sum(tables[source].num_rows for source in sources)
    values: list[Any] = _evaluated(program.columns, tables, sources)
    codes = np.empty((count, len(program.columns)), dtype=np.int32)
    made = _PoolMaker(len(program.columns), known or Known())
    for group in sorted({program.group(number) for number in range(len(values))}):
        members = [number for number in range(len(values)) if program.group(number) == group]
        _encode_group(program, group, members, values, codes, made)
        for number in members:
            values[number] = None
    return Records(codes, made.pools(), tuple(tables[source].num_rows for source in sources), made.known)


def _encode_group(
    program: Program,
    group: int,
    members: list[int],
    values: list[Any],
    codes: npt.NDArray[np.int32],
    made: _PoolMaker,
) -> None:
    reads = set().union(*(program.reads[number] for number in members))
    if reads == {"truth"}:
        truth = values[members[0]].cast(pa.int32()).fill_null(NO_VALUE)
        codes[:, members[0]] = truth.to_numpy()
        return
    if any(
        pa.types.is_list(values[number].type) or pa.types.is_large_list(values[number].type)
        for number in members
    ):
        _encode_lists(program, group, members, values, codes, made)
        return
    if "list" in reads:
        raise NotKnown(f"{program.columns[members[0]]} is used as a list and is none")
    if len({values[number].type for number in members}) > 1:
        raise NotKnown(f"{program.columns[members[0]]} is compared with a column of another type")
    whole = pa.chunked_array([chunk for number in members for chunk in values[number].chunks])
    flat, distinct = made.coded(group, whole.combine_chunks(), program.columns[members[0]])
    for place, number in enumerate(members):
        codes[:, number] = flat[place * len(codes) : (place + 1) * len(codes)]
    if "text" in reads:
        made.add_text(members, _as_text(distinct, program.columns[members[0]]))
    if "number" in reads:
        made.add_numbers(members, _as_numbers(distinct, program.columns[members[0]]))
    for place, number in enumerate(members):
        if number in {level.tf_column for levels in program.comparisons for level in levels}:
            made.add_frequencies(number, flat[place * len(codes) : (place + 1) * len(codes)], len(distinct))


def _encode_lists(
    program: Program,
    group: int,
    members: list[int],
    values: list[Any],
    codes: npt.NDArray[np.int32],
    made: _PoolMaker,
) -> None:
    if any(atom.kind == EQUAL and {atom.left, atom.right} & set(members) for atom in program.atoms):
        raise NotKnown(f"{program.columns[members[0]]} is a list compared for equality")
    lists = [values[number].combine_chunks() for number in members]
    entries = pa.concat_arrays([pc.list_flatten(column) for column in lists])
    if entries.null_count:
        raise NotKnown(f"{program.columns[members[0]]} holds lists with missing entries")
    flat, distinct = made.coded(group, entries, program.columns[members[0]])
    made.add_text(members, _as_text(distinct, program.columns[members[0]]))
    taken = 0
    for number, column in zip(members, lists, strict=True):
        lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        mine = flat[taken : taken + int(lengths.sum())]
        taken += len(mine)
        first = made.add_lists(number, lengths, mine)
        is_null = pc.is_null(column).to_numpy(zero_copy_only=False)
        codes[:, number] = np.where(is_null, NO_VALUE, first + np.arange(len(codes)))


class _PoolMaker:
    """Pools as they grow."""

    def __init__(self, columns: int, before: Known) -> None:
        self.before, self.known = before, Known()
        self.texts: list[pa.Array] = []
        self.text_count = 0
        self.numbers: list[npt.NDArray[np.float64]] = []
        self.frequencies: list[npt.NDArray[np.float64]] = []
        self.list_lengths: list[npt.NDArray[Any]] = []
        self.list_entries: list[npt.NDArray[Any]] = []
        self.base = {
            kind: np.full(columns, NO_VALUE, dtype=np.int64)
            for kind in ("text", "number", "frequency", "list")
        }

    def coded(self, group: int, values: pa.Array, sql: str) -> tuple[Ints, pa.Array]:
        """Return the values' codes (-1 for null) and the group's distinct values, those known before first."""
        encoded = values.dictionary_encode()
        encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
        flat = encoded.indices.fill_null(NO_VALUE).to_numpy(zero_copy_only=False)
        distinct = encoded.dictionary
        if (before := self.before.distinct.get(group)) is not None:
            if distinct.type != before.type:
                raise BadInput(
                    f"The column behind {sql} is {distinct.type} here and {before.type} in the index. Give it the same type in both."
                )
            at = pc.index_in(distinct, value_set=before)
            is_new = pc.is_null(at).to_numpy(zero_copy_only=False)
            place = np.where(is_new, len(before) + np.cumsum(is_new) - 1, at.fill_null(0).to_numpy())
            flat = np.where(flat >= 0, place[flat], NO_VALUE) if len(place) else flat
            distinct = pa.concat_arrays([before, distinct.filter(pa.array(is_new))])
        self.known.distinct[group] = distinct
        return flat, distinct

    def add_text(self, members: list[int], distinct: pa.Array) -> None:
        self.base["text"][members] = self.text_count
        self.texts.append(distinct)
        self.text_count += len(distinct)

    def add_numbers(self, members: list[int], distinct: npt.NDArray[np.float64]) -> None:
        self.base["number"][members] = sum(len(part) for part in self.numbers)
        self.numbers.append(distinct)

    def add_frequencies(self, number: int, codes: Ints, distinct: int) -> None:
        if self.base["frequency"][number] >= 0:
            return
        self.base["frequency"][number] = sum(len(part) for part in self.frequencies)
        counts = np.bincount(codes + 1, minlength=distinct + 1)[1:]
        if (before := self.before.counts.get(number)) is not None:
            counts[: len(before)] += before
        self.known.counts[number] = counts
        self.frequencies.append(counts / max(1, counts.sum()))

    def add_lists(self, number: int, lengths: npt.NDArray[Any], entries: npt.NDArray[Any]) -> int:
        """Keep a column's lists, those known before first; return the number of the first new one."""
        known = self.before.lengths.get(number, np.zeros(0, np.int64))
        self.known.lengths[number] = np.concatenate([known, lengths.astype(np.int64)])
        old = self.before.entries.get(number, np.zeros(0, np.int64))
        self.known.entries[number] = np.concatenate([old, entries.astype(np.int64)])
        self.base["list"][number] = sum(len(part) for part in self.list_lengths)
        self.list_lengths.append(self.known.lengths[number])
        self.list_entries.append(self.known.entries[number])
        return len(known)

    def pools(self) -> Pools:
        """Return the finished pools."""
        texts = pa.concat_arrays(
            [part.cast(pa.large_string()) for part in self.texts] or [pa.array([], pa.large_string())]
        )
        buffers = texts.buffers()
        starts = np.frombuffer(buffers[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        data = np.frombuffer(buffers[2], dtype=np.uint8) if buffers[2] else np.zeros(0, dtype=np.uint8)
        data = np.ascontiguousarray(data) if len(data) else np.zeros(1, dtype=np.uint8)
        starts = np.ascontiguousarray(starts) if len(starts) else np.zeros(1, dtype=np.int64)
        from tallystick.linkage.score.kernel import masks_of

        return Pools(
            data=data,
            starts=starts,
            masks=masks_of(data, starts),
            text_base=self.base["text"],
            numbers=_joined(self.numbers, np.float64),
            number_base=self.base["number"],
            frequencies=_joined(self.frequencies, np.float64),
            frequency_base=self.base["frequency"],
            list_starts=np.concatenate([[0], np.cumsum(_joined(self.list_lengths, np.int64))]).astype(
                np.int64
            ),
            list_entries=_joined(self.list_entries, np.int64),
            list_base=self.base["list"],
        )


def _joined(parts: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate([*parts, np.zeros(0, dtype=dtype)]).astype(dtype)


def _evaluated(
    columns: list[str], tables: Mapping[str, pa.Table], sources: list[str]
) -> list[pa.ChunkedArray]:
    """Return each column's values over all sources: as they lie where it is a plain column, else worked out by DuckDB."""
    parts: list[list[pa.ChunkedArray]] = [[] for _ in columns]
    with ExitStack() as stack:
        connection = None
        for source in sources:
            table = tables[source]
            plain = [_plain(sql, table) for sql in columns]
            asked = [sql for sql, name in zip(columns, plain, strict=True) if name is None]
            if asked:
                connection = connection or stack.enter_context(duckdb.connect())
                made = iter(_worked_out(connection, table, asked, source))
            for part, name in zip(parts, plain, strict=True):
                part.append(next(made) if name is None else table[name])
    for sql, found in zip(columns, parts, strict=True):
        if len({part.type for part in found}) > 1:
            raise BadInput(
                f"The column behind {sql} is of another type in one file than in another. Give it the same type in all."
            )
    return [
        pa.chunked_array([chunk for part in found for chunk in part.chunks], type=found[0].type)
        for found in parts
    ]


def _worked_out(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, columns: list[str], source: str
) -> list[pa.ChunkedArray]:
    """Return what expressions over one record give. Raises BadInput for one that the table's columns do not."""
    connection.register("records", table)
    try:
        return list(connection.sql(f"select {', '.join(columns)} from records").to_arrow_table().columns)  # noqa: S608
    except duckdb.Error as error:
        if len(columns) > 1:  # which of them?
            return [_worked_out(connection, table, [sql], source)[0] for sql in columns]
        raise BadInput(
            f"{source}: the model reads {columns[0]}, which this file's columns do not give ({type(error).__name__}). "
            "Check that the columns that the model names are there, and of the type that it was trained on."
        ) from None


def _plain(sql: str, table: pa.Table) -> str | None:
    """Return the table's column that ``sql`` names and nothing more, or None; DuckDB takes names in any case of letters."""
    if not (sql.startswith('"') and sql.endswith('"') and '"' not in sql[1:-1]):
        return None
    return next((name for name in table.column_names if name.casefold() == sql[1:-1].casefold()), None)


def _as_text(distinct: pa.Array, sql: str) -> pa.Array:
    if not (pa.types.is_string(distinct.type) or pa.types.is_large_string(distinct.type)):
        raise BadInput(
            f"The model compares {sql} as text, and in these files it is {distinct.type}. Write it as text."
        )
    return distinct


def _as_numbers(distinct: pa.Array, sql: str) -> npt.NDArray[np.float64]:
    kind = distinct.type
    if pa.types.is_date32(kind):
        distinct = distinct.cast(pa.int32())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise NotKnown(f"a difference of {sql}, which is {kind}")
    return np.asarray(distinct.to_numpy(zero_copy_only=False), dtype=np.float64)
