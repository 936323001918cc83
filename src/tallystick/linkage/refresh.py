"""A linkage brought up to date: what is new is scored against all, what was scored stands, and ids stay.

Cost follows what is new, not what is there: no training, no calibration, no cleaning and no comparing of records that are as they
were. Resolution runs over all pairs, which costs little, and leaves every person as it was that no new pair, decision or
departure touches: average linkage never looks beyond a connected group of pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import clean, engines, keys, others, prepare
from tallystick.linkage.fit import FLOOR, estimated, reweighed
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.outcome import finished
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

    A source in ``tables`` is as it stands now, as a whole: records that it no longer holds are withdrawn, records whose row
    changed are compared anew. Of a source in ``adds`` no record is withdrawn: its table holds what is new or changed.
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
    sources: dict[str, pa.Table] = {}
    fresh: dict[str, pa.Array] = {}
    counts = {"new": 0, "changed": 0, "withdrawn": 0}
    for source in sorted({*earlier.records, *tables}):
        if source in tables:
            sources[source], fresh[source] = _brought(
                earlier, source, tables[source], counts, notes, is_addition=source in adds
            )
        else:
            sources[source] = earlier.records[source].drop_columns([DIGEST])
    numbers = Numbers(sources, spec.id_column)
    is_new = np.zeros(numbers.count, dtype=bool)
    for source, ids in fresh.items():
        is_new[numbers.of(pa.chunked_array([[source] * len(ids)], pa.string()), pa.chunked_array([ids]))] = (
            True
        )
    found, offsets = _scored(earlier, spec, model, sources, numbers, is_new)
    spec, gone = _decisions_that_stand(numbers, spec, earlier.spec)
    if gone:
        notes.append(f"{gone} decisions name a record that was withdrawn; they no longer count.")
    pairs = pa.concat_tables([_still(earlier.pairs, numbers, is_new), found.cast(earlier.pairs.schema)])
    order = [(f"{c}_{side}", "ascending") for side in "lr" for c in ("source", spec.id_column)]
    linked = finished(
        sources,
        pairs.sort_by(order),
        model,
        spec,
        is_standard=earlier.is_standard,
        offsets=offsets,
        earlier=earlier.earlier,
        notes=tuple(notes),
    )
    return replace(linked, quality={**linked.quality, "refresh": counts})


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
    table: pa.Table,
    counts: dict[str, int],
    notes: list[str],
    *,
    is_addition: bool,
) -> tuple[pa.Table, pa.Array]:
    """Return a source's records as the model reads them, and the ids of those that must be compared."""
    id_column = earlier.spec.id_column
    ids = clean.record_ids(table, id_column, source)
    known = earlier.records.get(source)
    if known is None:
        counts["new"] += len(ids)
        return _read(earlier, source, table, notes), ids
    place = pc.index_in(ids, value_set=known[id_column].combine_chunks())
    was = known[DIGEST].combine_chunks().take(place)
    is_same = pc.fill_null(pc.equal(digests(table).combine_chunks(), was), False)
    is_known = pc.is_valid(place)
    counts["new"] += pc.sum(pc.invert(is_known)).as_py() or 0
    counts["changed"] += pc.sum(pc.and_(is_known, pc.invert(is_same))).as_py() or 0
    kept = known.drop_columns([DIGEST]).take(place.filter(is_same))
    if is_addition:
        silent = pc.invert(pc.is_in(known[id_column], value_set=ids))
        kept = pa.concat_tables([kept, known.drop_columns([DIGEST]).filter(silent)])
    else:
        counts["withdrawn"] += known.num_rows - (pc.sum(is_known).as_py() or 0)
    unlike = table.filter(pc.invert(is_same))
    if not unlike.num_rows:
        return kept, ids.slice(0, 0)
    made = _read(earlier, source, unlike, notes).select(kept.column_names)
    return pa.concat_tables([kept, made.cast(kept.schema)]), ids.filter(pc.invert(is_same))


def _read(earlier: State, source: str, table: pa.Table, notes: list[str]) -> pa.Table:
    """Return new records in the columns of the earlier ones; a column that they lack is missing in every row."""
    like = next(iter(earlier.records.values())).drop_columns([DIGEST])
    id_column = earlier.spec.id_column
    if not earlier.is_standard:
        made, _, _ = prepare.as_the_model_reads({source: table}, earlier.spec.model, id_column)  # type: ignore[arg-type]
        return made[source].select(like.column_names)
    one = clean.standard(table, id_column, source)
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


def _scored(
    earlier: State,
    spec: LinkageSpec,
    model: Mapping[str, Any],
    sources: Mapping[str, pa.Table],
    numbers: Numbers,
    is_new: Bools,
) -> tuple[pa.Table, Any]:
    """Return the pairs that a new record has a part in, scored by the earlier model, and the offsets with those of new sources."""
    found = engines.links_of_new(
        spec.engine,
        keys.with_parts(sources, spec.keys),
        keys.with_rules(model, spec),
        min(spec.threshold, FLOOR),
        numbers,
        is_new,
        master=spec.master,
    )
    if earlier.offsets is None:
        return found, None
    edges = numbers.edges(found)
    prior = model["probability_two_random_records_match"]
    offsets = estimated(numbers, edges, prior, earlier.offsets)
    return reweighed(found, edges.log_odds + numbers.by_sources(edges, offsets)), offsets


def _still(pairs: pa.Table, numbers: Numbers, is_new: Bools) -> pa.Table:
    """Return the earlier pairs of records that are there and as they were."""
    edges = numbers.edges(pairs)
    there = (edges.a >= 0) & (edges.b >= 0)
    return pairs.filter(pa.array(there & ~is_new[edges.a] & ~is_new[edges.b]))


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
