"""What scored pairs come to: decisions applied, persons resolved and named, and the links that stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import events, levels, lineage, overrides, resolve, stages
from tallystick.linkage.lineage import Earlier
from tallystick.linkage.numbers import Numbers, Scored
from tallystick.linkage.resolve import Floats
from tallystick.linkage.spec import LinkageSpec, Linked, Offsets

SINGLE = 1.0


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
    return of_scored(
        numbers.scored(pairs),
        numbers,
        sources,
        model,
        spec,
        is_standard=is_standard,
        offsets=offsets,
        earlier=earlier,
        notes=notes,
    )


def of_scored(
    every: Scored,
    numbers: Numbers,
    sources: Mapping[str, pa.Table],
    model: Mapping[str, Any],
    spec: LinkageSpec,
    *,
    is_standard: bool,
    offsets: Offsets | None,
    earlier: Earlier | None,
    notes: tuple[str, ...],
) -> Linked:
    """Return the linkage as ``finished`` does, of pairs whose records are numbered already."""
    pairs = every.table
    staged, by_key = stages.applied(pairs, sources, numbers, spec) if spec.keys else (pairs, ())
    table = overrides.applied(staged, numbers, spec.always, spec.never)
    scored = every if table is pairs else numbers.scored(table)
    scored, found, apart = _kept_apart(scored, _resolved(scored, numbers, spec), sources, numbers, spec)
    links, persons, changes = _named_and_linked(scored, found, numbers, spec, earlier)
    return Linked(
        links=links,
        persons=persons,
        model=dict(model),
        quality={
            "records": {source: table.num_rows for source, table in sources.items()},
            "pairs_scored": pairs.num_rows,
            **({"decided": len(spec.always) + len(spec.never)} if spec.always or spec.never else {}),
            **apart,
            **({"match_keys": [one.as_dict() for one in by_key]} if by_key else {}),
        },
        scored=scored.table,
        records=sources,
        pairs=pairs,
        offsets=offsets,
        is_standard=is_standard,
        lineage=changes,
        notes=(*notes, *stages.notes(by_key, spec), *_said_of_events(apart)),
    )


def _kept_apart(
    scored: Scored,
    found: resolve.Persons,
    sources: Mapping[str, pa.Table],
    numbers: Numbers,
    spec: LinkageSpec,
) -> tuple[Scored, resolve.Persons, dict[str, int]]:
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
        scored = numbers.scored(overrides.applied(scored.table, numbers, (), tuple(fresh.values())))
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


def _resolved(scored: Scored, numbers: Numbers, spec: LinkageSpec) -> resolve.Persons:
    """Return the persons of the records: what keys joined stands, the rest is average linkage."""
    start = stages.begun(scored, numbers)
    return resolve.persons(
        numbers.count, stages.evidence(scored).edges, _log_odds(spec.threshold), start=start
    )


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


def further(spec: LinkageSpec) -> tuple[float, ...]:
    """Return the further thresholds in order, each once. Raises BadInput for one that is no probability."""
    if not all(0 <= one <= 1 for one in spec.at):
        raise BadInput("A threshold is a probability from 0 to 1. Correct the further thresholds.")
    return tuple(sorted(set(spec.at) - {spec.threshold}))


def _named_and_linked(
    scored: Scored, found: resolve.Persons, numbers: Numbers, spec: LinkageSpec, earlier: Earlier | None
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return the links (pairs of one person at or above the threshold by themselves), the persons with their ids, and the lineage."""
    within, alone = _within(scored, found)
    persons, changes = _with_ids(numbers, scored, within, found.label, spec, earlier)
    return within.filter(alone >= spec.threshold).table, persons, changes


def _with_ids(
    numbers: Numbers,
    scored: Scored,
    within: Scored,
    label: resolve.Ints,
    spec: LinkageSpec,
    earlier: Earlier | None,
) -> tuple[pa.Table, pa.Table]:
    """Return the persons with the ids of every level that ``spec`` asks for, and the lineage."""
    ids, changes = _named(numbers, label, spec, earlier)
    persons = _persons(numbers, within, label, ids, spec)
    asked = {levels.column(one): (scored, replace(spec, threshold=one)) for one in further(spec)}
    if spec.layers:
        is_own = pc.equal(scored.table["source_l"], scored.table["source_r"])
        own = scored.filter(is_own.to_numpy())
        asked[levels.WITHIN] = (own, spec)
    for name, (pairs, at) in asked.items():
        own_label = _resolved(pairs, numbers, at).label
        ids, rows = levels.ids(own_label, numbers, persons, name, at.threshold, earlier)
        persons = persons.append_column(name, ids)
        changes = pa.concat_tables([changes, rows])
    return persons, changes


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
    decided = numbers.scored(overrides.applied(scored, numbers, spec.always, spec.never))
    found = _resolved(decided, numbers, spec)
    links, persons, changes = _named_and_linked(decided, found, numbers, spec, earlier)
    return Linked(
        links=links,
        persons=persons,
        model=dict(model),
        quality={
            "records": {name: len(numbers.ids[name]) for name in numbers.order},
            "pairs_scored": scored.num_rows,
            "decided": len(spec.always) + len(spec.never),
        },
        scored=decided.table,
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
    decided = overrides.applied(scored, numbers, spec.always, spec.never)
    return _resolved(numbers.scored(decided), numbers, spec).label


def believed(scored: pa.Table, numbers: Numbers, threshold: float) -> tuple[Scored, Floats]:
    """Return the pairs that persons are resolved from, and how probable each is once third records are counted too, as in the links of
    a linkage at ``threshold``; down to even odds."""
    whole = numbers.scored(scored)
    pairs = stages.evidence(whole)
    start = stages.begun(whole, numbers)
    held = resolve.strengths(numbers.count, pairs.edges, _log_odds(threshold), start=start)
    return pairs, _raised(pairs.table["match_probability"].to_numpy(), held)


def _raised(alone: Floats, held: Floats) -> Floats:
    """Return probabilities by themselves or by what holds the person together (log2 odds), whichever is more."""
    return np.maximum(alone, 1 / (1 + np.exp2(-np.clip(held, -60, 60))))


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log2(p / (1 - p)))


def _within(scored: Scored, found: resolve.Persons) -> tuple[Scored, Floats]:
    """Return the scored pairs of one person, and their probability by themselves; third records may have raised the other."""
    scored = stages.evidence(scored)
    pairs = scored.filter(found.label[scored.edges.a] == found.label[scored.edges.b])
    alone = pairs.table["match_probability"].to_numpy()
    held = found.held(pairs.edges.a, pairs.edges.b)
    probability = _raised(alone, held)
    place = pairs.table.column_names.index("match_probability")
    table = pairs.table.set_column(place, "match_probability", pa.array(probability))
    return replace(pairs, table=table), alone


def _persons(
    numbers: Numbers, within: Scored, label: resolve.Ints, ids: pa.Array, spec: LinkageSpec
) -> pa.Table:
    """Return source, id, person_id and how probably the record belongs with the rest of its person (1 if it stands alone)."""
    probability = np.zeros(numbers.count)
    given = within.table["match_probability"].to_numpy()
    np.maximum.at(probability, within.edges.a, given)
    np.maximum.at(probability, within.edges.b, given)
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
