"""The door `link`: the linker opens the identifiers, links them, and writes who is who by supply key."""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow.parquet as pq

from tallystick import linkage as engine
from tallystick.agreement import gates
from tallystick.agreement.schema import Agreement
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
    engine_name: str = "native",
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
        tables[name] = from_bytes(
            unseal(share.supplier(name) / "identifiers.parquet.age", share.key("linker", name))
        )
    spec = engine.LinkageSpec.from_agreement(agreement, engine=engine_name, seed=seed)
    linked = engine.link(tables, spec, id_column="supply_key", step=step)
    details = {
        "records": {name: table.num_rows for name, table in tables.items()},
        "links": linked.links.num_rows,
        "threshold": agreement.linkage.threshold,
        "model": agreement.linkage.model,
        "engine": engine_name,
        "seed": seed,
    }
    with acts.act(
        share, EVENT, name="link", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "linker"
        room.mkdir(parents=True)
        pq.write_table(linked.links, room / "links.parquet", compression="zstd")
        pq.write_table(linked.persons, room / "persons.parquet", compression="zstd")
        (room / "model.json").write_text(json.dumps(linked.model, indent=2), encoding="utf-8")
        (room / "quality.json").write_text(
            json.dumps(linked.quality, indent=2, default=str), encoding="utf-8"
        )
        (room / "quality.html").write_text(engine.quality_page(linked), encoding="utf-8")
