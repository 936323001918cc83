"""The door `destroy`: identifiers go when the agreement says so, by their file and by their key, with a certificate."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from tallystick.agreement import gates
from tallystick.agreement.io import load
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.ledger import Certificate
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share
from tallystick.share.supply import event as supplied

EVENT = "destroy/identifiers"


def is_due(agreement: Agreement, clock: Clock, *, reviewed: bool = False) -> bool:
    """Return whether the agreement wants the identifiers destroyed now (tension X1: at once unless it says otherwise)."""
    until = agreement.retention.identifiers
    if isinstance(until, date):
        return clock.now.date() >= until
    return until == "on-linkage" or reviewed


def destroy(
    share: Share, agreement: Agreement, *, clock: Clock, unlinked: bool = False
) -> tuple[Certificate, ...]:
    """Destroy every sealed half of identifiers with its key, and the supplies that lie inside the share.

    Raises BadInput while nothing was linked, unless ``unlinked``: there is no undo.
    A supply that was taken from elsewhere is not ours to destroy: the certificate's note says so (requirement 188).
    """
    if agreement.linkage is not None and not unlinked and not acts.is_done(share, "link"):
        raise BadInput(
            "The link was not made yet, and without identifiers it never can be. Run `tally link run` first, "
            "or say --unlinked to destroy them all the same."
        )
    gates.ask(agreement, "destroy", clock.now.date())
    files, elsewhere = _files(share, agreement)
    note = (
        f"Taken from outside the share and left to their supplier: {', '.join(elsewhere)}."
        if elsewhere
        else ""
    )
    return acts.destroy_files(
        share,
        EVENT,
        files,
        subject="identifiers",
        reason=f"retention.identifiers = {agreement.retention.identifiers}",
        clock=clock,
        note=note,
    )


def destroy_pool(share: Share, agreement: Agreement, *, clock: Clock) -> tuple[Certificate, ...]:
    """Destroy what the steward holds of a lab's share once the pool's day is over, and return the certificates; none before.

    The pool is people who did not link (decision 0250), so it has a day of its own: `[retention] comparison_pool`.
    """
    until = agreement.pool_kept_until
    if agreement.lab is None or until is None or clock.now.date() <= until:
        return ()
    gates.ask(agreement, "destroy", clock.now.date())
    files: dict[Path, Path | None] = dict.fromkeys(
        [*sorted((share.steward / "attributes").glob("*.parquet")), *sorted(share.steward.glob("*.parquet"))]
    )
    return acts.destroy_files(
        share,
        "destroy/pool",
        files,
        subject="comparison pool",
        reason=f"retention.comparison_pool: kept until {until}",
        clock=clock,
    )


def due_files(share: Share) -> list[str]:
    """Return the paths, relative to the share, of what `destroy` would destroy now."""
    files, _ = _files(share, load(share.agreement))
    return [share.relative(file) for file in files if file.exists()]


def _files(share: Share, agreement: Agreement) -> tuple[dict[Path, Path | None], list[str]]:
    """Return each file with the key that opens it, and the names of supplies that lie outside the share."""
    files: dict[Path, Path | None] = {}
    elsewhere = []
    for dataset in agreement.datasets:
        taken = acts.last_details(share, supplied(dataset.name)).get("supply")
        if taken is None:
            continue
        for number in range(1, acts.times(share, supplied(dataset.name)) + 1):
            path = share.half(dataset.name, "identifiers", number)
            files[path] = share.half_key(dataset.name, "identifiers", number)
        if taken["is_ours"]:
            files[share.root / (dataset.path or f"supplies/{dataset.name}.csv")] = None
        else:
            elsewhere.append(taken["name"])
    files[share.state] = share.state_key
    files[share.reviewed] = share.reviewed_key
    return files, elsewhere


def when(share: Share) -> datetime | None:
    """Return when the identifiers were destroyed, or None while they stand."""
    entry = share.ledger.find(f"{EVENT}/done")
    return None if entry is None else datetime.fromisoformat(entry.at)
