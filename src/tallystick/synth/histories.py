"""The dated lives of the lab's offenders: every offence with its proof, spells in work and on benefits, an assessment.

The offences hold what the official measure must leave out as well (Ministry of Justice, Guide to proven reoffending statistics):
breaches, offences that were proven too late, not proven at all, or committed after the year; so a count that is careless of
any of them is wrong, and by how much is known. Shares and lengths are our own, unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tallystick.synth.justice import DISPOSAL_SHARES, DISPOSALS, OFFENCES, SHARES
from tallystick.synth.national import BENEFITS, band
from tallystick.synth.observe import Records
from tallystick.synth.streams import Flags, Floats, Ids, Ints, Streams

# 1 the gravest; of `justice.OFFENCES` in their order.
SEVERITY = np.array((2, 1, 2, 3, 3, 1, 1, 2, 2, 3, 3))
CUSTODY, CAUTION, ORDER = (
    DISPOSALS.tolist().index(word) for word in ("custody", "caution", "community order")
)
ASSESSED_AFTER = ("community order", "suspended sentence", "custody")
# The parts of a career, each with room for so many offences; the numbers give every offence a key of its own.
SLOTS = {"prior": 0, "index": 64, "again": 65, "breach": 80, "late": 81, "acquitted": 82, "second year": 83}
SHARE_OF = {"breach": 0.12, "late": 0.06, "acquitted": 0.04, "second year": 0.15}


@dataclass(frozen=True)
class Index:
    """Each offender's index disposal: which person (``rows``, ``ids``), what, when, and what went before and comes after.

    Days count from 1970. ``started`` is the index date: the release from custody, else the conviction or the caution.
    ``reoffended_on`` is read where ``reoffends``.
    """

    rows: Ints
    ids: Ids
    ref: Any
    first: Ints
    offended: Ints
    convicted: Ints
    started: Ints
    kind: Ints
    disposal: Ints
    prior: Ints
    prior_custody: Ints
    reoffends: Flags
    reoffended_on: Ints


def offences(streams: Streams, index: Index, last_day: int) -> Records:
    """Return every offence of each offender, grouped by person: those before the index one, itself, and those after it."""
    here = np.arange(len(index.ids))
    again = np.where(index.reoffends, 1 + streams.count("again", index.ids, 0.55, 9), 0)
    parts = [("prior", index.prior), ("index", np.ones_like(index.prior)), ("again", again)]
    parts += [
        (name, streams.chance(name, index.ids, share).astype(np.int64)) for name, share in SHARE_OF.items()
    ]
    which = np.concatenate([np.repeat(here, count) for _, count in parts])
    slot = np.concatenate([SLOTS[name] + _turns(count) for name, count in parts])
    order = np.argsort(which * 128 + slot, kind="stable")
    which, slot = which[order], slot[order]
    keys = index.ids[which] * np.uint64(128) + slot.astype(np.uint64)
    happened, proven = _days(streams, index, which, slot, keys, last_day)
    kind = np.where(slot == SLOTS["index"], index.kind[which], streams.pick("offence", keys, SHARES))
    disposal = _disposals(streams, index, which, slot, keys)
    acquitted = slot == SLOTS["acquitted"]
    proof = np.where(acquitted, "acquittal", np.where(disposal == CAUTION, "caution", "conviction"))
    said = DISPOSALS[disposal]
    said[acquitted] = None
    graver = streams.chance("graver", keys, 0.15)
    return Records(
        index.rows[which],
        happened,
        {
            "offender_ref": index.ref[which],
            "offence_date": happened.astype("datetime64[D]"),
            "proven_date": proven.astype("datetime64[D]"),
            "proof": proof.astype(object),
            "is_breach": slot == SLOTS["breach"],
            "group": OFFENCES[kind],
            "severity": np.maximum(SEVERITY[kind] - graver, 1),
            "disposal": said,
            "is_custody": ~acquitted & (disposal == CUSTODY),
        },
    )


def appearances(found: Records, index: Index) -> Ints:
    """Return on how many days before the index one each offender was convicted by a court."""
    said = found.attributes
    where = np.searchsorted(index.rows, found.rows)
    before = (said["proof"] == "conviction") & (found.days < index.offended[where])
    days = said["proven_date"][before].astype(np.int64)
    both = np.sort(where[before] * 100_000 + days)
    once = both[np.diff(both, prepend=-1) != 0]
    return np.bincount(once // 100_000, minlength=len(index.rows)).astype(np.int64)


def spells(streams: Streams, source: str, index: Index, at_index: Flags, last_day: int) -> Records:
    """Return spells in work or on benefits in order of time: before, on the index date where ``at_index``, after.

    A spell that goes on beyond the last day has no end.
    """
    streams = streams.of(source)
    ids, start = index.ids, index.started
    has = np.stack(
        [streams.chance("before", ids, 0.4), at_index, ~at_index & streams.chance("after", ids, 0.35)], axis=1
    )
    which, turn = np.nonzero(has)
    keys = ids[which] * np.uint64(4) + turn.astype(np.uint64)
    offset = (np.array((-1000, -500, 20))[turn]) + streams.below("begins", keys, 300)
    ends = np.array((-600, 30, 360))[turn] + streams.below("ends", keys, np.array((80, 600, 400))[turn])
    began, ended = start[which] + offset, start[which] + ends
    columns: dict[str, Any] = {
        "offender_ref": index.ref[which],
        "spell_start": began.astype("datetime64[D]"),
        "spell_end": np.where(ended > last_day, np.datetime64("NaT"), ended.astype("datetime64[D]")),
    }
    if source == "benefits":
        columns["benefit"] = BENEFITS[streams.pick("benefit", keys, (0.55, 0.15, 0.18, 0.12))]
    else:
        columns["weekly_pay"] = (180 + 900 * band(streams, keys)).astype(np.int64)
    return Records(index.rows[which], began, columns)


def assessment(streams: Streams, index: Index, risk: Floats) -> dict[str, Any]:
    """Return the offender assessment of most of those on an order or in custody; missing (NaN, NaT) for the others.

    Scores as whole numbers: of reoffending from 0 to 100, of each need from 0 to 10. They rise with what the records know of
    a person's risk, and tell nothing of the trait that no column holds.
    """
    can = np.isin(DISPOSALS[index.disposal], ASSESSED_AFTER)
    has = can & streams.chance("assessed", index.ids, 0.7)
    day = index.started - streams.below("assessed on", index.ids, 120)
    found: dict[str, Any] = {
        "assessment_date": np.where(has, day.astype("datetime64[D]"), np.datetime64("NaT")),
        "reoffending_score": np.where(
            has, np.floor(np.clip(45 + 12 * risk + 12 * streams.bell("score", index.ids), 0, 100)), np.nan
        ),
    }
    for need in ("accommodation", "employment", "lifestyle", "thinking"):
        score = np.floor(np.clip(4 + 1.2 * risk + 2 * streams.bell(need, index.ids), 0, 10))
        found[f"{need}_need"] = np.where(has, score, np.nan)
    return found


def _turns(count: Ints) -> Ints:
    return np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)


def _days(
    streams: Streams, index: Index, which: Ints, slot: Ints, keys: Ids, last_day: int
) -> tuple[Ints, Ints]:
    """Return the day of each offence, and of its proof: within 18 months of the index date but for those proven late."""
    started, offended, first = index.started[which], index.offended[which], index.first[which]
    u = streams.uniform("when", keys)
    wait = 10 + streams.below("proof", keys, 160)
    again = np.where(index.reoffends, index.reoffended_on, index.started)[which]
    happened = np.select(
        [slot == 0, slot < SLOTS["index"], slot == SLOTS["index"], slot == SLOTS["again"], slot < SLOTS["breach"],
         slot == SLOTS["second year"]],
        [first, first + np.floor(u * (offended - first)), offended, again, again + np.floor(u * (started + 365 - again)),
         started + 367 + np.floor(u * 300)],
        started + 1 + np.floor(u * 364),
    ).astype(np.int64)  # fmt: skip
    proven = happened + wait
    before = slot <= SLOTS["index"]
    proven = np.where(before, np.minimum(proven, index.convicted[which]), np.minimum(proven, last_day))
    proven = np.where(slot == SLOTS["index"], index.convicted[which], proven)
    return happened, np.where(
        slot == SLOTS["late"], started + 560 + streams.below("late by", keys, 160), proven
    )


def _disposals(streams: Streams, index: Index, which: Ints, slot: Ints, keys: Ids) -> Ints:
    """Return each offence's disposal: as many in custody before the index one as its record says, no caution for a breach."""
    found = streams.pick("disposal", keys, DISPOSAL_SHARES)
    prior = slot < SLOTS["index"]
    inside = prior & (slot >= (index.prior - index.prior_custody)[which])
    found = np.where(prior & (found == CUSTODY), ORDER, found)
    found = np.where(inside, CUSTODY, found)
    found = np.where((slot == SLOTS["breach"]) & (found == CAUTION), ORDER, found)
    return np.where(slot == SLOTS["index"], index.disposal[which], found)
