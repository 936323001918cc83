"""The provider's upload brought into a share: checked against the template and the rules of the door, then laid where the supply reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from tallystick.agreement import gates, io
from tallystick.agreement.acts import Submission
from tallystick.agreement.dataset import Dataset
from tallystick.errors import BadInput, Finding, Refused
from tallystick.lab.request import Request
from tallystick.ledger import certify, destroy, fingerprint
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked, supply_path
from tallystick.share.supply import event as supplied
from tallystick.supply.contract import RECORD_ID
from tallystick.supply.upload import check_upload

__all__ = ["Handed", "assurance", "event", "receive", "take"]


@dataclass(frozen=True)
class Handed:
    """How an upload came: who assures that it is shared lawfully, by which route, and what was done on its receipt."""

    assured_by: str
    route: str = ""
    sender_registered: bool = False
    receipt_sent: bool = False
    original_deleted: bool = False


def event(request: Request) -> str:
    """Return the id of the act in the ledger."""
    return f"lab/upload/{request.cohort}"


def assurance(request: Request, share: Share) -> str:
    """Return who assures that the cohort is shared lawfully: as the request says, else as the upload did; empty where nobody does."""
    return request.assured_by or str(acts.details_of(share, event(request)).get("assured_by", ""))


def take(request: Request, share: Share, upload: Path, handed: Handed, *, clock: Clock) -> bool:
    """Lay the upload where the cohort's supply is read from, with an entry in the ledger; return whether it was done now.

    The same file again is nothing new. Raises `BadInput` for a file that is not right, `Refused` where a rule guards the door (fewer
    than 60 people, no assurance, another route: requirements 75, 195 to 197, 232 to 237) or another cohort was taken in already.
    """
    agreement = io.load(share.agreement)
    dataset = next((one for one in agreement.datasets if one.name == request.cohort), None)
    if dataset is None:
        raise BadInput(
            f"The agreement has no dataset {request.cohort}, which the request names as its cohort."
        )
    found = check_upload(upload, on=clock.now.date())
    found.accept(assured_by=handed.assured_by, minimum=agreement.lab.minimum_cohort if agreement.lab else 60)
    sha256, size = fingerprint(upload)
    with locked(share):
        acts.recover(share)
        before = acts.details_of(share, event(request))
        if before.get("sha256") == sha256:
            return False
        if before or acts.is_done(share, supplied(dataset.name)):
            raise Refused([
                Finding("lab.other-upload", "Another cohort was taken in here already.", "Make a share of its own for this one.", dataset.name, "263")
            ])  # fmt: skip
        gates.ask(agreement, "supply", clock.now.date(), submission=Submission(
            cohort=found.rows, has_fields=tuple(name for name, filled in found.filled.items() if filled), route=handed.route,
            sender_registered=handed.sender_registered, on_template=True, compliance_assured=True,
            receipt_sent=handed.receipt_sent, original_deleted=handed.original_deleted,
        ))  # fmt: skip
        table = shaped(found.table, dataset, upload.name)
        lies = supply_path(share, dataset)
        target = lies.relative_to(share.root)
        if lies.exists():
            raise BadInput(f"{target} is there already. Move it away: the upload is laid there.")
        details: dict[str, Any] = {
            "assured_by": handed.assured_by, "route": handed.route, "rows": found.rows, "sha256": sha256, "bytes": size, "request": request.id,
        }  # fmt: skip
        with acts.act(
            share, event(request), name="lab-upload", subject=dataset.name, clock=clock, details=details
        ) as folder:
            (folder / target).parent.mkdir(parents=True)
            if target.suffix == ".parquet":
                pq.write_table(table, folder / target, compression="zstd")
            else:
                csv.write_csv(table, folder / target)
    return True


def receive(request: Request, share: Share, arrived: Path, handed: Handed, *, clock: Clock) -> bool:
    """Take in what arrived and destroy the copy that arrived, taken or not; return whether it was taken now.

    What is not taken in is entered in the ledger with the rules that it broke and the certificate of its destruction (requirements 233
    and 234). Raises what `take` raises.
    """
    proof = certify(
        arrived, root=arrived.parent, at=clock.now, reason="an upload does not stay where it arrived"
    )
    try:
        return take(request, share, arrived, handed, clock=clock)
    except (BadInput, Refused) as wrong:
        rules = sorted({finding.rule for finding in wrong.findings})
        share.ledger.append(
            "lab-upload-refused", request.cohort, {"rules": rules, "route": handed.route, "certificate": asdict(proof)},
            actor=clock.actor, at=clock.now, event_id=f"lab/refused/{request.cohort}/{proof.sha256[7:23]}/{clock.now.isoformat()}",
        )  # fmt: skip
        raise
    finally:
        destroy(arrived)


def shaped(table: pa.Table, dataset: Dataset, file: str) -> pa.Table:
    """Return the upload under the columns of the agreement's dataset; raises `BadInput` for what does not fit it."""
    names = [field.name for field in dataset.fields]
    unlisted = [
        name for name in table.column_names
        if name not in (*names, dataset.id_column, RECORD_ID) and table[name].null_count < table.num_rows
    ]  # fmt: skip
    if unlisted:
        raise BadInput(
            f"{file}: the agreement does not list {', '.join(unlisted)} for {dataset.name}. Leave it out of the upload, "
            "or have the agreement amended."
        )
    absent = [
        field.name for field in dataset.fields if field.required and field.name not in table.column_names
    ]
    if absent:
        raise BadInput(f"{file}: the agreement asks for {', '.join(absent)}. Add the column to the upload.")
    own = table[RECORD_ID] if RECORD_ID in table.column_names else None
    ids = (
        own
        if own is not None and not own.null_count
        else pa.array([str(row) for row in range(2, table.num_rows + 2)])
    )
    made = {
        name: table[name] if name in table.column_names else pa.nulls(table.num_rows, pa.string())
        for name in names if name != dataset.id_column
    }  # fmt: skip
    return pa.table({dataset.id_column: ids, **made})
