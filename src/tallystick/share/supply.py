"""The door `supply`: a supplier's file is checked, split in two, and each half sealed to the room that may open it.

The only door that sees identifiers and attributes together (requirement 187). A new file in the place of one that was taken in is a new
supply, as long as the agreement still keeps the identifiers of the earlier one: it replaces it or adds to it, as the agreement
says, and a record that was there before keeps its supply key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tallystick import supply as engine
from tallystick.agreement import gates
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import fingerprint, new_key, seal
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, read_parquet, supply_path, to_bytes


def event(dataset: str) -> str:
    """Return the id of the act in the ledger."""
    return f"supply/{dataset}"


def supply(
    share: Share,
    agreement: Agreement,
    dataset: Dataset,
    *,
    supplies: Path | None,
    clock: Clock,
    entropy: Callable[[int], bytes],
) -> None:
    """Take in one dataset's file, from ``supplies`` or from where the agreement says; the same file is taken in once.

    Raises Refused where a rule guards the door or the earlier identifiers are gone, BadInput where the file breaks its contract.
    """
    number = acts.times(share, event(dataset.name)) + 1
    path = file_of(share, dataset, supplies) if number == 1 else new_file(share, agreement, dataset, supplies)
    if path is None:
        return
    gates.ask(agreement, "supply", clock.now.date())
    if number > 1:
        _require_identifiers(share, agreement, dataset)
    known = read_parquet(share.supplier(dataset.name) / "keys.parquet") if number > 1 else None
    contract = engine.Contract.from_dataset(
        dataset,
        set_aside=agreement.supply.set_aside,
        small_count=agreement.disclosure.minimum_cell_count or 10,
    )
    taken = engine.take(path, contract, on=clock.now.date(), entropy=entropy, known=known)
    report = taken.report
    keys = taken.split.keys
    if known is not None:
        _require_whole(dataset, known, keys)
        keys = _with_earlier(known, keys) if dataset.new_supply == "adds" else keys
    sha256, size = fingerprint(path)
    details = {
        "dataset": dataset.name,
        "supply": {
            "name": path.name,
            "sha256": sha256,
            "bytes": size,
            "is_ours": _is_inside(path, share.root),
        },
        "rows": report.rows,
        "set_aside": report.set_aside,
        "not_eligible": report.ineligible,
        "taken": report.kept,
        **({"number": number, "new_supply": dataset.new_supply} if number > 1 else {}),
    }
    event_id = acts.numbered(event(dataset.name), number)
    with acts.act(
        share, event_id, name="supply", subject=dataset.name, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / f"supplier-{dataset.name}"
        room.mkdir(parents=True)
        for half, table in (
            ("identifiers", taken.split.identifiers),
            ("attributes", taken.split.attributes),
        ):
            recipient = new_key(share.half_key(dataset.name, half, number))
            seal(to_bytes(table), recipient, room / share.half(dataset.name, half, number).name)
        pq.write_table(keys, room / "keys.parquet", compression="zstd")
        profile = taken.profile
        (room / "quality.html").write_text(engine.page(report, profile, private=True), encoding="utf-8")
        (room / "quality.json").write_text(_json(profile.as_dict()), encoding="utf-8")
        steward = folder / "rooms" / "steward" / "supplies"
        steward.mkdir(parents=True)
        (steward / f"{dataset.name}.html").write_text(
            engine.page(report, profile, private=False), encoding="utf-8"
        )
        (steward / f"{dataset.name}.json").write_text(
            _json({"report": report.as_dict(), "profile": profile.summary()}), encoding="utf-8"
        )


def new_file(share: Share, agreement: Agreement, dataset: Dataset, supplies: Path | None) -> Path | None:
    """Return the file of a new supply of a dataset that was supplied before: another one than was taken in last; else None.

    A lab's share takes each supply once: its requests fix what they are about.
    """
    if agreement.lab is not None:
        return None
    try:
        path = file_of(share, dataset, supplies)
    except BadInput:
        return None
    return (
        path
        if fingerprint(path)[0] != acts.last_details(share, event(dataset.name))["supply"]["sha256"]
        else None
    )


def _require_identifiers(share: Share, agreement: Agreement, dataset: Dataset) -> None:
    """Raise Refused where the identifiers of the earlier supplies are gone: nothing can be linked with them."""
    if any(
        acts.is_done(share, f"{gone}/done") for gone in ("destroy/identifiers", f"destroy/{dataset.name}")
    ):
        raise Refused([
            Finding(
                "supply.again",
                f"A new supply of {dataset.name} lies there, but the identifiers of the earlier one were destroyed: they cannot be linked.",
                "Make a new share for it. To link a new supply each year and keep the person ids, agree on a day in `[retention] identifiers`, "
                f"not {agreement.retention.identifiers}, before the first linkage.",
                f"dataset {dataset.name!r}", "188, 265",
            )
        ])  # fmt: skip


def _require_whole(dataset: Dataset, known: pa.Table, keys: pa.Table) -> None:
    """Raise BadInput where a supply that replaces would withdraw most of the records: it looks like an addition."""
    still = int(
        pc.sum(pc.is_in(known["supply_key"], value_set=keys["supply_key"].combine_chunks())).as_py() or 0
    )
    if dataset.new_supply == "replaces" and still < known.num_rows / 2:
        raise BadInput(
            f"Dataset {dataset.name}: the new supply holds {still:,} of the {known.num_rows:,} earlier records, and the others would be "
            'withdrawn. If the file holds only what is new, say `new_supply = "adds"` under the dataset in the agreement; '
            "if its record ids are new ones, supply it with the earlier ids."
        )


def _with_earlier(known: pa.Table, keys: pa.Table) -> pa.Table:
    """Return the keys of all records that were ever added."""
    gone = pc.invert(pc.is_in(known["supply_key"], value_set=keys["supply_key"].combine_chunks()))
    return pa.concat_tables([known.filter(gone), keys.cast(known.schema)])


def _json(value: object) -> str:
    return json.dumps(value, indent=2, default=str)


def file_of(share: Share, dataset: Dataset, supplies: Path | None) -> Path:
    """Return the dataset's file: of that name in ``supplies``, or the agreement's path inside the share."""
    path = (
        supply_path(share, dataset)
        if supplies is None
        else supplies / Path(dataset.path or f"{dataset.name}.csv").name
    )
    if not path.is_file():
        raise BadInput(
            f"There is no supply for dataset {dataset.name}: {path.name} is not in {path.parent.name}/. "
            "Put it there, or name its folder with --supplies."
        )
    return path


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
