"""The door `deidentify`: the steward opens the attributes, and keeps those of the people who linked.

First it counts who linked and who did not (requirement 194: a link that is fuzzy falls unevenly), as rates of groups;
then the attributes of people who did not link are let go, and the sealed copies with their keys. A Justice Data Lab share keeps
them: they are the pool that the comparison group is drawn from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tallystick.agreement import gates
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.ledger import unseal
from tallystick.share import acts, who_linked
from tallystick.share.acts import Clock
from tallystick.share.link import EVENT as LINKED
from tallystick.share.rooms import Share, from_bytes, read_parquet
from tallystick.share.supply import event as supplied

EVENT = "deidentify"


def deidentify(share: Share, agreement: Agreement, *, clock: Clock) -> None:
    """Give the steward the linked people's attributes by supply key, and the link; done once for each linkage, it stays so.

    Raises Refused where a rule guards the door, BadInput where the link was not made.
    """
    number = acts.times(share, LINKED)
    if not acts.is_done(share, acts.numbered(EVENT, number)):
        gates.ask(agreement, "deidentify", clock.now.date())
        _hand_over(share, agreement, acts.numbered(EVENT, number), clock)
    sealed: dict[Path, Path | None] = {
        path: key for dataset in agreement.datasets for path, key in _sealed(share, dataset)
    }
    acts.destroy_files(
        share,
        acts.numbered("destroy/sealed-attributes", number),
        sealed,
        subject="sealed attributes",
        reason="the steward holds what the agreement lets it keep",
        clock=clock,
    )


def _sealed(share: Share, dataset: Dataset) -> list[tuple[Path, Path]]:
    """Return the sealed attributes that are there, with their keys, the last supply first."""
    numbers = range(acts.times(share, supplied(dataset.name)), 0, -1)
    each = [
        (share.half(dataset.name, "attributes", number), share.half_key(dataset.name, "attributes", number))
        for number in numbers
    ]
    return [(path, key) for path, key in each if path.exists()]


def _attributes(share: Share, dataset: Dataset) -> tuple[pa.Table | None, bool]:
    """Return a dataset's attributes as far as they are held (null: none), and whether they are those of every record.

    Of supplies that add, the last row of a record counts, and what the steward has of earlier ones stays.
    """
    parts = [from_bytes(unseal(path, key)) for path, key in _sealed(share, dataset)]
    if dataset.new_supply == "replaces" and parts:
        return parts[0], True
    held = share.steward / "attributes" / f"{dataset.name}.parquet"
    is_whole = not held.is_file()
    parts += [] if is_whole else [read_parquet(held)]
    whole: pa.Table | None = None
    for part in parts:
        if whole is not None:
            known = pc.is_in(part["supply_key"], value_set=whole["supply_key"].combine_chunks())
            part = pa.concat_tables([whole, part.filter(pc.invert(known))], promote_options="permissive")
        whole = part
    return whole, is_whole


def _hand_over(share: Share, agreement: Agreement, event_id: str, clock: Clock) -> None:
    persons = read_parquet(share.linker / "persons.parquet")
    labels = _labels(share)
    details: dict[str, object] = {}
    parts: list[who_linked.Part] = []
    between = {name for pair in agreement.linkage.between for name in pair} if agreement.linkage else set()
    with acts.act(
        share, event_id, name="deidentify", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "steward"
        (room / "attributes").mkdir(parents=True)
        kept = {}
        for dataset in agreement.datasets:
            attributes, is_whole = _attributes(share, dataset)
            if attributes is None:
                continue
            linked = with_link(attributes, persons, dataset)
            if dataset.name in between and is_whole:  # a table that others refer to is not linked itself
                parts.append(who_linked.part(linked, dataset, agreement, labels))
            # The lab's comparison pool is people who did not link, and its attrition counts those who did not.
            table = linked if agreement.lab else linked.filter(linked["is_linked"])
            table = table.drop_columns(["is_linked", "person_id"])
            pq.write_table(table, room / "attributes" / f"{dataset.name}.parquet", compression="zstd")
            kept[dataset.name] = {"rows": attributes.num_rows, "kept": table.num_rows}
            gone = 0 if is_whole else _linked_records(persons, dataset) - table.num_rows
            if gone > 0:
                kept[dataset.name]["linked_now_but_let_go_before"] = gone
        pq.write_table(persons, room / "persons.parquet", compression="zstd")
        lineage = share.linker / "lineage.parquet"
        if lineage.is_file():
            pq.write_table(read_parquet(lineage), room / "lineage.parquet", compression="zstd")
        if agreement.lab:
            strength = read_parquet(share.linker / "strength.parquet")
            pq.write_table(strength, room / "strength.parquet", compression="zstd")
        for name, table in who_linked.weight_tables(parts).items():
            (room / "weights").mkdir(exist_ok=True)
            pq.write_table(table, room / "weights" / f"{name}.parquet", compression="zstd")
        figures = _with_earlier(share, who_linked.figures(parts, agreement, labels))
        (room / "who-linked.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
        details["datasets"] = kept


def _labels(share: Share) -> pa.Table | None:
    """Return the linker's persons at each threshold; None where an older linkage has none."""
    path = share.linker / "thresholds.parquet"
    return read_parquet(path) if path.exists() else None


def _with_earlier(share: Share, figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures with the earlier rows of datasets that cannot be counted anew, and which those are.

    Who did not link is known only while a supply is at hand: of a dataset without a new one the figures are those of its last.
    """
    path = share.steward / "who-linked.json"
    if not path.is_file():
        return figures
    before = json.loads(path.read_text(encoding="utf-8"))
    counted = {row["dataset"] for row in figures["overall"]}
    made = dict(figures)
    for name in ("overall", "rates", "fields", "at_thresholds", "weights"):
        made[name] = [row for row in before[name] if row["dataset"] not in counted] + figures[name]
    worse = [row for row in before["bias"]["worse"] if row["dataset"] not in counted]
    made["bias"] = {**figures["bias"], "worse": worse + figures["bias"]["worse"]}
    made["of_an_earlier_supply"] = [
        row["dataset"] for row in made["overall"] if row["dataset"] not in counted
    ]
    return made


def _linked_records(persons: pa.Table, dataset: Dataset) -> int:
    """Return how many records of a dataset share a person with another source."""
    mine = pa.table({"supply_key": persons.filter(pc.equal(persons["source"], dataset.name))["supply_key"]})
    return int(pc.sum(with_link(mine, persons, dataset)["is_linked"]).as_py() or 0)


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
