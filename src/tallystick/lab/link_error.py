"""What wrong links do to an estimate, and the interval with that error carried into it.

A treated person linked to the wrong record brings somebody else's outcome, on average that of the comparison group, whose covariates
are read from the same record; a treated person whose link was missed may stand in the comparison pool. With ``precision`` the
weighted share of right links and ``contamination`` the weighted share of treated people in the comparison group, the difference that
is seen is ``precision - contamination`` times the effect (the exchangeable model of linkage error: Neter, Maynes and Ramanathan
1965; Lahiri and Larsen 2005). Dividing undoes it; the share's own uncertainty is added by the delta method: which of the links are
right is a draw, and where a review estimated the precision, so is its error. Left out: wrong links that go with the outcome.

Call it with the weights and the match probabilities of the treated::

    link_error(found.estimate, found.standard_error, weights[treated], probability[treated])
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tallystick.errors import BadInput

__all__ = ["LinkError", "link_error"]

LEAST = 0.5  # the share of the effect that must be left for a correction to be honest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinkError:
    """The estimate without the weakening by wrong links, its interval, and the share of its variance that the links add."""

    precision: float
    precision_error: float
    contamination: float
    estimate: float
    standard_error: float
    ci_low: float
    ci_high: float
    share_of_variance: float
    words: str


def link_error(
    estimate: float,
    standard_error: float,
    weights: Floats,
    probability: Floats,
    *,
    precision_error: float = 0.0,
    contamination: float = 0.0,
) -> LinkError:
    """Return the estimate and interval with the links' error; raises `BadInput` where probabilities are none or too low.

    ``weights`` and ``probability`` are those of the treated; ``precision_error`` is the standard error of their mean where a
    review estimated it.
    """
    if not (np.isfinite(probability).all() and ((probability >= 0) & (probability <= 1)).all()):
        raise BadInput("The links' probabilities must lie between 0 and 1, and every treated person has one.")
    share = weights / weights.sum()
    precision = float(share @ probability)
    drawn = float((share**2) @ (probability * (1 - probability)))
    spread = float(np.sqrt(drawn + precision_error**2))
    left = precision - contamination
    if left < LEAST:
        raise BadInput(
            f"The links are too unsure for an estimate: {precision:.0%} of those of the treated are right. Raise the threshold."
        )
    effect = estimate / left
    variance = (standard_error**2 + (effect * spread) ** 2) / left**2
    error = float(np.sqrt(variance))
    half = float(stats.norm.ppf(0.975)) * error
    added = float((effect * spread / left) ** 2 / variance) if variance > 0 else 0.0
    return LinkError(
        precision, spread, contamination, effect, error, effect - half, effect + half, added,
        f"{precision:.1%} of the links of those who took part are right by their probabilities. Without the wrong ones the "
        f"estimate would be {effect:.4g} ({effect - half:.4g} to {effect + half:.4g}).",
    )  # fmt: skip
