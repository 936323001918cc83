"""A linkage brought up to date: what is new is scored against all, what was scored stands, and ids stay.

Cost follows what is new, not what is there: no training, no calibration, no cleaning and no comparing of records that are as they
were. Resolution runs over all pairs, which costs little, and leaves every person as it was that no new pair, decision or
departure touches: average linkage never looks beyond a connected group of pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import clean, engines, keys, others, prepare
from tallystick.linkage.columns import parts
from tallystick.linkage.fit import FLOOR, estimated, reweighed
from tallystick.linkage.numbers import Numbers, Scored
from tallystick.linkage.outcome import of_scored
from tallystick.linkage.resolve import Edges
from tallystick.linkage.spec import LinkageSpec, Linked
from tallystick.linkage.state import DIGEST, State, digests

Bools = npt.NDArray[np.bool_]


def refresh(
    earlier: State,
    tables: Mapping[str, pa.Table],
    spec: LinkageSpec | None = None,
    adds: Collection[str] = (),
) -> Linked:
    """Return the linkage of ``earlier`` after the supplies in ``tables``.

    A source in ``tables`` is as it stands now, as a whole: records that it no longer holds are withdrawn, records that changed in
    a column that the linkage reads are compared anew. Of a source in ``adds`` no record is withdrawn: its table holds what is new or changed.
    A source that is not in ``tables`` stays as it was; one that was not there before is added.
    ``spec`` (that of ``earlier`` unless given) may change thresholds, decisions and engine; the model is always the earlier one.
    ``quality["refresh"]`` counts the records that are new, changed and withdrawn. Raises ``BadInput`` as ``link`` does.
    """
    model = _for_sources(earlier, {*earlier.records, *tables})
    spec = spec or earlier.spec
    spec = replace(
        spec,
        model=model,
        id_column=earlier.spec.id_column,
        keys=keys.checked(spec.keys),
    )
    notes: list[str] = []
    counts = {"new": 0, "changed": 0, "withdrawn": 0}
    supplied = _supplied(tables, earlier)
    brought = {
        source: _brought(earlier, source, supplied[source], counts, notes, is_addition=source in adds)
        if source in tables
        else (earlier.records[source], earlier.records[source].slice(0, 0))
        for source in sorted({*earlier.records, *tables})
    }
    whole = {source: pa.concat_tables(both) for source, both in brought.items()}
    sources = {source: table.drop_columns([DIGEST]) for source, table in whole.items()}
    numbers = Numbers(sources, spec.id_column)
    is_new = np.zeros(numbers.count, dtype=bool)
    for source, (_, made) in brought.items():
        is_new[numbers.within(source, made[spec.id_column])] = True
    found, offsets = _scored(earlier, spec, model, sources, numbers, is_new)
    spec, gone = _decisions_that_stand(numbers, spec, earlier.spec)
    if gone:
        notes.append(f"{gone} decisions name a record that was withdrawn; they no longer count.")
    linked = of_scored(
        _together(_still(earlier.pairs, numbers, is_new), found),
        numbers,
        sources,
        model,
        spec,
        is_standard=earlier.is_standard,
        offsets=offsets,
        earlier=earlier.earlier,
        notes=tuple(notes),
    )
    return replace(
        linked,
        quality={**linked.quality, "refresh": counts},
        digests={source: table[DIGEST] for source, table in whole.items()},
    )


class _Supply(NamedTuple):
    """A source as it was supplied: its rows, their ids and their digests."""

    table: pa.Table
    ids: pa.Array
    digest: pa.ChunkedArray


def _supplied(tables: Mapping[str, pa.Table], earlier: State) -> dict[str, _Supply]:
    """Return the sources with the ids and digests of their rows. Raises ``BadInput`` for ids that are missing or repeat."""
    ids = {source: clean.record_ids(t, earlier.spec.id_column, source) for source, t in tables.items()}
    found = digests(tables, earlier.reads)
    return {source: _Supply(table, ids[source], found[source]) for source, table in tables.items()}


def _for_sources(earlier: State, sources: Collection[str]) -> dict[str, Any]:
    """Return the earlier model; one that de-duplicated a single source links and de-duplicates more."""
    assert not isinstance(earlier.spec.model, str)
    model = dict(earlier.spec.model)
    if len(sources) > 1 and model["link_type"] == "dedupe_only":
        model["link_type"] = "link_and_dedupe"
    return model


def _brought(
    earlier: State,
    source: str,
    supply: _Supply,
    counts: dict[str, int],
    notes: list[str],
    *,
    is_addition: bool,
) -> tuple[pa.Table, pa.Table]:
    """Return a source's records as the model reads them, with their digests: those that stand, and those that must be compared."""
    id_column = earlier.spec.id_column
    table, ids, digest = supply
    known = earlier.records.get(source)
    if known is None:
        counts["new"] += len(ids)
        made = _read(earlier, source, table, notes)
        return made.slice(0, 0).append_column(DIGEST, digest.slice(0, 0)), made.append_column(DIGEST, digest)
    place = pc.index_in(ids, value_set=known[id_column].combine_chunks())
    is_same = pc.fill_null(pc.equal(digest, known[DIGEST].combine_chunks().take(place)), False).to_numpy()
    is_known, place = pc.is_valid(place).to_numpy(zero_copy_only=False), pc.fill_null(place, 0).to_numpy()
    stands = np.zeros(known.num_rows, dtype=bool)
    if is_addition:
        stands[:] = True
        stands[place[is_known]] = False
    stands[place[is_same]] = True
    counts["new"] += int((~is_known).sum())
    counts["changed"] += int((is_known & ~is_same).sum())
    counts["withdrawn"] += 0 if is_addition else known.num_rows - int(is_known.sum())
    kept = known if stands.all() else known.filter(pa.array(stands))
    if is_same.all():
        return kept, kept.slice(0, 0)
    is_unlike = pa.array(~is_same)
    made = _read(earlier, source, table.filter(is_unlike), notes).append_column(
        DIGEST, digest.filter(is_unlike)
    )
    return kept, made.select(kept.column_names).cast(kept.schema)


def _read(earlier: State, source: str, table: pa.Table, notes: list[str]) -> pa.Table:
    """Return new records in the columns of the earlier ones; a column that they lack is missing in every row."""
    like = next(iter(earlier.records.values())).drop_columns([DIGEST])
    id_column = earlier.spec.id_column
    if not earlier.is_standard:
        made, _, _ = prepare.as_the_model_reads({source: table}, earlier.spec.model, id_column)  # type: ignore[arg-type]
        return made[source].select(like.column_names)
    one = clean.standard(_compared(table, like.column_names, id_column), id_column, source)
    one = replace(one, table=others.completed({source: one.table}, like.column_names)[source])
    missing = [name for name in like.column_names if name not in one.table.column_names]
    if len(missing) > len(like.column_names) - 3:
        raise BadInput(
            f"{source}: fewer than two of the columns that the earlier linkage compared are there. "
            "Name the columns as in the earlier files."
        )
    if missing:
        notes.append(f"{source}: missing in every record: {', '.join(missing)}.")
    notes.extend(
        f"{source}: {count:,} values of {part} could not be read and count as missing."
        for part, count in one.unread.items()
        if count
    )
    empty = {name: pa.nulls(table.num_rows, like.schema.field(name).type) for name in missing}
    return pa.table({name: empty[name] if name in empty else one.table[name] for name in like.column_names})


def _compared(table: pa.Table, like: Collection[str], id_column: str) -> pa.Table:
    """Return the columns of a supply that those of the earlier records (``like``) are made of: only these need cleaning."""
    names = {"full_name", "first_name", "middle_name", "surname", *others.GIVEN}
    part = parts(table.column_names)
    return table.select(
        [c for c in table.column_names if c == id_column or part.get(c) in names or part.get(c) in like]
    )


def _scored(
    earlier: State,
    spec: LinkageSpec,
    model: Mapping[str, Any],
    sources: Mapping[str, pa.Table],
    numbers: Numbers,
    is_new: Bools,
) -> tuple[Scored, Any]:
    """Return the pairs that a new record has a part in, scored by the earlier model, and the offsets with those of new sources."""
    found = numbers.scored(
        engines.links_of_new(
            spec.engine,
            keys.with_parts(sources, spec.keys),
            keys.with_rules(model, spec),
            min(spec.threshold, FLOOR),
            numbers,
            is_new,
            master=spec.master,
        )
    )
    if earlier.offsets is None:
        return found, None
    edges = found.edges
    prior = model["probability_two_random_records_match"]
    offsets = estimated(numbers, edges, prior, earlier.offsets)
    weight = edges.log_odds + numbers.by_sources(edges, offsets)
    return Scored(reweighed(found.table, weight), replace(edges, log_odds=weight)), offsets


def _still(pairs: pa.Table, numbers: Numbers, is_new: Bools) -> Scored:
    """Return the earlier pairs of records that are there and as they were."""
    scored = numbers.scored(pairs)
    edges = scored.edges
    there = (edges.a >= 0) & (edges.b >= 0)
    return scored.filter(there & ~is_new[edges.a] & ~is_new[edges.b])


def _together(old: Scored, found: Scored) -> Scored:
    """Return both, in the order of their records."""
    table = pa.concat_tables([old.table, found.table.cast(old.table.schema)])
    a, b, log_odds = (
        np.concatenate([getattr(one.edges, name) for one in (old, found)]) for name in ("a", "b", "log_odds")
    )
    order = np.lexsort([b, a])
    return Scored(table.take(pa.array(order)), Edges(a[order], b[order], log_odds[order]))


def _decisions_that_stand(
    numbers: Numbers, spec: LinkageSpec, before: LinkageSpec
) -> tuple[LinkageSpec, int]:
    """Return ``spec`` without the earlier decisions on records that were withdrawn, and how many those are."""
    kept: dict[str, Any] = {}
    gone = 0
    for kind in ("always", "never"):
        pairs, old = getattr(spec, kind), set(getattr(before, kind))
        ends = [
            numbers.of(
                pa.chunked_array([[pair[side][0] for pair in pairs]], pa.string()),
                pa.chunked_array([[pair[side][1] for pair in pairs]], pa.string()),
            )
            for side in (0, 1)
        ]
        lost = [
            pair in old and (left < 0 or right < 0) for pair, left, right in zip(pairs, *ends, strict=True)
        ]
        kept[kind] = tuple(pair for pair, is_lost in zip(pairs, lost, strict=True) if not is_lost)
        gone += sum(lost)
    return replace(spec, **kept), gone
