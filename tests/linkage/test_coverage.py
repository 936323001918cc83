"""2,000 clerical reviews of one linkage with known truth, each designed, drawn and judged anew: how often do the intervals hold it?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tallystick import synth
from tallystick.linkage import LinkageSpec, estimates, files, frame, link
from tallystick.linkage.estimates import Bools, Counts
from tallystick.linkage.frame import Drawn
from tallystick.linkage.link import prepared

ID = "record_id"
REVIEWS, PAIRS, RECORDS = 2000, 400, 100
MONTE_CARLO = 2.394 * np.sqrt(0.95 * 0.05 / REVIEWS)
"""Three intervals are held to it at once, so each at 1 - 0.05 / 3 (Bonferroni)."""

pytestmark = pytest.mark.slow


def twice_the_errors() -> synth.ErrorModel:
    model = synth.shipped()
    rates = {
        source: {field: {kind: 2 * rate for kind, rate in kinds.items()} for field, kinds in fields.items()}
        for source, fields in model.rates.items()
    }
    return synth.ErrorModel(rates, model.groups)


def is_one_person(pairs: pa.Table, person: dict[tuple[str, str], str]) -> Bools:
    ends = [zip(pairs[f"source_{s}"].to_pylist(), pairs[f"{ID}_{s}"].to_pylist(), strict=True) for s in "lr"]
    return np.array([person[left] == person[right] for left, right in zip(*ends, strict=True)], dtype=bool)


def judged(drawn: Drawn) -> Counts:
    """Return what reviewers who never err find."""
    strata = drawn.design.strata
    stratum, truth = (drawn.pairs[name].to_numpy(zero_copy_only=False) for name in ("stratum", "truth"))
    return Counts(
        np.array([one.pairs for one in strata]),
        np.array([one.sample for one in strata]),
        np.bincount(stratum, truth, minlength=len(strata)).astype(np.int64),
        np.array([one.is_linked for one in strata]),
    )


def test_intervals_of_2000_reviews_of_a_linkage_hold_its_precision_and_recall(tmp_path: Path) -> None:
    synth.write("moj-dfe", tmp_path / "s", people=5000, seed=31, model=twice_the_errors())
    places = [tmp_path / "s" / "supplies" / f"{source}.csv" for source in ("justice", "education")]
    tables = files.read_sources(places)
    person = {
        (source, record): who
        for source in tables
        for record, who in zip(
            *(
                files.read(tmp_path / "s" / "truth" / f"{source}.csv")[name].to_pylist()
                for name in (ID, "person")
            ),
            strict=True,
        )
    }
    found = link(tables, LinkageSpec())
    sources = prepared(tables, found.model, ID)
    met = frame.pairs(found.scored, found.persons, ID)
    truth, linked = is_one_person(met, person), met["is_linked"].to_numpy(zero_copy_only=False)
    met = met.append_column("truth", pa.array(truth))
    held_by = Counter(who for (source, _), who in person.items() if source == "education")
    true_pairs = sum(held_by[who] for (source, _), who in person.items() if source == "justice")
    right = int(truth[linked].sum())
    precision, compared, recall = right / int(linked.sum()), right / int(truth.sum()), right / true_pairs
    assert 0.5 < recall < compared < 1 > precision > 0.5, "there is something to estimate"

    rng = np.random.default_rng(7)
    lost, tried, whole = frame.lost(sources, found.model, met, 10**6, rng, id_column=ID)
    assert tried == whole, "each record's likeliest lost pair is known, so that reviews can draw from them"
    lost = lost.append_column("truth", pa.array(is_one_person(lost, person)))
    held = np.zeros(3)
    for _ in range(REVIEWS):
        units = rng.choice(whole, RECORDS, replace=False)
        missed = (lost.take(units[units < lost.num_rows]), RECORDS, whole)
        counts = judged(frame.drawn(met, missed, PAIRS, rng))
        inner = Counts(counts.pairs[:-1], counts.reviewed[:-1], counts.true[:-1], counts.is_linked[:-1])
        tails = (
            estimates.precision_tails(inner, precision),
            estimates.recall_tails(inner, compared),
            estimates.recall_tails(counts, recall),
        )
        held += [min(both) > 0.025 for both in tails]
    assert (held / REVIEWS >= 0.95 - MONTE_CARLO).all(), held / REVIEWS
