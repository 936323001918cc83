"""The files against the ledger: what is missing, changed, unknown, or there although it was destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tallystick.errors import Finding
from tallystick.ledger import fingerprint
from tallystick.share.acts import is_done
from tallystick.share.rooms import Share

AUDITED = ("rooms", "supplies", "reports", "releases", "outputs")


@dataclass(frozen=True)
class Audit:
    """How many files were compared, and every difference."""

    files: int
    findings: tuple[Finding, ...]


def audit(share: Share) -> Audit:
    """Return how the files in the rooms differ from what the ledger says was written and destroyed.

    The journal of a review that is still open grows; it is compared once the review is closed."""
    written: dict[str, str] = {}
    growing = _growing(share)
    destroyed: dict[str, str] = {}
    for entry in share.ledger.entries('"files":[{', '"certificates":[{'):
        for file in entry.details.get("files", ()) if entry.act != "destroyed" else ():
            written[file["path"]] = file["sha256"]
            destroyed.pop(file["path"], None)
        if entry.act == "destroy":
            for certificate in entry.details["certificates"]:
                written.pop(certificate["path"], None)
                destroyed[certificate["path"]] = entry.at
                if certificate["key"]:
                    destroyed[certificate["key"]] = entry.at
    findings: list[Finding] = []
    for path, sha256 in sorted(written.items()):
        file = share.root / path
        if not file.is_file():
            findings.append(
                _finding(path, "is in the ledger and not on the disk", "Restore it from a backup.")
            )
        elif fingerprint(file)[0] != sha256:
            findings.append(
                _finding(path, "is not what the ledger says was written", "Treat it as an incident.")
            )
    findings += [
        _finding(
            path, f"was destroyed at {at} and is there again", "Destroy it, and find out who restored it."
        )
        for path, at in sorted(destroyed.items())
        if (share.root / path).exists()
    ]
    findings += [
        _finding(path, "is in no entry of the ledger", "Find out who put it there, and remove it.")
        for path in _present(share.root)
        if path not in written
        and path not in destroyed
        and path not in growing
        and not path.startswith("supplies/")
    ]
    return Audit(len(written), tuple(findings))


def _growing(share: Share) -> set[str]:
    """Return the journal of a review that is open."""
    if not (share.linker / "review").exists():
        return set()
    from tallystick.share.review import CLOSED, DRAWN, JOURNAL  # here, as it brings all of linkage with it

    return {JOURNAL} if is_done(share, DRAWN) and not is_done(share, CLOSED) else set()


def _present(root: Path) -> Iterator[str]:
    for folder in AUDITED:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _finding(path: str, what: str, remedy: str) -> Finding:
    return Finding(
        rule="ledger.audit", requirement="256", where=path, message=f"The file {what}.", remedy=remedy
    )
