"""The door `deidentify`: the steward opens the attributes, and keeps those of the people who linked.

First it counts who linked and who did not (requirement 194: a link that is fuzzy falls unevenly), as rates of groups;
then the attributes of people who did not link are let go, and the sealed copies with their keys. A Justice Data Lab share keeps
them: they are the pool that the comparison group is drawn from.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.agreement import gates
from tallystick.agreement.schema import Agreement, Dataset
from tallystick.ledger import unseal
from tallystick.share import acts, who_linked
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, from_bytes, read_parquet
from tallystick.share.supply import event as supplied

EVENT = "deidentify"


def deidentify(share: Share, agreement: Agreement, *, clock: Clock) -> None:
    """Give the steward the linked people's attributes by supply key, and the link; done once, it stays so.

    Raises Refused where a rule guards the door, BadInput where the link was not made.
    """
    if not acts.is_done(share, EVENT):
        gates.ask(agreement, "deidentify", clock.now.date())
        _hand_over(share, agreement, clock)
    sealed: dict[Path, Path | None] = {
        share.supplier(dataset.name) / "attributes.parquet.age": share.key("steward", dataset.name)
        for dataset in agreement.datasets
        if acts.is_done(share, supplied(dataset.name))
    }
    acts.destroy_files(
        share,
        "destroy/sealed-attributes",
        sealed,
        subject="sealed attributes",
        reason="the steward holds what the agreement lets it keep",
        clock=clock,
    )


def _hand_over(share: Share, agreement: Agreement, clock: Clock) -> None:
    persons = read_parquet(share.linker / "persons.parquet")
    labels = _labels(share)
    details: dict[str, object] = {}
    parts: list[who_linked.Part] = []
    between = {name for pair in agreement.linkage.between for name in pair} if agreement.linkage else set()
    with acts.act(
        share, EVENT, name="deidentify", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "steward"
        (room / "attributes").mkdir(parents=True)
        kept = {}
        for dataset in agreement.datasets:
            if not acts.is_done(share, supplied(dataset.name)):
                continue
            attributes = from_bytes(
                unseal(
                    share.supplier(dataset.name) / "attributes.parquet.age",
                    share.key("steward", dataset.name),
                )
            )
            linked = with_link(attributes, persons, dataset)
            if dataset.name in between:  # a table that others refer to is not linked itself
                parts.append(who_linked.part(linked, dataset, agreement, labels))
            # The lab's comparison pool is people who did not link, and its attrition counts those who did not.
            table = linked if agreement.lab else linked.filter(linked["is_linked"])
            table = table.drop_columns(["is_linked", "person_id"])
            pq.write_table(table, room / "attributes" / f"{dataset.name}.parquet", compression="zstd")
            kept[dataset.name] = {"rows": attributes.num_rows, "kept": table.num_rows}
        pq.write_table(persons, room / "persons.parquet", compression="zstd")
        if agreement.lab:
            strength = read_parquet(share.linker / "strength.parquet")
            pq.write_table(strength, room / "strength.parquet", compression="zstd")
        for name, table in who_linked.weight_tables(parts).items():
            (room / "weights").mkdir(exist_ok=True)
            pq.write_table(table, room / "weights" / f"{name}.parquet", compression="zstd")
        (room / "who-linked.json").write_text(
            json.dumps(who_linked.figures(parts, agreement, labels), indent=2), encoding="utf-8"
        )
        details["datasets"] = kept


def _labels(share: Share) -> pa.Table | None:
    """Return the linker's persons at each threshold; None where an older linkage has none."""
    path = share.linker / "thresholds.parquet"
    return read_parquet(path) if path.exists() else None


def with_link(attributes: pa.Table, persons: pa.Table, dataset: Dataset) -> pa.Table:
    """Return the attributes with ``person_id`` and ``is_linked``: whether the person is in another source too."""
    with duckdb.connect() as connection:
        connection.register("attributes", attributes)
        connection.register("persons", persons)
        return connection.sql(
            """
            with sources as (
                select person_id, count(distinct source) as sources from persons group by person_id
            )
            select a.*, p.person_id, coalesce(s.sources, 1) > 1 as is_linked
            from attributes a
            left join persons p on p.source = ? and p.supply_key = a.supply_key
            left join sources s on s.person_id = p.person_id
            order by a.supply_key
            """,
            params=[dataset.name],
        ).to_arrow_table()
