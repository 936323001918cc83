"""The door `link`: the linker opens the identifiers, links them, and writes who is who by supply key.

It is opened again by a new supply and by decisions that changed (`overrides.csv`): what is new is compared with all, the rest
stands, person ids stay, and what became of them is in `lineage.parquet`. For that the linker keeps its state, sealed, as long as the
agreement keeps identifiers, and no longer.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tallystick import linkage as engine
from tallystick.agreement import gates
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement, Linkage
from tallystick.errors import BadInput
from tallystick.ledger import fingerprint, new_key, seal, unseal
from tallystick.linkage import levels, lineage, overrides, state
from tallystick.linkage.outcome import decided_again
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, from_bytes, read_parquet
from tallystick.share.supply import event as supplied

EVENT = "link"
ID = "supply_key"
OF_IDENTIFIERS = ("completeness", "by_identifiers", "implausible", "notes")
"""The figures of a linkage that its identifiers are counted for."""


def link(
    share: Share,
    agreement: Agreement,
    *,
    clock: Clock,
    engine_name: engine.Engine = "native",
    seed: int = 1,
    step: Callable[[float, str], None] = lambda done, text: None,
) -> None:
    """Link the datasets that the agreement names, again where there is a new supply or another decision.

    Raises Refused where a rule guards the door, BadInput where a dataset was not supplied yet.
    """
    if agreement.linkage is None or not is_due(share, agreement):
        return
    gates.ask(agreement, "link", clock.now.date())
    number = acts.times(share, EVENT) + 1
    tables = {}
    for name, first in _new_supplies(share, agreement).items():
        step(0.0, f"opening {name}")
        tables[name] = identifiers(share, agreement, name, first)
    step(0.1, f"{sum(table.num_rows for table in tables.values()):,} records")
    spec = spec_of(share, agreement.linkage, decisions(share), engine_name, seed)
    kept = None if number == 1 else _state(share)
    if number == 1:
        linked = engine.link(tables, spec)
    elif kept is not None:
        adds = [name for name in tables if _dataset(agreement, name).new_supply == "adds"]
        linked = engine.refresh(kept, tables, spec, adds)
    else:
        model = json.loads((share.linker / "model.json").read_text(encoding="utf-8"))
        before = earlier(share, number - 2)
        linked = decided_again(read_parquet(share.linker / "scored.parquet"), before, spec, model)
    step(0.8, "figures")
    details = {
        "records": dict(linked.quality["records"]),
        "links": linked.links.num_rows,
        "threshold": agreement.linkage.threshold,
        "model": agreement.linkage.model,
        "engine": engine_name,
        "seed": seed,
        **_inputs(share, agreement),
        **({"match_keys": linked.quality["match_keys"]} if "match_keys" in linked.quality else {}),
        **(_changes(linked, number - 1) if number > 1 else {}),
    }
    event_id = acts.numbered(EVENT, number)
    with acts.act(
        share, event_id, name="link", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "linker"
        room.mkdir(parents=True)
        _write(room, linked, spec, agreement.about.title or agreement.about.id, share.linker / "quality.json")
        if number > 1:
            pq.write_table(linked.lineage, room / "lineage.parquet", compression="zstd")
        if agreement.lab and tables:
            left, right = agreement.linkage.between[0]
            kinds = engine.strength(linked.links, tables[left], tables[right], left, right)
            pq.write_table(kinds, room / "strength.parquet", compression="zstd")
        if agreement.retention.identifiers != "on-linkage" and (number == 1 or kept is not None):
            packed = state.packed(state.after(linked, tables, spec, kept))
            seal(packed, new_key(share.state_key), room / share.state.name)
    _let_go_of_superseded(share, agreement, clock)


def is_due(share: Share, agreement: Agreement) -> bool:
    """Return whether there is something to link: never linked, a new supply, or other decisions than the last time.

    Raises BadInput where a dataset was not supplied yet.
    """
    for name in linked_names(agreement):
        if not acts.is_done(share, supplied(name)):
            raise BadInput(f"Dataset {name} was not supplied yet: run `tally supply` first.")
    if not acts.is_done(share, EVENT):
        return True
    before, now = _last_inputs(share, agreement), _inputs(share, agreement)
    is_newer = any(now["supplies"].get(name, 0) > count for name, count in before["supplies"].items())
    return is_newer or now["overrides"] != before["overrides"]


def linked_names(agreement: Agreement) -> list[str]:
    """Return the datasets that the agreement links, each once, in its order."""
    between = agreement.linkage.between if agreement.linkage else ()
    return list(dict.fromkeys(name for pair in between for name in pair))


def identifiers(share: Share, agreement: Agreement, name: str, first: int = 1) -> pa.Table:
    """Return a dataset's identifiers under the model's names, from its supply number ``first`` on.

    A supply that replaces stands for all before it; of supplies that add, the last row of a record counts.
    """
    last = acts.times(share, supplied(name))
    numbers = range(last, last - 1, -1)
    if _dataset(agreement, name).new_supply == "adds":
        numbers = range(last, first - 1, -1)
    whole: pa.Table | None = None
    for number in numbers:
        path = share.half(name, "identifiers", number)
        table = from_bytes(unseal(path, share.half_key(name, "identifiers", number)))
        if whole is not None:
            known = pc.is_in(table[ID], value_set=whole[ID].combine_chunks())
            table = pa.concat_tables([whole, table.filter(pc.invert(known))], promote_options="default")
        whole = table
    assert whole is not None
    return as_the_model_names(whole, agreement, name)


def _dataset(agreement: Agreement, name: str) -> Dataset:
    return next(dataset for dataset in agreement.datasets if dataset.name == name)


def _inputs(share: Share, agreement: Agreement) -> dict[str, Any]:
    """Return what a linkage is made from, as the ledger notes it: the number of each supply, the hash of the decisions."""
    path = share.decisions
    return {
        "supplies": {
            one.name: count for one in agreement.datasets if (count := acts.times(share, supplied(one.name)))
        },
        "overrides": fingerprint(path)[0] if path.is_file() else "",
    }


def _last_inputs(share: Share, agreement: Agreement) -> dict[str, Any]:
    said = acts.last_details(share, EVENT)
    first = dict.fromkeys(linked_names(agreement), 1)
    return {"supplies": dict(said.get("supplies", first)), "overrides": said.get("overrides", "")}


def _new_supplies(share: Share, agreement: Agreement) -> dict[str, int]:
    """Return each dataset with a supply that was not linked yet, and the number of the first such supply."""
    is_linked = acts.is_done(share, EVENT)
    before = _last_inputs(share, agreement)["supplies"] if is_linked else {}
    now = _inputs(share, agreement)["supplies"]
    return {
        name: before.get(name, 0) + 1 for name in linked_names(agreement) if now[name] > before.get(name, 0)
    }


def spec_of(
    share: Share,
    linkage: Linkage,
    decided: overrides.Overrides,
    engine_name: engine.Engine = "native",
    seed: int = 1,
) -> engine.LinkageSpec:
    """Return how the agreement wants the datasets linked, under these decisions."""
    return engine.LinkageSpec(
        model=model_of(share, linkage),
        threshold=linkage.threshold,
        engine=engine_name,
        one_to_one=linkage.one_to_one,
        id_column=ID,
        seed=seed,
        always=decided.always,
        never=decided.never,
        keys=tuple(engine.MatchKey(key.on, key.name) for key in linkage.keys),
        stages=linkage.stages,
        at=linkage.thresholds,
        layers=linkage.layers,
    )


def decisions(share: Share, review: overrides.Overrides | None = None) -> overrides.Overrides:
    """Return what people decided: in `overrides.csv`, and in a clerical review (that which was closed, unless one is given).

    A pair in both is as the file says.
    """
    path = share.linker / "review" / "decisions.csv"
    if review is None:
        review = overrides.read(path) if path.is_file() else overrides.Overrides()
    if not share.decisions.is_file():
        return review
    own = overrides.read(share.decisions)
    said = {frozenset(pair) for pair in (*own.always, *own.never)}
    return overrides.Overrides(
        (*own.always, *(pair for pair in review.always if frozenset(pair) not in said)),
        (*own.never, *(pair for pair in review.never if frozenset(pair) not in said)),
    )


def _state(share: Share) -> state.State | None:
    """Return what the last linkage left, with the persons and the lineage as they are now (a review may have moved them); None where it is gone."""
    if not share.state.is_file() or not share.state_key.is_file():
        return None
    kept = state.unpacked(unseal(share.state, share.state_key))
    now = earlier(share, kept.refreshes)
    return replace(kept, persons=now.persons, lineage=now.lineage)


def earlier(share: Share, refreshes: int) -> lineage.Earlier:
    """Return the ids that a linkage without identifiers keeps."""
    path = share.linker / "lineage.parquet"
    rows = read_parquet(path) if path.is_file() else lineage.SCHEMA.empty_table()
    return lineage.Earlier(read_parquet(share.linker / "persons.parquet"), rows, refreshes)


def _changes(linked: engine.Linked, refresh: int) -> dict[str, Any]:
    """Return what a refresh did, in counts: records, and what became of person ids (which are listed in `lineage.parquet`)."""
    own = linked.lineage.filter(pc.equal(linked.lineage["refresh"], refresh))
    return {
        "refresh": dict(linked.quality.get("refresh", {})),
        "lineage": dict(sorted(Counter(own["kind"].to_pylist()).items())),
    }


def tables_of(linked: engine.Linked, spec: engine.LinkageSpec) -> dict[str, pa.Table]:
    """Return what the linker's room holds of a linkage that decisions change: links, persons, persons at other thresholds, fractures."""
    steps = levels.steps(linked.persons, spec.threshold, sorted(set(spec.at) - {spec.threshold}))
    return {
        "links": linked.links,
        "persons": linked.persons,
        "thresholds": engine.persons_at(linked.scored, linked.persons, spec),
        **({"fractures": levels.breaks(linked.persons, steps)} if steps else {}),
    }


def _write(
    room: Path, linked: engine.Linked, spec: engine.LinkageSpec, title: str, earlier_figures: Path
) -> None:
    """Write the linkage's tables, every scored pair, the model and the linker's page.

    Where it was only decided anew, without identifiers, what the last linkage said of them stands.
    """
    tables = tables_of(linked, spec)
    figures = engine.figures(linked, spec.threshold, spec.id_column, tables["thresholds"])
    if not linked.records:
        said = json.loads(earlier_figures.read_text(encoding="utf-8"))
        figures |= {name: said[name] for name in OF_IDENTIFIERS if name in said} | {"decided_anew": True}
    figures["software"] = {name: version(name) for name in ("tallystick", "splink", "duckdb")}
    for name, table in {**tables, "scored": linked.scored}.items():
        pq.write_table(table, room / f"{name}.parquet", compression="zstd")
    (room / "model.json").write_text(json.dumps(dict(linked.model), indent=2), encoding="utf-8")
    (room / "quality.json").write_text(json.dumps(figures, indent=2, default=str), encoding="utf-8")
    (room / "quality.html").write_text(engine.page(figures, linked.model, title=title), encoding="utf-8")


def _let_go_of_superseded(share: Share, agreement: Agreement, clock: Clock) -> None:
    """Destroy the identifiers of supplies that a later one replaced, once that one is linked."""
    for name in linked_names(agreement):
        last = acts.times(share, supplied(name))
        if _dataset(agreement, name).new_supply == "adds":
            continue
        for before in range(1, last):
            if (sealed := share.half(name, "identifiers", before)).exists():
                acts.destroy_files(
                    share,
                    f"destroy/superseded/{name}/{before}",
                    {sealed: share.half_key(name, "identifiers", before)},
                    subject=f"identifiers of {name}, supply {before}",
                    reason="a later supply replaced it",
                    clock=clock,
                )


def as_the_model_names(table: pa.Table, agreement: Agreement, dataset: str) -> pa.Table:
    """Return the identifiers under the names of their roles in the linkage model (`matches` in the agreement)."""
    fields = next(found.fields for found in agreement.datasets if found.name == dataset)
    roles = {field.name: field.matches or field.name for field in fields}
    return table.rename_columns([roles.get(name, name) for name in table.column_names])


def model_of(share: Share, linkage: Linkage) -> str | dict[str, Any]:
    """Return the shipped model's name, or the trained Splink settings in the file that the agreement names."""
    if not linkage.model.endswith(".json"):
        return linkage.model
    path = share.root / linkage.model
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The agreement's linkage model {linkage.model} cannot be read ({type(error).__name__}). "
            "Put the trained Splink settings there, or name the shipped model `person`."
        ) from error
