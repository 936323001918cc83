"""The linkage of a set of sources from raw tables to persons: clean, train, score, calibrate, resolve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import calibrate, clean, compare, engines, lineage, overrides, person, resolve
from tallystick.linkage.blocking import within_budget
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.spec import LinkageSpec, Linked
from tallystick.linkage.train import train

FLOOR = 0.002  # pairs less probable than this under the trained model are not kept: they count as never seen
SINGLE = 1.0
TURNS = 12
STILL = 0.02  # bits


def link(tables: Mapping[str, pa.Table], spec: LinkageSpec) -> Linked:
    """Return links and persons of the records in ``tables`` (source name to table); one source is de-duplicated.

    Raises ``BadInput`` for ids that are missing or repeat, for sources without a common column that the model knows, and for
    a model that is not trained or reads columns that are not there.
    """
    if not tables:
        raise BadInput("There is nothing to link. Give at least one file.")
    ids = {source: clean.record_ids(table, spec.id_column, source) for source, table in tables.items()}
    if spec.model == "person":
        cleaned = {
            source: clean.standard(tables[source], spec.id_column, source) for source in sorted(tables)
        }
        sources, notes = _common(cleaned, spec.id_column)
        model, scored = _self_trained(sources, spec)
    elif isinstance(spec.model, str):
        raise BadInput(f"There is no shipped model {spec.model!r}. Use 'person' or a Splink settings file.")
    else:
        sources, notes = _as_the_model_reads(tables, spec)
        model = dict(spec.model)
        scored = engines.links(
            spec.engine,
            sources,
            model,
            min(spec.threshold, FLOOR),
            id_column=spec.id_column,
            master=spec.master,
        )
    numbers = Numbers(sources, spec.id_column)
    pairs = scored.num_rows
    scored = overrides.applied(scored, numbers, spec.always, spec.never)
    label = _resolved(numbers, scored, spec)
    return Linked(
        links=_accepted(scored, numbers, label, spec),
        persons=_persons(numbers, scored, label, spec),
        model=model,
        quality={
            "records": {source: len(ids[source]) for source in sorted(ids)},
            "pairs_scored": pairs,
            **({"decided": len(spec.always) + len(spec.never)} if spec.always or spec.never else {}),
        },
        scored=scored,
        notes=notes,
    )


def _common(
    cleaned: Mapping[str, clean.Cleaned], id_column: str
) -> tuple[dict[str, pa.Table], tuple[str, ...]]:
    """Return the tables with the columns that all sources have and that hold something, and notes on the rest."""
    filled = {
        source: [
            c
            for c in one.table.column_names
            if c == id_column or one.table[c].null_count < one.table.num_rows
        ]
        for source, one in cleaned.items()
    }
    first = next(iter(filled.values()))
    shared = [c for c in first if all(c in names for names in filled.values())]
    if len(person.comparisons(shared)) < 2:
        raise BadInput(
            "The files have fewer than two columns in common that the person model compares. "
            "Name the columns first_name, surname, dob, gender, postcode (see `docs/linkage.md` for the others)."
        )
    notes = []
    for source, one in cleaned.items():
        if one.ignored:
            notes.append(f"{source}: not used in the linkage: {', '.join(one.ignored)}.")
        parts = [c for c in filled[source] if c not in shared and c in {x.name for x in person.COMPARISONS}]
        if parts:
            notes.append(f"{source}: not compared, for another file lacks it: {', '.join(parts)}.")
        notes.extend(
            f"{source}: {count:,} values of {part} could not be read and count as missing."
            for part, count in one.unread.items()
            if count
        )
    missing = [c for c in ("first_name", "surname", "dob", "gender", "postcode") if c not in shared]
    if missing:
        notes.append(f"The comparisons of {', '.join(missing)} were dropped: not every file has the column.")
    return {source: one.table.select(shared) for source, one in cleaned.items()}, tuple(notes)


def _self_trained(sources: Mapping[str, pa.Table], spec: LinkageSpec) -> tuple[dict[str, Any], pa.Table]:
    """Return the person model trained and calibrated on ``sources``, and the pairs scored by it."""
    columns = next(iter(sources.values())).column_names
    link_type = "dedupe_only" if len(sources) == 1 else "link_and_dedupe"
    untrained = person.settings(columns, (), link_type, spec.id_column)
    con = compare.open_records(sources, untrained, spec.id_column)
    count = sum(table.num_rows for table in sources.values())
    blocking = within_budget(con, person.BLOCKING, spec.pairs_per_record * count)
    trained = train(con, person.settings(columns, blocking.rules, link_type, spec.id_column), spec.seed)
    con.close()
    trained = person.with_household(trained, columns)
    scored = engines.links(spec.engine, sources, trained, FLOOR, id_column=spec.id_column, master=spec.master)
    numbers = Numbers(sources, spec.id_column)
    edges = numbers.edges(scored)
    shift = _shifts(numbers, edges, trained["probability_two_random_records_match"])
    edges = resolve.Edges(edges.a, edges.b, edges.log_odds + shift)
    line = _line(numbers.count, edges)
    if line is None:
        return trained, scored
    weight = line(edges.log_odds)
    scored = scored.set_column(scored.column_names.index("match_weight"), "match_weight", pa.array(weight))
    at = scored.column_names.index("match_probability")
    usual = float(np.average(shift, weights=1 / (1 + np.exp2(-np.clip(weight, -60, 60)))))
    overall = calibrate.Line(line.slope, line.shift + line.slope * usual)
    return calibrate.calibrated(trained, overall), scored.set_column(
        at, "match_probability", pa.array(1 / (1 + np.exp2(-weight)))
    )


def _shifts(numbers: Numbers, edges: resolve.Edges, prior: float) -> npt.NDArray[np.float64]:
    """Return for each edge the bits by which the prior of its two sources differs from that of all (zeros for one source)."""
    found = np.zeros(len(edges.a))
    if len(numbers.order) == 1:
        return found
    size = [len(numbers.ids[source]) for source in numbers.order]
    starts = np.array([numbers.start[source] for source in numbers.order])
    side = [np.searchsorted(starts, end, side="right") - 1 for end in (edges.a, edges.b)]
    low, high = np.minimum(*side), np.maximum(*side)
    for i in range(len(size)):
        for j in range(i, len(size)):
            at = (low == i) & (high == j)
            pairs = size[i] * (size[i] - 1) / 2 if i == j else size[i] * size[j]
            found[at] = calibrate.prior_shift(edges.log_odds[at], prior, pairs)
    return found


def _line(records: int, edges: resolve.Edges) -> calibrate.Line | None:
    """Return the line from match weight to log-odds on which calibration and resolution agree.

    Persons are resolved at even odds, the line is fitted to them, and both are done again under the new line until it stays.
    Because one pair can say little against (``resolve.AGAINST``), the end does not depend on the start.
    """
    line: calibrate.Line | None = None
    for _ in range(TURNS):
        odds = edges.log_odds if line is None else line(edges.log_odds)
        label = resolve.persons(records, resolve.Edges(edges.a, edges.b, odds))
        found = calibrate.fitted(edges.log_odds, (label[edges.a] == label[edges.b]).astype(float))
        if found is None:
            return line
        if line is not None and abs(found.even - line.even) < STILL:
            return found
        line = found
    return line


def prepared(tables: Mapping[str, pa.Table], model: Mapping[str, Any], id_column: str) -> dict[str, pa.Table]:
    """Return the tables as ``model`` reads them, cleaned where it reads the person model's columns. Raises BadInput where one is missing."""
    return _as_the_model_reads(tables, LinkageSpec(model=model, id_column=id_column))[0]


def resolved_again(scored: pa.Table, persons: pa.Table, spec: LinkageSpec) -> tuple[pa.Table, pa.Table]:
    """Return links and persons anew from pairs scored before (``Linked.scored``), under the decisions and the threshold of ``spec``.

    No identifier is needed: ``persons`` names the records.
    """
    names = sorted(set(persons["source"].to_pylist()))
    numbers = Numbers(
        {name: persons.filter(pc.equal(persons["source"], name)) for name in names}, spec.id_column
    )
    decided = overrides.applied(scored, numbers, spec.always, spec.never)
    label = _resolved(numbers, decided, spec)
    return _accepted(decided, numbers, label, spec), _persons(numbers, decided, label, spec)


def _as_the_model_reads(
    tables: Mapping[str, pa.Table], spec: LinkageSpec
) -> tuple[dict[str, pa.Table], tuple[str, ...]]:
    """Return the tables as a given Splink model reads them: as they are, or cleaned if it reads the person model's columns."""
    model = spec.model
    assert not isinstance(model, str)
    wanted = engines.columns_read(model)
    raw = dict(tables)
    if all(wanted <= set(table.column_names) for table in raw.values()):
        keep = [spec.id_column, *sorted(wanted - {spec.id_column})]
        return {
            s: t.select(keep).set_column(0, spec.id_column, clean.record_ids(t, spec.id_column, s))
            for s, t in raw.items()
        }, ()
    cleaned = {
        source: clean.standard(table, spec.id_column, source).table for source, table in tables.items()
    }
    for source, table in cleaned.items():
        missing = sorted(wanted - set(table.column_names) - set(tables[source].column_names))
        if missing:
            raise BadInput(
                f"{source}: the model reads columns that are not there: {', '.join(missing)}. Add them, or use another model."
            )
    return {
        source: table.select([spec.id_column, *sorted(wanted - {spec.id_column})])
        for source, table in cleaned.items()
    }, ()


def _resolved(numbers: Numbers, scored: pa.Table, spec: LinkageSpec) -> resolve.Ints:
    edges = numbers.edges(scored)
    return resolve.persons(numbers.count, edges, _log_odds(spec.threshold))


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return float(np.log2(p / (1 - p)))


def _accepted(scored: pa.Table, numbers: Numbers, label: resolve.Ints, spec: LinkageSpec) -> pa.Table:
    """Return the scored pairs at or above the threshold whose records became one person."""
    edges = numbers.edges(scored)
    keep = (label[edges.a] == label[edges.b]) & (scored["match_probability"].to_numpy() >= spec.threshold)
    return scored.filter(pa.array(keep))


def _persons(numbers: Numbers, scored: pa.Table, label: resolve.Ints, spec: LinkageSpec) -> pa.Table:
    """Return source, id, person_id and how probably the record belongs with the rest of its person (1 if it stands alone)."""
    edges = numbers.edges(scored)
    inside = label[edges.a] == label[edges.b]
    probability = np.zeros(numbers.count)
    given = scored["match_probability"].to_numpy()[inside]
    np.maximum.at(probability, edges.a[inside], given)
    np.maximum.at(probability, edges.b[inside], given)
    alone = np.bincount(label, minlength=numbers.count)[label] == 1
    probability[alone] = SINGLE
    sources, ids = numbers.names()
    return pa.table(
        {
            "source": sources,
            spec.id_column: ids,
            "person_id": lineage.first_ids(label, numbers),
            "match_probability": pa.array(probability),
        }
    )
