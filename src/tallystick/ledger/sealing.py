"""Sealed files (age): what a room may not read lies encrypted to the key of the room that may.

A key is one age identity in one file of mode 0600, made for one sealed file or one room's round of supplies, so
that destroying the key destroys every copy of what it sealed, in backups too.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

from pyrage import DecryptError, IdentityError, decrypt, encrypt_io, x25519

from tallystick.errors import BadInput


def new_key(path: Path) -> str:
    """Return the public recipient of a new key, written to ``path`` with mode 0600; an old key there is kept.

    Raises BadInput when what lies at ``path`` is not a key.
    """
    if path.exists():
        return str(_read_key(path).to_public())
    identity = x25519.Identity.generate()
    write_secret(path, f"{identity}\n".encode())
    return str(identity.to_public())


def write_secret(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` with mode 0600, whole or not at all, flushed to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def seal(data: bytes, recipient: str, path: Path) -> None:
    """Write ``data`` to ``path``, readable only with the key of ``recipient``. The plain bytes touch no disk."""
    with path.open("wb") as file:
        encrypt_io(io.BytesIO(data), file, [x25519.Recipient.from_str(recipient)])
        file.flush()
        os.fsync(file.fileno())


def unseal(path: Path, key_path: Path) -> bytes:
    """Return what was sealed. Raises BadInput when the key is gone, or is not this file's."""
    if not key_path.exists():
        raise BadInput(f"The key {key_path.name} was destroyed or never made; {path.name} cannot be opened.")
    try:
        return bytes(decrypt(path.read_bytes(), [_read_key(key_path)]))
    except DecryptError as error:
        raise BadInput(
            f"{path.name} cannot be opened with {key_path.name}: it was changed, or sealed to another key."
        ) from error


def _read_key(path: Path) -> x25519.Identity:
    try:
        return x25519.Identity.from_str(path.read_text(encoding="ascii").strip())
    except (IdentityError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is not an age key; restore it from a backup.") from error
