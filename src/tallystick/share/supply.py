"""The door `supply`: a supplier's file is checked, split in two, and each half sealed to the room that may open it.

The only door that sees identifiers and attributes together (requirement 187).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from tallystick import supply as engine
from tallystick.agreement import gates
from tallystick.agreement.schema import Agreement, Dataset
from tallystick.errors import BadInput
from tallystick.ledger import fingerprint, new_key, seal
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, to_bytes


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
    """Take in one dataset's file, from ``supplies`` or from where the agreement says; a supply taken in stays so.

    Raises Refused where a rule guards the door, BadInput where the file breaks its contract.
    """
    if acts.is_done(share, event(dataset.name)):
        return
    gates.ask(agreement, "supply", clock.now.date())
    path = file_of(share, dataset, supplies)
    contract = engine.Contract.from_dataset(
        dataset,
        set_aside=agreement.supply.set_aside,
        small_count=agreement.disclosure.minimum_cell_count or 10,
    )
    taken = engine.take(path, contract, on=clock.now.date(), entropy=entropy)
    report = taken.report
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
    }
    with acts.act(
        share, event(dataset.name), name="supply", subject=dataset.name, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / f"supplier-{dataset.name}"
        room.mkdir(parents=True)
        for half, table, reader in (
            ("identifiers", taken.split.identifiers, "linker"),
            ("attributes", taken.split.attributes, "steward"),
        ):
            recipient = new_key(share.key(reader, dataset.name))
            seal(to_bytes(table), recipient, room / f"{half}.parquet.age")
        pq.write_table(taken.split.keys, room / "keys.parquet", compression="zstd")
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


def _json(value: object) -> str:
    return json.dumps(value, indent=2, default=str)


def file_of(share: Share, dataset: Dataset, supplies: Path | None) -> Path:
    """Return the dataset's file: of that name in ``supplies``, or the agreement's path inside the share."""
    named = Path(dataset.path or f"supplies/{dataset.name}.csv")
    if supplies is not None:
        path = supplies / named.name
    elif named.is_absolute() or not _is_inside(share.root / named, share.root):
        raise BadInput(
            f"The agreement's path for dataset {dataset.name} leads out of the share. "
            "Name a path inside it, or give the folder with --supplies."
        )
    else:
        path = share.root / named
    if not path.is_file():
        raise BadInput(
            f"There is no supply for dataset {dataset.name}: {path.name} is not in {path.parent.name}/. "
            "Put it there, or name its folder with --supplies."
        )
    return path


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
