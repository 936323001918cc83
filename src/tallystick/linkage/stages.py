"""Links in stages by key (deterministic): each key in turn joins what agrees on it and is unambiguous, and says how often it errs.

As MoJ-DfE, ECHILD, LEO and the census match, the strictest key first, with what each of them leaves unsaid made explicit.

*Two layers.* Every key first joins records within each source, so that one-to-one binds persons, not records; then persons across.
*Ambiguity.* Across sources, persons that a key connects and that hold no source in common are joined only if together they hold every
source once; where a key fits one person to two of the same source, none of these links is made, and the persons go on to the
next key (and to the model). Persons that already share a source are no candidates for each other.
*False links.* Of the pairs that a key newly finds in a layer, the estimate is the mean doubt (1 - match probability) that the trained and
calibrated model has of them. It sees what the key does not compare, so it knows twins and families from aliases, which the
chance that unrelated values agree (the product of u probabilities) does not. A key whose estimate is over what the threshold
allows (1 - threshold) is not used in that layer, and the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tallystick.linkage import keys as match_keys
from tallystick.linkage import resolve
from tallystick.linkage.keys import Ints
from tallystick.linkage.numbers import Numbers, Scored
from tallystick.linkage.resolve import Edges
from tallystick.linkage.spec import LinkageSpec, MatchKey

Bools = npt.NDArray[np.bool_]
MODEL, DECIDED = "model", "decided"
LEAST_DOUBT = 1e-6
LAYERS = {"within": "within a source", "across": "across the sources"}


@dataclass(frozen=True)
class KeyFound:
    """What one key found in one layer (``within`` the sources or ``across`` them).

    ``pairs``: pairs of records that it joins anew; ``ambiguous``: pairs that it fits and that were left for ambiguity;
    ``false_link_rate``: the estimated share of ``pairs`` that is false, null without pairs.
    """

    key: str
    on: tuple[str, ...]
    layer: str
    pairs: int
    ambiguous: int
    false_link_rate: float | None
    is_used: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**vars(self), "on": list(self.on)}


@dataclass(frozen=True)
class Staged:
    """Each record's person after the keys, the pairs a < b that a key joined (by record number) and by which key, and the report.

    ``probability`` is 1 - the estimated false-link rate of a pair's key in its layer.
    """

    label: Ints
    a: Ints
    b: Ints
    key: Ints
    probability: npt.NDArray[np.float64]
    report: tuple[KeyFound, ...]


def applied(
    pairs: pa.Table, sources: Mapping[str, pa.Table], numbers: Numbers, spec: LinkageSpec
) -> tuple[pa.Table, tuple[KeyFound, ...]]:
    """Return the scored pairs with their ``stage``, those of keys with their key's probability, and what each key found.

    A pair that a key joined is there even if the model held it impossible. Where the keys stand alone, the stage of all other pairs
    is null. Raises ``BadInput`` as ``keys.with_parts`` does.
    """
    codes = match_keys.codes(match_keys.with_parts(sources, spec.keys), numbers, spec.keys)
    edges = numbers.edges(pairs)
    never = tuple(
        numbers.of(
            *(pa.chunked_array([[pair[side][part] for pair in spec.never]], pa.string()) for part in (0, 1))
        )
        for side in (0, 1)
    )
    known = (never[0] >= 0) & (never[1] >= 0)
    found = staged(numbers, spec.keys, codes, edges, spec.threshold, (never[0][known], never[1][known]))
    own = np.minimum(edges.a, edges.b) * numbers.count + np.maximum(edges.a, edges.b)
    rest = pairs.filter(pa.array(~np.isin(own, found.a * numbers.count + found.b)))
    other = None if spec.stages == "keys" else MODEL
    rest = rest.append_column("stage", pa.array([other] * rest.num_rows, pa.string()))
    names = pa.array([key.name for key in spec.keys], pa.string())
    odds = np.log2(found.probability / (1 - found.probability))
    made = numbers.pairs(found.a, found.b, odds, found.probability)
    made = made.append_column("stage", names.take(pa.array(found.key)))
    order = [(name, "ascending") for name in made.column_names[:4]]
    return pa.concat_tables([rest, made.cast(rest.schema)]).sort_by(order), found.report


def notes(found: Sequence[KeyFound], spec: LinkageSpec) -> tuple[str, ...]:
    """Return a sentence for each key that was not used in a layer."""
    return tuple(
        f"Match key {one.key!r} was not used {LAYERS[one.layer]}: an estimated {one.false_link_rate:.1%} of its "
        f"{one.pairs:,} links would be false, and threshold {spec.threshold:g} allows {1 - spec.threshold:.1%}."
        for one in found
        if one.false_link_rate is not None and not one.is_used
    )


def evidence(scored: Scored) -> Scored:
    """Return the scored pairs that persons may be resolved from: those of a stage, where there are stages."""
    if "stage" not in scored.table.column_names:
        return scored
    return scored.filter(scored.table["stage"].is_valid().to_numpy())


def begun(scored: Scored, numbers: Numbers) -> Ints | None:
    """Return the persons that the keys alone make of the scored pairs, null where there are no keys.

    Where people keep two records of such a person apart, its records begin alone, and resolution weighs its pairs as others.
    """
    if "stage" not in scored.table.column_names:
        return None
    edges = scored.edges
    stage = scored.table["stage"].fill_null(MODEL).to_numpy()
    is_key = (stage != MODEL) & (stage != DECIDED)
    count = numbers.count
    a, b = edges.a[is_key], edges.b[is_key]
    _, component = connected_components(
        coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False
    )
    apart = edges.log_odds <= resolve.NEVER
    ends = component[edges.a[apart]], component[edges.b[apart]]
    is_parted = np.isin(component, ends[0][ends[0] == ends[1]])
    _, first = np.unique(component, return_index=True)
    return np.where(is_parted, np.arange(count), first[component]).astype(np.int64)


def staged(
    numbers: Numbers,
    keys: Sequence[MatchKey],
    codes: Sequence[Ints],
    scored: Edges,
    threshold: float,
    never: tuple[Ints, Ints],
) -> Staged:
    """Return what the keys join, in their order.

    ``codes``: each key's value of each record (-1: missing); ``scored``: the pairs with the log2 odds that the model gives them (a pair
    that is not among them is held impossible); ``never``: pairs of records that people keep apart.
    """
    source = np.repeat(np.arange(len(numbers.order)), [len(numbers.ids[s]) for s in numbers.order])
    label = np.arange(numbers.count, dtype=np.int64)
    parts: list[tuple[Ints, Ints, int, float]] = []
    report: list[KeyFound] = []
    layers = ("within", "across") if len(numbers.order) > 1 else ("within",)
    with duckdb.connect() as con:
        con.register("model", _probabilities(scored))
        for layer in layers:
            for number, (key, code) in enumerate(zip(keys, codes, strict=True)):
                found = _found(con, layer, source, code, label)
                joined = _joined(found, label, source, layer, never)
                pairs = found.filter(pa.array(joined[found["p"].to_numpy()] == joined[found["q"].to_numpy()]))
                rate = float(pairs["doubt"].to_numpy().mean()) if pairs.num_rows else None
                is_used = rate is not None and 1 - rate >= threshold
                report.append(
                    KeyFound(
                        key.name,
                        key.on,
                        layer,
                        pairs.num_rows,
                        found.num_rows - pairs.num_rows,
                        rate,
                        is_used,
                    )
                )
                if is_used and rate is not None:
                    label = joined[label]
                    parts.append((pairs["a"].to_numpy(), pairs["b"].to_numpy(), number, rate))
    return _as_staged(label, parts, report)


def _probabilities(scored: Edges) -> pa.Table:
    probability = 1 / (1 + np.exp2(-np.clip(scored.log_odds, -60, 60)))
    low, high = np.minimum(scored.a, scored.b), np.maximum(scored.a, scored.b)
    return pa.table({"a": low, "b": high, "probability": probability})


def _found(con: duckdb.DuckDBPyConnection, layer: str, source: Ints, code: Ints, label: Ints) -> pa.Table:
    """Return the pairs of records a < b that agree on the key and are of persons p, q that may be joined, and the model's doubt.

    ``label`` is each record's person as the smallest record number in it.
    """
    there = np.flatnonzero(code >= 0)
    held = np.zeros(len(label), dtype=np.uint64)
    np.bitwise_or.at(held, label, np.left_shift(np.uint64(1), source.astype(np.uint64)))
    valued = {"i": there, "code": code[there], "person": label[there], "source": source[there]}
    con.register("valued", pa.table({**valued, "held": held[label[there]]}))
    may = "l.source = r.source" if layer == "within" else "l.held & r.held = 0"
    return con.sql(
        f"""
        with agreeing as (
            select l.i as a, r.i as b, l.person as p, r.person as q
            from valued l join valued r on l.code = r.code and l.i < r.i and l.person <> r.person and {may}
        )
        select a, b, p, q, 1 - coalesce(probability, 0) as doubt
        from agreeing left join model using (a, b) order by a, b
        """  # noqa: S608 - no part of it is from outside
    ).to_arrow_table()


def _joined(found: pa.Table, label: Ints, source: Ints, layer: str, never: tuple[Ints, Ints]) -> Ints:
    """Return for each record number that names a person the person that it becomes: a component of ``found`` joins whole or not at all.

    Not where persons of it hold one source twice, in the layer across, nor where people said never.
    """
    count = len(label)
    p, q = found["p"].to_numpy(), found["q"].to_numpy()
    _, component = connected_components(
        coo_matrix((np.ones(len(p)), (p, q)), shape=(count, count)), directed=False
    )
    is_bad = np.zeros(count, dtype=bool)
    if layer == "across":
        held = np.unique(np.stack([label, source], axis=1), axis=0)
        each = np.unique(np.stack([component[held[:, 0]], held[:, 1]], axis=1), axis=0, return_counts=True)
        is_bad[each[0][each[1] > 1, 0]] = True
    ends = component[label[never[0]]], component[label[never[1]]]
    is_bad[ends[0][ends[0] == ends[1]]] = True
    first = np.full(count, count, dtype=np.int64)
    persons = np.unique(label)
    np.minimum.at(first, component[persons], persons)
    made = np.arange(count, dtype=np.int64)
    made[persons] = np.where(is_bad[component[persons]], persons, first[component[persons]])
    return made


def _as_staged(label: Ints, parts: list[tuple[Ints, Ints, int, float]], report: list[KeyFound]) -> Staged:
    empty = np.zeros(0, dtype=np.int64)
    a = np.concatenate([empty, *(part[0] for part in parts)])
    b = np.concatenate([empty, *(part[1] for part in parts)])
    key = np.concatenate([empty, *(np.full(len(part[0]), part[2]) for part in parts)])
    doubt = np.concatenate([empty.astype(float), *(np.full(len(part[0]), part[3]) for part in parts)])
    return Staged(label, a, b, key, 1 - np.clip(doubt, LEAST_DOUBT, 1 - LEAST_DOUBT), tuple(report))
