"""The key that the suppliers share and the linker never has: 32 random bytes or more, in a file."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tallystick.errors import BadInput, Finding, Refused

BYTES = 32
FEWEST_DISTINCT = 16
"""Of 32 random bytes fewer than 16 are distinct less than once in 10^9 keys."""


def make_key(path: Path, entropy: Callable[[int], bytes]) -> str:
    """Write a new key (64 hexadecimal digits, mode 0600) and return its fingerprint. Raises ``BadInput`` where a file stands already."""
    key = entropy(BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(
            f"{path.name} is there already; a key is never written over. Name another file."
        ) from None
    except OSError as error:
        raise BadInput(f"{path.name} cannot be written: {error.strerror}. Name another place.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.hex().encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return fingerprint(key)


def read_key(path: Path) -> bytes:
    """Return the key in a file: hexadecimal digits, base64, or bytes as they are.

    Raises ``BadInput`` where there is no such file, ``Refused`` where the key is weak: shorter than 32 bytes, not random, or words,
    which can be guessed.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise BadInput(
            f"{path.name}: there is no such key file. `tally link key -o FILE` makes one."
        ) from None
    key = _decoded(content)
    if key is None:
        raise _weak("The key file holds words or other text, which can be guessed.")
    if len(key) < BYTES:
        raise _weak(f"The key is {len(key)} bytes long, and {BYTES} are the least.")
    if len(set(key)) < FEWEST_DISTINCT:
        raise _weak("The key is not random.")
    return key


def is_open_to_others(path: Path) -> bool:
    """Return whether others on this machine may read the file."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def derived(key: bytes, purpose: str) -> bytes:
    """Return the key's own subkey for one purpose, so that no two kinds of code can be compared."""
    return hmac.digest(key, b"tallystick pprl 1\0" + purpose.encode(), sha256)


def fingerprint(key: bytes) -> str:
    """Return what shows that two suppliers hold the same key, and nothing else of it: 64 bits of an HMAC under it."""
    return derived(key, "fingerprint").hex()[:16]


def _decoded(content: bytes) -> bytes | None:
    """Return the bytes that a key file stands for; null where it is text that is neither hexadecimal nor base64."""
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        return content
    if not text.isprintable():
        return content
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})*", text):
        return bytes.fromhex(text)
    if not all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]")):  # random base64 has all three
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _weak(message: str) -> Refused:
    remedy = "Make one with `tally link key -o FILE` and give it to the other suppliers, never to the linker."
    return Refused([Finding("linkage-key", message, remedy, where="key file")], message)
