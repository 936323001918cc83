"""Records by number, so that links are integers between the engine and resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage import resolve

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """Scored pairs as a table and, row by row, as edges: ids are looked up once, and the numbers carried on."""

    table: pa.Table
    edges: resolve.Edges

    def filter(self, is_kept: npt.NDArray[np.bool_]) -> Scored:
        """Return some of the pairs."""
        if is_kept.all():
            return self
        edges = self.edges
        return Scored(
            self.table.filter(pa.array(is_kept)),
            resolve.Edges(edges.a[is_kept], edges.b[is_kept], edges.log_odds[is_kept]),
        )


class Numbers:
    """Records by number: in order of source and id, as ``compare.stacked`` counts them.

    ``ids`` are each source's in that order, ``rows`` where in its table each stands, and ``start`` its first number.
    """

    def __init__(self, sources: Mapping[str, pa.Table], id_column: str) -> None:
        self.id_column = id_column
        self.order = sorted(sources)
        self.ids, self.rows = {}, {}
        for source in self.order:
            ids = sources[source][id_column].combine_chunks()
            rows = pc.sort_indices(ids)
            self.ids[source], self.rows[source] = ids.take(rows), rows.to_numpy().astype(np.int64)
        sizes = [len(self.ids[source]) for source in self.order]
        self.start = dict(zip(self.order, np.cumsum([0, *sizes[:-1]]), strict=True))
        self.count = sum(sizes)

    def of(self, sources: pa.ChunkedArray, ids: pa.ChunkedArray) -> Ints:
        """Return the numbers of records given by source and id; -1 for a record that is in no source."""
        found = np.full(len(ids), -1, dtype=np.int64)
        for source in self.order:
            at = np.flatnonzero(pc.equal(sources, source).to_numpy(zero_copy_only=False))
            if len(at):
                found[at] = self.within(source, ids if len(at) == len(ids) else ids.take(pa.array(at)))
        return found

    def within(self, source: str, ids: pa.ChunkedArray) -> Ints:
        """Return the numbers of records of one source, given by id; -1 for an id that it does not have."""
        place = pc.index_in(ids, value_set=self.ids[source]).fill_null(-1).to_numpy(zero_copy_only=False)
        return np.where(place < 0, -1, place + self.start[source]).astype(np.int64)

    def names(self, at: Ints | None = None) -> tuple[pa.Array, pa.Array]:
        """Return the source and the id of every record, by number; of the records ``at`` these numbers, where those are given."""
        every = np.arange(self.count) if at is None else at
        side = np.searchsorted(np.array(list(self.start.values())), every, side="right") - 1
        ids = pa.concat_arrays([self.ids[source] for source in self.order])
        sources = pa.array(self.order, pa.string()).take(pa.array(side))
        return sources, ids if at is None else ids.take(pa.array(at))

    def scored(self, table: pa.Table) -> Scored:
        """Return scored pairs with their edges."""
        return Scored(table, self.edges(table))

    def edges(self, scored: pa.Table) -> resolve.Edges:
        """Return scored pairs as edges."""
        sources, ids = (
            pa.chunked_array([*scored[left].chunks, *scored[right].chunks], scored[left].type)
            for left, right in (("source_l", "source_r"), (f"{self.id_column}_l", f"{self.id_column}_r"))
        )
        ends = self.of(sources, ids)  # both at once: what costs is to index the ids
        count = scored.num_rows
        return resolve.Edges(ends[:count], ends[count:], scored["match_weight"].to_numpy())

    def pairs(
        self,
        a: Ints,
        b: Ints,
        weight: npt.NDArray[np.float64],
        probability: npt.NDArray[np.float64],
    ) -> pa.Table:
        """Return pairs of record numbers in the columns of links, in the order given."""
        (source_l, id_l), (source_r, id_r) = self.names(a), self.names(b)
        return pa.table(
            {
                "source_l": source_l,
                f"{self.id_column}_l": id_l,
                "source_r": source_r,
                f"{self.id_column}_r": id_r,
                "match_weight": weight,
                "match_probability": probability,
            }
        )

    def kinds(self, edges: resolve.Edges) -> Iterator[tuple[tuple[str, str], npt.NDArray[np.bool_]]]:
        """Yield each pair of sources in order, and which edges lie between the two."""
        starts = np.array([self.start[source] for source in self.order])
        side = [np.searchsorted(starts, end, side="right") - 1 for end in (edges.a, edges.b)]
        low, high = np.minimum(*side), np.maximum(*side)
        for i, source in enumerate(self.order):
            for j in range(i, len(self.order)):
                yield (source, self.order[j]), (low == i) & (high == j)

    def by_sources(
        self, edges: resolve.Edges, values: Mapping[tuple[str, str], float]
    ) -> npt.NDArray[np.float64]:
        """Return the value of each edge's pair of sources, zero where there is none."""
        found = np.zeros(len(edges.a))
        for kind, at in self.kinds(edges):
            found[at] = values.get(kind, 0.0)
        return found
