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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tallystick.linkage.keys import Ints
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.resolve import Edges
from tallystick.linkage.spec import MatchKey

Bools = npt.NDArray[np.bool_]
MODEL, DECIDED = "model", "decided"
LEAST_DOUBT = 1e-6


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
    """Each record's person after the keys, the pairs that a key joined (by record number) and by which key, and the report.

    ``probability`` is 1 - the estimated false-link rate of a pair's key in its layer.
    """

    label: Ints
    a: Ints
    b: Ints
    key: Ints
    probability: npt.NDArray[np.float64]
    report: tuple[KeyFound, ...]


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
        con.register("never_one", pa.table({"a": np.minimum(*never), "b": np.maximum(*never)}))
        for layer in layers:
            for number, (key, code) in enumerate(zip(keys, codes, strict=True)):
                found = _found(con, layer, source, code, label)
                joined = _joined(con, found, label, source, layer)
                pairs = found.filter(pa.array(joined[found["p"].to_numpy()] == joined[found["q"].to_numpy()]))
                rate = float(pairs["doubt"].to_numpy().mean()) if pairs.num_rows else None
                is_used = rate is not None and 1 - rate >= threshold
                report.append(
                    KeyFound(
                        key.name, key.on, layer, pairs.num_rows, found.num_rows - pairs.num_rows, rate, is_used
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
    con.register(
        "valued", pa.table({"i": there, "code": code[there], "person": label[there], "source": source[there]})
    )
    con.register("held", pa.table({"person": label, "source": source}))
    may = (
        "l.source = r.source"
        if layer == "within"
        else """l.source <> r.source
            and not exists (select 1 from holds x join holds y using (source) where x.person = l.person and y.person = r.person)"""
    )
    return con.execute(
        f"""
        with holds as (select distinct person, source from held),
        agreeing as (
            select l.i as a, r.i as b, l.person as p, r.person as q
            from valued l join valued r on l.code = r.code and l.i < r.i and l.person <> r.person and {may}
        )
        select a, b, p, q, 1 - coalesce(probability, 0) as doubt
        from agreeing left join model using (a, b) order by a, b
        """  # noqa: S608 - no part of it is from outside
    ).to_arrow_table()


def _joined(
    con: duckdb.DuckDBPyConnection, found: pa.Table, label: Ints, source: Ints, layer: str
) -> Ints:
    """Return for each record number that names a person the person that it becomes: a component of ``found`` joins whole or not at all.

    Not where persons of it hold one source twice, in the layer across, nor where people said never.
    """
    count = len(label)
    p, q = found["p"].to_numpy(), found["q"].to_numpy()
    _, component = connected_components(coo_matrix((np.ones(len(p)), (p, q)), shape=(count, count)), directed=False)
    is_bad = np.zeros(count, dtype=bool)
    if layer == "across":
        is_person = np.unique(label)
        held = np.unique(np.stack([label, source], axis=1), axis=0)
        each = np.unique(np.stack([component[held[:, 0]], held[:, 1]], axis=1), axis=0, return_counts=True)
        is_bad[each[0][each[1] > 1, 0]] = True
        assert len(is_person)
    kept_apart = con.execute("select a, b from never_one").fetchnumpy()
    ends = component[label[kept_apart["a"]]], component[label[kept_apart["b"]]]
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
