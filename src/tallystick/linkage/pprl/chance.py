"""How often two records agree by chance, as the supplier alone can measure it: the u probabilities, told in the manifest.

The linker cannot see them: two random records share neither birth date nor postcode, so their names do not compare. They are a few
shares for a whole file, and tell of nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.linkage.pprl import bits
from tallystick.linkage.pprl.levels import (
    ALIKE,
    LITTLE,
    ONE_CHARACTER,
    ONE_SLIP,
    OUTCOMES,
    TWO_CHARACTERS,
    TWO_SLIPS,
)

PAIRS = 200_000
Bools = npt.NDArray[np.bool_]


def chance(
    columns: Mapping[str, pa.Array], fields: Collection[str], entropy: Callable[[int], bytes]
) -> dict[str, list[float]]:
    """Return for each field the shares of its outcomes (``OUTCOMES``) among random pairs of records that both have it."""
    draw = np.random.default_rng(int.from_bytes(entropy(16), "big"))
    subkey = entropy(32)  # these filters are thrown away
    return {name: _shares(name, columns, draw, subkey) for name in OUTCOMES if name in fields}


def _shares(
    name: str, columns: Mapping[str, pa.Array], draw: np.random.Generator, subkey: bytes
) -> list[float]:
    filled = np.flatnonzero(columns[name].is_valid().to_numpy(zero_copy_only=False))
    outcomes = len(OUTCOMES[name])
    if len(filled) < 2:
        return [1.0 / outcomes] * outcomes
    a, b = (filled[draw.integers(0, len(filled), PAIRS)] for _ in range(2))
    a, b = a[a != b], b[a != b]
    whole = columns[name].dictionary_encode()
    values = whole.dictionary.to_pylist()
    grams = bits.letters if name in ("first_name", "surname") else bits.places
    codes = bits.filters(values, [""] * len(values), grams, subkey)
    packed = np.frombuffer(b"".join(codes.to_pylist()), np.uint8).reshape(len(values), -1)
    at = whole.indices.fill_null(0).to_numpy(zero_copy_only=False)
    dice = bits.dice(packed[at[a]], packed[at[b]])
    same = at[a] == at[b]

    def agree(part: str, other: str = "") -> Bools:
        left = np.array(columns[part].to_pylist(), dtype=object)
        right = np.array(columns[other or part].to_pylist(), dtype=object)
        return np.asarray((left[a] == right[b]) & (left[a] != None), dtype=bool)  # noqa: E711 - elementwise

    tried: tuple[Bools, ...]
    if name == "first_name":
        tried = (same, agree("first_root"), dice >= ALIKE, dice >= LITTLE)
    elif name == "surname":
        swapped = agree("surname", "first_name") | agree("first_name", "surname")
        tried = (same, swapped, dice >= ALIKE, agree("surname_sound"), dice >= LITTLE)
    elif name == "dob":
        tried = (same, dice >= ONE_SLIP, dice >= TWO_SLIPS, agree("dob_year") | agree("dob_day"))
    else:
        tried = (same, dice >= ONE_CHARACTER, agree("postcode_sector") | (dice >= TWO_CHARACTERS))
    outcome = np.select(tried, range(len(tried)), default=len(tried))
    counts = np.bincount(outcome, minlength=outcomes) + 0.5
    return [float(share) for share in counts / counts.sum()]
