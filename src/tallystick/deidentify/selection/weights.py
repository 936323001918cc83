"""Inverse-probability-of-linkage weights: linked records stand for the people like them who did not link.

Links are not missing at random, and an analysis of the linked alone answers for the linked alone. The probability of linkage is modelled on
the attributes (logistic, as in Harron and others 2017, Big Data & Society 4; Seaman and White 2013, Statistical Methods in
Medical Research 22), and the weight is one in each class of people of like probability (Little 1986, International Statistical
Review 54): all of the class over those of it who linked. Classes bound the weights, rest on the model for an order only, and hold
many people each, so that a weight says little of one. What no attribute holds is not mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.deidentify.selection.rates import overall

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

CLASSES = 50
LEAST = 10  # linked records, and unlinked ones in all, that a class and a model need
RIDGE = 1.0


@dataclass(frozen=True)
class Balance:
    """How far the linked are from all people in a field: the standardised difference as they are, and under the weights."""

    field: str
    before: float
    after: float


@dataclass(frozen=True)
class Weights:
    """``weight`` of each row: how many people, linked or not, a linked row stands for; NaN where it did not link.

    ``effective`` is the size of an unweighted sample of the same precision (Kish 1965).
    """

    weight: Floats
    classes: int
    largest: float
    effective: float
    balance: tuple[Balance, ...]


def weights(is_linked: Bools, fields: Mapping[str, pa.Array]) -> Weights | None:
    """Return the weights from the groups of each field (`groups.grouped`); null where fewer than 10 rows linked, or did not.

    Without fields all linked rows weigh alike.
    """
    if min(is_linked.sum(), (~is_linked).sum()) < LEAST:
        return None
    of_class = _classes(_probability(is_linked, fields), is_linked)
    everyone = np.bincount(of_class)
    linked = np.bincount(of_class, is_linked)
    weight = np.where(is_linked, np.round((everyone / linked)[of_class], 3), np.nan)
    mine = weight[is_linked]
    return Weights(
        weight,
        len(everyone),
        float(mine.max()),
        float(mine.sum() ** 2 / (mine**2).sum()),
        tuple(_balance(name, group, is_linked, weight) for name, group in fields.items()),
    )


def _probability(is_linked: Bools, fields: Mapping[str, pa.Array]) -> Floats:
    """Return each row's probability of linkage: ridge logistic regression on the groups, those of fewer than 10 rows together."""
    from sklearn.linear_model import LogisticRegression

    columns = [column for group in fields.values() for column in _indicators(group)]
    if not columns:
        return np.full(len(is_linked), is_linked.mean())
    design = np.stack(columns, axis=1)
    model = LogisticRegression(C=1 / RIDGE, max_iter=500).fit(design, is_linked)
    return np.round(np.asarray(model.predict_proba(design)[:, 1], dtype=float), 6)


def _indicators(group: pa.Array) -> list[Floats]:
    encoded = group.dictionary_encode()
    code = encoded.indices.to_numpy()
    counts = np.bincount(code)
    return [(code == place).astype(float) for place in np.flatnonzero(counts >= LEAST)]


def _classes(probability: Floats, is_linked: Bools) -> Ints:
    """Return the class of each row: up to 50 runs of probability of about one size, each with 10 linked rows at least.

    Rows of one probability are of one class.
    """
    values, place = np.unique(probability, return_inverse=True)
    size, linked = np.bincount(place), np.bincount(place, is_linked)
    of_value = np.zeros(len(values), dtype=np.int64)
    number = 0
    people = held = 0.0
    for at in range(len(values)):
        if people >= len(probability) / CLASSES and held >= LEAST:
            number, people, held = number + 1, 0.0, 0.0
        of_value[at] = number
        people, held = people + size[at], held + linked[at]
    if held < LEAST and number:  # what is left over joins the class before it
        of_value[of_value == number] = number - 1
    return np.asarray(of_value[place])


def _balance(name: str, group: pa.Array, is_linked: Bools, weight: Floats) -> Balance:
    code = group.dictionary_encode().indices.to_numpy()
    everyone = np.bincount(code).astype(float)
    before = np.bincount(code[is_linked], minlength=len(everyone)).astype(float)
    after = np.bincount(code[is_linked], weight[is_linked], minlength=len(everyone)).astype(float)
    return Balance(name, overall(before, everyone), overall(after, everyone))
