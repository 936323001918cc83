"""The door `link`: the linker opens the identifiers, links them, and writes who is who by supply key."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tallystick import linkage as engine
from tallystick.agreement import gates
from tallystick.agreement.schema import Agreement, Linkage
from tallystick.errors import BadInput
from tallystick.ledger import unseal
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, from_bytes
from tallystick.share.supply import event as supplied

EVENT = "link"


def link(
    share: Share,
    agreement: Agreement,
    *,
    clock: Clock,
    engine_name: engine.Engine = "native",
    seed: int = 1,
    step: Callable[[float, str], None] = lambda done, text: None,
) -> None:
    """Link the datasets that the agreement names; a linkage that was done stays so.

    Raises Refused where a rule guards the door, BadInput where a dataset was not supplied yet.
    """
    if agreement.linkage is None or acts.is_done(share, EVENT):
        return
    gates.ask(agreement, "link", clock.now.date())
    tables = {}
    for name in dict.fromkeys(name for pair in agreement.linkage.between for name in pair):
        if not acts.is_done(share, supplied(name)):
            raise BadInput(f"Dataset {name} was not supplied yet: run `tally supply` first.")
        step(0.0, f"opening {name}")
        sealed = unseal(share.supplier(name) / "identifiers.parquet.age", share.key("linker", name))
        tables[name] = as_the_model_names(from_bytes(sealed), agreement, name)
    step(0.1, f"{sum(table.num_rows for table in tables.values()):,} records")
    spec = engine.LinkageSpec(
        model=model_of(share, agreement.linkage),
        threshold=agreement.linkage.threshold,
        engine=engine_name,
        one_to_one=agreement.linkage.one_to_one,
        id_column="supply_key",
        seed=seed,
        keys=tuple(engine.MatchKey(key.on, key.name) for key in agreement.linkage.keys),
        stages=agreement.linkage.stages,
    )
    linked = engine.link(tables, spec)
    step(0.8, "thresholds")
    at_thresholds = engine.persons_at(linked.scored, linked.persons, spec)
    figures = engine.figures(linked, spec.threshold, spec.id_column, at_thresholds)
    figures["software"] = {name: version(name) for name in ("tallystick", "splink", "duckdb")}
    details = {
        "records": {name: table.num_rows for name, table in tables.items()},
        "links": linked.links.num_rows,
        "threshold": agreement.linkage.threshold,
        "model": agreement.linkage.model,
        "engine": engine_name,
        "seed": seed,
        **({"match_keys": linked.quality["match_keys"]} if agreement.linkage.keys else {}),
    }
    with acts.act(
        share, EVENT, name="link", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "linker"
        room.mkdir(parents=True)
        pq.write_table(linked.links, room / "links.parquet", compression="zstd")
        pq.write_table(linked.scored, room / "scored.parquet", compression="zstd")
        pq.write_table(linked.persons, room / "persons.parquet", compression="zstd")
        if agreement.lab:
            left, right = agreement.linkage.between[0]
            kinds = engine.strength(linked.links, tables[left], tables[right], left, right)
            pq.write_table(kinds, room / "strength.parquet", compression="zstd")
        (room / "model.json").write_text(json.dumps(dict(linked.model), indent=2), encoding="utf-8")
        pq.write_table(at_thresholds, room / "thresholds.parquet", compression="zstd")
        (room / "quality.json").write_text(json.dumps(figures, indent=2, default=str), encoding="utf-8")
        (room / "quality.html").write_text(
            engine.page(figures, linked.model, title=agreement.about.title or agreement.about.id),
            encoding="utf-8",
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
