"""Meaningless ids: HMAC-SHA-256 under a random key that only the steward holds, one key for each project.

Within a project the same thing always gets the same id; between projects, and between a person and a case of one
project, nothing is shared, neither value nor order nor form (requirements 189 to 191). Destroying the key leaves ids
that nobody can make again or undo.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput

KEY_BYTES = 32
ID_BYTES = 16
"""128 bits: among ten thousand million things the chance of any collision is below one in ten to the eighteenth."""


def new_key(random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """Return a fresh random key of 32 bytes for one project (or, where its policy says so, one extract)."""
    return random(KEY_BYTES)


def keyed_id(value: str, key: bytes, thing: str) -> str:
    """Return the id of one thing: 32 hexadecimal digits without prefix or meaning.

    ``thing`` says what kind of thing is named (``person``, ``case_id``, ``school_id``), so that a person and a case with
    the same original id get ids that have nothing in common. The kind's length goes first: no two (kind, value) pairs
    are ever the same message.
    """
    kind = thing.encode()
    message = len(kind).to_bytes(4, "big") + kind + value.encode()
    return hmac.digest(key, message, "sha256")[:ID_BYTES].hex()


def keyed_ids(values: Any, key: bytes, thing: str) -> pa.Array:
    """Return the keyed id of each value, null for null; each distinct value is hashed once.

    Raises BadInput for a key that is not 32 bytes long.
    """
    if len(key) != KEY_BYTES:
        raise BadInput(
            f"A project's key must be {KEY_BYTES} random bytes, this one has {len(key)}. Make it with new_key()."
        )
    column = values if isinstance(values, pa.Array) else pa.chunked_array(values).combine_chunks()
    encoded = pc.dictionary_encode(column.cast(pa.string()))
    ids = pa.array([keyed_id(value, key, thing) for value in encoded.dictionary.to_pylist()], pa.string())
    return ids.take(encoded.indices)
