"""Records by number, so that links are integers between the engine and resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.linkage import resolve


class Numbers:
    """Records by number: in order of source and id, as ``compare.stacked`` counts them."""

    def __init__(self, sources: Mapping[str, pa.Table], id_column: str) -> None:
        self.id_column = id_column
        self.order = sorted(sources)
        self.ids = {source: sources[source][id_column].combine_chunks().sort() for source in self.order}
        sizes = [len(self.ids[source]) for source in self.order]
        self.start = dict(zip(self.order, np.cumsum([0, *sizes[:-1]]), strict=True))
        self.count = sum(sizes)

    def of(self, sources: pa.ChunkedArray, ids: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """Return the numbers of records given by source and id; -1 for a record that is in no source."""
        found = np.full(len(ids), -1, dtype=np.int64)
        for source in self.order:
            at = np.flatnonzero(pc.equal(sources, source).to_numpy(zero_copy_only=False))
            if len(at):
                places = pc.index_in(ids.take(pa.array(at)), value_set=self.ids[source])
                place = places.fill_null(-1).to_numpy(zero_copy_only=False)
                found[at] = np.where(place < 0, -1, place + self.start[source])
        return found

    def names(self) -> tuple[pa.Array, pa.Array]:
        """Return the source and the id of every record, by number."""
        sources = [source for source in self.order for _ in range(len(self.ids[source]))]
        return pa.array(sources, pa.string()), pa.concat_arrays([self.ids[s] for s in self.order])

    def edges(self, scored: pa.Table) -> resolve.Edges:
        """Return scored pairs as edges."""
        return resolve.Edges(
            self.of(scored["source_l"], scored[f"{self.id_column}_l"]),
            self.of(scored["source_r"], scored[f"{self.id_column}_r"]),
            scored["match_weight"].to_numpy(),
        )

    def pairs(
        self,
        a: npt.NDArray[np.int64],
        b: npt.NDArray[np.int64],
        weight: npt.NDArray[np.float64],
        probability: npt.NDArray[np.float64],
    ) -> pa.Table:
        """Return pairs of record numbers in the columns of links, in the order given."""
        sources, ids = self.names()
        left, right = pa.array(a), pa.array(b)
        return pa.table(
            {
                "source_l": sources.take(left),
                f"{self.id_column}_l": ids.take(left),
                "source_r": sources.take(right),
                f"{self.id_column}_r": ids.take(right),
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
