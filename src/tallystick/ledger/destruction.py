"""Destruction with proof: what was destroyed, how large it was, its hash, where it lay, when and why.

Deletion here is of the file and of the key that opens it (requirements 188, 251 to 264): a copy of a sealed file
that survives in a backup cannot be read by anyone. What this cannot prove is stated in the certificate: that no
plain copy was made outside the share.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """The proof of one file's end. ``path`` is relative to the share; ``key`` names the key destroyed with it."""

    path: str
    sha256: str
    size_bytes: int
    destroyed_at: str
    reason: str
    key: str = ""
    note: str = ""


def fingerprint(path: Path) -> tuple[str, int]:
    """Return ``sha256:…`` and the size in bytes of a file, read in pieces."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return f"sha256:{found}", path.stat().st_size


def certify(
    path: Path, *, root: Path, at: datetime, reason: str, key: Path | None = None, note: str = ""
) -> Certificate:
    """Return the certificate that ``destroy`` will make true; write it to the ledger first."""
    sha256, size = fingerprint(path)
    return Certificate(
        path=path.relative_to(root).as_posix(),
        sha256=sha256,
        size_bytes=size,
        destroyed_at=at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        reason=reason,
        key=key.relative_to(root).as_posix() if key else "",
        note=note,
    )


def destroy(*paths: Path) -> None:
    """Overwrite and remove these files (keys first in the argument list); one that is gone already is passed over.

    The overwriting is for what a plain disk keeps of a short key; on a copy-on-write disk it proves nothing, and
    the certificate does not claim it.
    """
    for path in paths:
        if not path.exists():
            continue
        with path.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(secrets.token_bytes(min(size, 1 << 20)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
