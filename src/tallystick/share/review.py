"""The door `review`: the linker's people look at a sample of pairs, side by side, and what they decide is kept in the linker's room.

The sample and the journal of answers hold supply keys, weights and answers, no identifier. What reviewers see of the sampled pairs, and of
no other record, is sealed when they are drawn, unsealed in memory for whoever looks, and destroyed with the identifiers. An answer is on
the disk before the next pair is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tallystick.agreement import gates
from tallystick.agreement.schema import Agreement, Linkage
from tallystick.errors import BadInput
from tallystick.ledger import new_key, seal, unseal
from tallystick.linkage import explain, frame, overrides, review, reviewed
from tallystick.linkage.link import prepared
from tallystick.linkage.outcome import decided_again
from tallystick.linkage.sample import Stratum
from tallystick.share import acts, answers, destroy
from tallystick.share.acts import Clock
from tallystick.share.link import EVENT as LINKED
from tallystick.share.link import decisions, earlier, spec_of, tables_of
from tallystick.share.link import identifiers as of_dataset
from tallystick.share.rooms import Share, read_parquet

DRAWN, CLOSED = "review/draw", "review/close"
PAIRS = 300
OUTSIDE_PART = 3  # one record compared with all others for so many pairs of the sample
ID = "supply_key"
JOURNAL = "rooms/linker/review/journal.jsonl"


@dataclass(frozen=True)
class Shown:
    """One pair as a reviewer sees it: each field on both sides, the match weight, and what makes it up."""

    pair: int
    fields: tuple[tuple[str, str, str], ...]
    weight: float | None
    bars: tuple[explain.Bar, ...]


def draw(
    share: Share,
    agreement: Agreement,
    *,
    clock: Clock,
    pairs: int | None = None,
    looks: int = 2,
    seed: int = 1,
) -> None:
    """Draw the sample, once: ``pairs`` pairs (the agreement's `review_sample`, else 300), each for ``looks`` people to judge.

    Raises Refused where a rule guards the door, BadInput where nothing was linked or the identifiers are gone.
    """
    if acts.is_done(share, DRAWN):
        return
    gates.ask(agreement, "review", clock.now.date())
    if agreement.linkage is None or not acts.is_done(share, LINKED):
        raise BadInput("Nothing was linked yet, so there is nothing to review. Run `tally link run` first.")
    tables = identifiers(share, agreement)
    scored = read_parquet(share.linker / "scored.parquet")
    persons = read_parquet(share.linker / "persons.parquet")
    model, rng = _model(share), np.random.default_rng(seed)
    read = prepared(tables, model, ID)
    met = frame.pairs(scored, persons, ID)
    count = pairs or planned(agreement)
    lost = frame.lost(read, model, met, max(1, count // OUTSIDE_PART), rng, id_column=ID)
    drawn = frame.drawn(met, lost, count, rng)
    chosen = drawn.pairs.append_column("rules", frame.found_by(read, model, drawn.pairs, ID))
    how = {
        "looks": looks,
        "seed": seed,
        "precision": _number(drawn.design.precision),
        "recall": _number(drawn.design.recall),
    }
    strata = [asdict(one) for one in drawn.design.strata]
    details = {"pairs": chosen.num_rows, "looks": looks, "seed": seed}
    seen = [asdict(one) for one in shown(tables, read, model, chosen)]
    with acts.act(
        share, DRAWN, name="review", subject=agreement.about.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "linker" / "review"
        room.mkdir(parents=True)
        pq.write_table(chosen, room / "sample.parquet", compression="zstd")
        (room / "design.json").write_text(json.dumps({**how, "strata": strata}, indent=2), encoding="utf-8")
        seal(json.dumps(seen).encode(), new_key(share.reviewed_key), room / share.reviewed.name)


def planned(agreement: Agreement) -> int:
    """Return how many pairs the agreement would have reviewed."""
    return (agreement.linkage.review_sample if agreement.linkage else 0) or PAIRS


def shown(
    tables: Mapping[str, pa.Table], read: Mapping[str, pa.Table], model: Mapping[str, Any], pairs: pa.Table
) -> tuple[Shown, ...]:
    """Return each of ``pairs`` as a reviewer sees it; ``read`` is ``tables`` as the model reads them."""
    wanted = {
        source: {
            row[f"{ID}_{side}"]
            for row in pairs.to_pylist()
            for side in "lr"
            if row[f"source_{side}"] == source
        }
        for source in tables
    }
    records = {
        (source, row[ID]): {
            name: "" if value is None else str(value) for name, value in row.items() if name != ID
        }
        for source, table in tables.items()
        for row in table.filter(
            pc.is_in(table[ID], pa.array(list(wanted[source]), table[ID].type))
        ).to_pylist()
    }
    found = []
    bars = explain.waterfalls(read, model, pairs, ID)
    for number, row in enumerate(pairs.to_pylist()):
        left, right = (records[row[f"source_{side}"], row[f"{ID}_{side}"]] for side in "lr")
        fields = tuple(
            (name, left.get(name, ""), right.get(name, "")) for name in dict.fromkeys([*left, *right])
        )
        sources = (("source", row["source_l"], row["source_r"]),)
        found.append(Shown(number, (*sources, *fields), row["match_weight"], bars[number]))
    return tuple(found)


def design(share: Share) -> dict[str, Any]:
    """Return how the sample was drawn, and the half-widths of the intervals to expect of it."""
    return dict(json.loads((_room(share) / "design.json").read_text(encoding="utf-8")))


def look(share: Share, agreement: Agreement, *, clock: Clock) -> tuple[Shown, ...]:
    """Return the pairs to look at, and enter in the ledger that this reviewer looked; a look at one moment is entered once.

    Raises Refused where a rule guards the door, BadInput where no sample was drawn or the identifiers are gone.
    """
    gates.ask(agreement, "review", clock.now.date())
    state(share)
    _still_there(share)
    found = json.loads(unseal(share.reviewed, share.reviewed_key))
    share.ledger.append(
        "look", "identifiers", {"for": "clerical review"},
        actor=clock.actor, at=clock.now, event_id=f"review/look/{clock.actor}/{clock.now.isoformat()}",
    )  # fmt: skip
    return tuple(
        Shown(
            one["pair"],
            tuple((name, left, right) for name, left, right in one["fields"]),
            one["weight"],
            tuple(explain.Bar(**bar) for bar in one["bars"]),
        )
        for one in found
    )


def state(share: Share) -> review.State:
    """Return where the review stands. Raises BadInput where no sample was drawn."""
    if not acts.is_done(share, DRAWN):
        raise BadInput("No sample was drawn yet: run `tally review` without --json or --close first.")
    pairs = int(acts.details_of(share, DRAWN)["pairs"])
    return review.folded(
        pairs, int(acts.details_of(share, DRAWN)["looks"]), answers.events(share.root / JOURNAL)
    )


def judge(share: Share, pair: int, answer: str, *, clock: Clock) -> review.State:
    """Put a reviewer's answer into the journal and return the state after it; other reviewers may be at work."""
    with _open(share):
        now = state(share)
        event = review.answered(now, pair, clock.actor, answer, clock.now.isoformat())
        answers.append(share.root / JOURNAL, event)
        return review.evolve(now, event)


def take_back(share: Share, *, clock: Clock) -> review.State:
    """Take back the reviewer's last answer and return the state after it."""
    with _open(share):
        now = state(share)
        event = review.undone(now, clock.actor, clock.now.isoformat())
        answers.append(share.root / JOURNAL, event)
        return review.evolve(now, event)


def status(share: Share, reviewer: str) -> dict[str, Any]:
    """Return how far the review is, without anybody's answers."""
    now = state(share)
    found = review.outcomes(now)
    return {
        "pairs": now.pairs,
        "looks": now.looks,
        "settled": sum(answer is not None for answer in found),
        "open": sum(answer is None for answer in found),
        "for_a_third": sum(
            answer is None and len(now.answers.get(pair, {})) >= 2 for pair, answer in enumerate(found)
        ),
        "judged_by": {name: len(pairs) for name, pairs in sorted(now.done.items()) if pairs},
        "left_for_you": review.left_for(now, reviewer),
        "finished": review.is_finished(now),
        "closed": acts.is_done(share, CLOSED),
    }


def close(share: Share, agreement: Agreement, *, clock: Clock) -> dict[str, Any]:
    """Close the finished review and return its figures, which describe the linkage as it was before the decisions.

    The decisions then stand over the model: links and persons are made anew, unless the steward took them over already. The
    identifiers of an agreement that keeps them until after the review are due for destruction from now on.
    """
    room = _room(share)
    if acts.is_done(share, CLOSED):
        return dict(json.loads((room / "review.json").read_text(encoding="utf-8")))
    gates.ask(agreement, "review", clock.now.date())
    assert agreement.linkage is not None
    with _open(share):
        now, pairs = state(share), read_parquet(room / "sample.parquet")
        how = design(share)
        found = reviewed.results(
            now, pairs, [Stratum(**one) for one in how["strata"]], np.random.default_rng(how["seed"])
        )
        decided, left_out = reviewed.decisions(now, pairs, ID)
        found["decisions"] = {
            "always": len(decided.always), "never": len(decided.never), "left_out": left_out,
            "applied": not acts.is_done(share, "deidentify"),
        }  # fmt: skip
        details: dict[str, Any] = {"decisions": found["decisions"], "precision": found["precision"]}
        with acts.act(
            share, CLOSED, name="review", subject=agreement.about.id, clock=clock, details=details
        ) as folder:
            into = folder / "rooms" / "linker" / "review"
            into.mkdir(parents=True)
            (into / "journal.jsonl").write_bytes((share.root / JOURNAL).read_bytes())
            (into / "decisions.csv").write_text(overrides.written(decided), encoding="utf-8")
            (into / "review.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
            if found["decisions"]["applied"]:
                for name, table in _anew(share, agreement.linkage, decided).items():
                    pq.write_table(table, into.parent / f"{name}.parquet", compression="zstd")
    return found


def identifiers(share: Share, agreement: Agreement) -> dict[str, pa.Table]:
    """Return the identifiers of the datasets that were linked, under the model's names. Raises BadInput where they are gone."""
    if agreement.linkage is None:
        raise BadInput("The agreement links nothing, so there is nothing to review.")
    _still_there(share)
    names = dict.fromkeys(name for pair in agreement.linkage.between for name in pair)
    return {name: of_dataset(share, agreement, name) for name in names}


def _still_there(share: Share) -> None:
    if destroy.when(share) is not None:
        raise BadInput(
            "The identifiers were destroyed, so nobody can look at pairs any more. To review, agree on "
            '`retention.identifiers = "after-review"` before linking.'
        )


def _anew(share: Share, linkage: Linkage, decided: overrides.Overrides) -> dict[str, pa.Table]:
    """Return the linker's tables under the review's decisions and those of `overrides.csv`, which stand over them.

    What becomes of person ids is in the lineage, under the number of the refresh to come.
    """
    spec = spec_of(share, linkage, decisions(share, decided))
    before = earlier(share, acts.times(share, LINKED) - 1)
    made = decided_again(read_parquet(share.linker / "scored.parquet"), before, spec, _model(share))
    return {**tables_of(made, spec), "lineage": made.lineage}


@contextmanager
def _open(share: Share) -> Iterator[None]:
    with answers.one_writer(share.root / ".review.lock"):
        if acts.is_done(share, CLOSED):
            raise BadInput("The review is closed: its answers stand.")
        yield


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _room(share: Share) -> Path:
    return share.linker / "review"


def _model(share: Share) -> dict[str, Any]:
    return dict(json.loads((share.linker / "model.json").read_text(encoding="utf-8")))
