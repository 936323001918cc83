"""What a finished review says of a linkage: precision, recall, what blocking lost, agreement of the reviewers, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tallystick.linkage import estimates, overrides, reliability, review
from tallystick.linkage.estimates import Bools, Floats, Ints
from tallystick.linkage.overrides import Pair
from tallystick.linkage.review import State
from tallystick.linkage.sample import OUTSIDE, Stratum

UNSETTLED: tuple[Literal["left out", "yes", "no"], ...] = ("left out", "yes", "no")


def results(
    state: State, pairs: pa.Table, strata: Sequence[Stratum], rng: np.random.Generator
) -> dict[str, Any]:
    """Return the figures as plain values; ``pairs`` is the sample (`frame.drawn`), with ``rules`` (`frame.found_by`) where it is known.

    ``recall_compared`` counts the true pairs among those that were compared; ``recall`` also those that the comparison of sampled
    records with all others brought up. Raises BadInput while the review is not finished.
    """
    stratum = pairs["stratum"].to_numpy()
    made = {how: _both(state, stratum, strata, how) for how in UNSETTLED}
    answers = review.outcomes(state)
    settled = np.array([answer != "unsure" for answer in answers], dtype=bool)
    true = np.array([answer == "yes" for answer in answers], dtype=bool)
    stands_for = _stands_for(state, stratum, strata)
    linked = np.array([strata[n].is_linked for n in stratum], dtype=bool)
    return {
        **made["left out"],
        "unsettled": {
            "pairs": int((~settled).sum()),
            **{f"if_{how}": made[how] for how in UNSETTLED[1:]},
        },
        "pairs_reviewed": state.pairs,
        "looks": state.looks,
        "strata": [
            {
                **_plain(one),
                "reviewed": int(((stratum == n) & settled).sum()),
                "true": int((true & (stratum == n)).sum()),
            }
            for n, one in enumerate(strata)
        ],
        "agreement": [_plain(one) for one in review.agreements(state)],
        **(
            {"blocking": _lost(pairs, settled & true, stands_for, linked)}
            if "rules" in pairs.column_names
            else {}
        ),
        **_calibration(pairs, stratum, strata, settled, true, stands_for, rng),
    }


def decisions(state: State, pairs: pa.Table, id_column: str) -> tuple[overrides.Overrides, int]:
    """Return the settled pairs as overrides, and how many that say never were left out since others join the two.

    What is left out is the weaker: that two records are apart, against a chain of pairs that people found the same.
    """
    ends: list[Pair] = [
        ((a, b), (c, d))
        for a, b, c, d in zip(
            *(
                pairs[name].to_pylist()
                for name in ("source_l", f"{id_column}_l", "source_r", f"{id_column}_r")
            ),
            strict=True,
        )
    ]
    found = review.outcomes(state)
    always = tuple(pair for pair, answer in zip(ends, found, strict=True) if answer == "yes")
    never = tuple(pair for pair, answer in zip(ends, found, strict=True) if answer == "no")
    kept = overrides.consistent(always, never)
    return overrides.Overrides(always, kept), len(never) - len(kept)


def in_words(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a closed review's figures for a person: what each is of, and what it says.

    ``found`` is what `results` returns, with ``decisions``: how many stand, and whether they were applied.
    """
    yield "precision of the links", _interval(found["precision"])
    yield "recall among the pairs that were compared", _interval(found["recall_compared"])
    if "recall" in found:
        yield "recall with what blocking lost", _interval(found["recall"])
    if found.get("blocking", {}).get("recall_at_most") is not None:
        most = found["blocking"]["recall_at_most"]
        yield "recall by what the blocking rules caught", f"at most {most:.1%}"
    for one in found["agreement"]:
        kappa = "not defined" if one["kappa"] is None else f"{one['kappa']:.2f}"
        if one["kappa"] is not None and one["low"] is not None:
            kappa += f" ({one['low']:.2f} to {one['high']:.2f})"
        people = " and ".join(one["reviewers"])
        yield "agreement", f"{people} agree on {one['share']:.1%} of {one['pairs']}; kappa {kappa}"
    if found["unsettled"]["pairs"]:
        count = found["unsettled"]["pairs"]
        yield "not settled", f"{count} pairs nobody could settle: see review.json for what hangs on them"
    made = found["decisions"]
    yield (
        "decisions",
        f"{made['always']} always, {made['never']} never; "
        + (
            "links and persons were made anew."
            if made["applied"]
            else "the steward has the persons already: not applied."
        ),
    )


def _interval(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "cannot be said: no true pair was found in the sample"
    return f"{one['value']:.1%} (95 % interval {one['low']:.1%} to {one['high']:.1%})"


def _both(
    state: State, stratum: Ints, strata: Sequence[Stratum], unsure: Literal["left out", "yes", "no"]
) -> dict[str, Any]:
    def of(chosen: Sequence[int]) -> estimates.Counts:
        whole = review.counted(
            state, stratum.tolist(), [s.pairs for s in strata], [s.sample for s in strata],
            [s.is_linked for s in strata], unsure=unsure,
        )  # fmt: skip
        at = np.array(chosen, dtype=np.int64)
        return estimates.Counts(whole.pairs[at], whole.reviewed[at], whole.true[at], whole.is_linked[at])

    compared = [n for n, one in enumerate(strata) if one.name != OUTSIDE]
    found: dict[str, Any] = {
        "precision": _plain(estimates.precision(of(compared))),
        "recall_compared": _plain(estimates.recall(of(compared))),
    }
    if len(compared) < len(strata):
        found["recall"] = _plain(estimates.recall(of(range(len(strata)))))
    return found


def _stands_for(state: State, stratum: Ints, strata: Sequence[Stratum]) -> Floats:
    """Return how many pairs each reviewed pair stands for."""
    unsure = np.array([answer == "unsure" for answer in review.outcomes(state)], dtype=bool)
    left = np.array([one.sample - int((unsure & (stratum == n)).sum()) for n, one in enumerate(strata)])
    size = np.array([one.pairs for one in strata], dtype=float)
    return np.asarray((size / np.maximum(left, 1))[stratum])


def _lost(pairs: pa.Table, true: Bools, stands_for: Floats, linked: Bools) -> dict[str, float]:
    """Return what the blocking rules, as lists that each catch some true pairs, say of those that none caught."""
    times = pairs["rules"].to_numpy()
    caught = float(stands_for[true & (times > 0)].sum())
    missed = max(
        estimates.missed(times[true], stands_for[true]), float(stands_for[true & (times == 0)].sum())
    )
    links = float(stands_for[true & linked].sum())
    return {
        "true_pairs_caught": caught,
        "true_pairs_missed_at_least": missed,
        "recall_at_most": min(1.0, links / (caught + missed)) if caught + missed else float("nan"),
    }


def _calibration(
    pairs: pa.Table,
    stratum: Ints,
    strata: Sequence[Stratum],
    settled: Bools,
    true: Bools,
    stands_for: Floats,
    rng: np.random.Generator,
) -> dict[str, Any]:
    weight = pairs["match_weight"].to_numpy(zero_copy_only=False).astype(float)
    inside = np.array([strata[n].name != OUTSIDE for n in stratum], dtype=bool)
    use = settled & inside & ~np.isnan(weight)
    if not use.any():
        return {}
    truth, mass = true[use].astype(float), stands_for[use]
    given = pairs["match_probability"].to_numpy(zero_copy_only=False).astype(float)[use]
    kind = np.array(
        [
            f"{a} and {b}"
            for a, b in zip(pairs["source_l"].to_pylist(), pairs["source_r"].to_pylist(), strict=True)
        ]
    )[use]
    _, found = reliability.figures(given, weight[use], truth, mass, kind, rng)
    return {"calibration": found}


def _plain(value: Any) -> dict[str, Any]:
    """Return a dataclass as plain values, NaN as null, so that JSON can hold it."""
    return {name: _null(one) for name, one in asdict(value).items()}


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
