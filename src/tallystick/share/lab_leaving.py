"""The lab's figures at the disclosure door: which stay, themselves or to protect others, and a last check of what was written."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tallystick.agreement.schema import Agreement
from tallystick.disclosure import Dimension, Grid, limits_of, suppress
from tallystick.disclosure.suppression import small, width_need
from tallystick.errors import Refused
from tallystick.lab.attrition import Assembled
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.leaving import Leaving, Partition, partitions, too_few

__all__ = ["leaving_of"]


def leaving_of(agreement: Agreement, found: Evaluation, assembled: Assembled) -> Leaving:
    """Return the limits of the agreement with what must stay, by primary and secondary suppression, audited (requirements 217, 219)."""
    limits = limits_of(agreement.disclosure)
    smallest, base = limits.minimum_cell_count, agreement.disclosure.rounding or 5
    stays = frozenset(hidden(partitions(found, assembled.matches), smallest))
    return Leaving(smallest, base, stays, too_few(found.cases, smallest))


def hidden(counted: Iterable[Partition], smallest: int) -> Iterable[tuple[str, str]]:
    """Yield (owner, code) of what stays: counts under ``smallest``, and as many more as protect them from subtraction."""
    for one in counted:
        values = np.array([sum(one.people), *one.people], dtype=float)
        grid = Grid((Dimension.of("people", ("total", *(f"{at}" for at in range(len(one.codes))))),), values)
        primary = small(grid, smallest)
        if not primary.any():
            continue
        frozen = np.zeros(len(values), dtype=bool)
        frozen[0] = True  # the total stands elsewhere in the report
        try:
            kept = suppress(grid, primary, width_need(int(primary.sum()), smallest), frozen=frozen).hidden
        except Refused:
            kept = np.ones(len(values), dtype=bool)  # nothing protects them but that all stay
        yield from ((one.owner, code) for code, stays in zip(one.codes, kept[1:], strict=True) if stays)
