"""Cell-key perturbation: noise that is the same wherever the same people are counted, in any table.

Each record has a random key; a cell's key is the sum of its records' keys, modulo their range; a table of noise says for
each count and cell key what is added (Fraser and Wooton 2005; the ONS method of the 2021 Census). The table here is made by
maximum entropy under zero mean, a stated variance and forbidden results (Marley and Leaver 2011).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.optimize import root

from tallystick.disclosure.grid import Floats, Ints
from tallystick.errors import BadInput

KEYS = 256


@dataclass(frozen=True)
class NoiseTable:
    """``noise[count, cell key]`` is added to a count; counts beyond the last row use the last row."""

    noise: Ints
    largest: int
    variance: float


def record_keys(ids: pa.Array, secret: bytes) -> Ints:
    """Return a key from 0 to 255 for each record: the same id has the same key for as long as the secret is kept."""
    encoded = pc.dictionary_encode(ids.cast(pa.string()))
    made = np.array(
        [hmac.digest(secret, value.encode(), "sha256")[0] for value in encoded.dictionary.to_pylist()],
        dtype=np.int64,
    )
    if encoded.null_count:
        raise BadInput("A record without an id cannot have a key. Give every record an id.")
    return np.asarray(made[np.asarray(encoded.indices)])


def noise_table(largest: int = 5, variance: float = 2.0, forbidden: int = 2) -> NoiseTable:
    """Return a table of noise of at most ``largest`` either way, with that variance, by which no count of 1 to
    ``forbidden`` comes out and a count of nought stays nought.

    Small counts that cannot have the variance within the bounds get the nearest that they can.
    """
    rows = [np.zeros(KEYS, dtype=np.int64)]
    for count in range(1, largest + forbidden + 1):
        steps = np.array(
            [step for step in range(-min(count, largest), largest + 1) if not 1 <= count + step <= forbidden]
        )
        rows.append(spread(steps, entropy_weights(steps, variance)))
    return NoiseTable(np.vstack(rows), largest, variance)


def entropy_weights(steps: Ints, variance: float) -> Floats:
    """Return the chances of each step: greatest entropy with mean 0 and the variance, or the nearest feasible one."""
    scale = float(np.abs(steps).max())
    x = steps / scale

    def weights(at: Floats) -> Floats:
        power = at[0] * x + at[1] * x**2
        made = np.exp(power - power.max())
        return np.asarray(made / made.sum())

    # between the nearest steps about 0 lies the least variance that a zero mean allows
    below, above = steps[steps <= 0].max(), steps[steps >= 0].min()
    least = float(-below * above)
    goal = max(variance, least * 1.02 + 0.02)
    for wanted in (goal, goal * 1.2, goal * 1.5, goal * 2):
        found = root(
            lambda at, wanted=wanted: [
                float(weights(at) @ x),
                float(weights(at) @ x**2) - wanted / scale**2,
            ],
            np.array([0.0, -1.0]),
            method="lm",
        )
        chances = weights(found.x)
        if abs(float(chances @ steps)) < 1e-6:
            return chances
    raise BadInput(
        "No noise has this variance within these bounds. Raise the largest step or lower the variance."
    )


def spread(steps: Ints, chances: Floats) -> Ints:
    """Return 256 steps in proportion to their chances, with a mean as near 0 as whole keys allow."""
    share = chances * KEYS
    count = np.floor(share).astype(np.int64)
    for at in np.argsort(share - count)[::-1][: KEYS - int(count.sum())]:
        count[at] += 1
    return np.repeat(steps, count)


def perturbed(
    cells: Ints, keys: Ints, shape: int, noise: NoiseTable, threshold: int = 0
) -> tuple[Floats, Ints]:
    """Return for each cell its perturbed count (NaN below ``threshold``) and its true count.

    ``cells`` gives each record's cell number, 0 to ``shape`` − 1, ``keys`` its key.
    """
    count = np.bincount(cells, minlength=shape)
    # float weights are exact here: a sum of keys stays far below 2**53
    key = np.bincount(cells, weights=keys, minlength=shape).astype(np.int64) % KEYS
    made = (count + noise.noise[np.minimum(count, len(noise.noise) - 1), key]).astype(float)
    made[made < threshold] = np.nan
    return made, count.astype(np.int64)
