"""Person ids that stay, and the lineage of those that cannot.

A person keeps its id over refreshes while most of its records stay together. Each cluster takes the id of the earlier person that it
shares most records with; of two clusters that want one id, the one that shares more has it (then the one with the first
record), and the other takes its next best or a fresh one. Whatever changed is in the lineage: no record has another id than
before without a row that says so. An id that was ever used is never given to anyone else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage.numbers import Numbers
from tallystick.linkage.resolve import Ints

SCHEMA = pa.schema(
    {
        "refresh": pa.int64(),
        "threshold": pa.float64(),
        "level": pa.string(),
        "old_id": pa.string(),
        "new_id": pa.string(),
        "kind": pa.string(),
        "records": pa.int64(),
    }
)
"""One row for each earlier id and present id that share records, where the person is not the same set of records as before.

``kept``: the id stayed; ``merged``: the whole earlier person is now under another id; ``split``: these records left a person whose id
lives on (or went several ways); ``new``: a fresh id, no earlier one; ``retired``: no record of it is left. ``records`` is how many
they share; ``level`` is the column of the ids (of a new person, how many it has; of a retired one, how many it had). ``refresh`` counts from 1.
"""


@dataclass(frozen=True)
class Earlier:
    """The persons of an earlier linkage, the lineage up to it, and how many refreshes it has seen."""

    persons: pa.Table
    lineage: pa.Table
    refreshes: int


@dataclass(frozen=True)
class Named:
    """The person id of each record, by number, and the lineage of this step without its number and threshold."""

    ids: pa.Array
    old: list[str | None]
    new: list[str | None]
    kind: list[str]
    records: list[int]

    def lineage(self, refresh: int, threshold: float, level: str = "person_id") -> pa.Table:
        """Return the rows of this step."""
        count = len(self.kind)
        columns = (
            [refresh] * count,
            [threshold] * count,
            [level] * count,
            self.old,
            self.new,
            self.kind,
            self.records,
        )
        return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)


def used(rows: pa.Table) -> pa.Array:
    """Return every id that a lineage names."""
    return pa.concat_arrays([rows[side].combine_chunks() for side in ("old_id", "new_id")]).drop_null()


def first_ids(label: Ints, numbers: Numbers, prefix: str = "P") -> pa.Array:
    """Return an id for the person of each record where there were none before."""
    smallest, cluster = np.unique(label, return_inverse=True)
    return fresh(numbers, smallest, pa.array([], pa.string()), prefix).take(pa.array(cluster))


def named(
    label: Ints, numbers: Numbers, earlier: pa.Table, column: str, taken: pa.Array, prefix: str = "P"
) -> Named:
    """Return the ids of the persons ``label``, given the ``earlier`` persons (source, id, and their id in ``column``).

    ``label`` is each record's person as the smallest record number in it; ``taken`` holds the ids that were given before them.
    A person of the same records as before keeps its id at once; only among the others is anything weighed.
    """
    ids = earlier[column].combine_chunks().cast(pa.string()).dictionary_encode()
    at = numbers.of(earlier["source"], earlier[numbers.id_column])
    person = ids.indices.to_numpy().astype(np.int64)
    is_same = _unchanged(label, person, at, len(ids.dictionary))
    found = np.full(numbers.count, -1, dtype=np.int64)
    found[at[is_same[person]]] = person[is_same[person]]
    rest = np.flatnonzero(found < 0)
    touched = np.flatnonzero(~is_same[person])
    every_id = pa.concat_arrays([taken.cast(pa.string()), ids.dictionary])
    held = np.full(numbers.count, -1, dtype=np.int64)
    names, held_by, had = _in_order(ids.dictionary, person[touched])
    is_there = at[touched] >= 0
    held[at[touched[is_there]]] = held_by[is_there]
    smallest, cluster = np.unique(label[rest], return_inverse=True)
    given, made, rows = _weighed(held[rest], cluster, smallest, had, numbers, every_id, prefix)
    text = pa.concat_arrays([names, made])
    spelt = text.to_pylist()
    found[rest] = len(ids.dictionary) + given[cluster]
    return Named(
        pa.concat_arrays([ids.dictionary, text]).take(pa.array(found)),
        [None if o < 0 else spelt[o] for o, _, _, _ in rows],
        [None if n < 0 else spelt[n] for _, n, _, _ in rows],
        [kind for _, _, kind, _ in rows],
        [count for _, _, _, count in rows],
    )


def _unchanged(label: Ints, person: Ints, at: Ints, persons: int) -> npt.NDArray[np.bool_]:
    """Return of each earlier person whether a present one has just its records.

    ``person`` and ``at``: the person and the present number (-1: withdrawn) of each earlier record.
    """
    one = np.full(persons, -1, dtype=np.int64)
    there = at >= 0
    one[person[there]] = label[at[there]]  # that of any of its records
    is_in = np.zeros(len(at), dtype=bool)
    is_in[there] = label[at[there]] == one[person[there]]
    had, kept = np.bincount(person, minlength=persons), np.bincount(person[is_in], minlength=persons)
    has = np.bincount(label, minlength=len(label))
    return np.asarray((one >= 0) & (kept == had) & (has[one] == had))


def _in_order(dictionary: pa.Array, person: Ints) -> tuple[pa.Array, Ints, Ints]:
    """Return the ids of some earlier persons in order, the place there of each of their records, and how many records each had."""
    own, code = np.unique(person, return_inverse=True)
    names = dictionary.take(pa.array(own))
    order = np.argsort(names.to_numpy(zero_copy_only=False).astype(str), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return names.take(pa.array(order)), rank[code], np.bincount(rank[code], minlength=len(order))


def _weighed(
    held: Ints, cluster: Ints, smallest: Ints, had: Ints, numbers: Numbers, taken: pa.Array, prefix: str
) -> tuple[Ints, pa.Array, list[tuple[int, int, str, int]]]:
    """Return the id of each cluster (an earlier person's number, or after those a fresh one), the fresh ids, and the rows of lineage.

    ``held``: each record's earlier person (-1: none); ``had``: how many records each earlier one had.
    """
    there = held >= 0
    width = max(1, len(smallest))
    key, shared = np.unique(held[there] * width + cluster[there], return_counts=True)
    old, new = key // width, key % width
    given = _given(old, new, shared, len(smallest))
    without = np.flatnonzero(given < 0)
    made = fresh(numbers, smallest[without], taken, prefix)
    given[without] = len(had) + np.arange(len(without))
    return given, made, _rows(old, new, shared, given, had, np.bincount(cluster, minlength=len(smallest)))


def _given(old: Ints, new: Ints, shared: Ints, clusters: int) -> Ints:
    """Return the earlier person whose id each cluster takes, or -1: the largest overlaps first, each id and cluster once."""
    given = np.full(clusters, -1, dtype=np.int64)
    if not len(old):
        return given
    is_plain = (np.bincount(old)[old] == 1) & (np.bincount(new)[new] == 1)
    given[new[is_plain]] = old[is_plain]
    rest = np.flatnonzero(~is_plain)
    taken: set[int] = set()
    for i in rest[np.lexsort((old[rest], new[rest], -shared[rest]))]:
        if given[new[i]] < 0 and int(old[i]) not in taken:
            given[new[i]] = old[i]
            taken.add(int(old[i]))
    return given


def _rows(
    old: Ints, new: Ints, shared: Ints, given: Ints, had: Ints, has: Ints
) -> list[tuple[int, int, str, int]]:
    """Return old id, new id (-1 for none), kind and records of every change, in order of old and then new."""
    id_of = given[new]
    goes_on = np.isin(old, id_of[id_of == old])
    heirs = np.bincount(old, minlength=len(had)) if len(old) else np.zeros(len(had), dtype=np.int64)
    is_same = (id_of == old) & (shared == had[old]) & (shared == has[new])
    found: list[tuple[int, int, str, int]] = []
    for i in np.flatnonzero(~is_same):
        lives = goes_on[i] or heirs[old[i]] > 1
        kind = "kept" if id_of[i] == old[i] else "split" if lives else "merged"
        found.append((int(old[i]), int(id_of[i]), kind, int(shared[i])))
    found += [(int(gone), -1, "retired", int(had[gone])) for gone in np.flatnonzero((heirs == 0) & (had > 0))]
    born = np.setdiff1d(np.arange(len(given)), new)
    found += [(-1, int(given[one]), "new", int(has[one])) for one in born]
    return sorted(found, key=lambda row: (row[0] < 0, row[0], row[1]))


def fresh(numbers: Numbers, first: Ints, used: pa.Array, prefix: str = "P") -> pa.Array:
    """Return an unused id for each person by its first record: 64 bits of a hash, the same on every run and machine.

    Who knows the record ids can work them out; a share hashes supply keys, which are random.
    """
    names = [
        f"{source}\x1f{one}"
        for source, one in zip(*(x.to_pylist() for x in numbers.names(first)), strict=True)
    ]
    made: dict[int, str] = {}
    given: set[str] = set()
    turn, waiting = 0, list(range(len(names)))
    while waiting:
        tried = [
            prefix + hashlib.sha256(f"{names[i]}\x1f{turn}".encode()).hexdigest()[:16].upper()
            for i in waiting
        ]
        is_used = pc.is_in(pa.array(tried, pa.string()), value_set=used).to_pylist()
        for i, one, was in zip(waiting, tried, is_used, strict=True):
            if not was and one not in given:
                made[i] = one
                given.add(one)
        turn, waiting = turn + 1, [i for i in waiting if i not in made]
    return pa.array([made[i] for i in range(len(names))], pa.string())
