"""The linkage of a set of sources from raw tables to persons: clean, train, score, calibrate, resolve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import (
    clean,
    engines,
    events,
    keys,
    levels,
    lineage,
    overrides,
    pprl,
    prepare,
    resolve,
    stages,
)
from tallystick.linkage.fit import FLOOR, fitted
from tallystick.linkage.lineage import Earlier
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.shipped import for_encoded
from tallystick.linkage.spec import LinkageSpec, Linked, Offsets

SINGLE = 1.0


def link(tables: Mapping[str, pa.Table], spec: LinkageSpec, earlier: Earlier | None = None) -> Linked:
    """Return links and persons of the records in ``tables`` (source name to table); one source is de-duplicated.

    The persons keep the ids of ``earlier`` persons, where those are given; all else is made anew.
    Raises ``BadInput`` for ids that are missing or repeat, for sources without a common column that the model knows, and for
    a model that is not trained or reads columns that are not there.
    """
    if not tables:
        raise BadInput("There is nothing to link. Give at least one file.")
    for source, table in tables.items():
        clean.record_ids(table, spec.id_column, source)
    spec = replace(spec, keys=keys.checked(spec.keys))
    _further(spec)
    if pprl.are_encoded(tables):
        return _of_encoded(tables, spec, earlier)
    if spec.model == "person":
        cleaned = {
            source: clean.standard(tables[source], spec.id_column, source) for source in sorted(tables)
        }
        sources, notes = prepare.for_the_person_model(cleaned, spec.id_column)
        keys.require_sharp(sources, spec)
        fit = fitted(sources, spec)
        return finished(
            sources,
            fit.scored,
            fit.model,
            spec,
            offsets=fit.offsets,
            is_standard=True,
            earlier=earlier,
            notes=notes,
        )
    if isinstance(spec.model, str):
        raise BadInput(f"There is no shipped model {spec.model!r}. Use 'person' or a Splink settings file.")
    sources, notes, is_standard = prepare.as_the_model_reads(
        tables, spec.model, spec.id_column, keys.columns_read(spec.keys)
    )
    keys.require_sharp(sources, spec)
    scored = engines.links(
        spec.engine,
        keys.with_parts(sources, spec.keys),
        keys.with_rules(spec.model, spec),
        min(spec.threshold, FLOOR),
        id_column=spec.id_column,
        master=spec.master,
    )
    return finished(sources, scored, spec.model, spec, is_standard=is_standard, earlier=earlier, notes=notes)


def _of_encoded(tables: Mapping[str, pa.Table], spec: LinkageSpec, earlier: Earlier | None) -> Linked:
    """Return the linkage of encoded sources: by the model for them, trained on them, or by a given one."""
    if spec.keys:
        raise BadInput("Match keys compare clear columns, and these files are encoded. Leave the keys out.")
    sources, by_chance = pprl.checked(tables, spec.id_column)
    shipped = for_encoded(by_chance)
    if isinstance(spec.model, str):
        fit = fitted(sources, spec, shipped)
        return finished(
            sources, fit.scored, fit.model, spec, offsets=fit.offsets, is_standard=False, earlier=earlier
        )
    prepare.as_the_model_reads(sources, spec.model, spec.id_column)  # raises where a column is missing
    scored = engines.links(
        shipped.engine(spec.engine),
        sources,
        spec.model,
        min(spec.threshold, FLOOR),
        id_column=spec.id_column,
        master=spec.master,
    )
    return finished(sources, scored, spec.model, spec, is_standard=False, earlier=earlier)


def finished(
    sources: Mapping[str, pa.Table],
    pairs: pa.Table,
    model: Mapping[str, Any],
    spec: LinkageSpec,
    *,
    is_standard: bool,
    offsets: Offsets | None = None,
    earlier: Earlier | None = None,
    notes: tuple[str, ...] = (),
) -> Linked:
    """Return the linkage that these scored pairs make: decisions applied, persons resolved and named."""
    numbers = Numbers(sources, spec.id_column)
    scored, by_key = stages.applied(pairs, sources, numbers, spec) if spec.keys else (pairs, ())
    scored = overrides.applied(scored, numbers, spec.always, spec.never)
    scored, found, apart = _kept_apart(scored, _resolved(scored, numbers, spec), sources, numbers, spec)
    within = _within(scored, numbers, found)
    persons, changes = _with_ids(numbers, scored, within, found.label, spec, earlier)
    return Linked(
        links=_accepted(within, spec),
        persons=persons,
        model=dict(model),
        quality={
            "records": {source: table.num_rows for source, table in sources.items()},
            "pairs_scored": pairs.num_rows,
            **({"decided": len(spec.always) + len(spec.never)} if spec.always or spec.never else {}),
            **apart,
            **({"match_keys": [one.as_dict() for one in by_key]} if by_key else {}),
        },
        scored=scored,
        records=sources,
        pairs=pairs,
        offsets=offsets,
        is_standard=is_standard,
        lineage=changes,
        notes=(*notes, *stages.notes(by_key, spec), *_said_of_events(apart)),
    )


def _kept_apart(
    scored: pa.Table,
    found: resolve.Persons,
    sources: Mapping[str, pa.Table],
    numbers: Numbers,
    spec: LinkageSpec,
) -> tuple[pa.Table, resolve.Persons, dict[str, int]]:
    """Return pairs and persons with records apart whose events cannot both be true, and how many pairs were and were not parted."""
    held = events.evidence(sources, numbers)
    if held is None:
        return scored, found, {}
    ends = numbers.names()
    decided = {*spec.always, *((right, left) for left, right in spec.always)}
    parted: dict[tuple[int, int], overrides.Pair] = {}
    while True:
        a, b = events.within(held, found.label)
        believed = events.share_a_number(held, a, b)
        fresh = {}
        for low, high in zip(a[~believed].tolist(), b[~believed].tolist(), strict=True):
            pair = (
                (ends[0][low].as_py(), ends[1][low].as_py()),
                (ends[0][high].as_py(), ends[1][high].as_py()),
            )
            if (low, high) not in parted and pair not in decided:
                fresh[low, high] = pair
        if not fresh:
            return scored, found, {"apart_by_events": len(parted), "events_in_doubt": len(a)}
        parted |= fresh
        scored = overrides.applied(scored, numbers, (), tuple(fresh.values()))
        found = _resolved(scored, numbers, spec)


def _said_of_events(apart: Mapping[str, int]) -> tuple[str, ...]:
    """Return what a user should know of events that contradict each other."""
    said = []
    if apart.get("apart_by_events"):
        said.append(
            f"{apart['apart_by_events']:,} pairs of records are kept apart: their events cannot both be true of one person."
        )
    if apart.get("events_in_doubt"):
        said.append(
            f"{apart['events_in_doubt']:,} pairs of records are one person although their events cannot both be true: a shared number, "
            "a match key or a decision says so. Have them looked at."
        )
    return tuple(said)


def _resolved(scored: pa.Table, numbers: Numbers, spec: LinkageSpec) -> resolve.Persons:
    """Return the persons of the records: what keys joined stands, the rest is average linkage."""
    edges = numbers.edges(stages.evidence(scored))
    start = stages.begun(scored, numbers)
    return resolve.persons(numbers.count, edges, _log_odds(spec.threshold), start=start)


def _named(
    numbers: Numbers, label: resolve.Ints, spec: LinkageSpec, earlier: Earlier | None
) -> tuple[pa.Array, pa.Table]:
    """Return the person id of each record, and what became of the earlier ids."""
    if earlier is None:
        return lineage.first_ids(label, numbers), lineage.SCHEMA.empty_table()
    named = lineage.named(label, numbers, earlier.persons, "person_id", lineage.used(earlier.lineage))
    return named.ids, pa.concat_tables(
        [earlier.lineage, named.lineage(earlier.refreshes + 1, spec.threshold)]
    )


def _further(spec: LinkageSpec) -> tuple[float, ...]:
    """Return the further thresholds in order, each once. Raises BadInput for one that is no probability."""
    if not all(0 <= one <= 1 for one in spec.at):
        raise BadInput("A threshold is a probability from 0 to 1. Correct the further thresholds.")
    return tuple(sorted(set(spec.at) - {spec.threshold}))


def _with_ids(
    numbers: Numbers,
    scored: pa.Table,
    within: pa.Table,
    label: resolve.Ints,
    spec: LinkageSpec,
    earlier: Earlier | None,
) -> tuple[pa.Table, pa.Table]:
    """Return the persons with the ids of every level that ``spec`` asks for, and the lineage."""
    ids, changes = _named(numbers, label, spec, earlier)
    persons = _persons(numbers, within, label, ids, spec)
    further = {levels.column(one): (scored, replace(spec, threshold=one)) for one in _further(spec)}
    if spec.layers:
        own = scored.filter(pc.equal(scored["source_l"], scored["source_r"]))
        further[levels.WITHIN] = (own, spec)
    for name, (pairs, at) in further.items():
        own_label = _resolved(pairs, numbers, at).label
        ids, rows = levels.ids(own_label, numbers, persons, name, at.threshold, earlier)
        persons = persons.append_column(name, ids)
        changes = pa.concat_tables([changes, rows])
    return persons, changes


def prepared(tables: Mapping[str, pa.Table], model: Mapping[str, Any], id_column: str) -> dict[str, pa.Table]:
    """Return the tables as ``model`` reads them, cleaned where it reads the person model's columns. Raises BadInput where one is missing."""
    return prepare.as_the_model_reads(tables, model, id_column)[0]


def resolved_again(scored: pa.Table, persons: pa.Table, spec: LinkageSpec) -> tuple[pa.Table, pa.Table]:
    """Return links and persons anew from pairs scored before (``Linked.scored``), under the decisions and the threshold of ``spec``.

    No identifier is needed: ``persons`` names the records, and its person ids stay as over a refresh.
    """
    made = decided_again(scored, Earlier(persons, lineage.SCHEMA.empty_table(), 0), spec, {})
    return made.links, made.persons


def decided_again(scored: pa.Table, earlier: Earlier, spec: LinkageSpec, model: Mapping[str, Any]) -> Linked:
    """Return the linkage anew as ``resolved_again`` does, with the lineage of its ids; ``model`` is the one that scored.

    A pair that was decided before and is not any more counts as never scored: what the model said of it is not known here.
    """
    persons = earlier.persons
    scored = scored.filter(pc.less(pc.abs(scored["match_weight"]), resolve.ALWAYS))
    numbers = numbered(persons, spec.id_column)
    decided = overrides.applied(scored, numbers, spec.always, spec.never)
    found = _resolved(decided, numbers, spec)
    within = _within(decided, numbers, found)
    persons, changes = _with_ids(numbers, decided, within, found.label, spec, earlier)
    return Linked(
        links=_accepted(within, spec),
        persons=persons,
        model=dict(model),
        quality={
            "records": {name: len(numbers.ids[name]) for name in numbers.order},
            "pairs_scored": scored.num_rows,
            "decided": len(spec.always) + len(spec.never),
        },
        scored=decided,
        records={},
        pairs=scored,
        offsets=None,
        is_standard=False,
        lineage=changes,
    )


def numbered(persons: pa.Table, id_column: str) -> Numbers:
    """Return the numbers of the records that ``persons`` names."""
    names = sorted(set(persons["source"].to_pylist()))
    return Numbers({name: persons.filter(pc.equal(persons["source"], name)) for name in names}, id_column)


def labels_at(scored: pa.Table, numbers: Numbers, spec: LinkageSpec) -> resolve.Ints:
    """Return the person of each record by number, resolved from pairs scored before under the threshold and the decisions of ``spec``."""
    return _resolved(overrides.applied(scored, numbers, spec.always, spec.never), numbers, spec).label


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log2(p / (1 - p)))


def _within(scored: pa.Table, numbers: Numbers, found: resolve.Persons) -> pa.Table:
    """Return the scored pairs of one person with ``alone``, their probability by themselves; third records may have raised the other."""
    scored = stages.evidence(scored)
    edges = numbers.edges(scored)
    is_inside = found.label[edges.a] == found.label[edges.b]
    pairs = scored.filter(pa.array(is_inside))
    alone = pairs["match_probability"]
    held = found.held(edges.a[is_inside], edges.b[is_inside])
    probability = np.maximum(alone.to_numpy(), 1 / (1 + np.exp2(-np.clip(held, -60, 60))))
    place = pairs.column_names.index("match_probability")
    return pairs.set_column(place, "match_probability", pa.array(probability)).append_column("alone", alone)


def _accepted(within: pa.Table, spec: LinkageSpec) -> pa.Table:
    """Return the pairs of one person that are at or above the threshold by themselves."""
    return within.filter(pc.greater_equal(within["alone"], spec.threshold)).drop_columns(["alone"])


def _persons(
    numbers: Numbers, within: pa.Table, label: resolve.Ints, ids: pa.Array, spec: LinkageSpec
) -> pa.Table:
    """Return source, id, person_id and how probably the record belongs with the rest of its person (1 if it stands alone)."""
    edges = numbers.edges(within)
    probability = np.zeros(numbers.count)
    given = within["match_probability"].to_numpy()
    np.maximum.at(probability, edges.a, given)
    np.maximum.at(probability, edges.b, given)
    alone = np.bincount(label, minlength=numbers.count)[label] == 1
    probability[alone] = SINGLE
    sources, record_ids = numbers.names()
    return pa.table(
        {
            "source": sources,
            spec.id_column: record_ids,
            "person_id": ids,
            "match_probability": pa.array(probability),
        }
    )
