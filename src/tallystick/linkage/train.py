"""A model trained on the data alone: Splink settings with their m, u and prior.

u from random pairs; m by expectation-maximisation inside blocks, each comparison from the blocks that do not fix it, as
Splink does (Fellegi and Sunter 1969; Winkler 1988; Linacre et al. 2022). It differs in that all blocks and the seed give
the same estimates on every run, and that the prior comes from the blocks: the true pairs that EM finds in a block over the share
of true pairs that agree on its columns.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from tallystick.linkage import others
from tallystick.linkage.blocking import opened, pairs_of, with_lists
from tallystick.linkage.compare import levels, name_of, outcomes, quoted
from tallystick.linkage.person import NUMBERS, shares

Floats = npt.NDArray[np.float64]
Outcomes = Mapping[str, npt.NDArray[Any]]

RANDOM_PAIRS = 1_000_000
BLOCK_PAIRS = 400_000
JOINED_PAIRS = 40_000_000
"""More are not even joined to be sampled: a minute of work at most, whatever the size of the files."""
BLOCKS: tuple[tuple[str, ...], ...] = (
    ("dob",),
    ("first_name", "surname"),
    ("first_name", "postcode"),
    ("national_id",),
)
"""No block of what a household shares (surname, address, postcode alone): EM would take brothers and sisters for one person."""
SPARE_BLOCKS: tuple[tuple[str, ...], ...] = (("surname",), ("first_name",))
ITERATIONS = 60
U_TURNS = 5
USUAL = 20.0
"""As many true pairs speak for the usual m before any is seen: without them EM finds true pairs in files that have none."""


def weigh(seen: Outcomes, settings: Mapping[str, Any], leave_out: Sequence[str] = ()) -> Floats:
    """Return the match weight (log2 Bayes factor, without the prior) of each pair from the settings' m and u."""
    total = np.zeros(len(seen["a"]))
    for comparison in settings["comparisons"]:
        name = name_of(comparison)
        if name in leave_out:
            continue
        outcome = seen["g_" + name]
        for position, level in enumerate(levels(comparison)):
            at = outcome == position
            total[at] += np.log2(level["m_probability"] / level["u_probability"])
            if level.get("tf_adjustment_column"):
                tf = np.fmax(seen["tf_" + name][at], level.get("tf_minimum_u_value") or 1e-12)
                total[at] += level.get("tf_adjustment_weight", 1.0) * np.log2(level["u_probability"] / tf)
    return total


def probability(weight: Floats) -> Floats:
    """Return the probability of a match weight in bits, prior included."""
    return np.asarray(1.0 / (1.0 + np.exp2(-np.clip(weight, -60, 60))))


def train(
    con: duckdb.DuckDBPyConnection,
    settings: Mapping[str, Any],
    seed: int,
    blocks: Sequence[Sequence[tuple[str, ...]]] = (BLOCKS, SPARE_BLOCKS),
    fixes: Mapping[tuple[str, ...], Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return ``settings`` with m, u and the prior estimated from ``records`` in ``con``.

    ``blocks`` are groups of blocks to train in; a later group is used only while a comparison has no estimate yet;
    a block reads the lists that the records hold, as a blocking rule does.
    ``fixes`` names the comparisons that a block fixes where their SQL does not tell. A u that the settings give is kept, and so is
    the whole of a comparison whose m they give: what it says counts while the others learn.
    """
    model = copy.deepcopy(dict(settings))
    learning = [c for c in model["comparisons"] if not _is_given(c)]
    records = int(con.execute("select count(*) from records").fetchall()[0][0])
    _random_pairs(con, records, seed)
    seen = outcomes(con, model, "random_pairs")
    _set_u(model, seen)
    columns = {column[0] for column in con.execute("select * from records limit 0").description}
    estimates: dict[str, list[Floats]] = {name_of(c): [] for c in learning}
    found: list[tuple[tuple[str, ...], float, float]] = []
    for turn, group in enumerate(blocks):
        if turn and all(estimates.values()):
            break
        for block in (with_lists(block, columns) for block in group):
            if set(block) <= columns and (pairs := _block_pairs(con, block)) >= 20:
                fixed = (fixes or {}).get(block) or _fixed_by(model, block)
                m, share = _maximise(outcomes(con, model, "block_pairs"), model, fixed)
                for name, values in m.items():
                    estimates[name].append(values)
                found.append((block, pairs * share, _agreeing(con, block)))
    for comparison in learning:
        known = estimates[name_of(comparison)]
        values = np.mean(known, axis=0) if known else _usual(comparison)
        for level, m_probability in zip(levels(comparison), values, strict=True):
            level["m_probability"] = float(m_probability)
    model["probability_two_random_records_match"] = _prior(model, found, records, fixes or {})
    _set_u_of_numbers(model, seen)
    return model


def _is_given(comparison: Mapping[str, Any]) -> bool:
    """Return whether the settings give the m of every level."""
    return all("m_probability" in level for level in levels(comparison))


def _random_pairs(con: duckdb.DuckDBPyConnection, records: int, seed: int) -> None:
    import pyarrow as pa

    draw = np.random.default_rng(seed)
    a, b = draw.integers(0, records, RANDOM_PAIRS), draw.integers(0, records, RANDOM_PAIRS)
    keep = a != b
    con.register("drawn", pa.table({"a": np.minimum(a, b)[keep], "b": np.maximum(a, b)[keep]}))
    con.execute("create or replace table random_pairs as select distinct a, b from drawn")
    con.unregister("drawn")


def _set_u(model: dict[str, Any], seen: Outcomes) -> None:
    for comparison in model["comparisons"]:
        outcome = seen["g_" + name_of(comparison)]
        own = levels(comparison)
        if all("u_probability" in level for level in own):
            continue
        counts = np.bincount(outcome[outcome >= 0], minlength=len(own)) + 0.5
        for level, count in zip(own, counts / counts.sum(), strict=True):
            level["u_probability"] = float(count)


def _set_u_of_numbers(model: dict[str, Any], seen: Outcomes) -> None:
    """Set u of the numbers that are one person's own, from the random pairs that are no true ones.

    Two people hardly ever share such a number, so that nearly all random pairs that agree on it are true ones: left among them, they
    would make a police number say less than a surname. How true each is, the model says; both are worked out in turns.
    """
    prior = model["probability_two_random_records_match"]
    for comparison in model["comparisons"]:
        if name_of(comparison) not in NUMBERS:
            continue
        outcome, own = seen["g_" + name_of(comparison)], levels(comparison)
        is_near = (outcome >= 0) & (outcome < len(own) - 1)
        near = {name: values[is_near] for name, values in seen.items()}
        different = float(np.sum(outcome == len(own) - 1))
        for _ in range(U_TURNS):
            p = probability(weigh(near, model) + np.log2(prior / (1 - prior)))
            counts = np.bincount(outcome[is_near], weights=1 - p, minlength=len(own)) + 0.5
            counts[-1] += different
            for level, count in zip(own, counts / counts.sum(), strict=True):
                level["u_probability"] = float(count)


def _block_pairs(con: duckdb.DuckDBPyConnection, block: tuple[str, ...]) -> float:
    """Fill ``block_pairs`` with the pairs that agree on ``block`` (at most about BLOCK_PAIRS), and return how many there are."""
    total = float(pairs_of(con, block))
    # Whole blocks are joined or left by the hash of their key, so that a nation's are never joined whole; then pairs
    # are kept by the hash of their records. The sample is the same on every run.
    joined = min(1.0, JOINED_PAIRS / total) if total else 1.0
    share = min(1.0, BLOCK_PAIRS / (total * joined)) if total else 1.0
    same = " and ".join(f"l.{quoted(c)} = r.{quoted(c)}" for c in block)
    chosen = f"hash({', '.join(f'l.{quoted(c)}' for c in block)}) % 1000000 < {int(joined * 1000000)}"
    con.execute(
        f"""
        create or replace table block_pairs as
        with keyed as ({opened(block, "i")})
        select distinct l.i as a, r.i as b
        from (select * from keyed l where {chosen}) l join keyed r on {same} and l.i < r.i
        where hash(l.i * 1000003 + r.i) % 1000000 < {int(share * 1000000)}
        """  # noqa: S608
    )
    return total


def _fixed_by(model: Mapping[str, Any], block: Sequence[str]) -> list[str]:
    """Return the comparisons whose outcome agreement on ``block`` fixes: those to be learned that read one of its columns."""
    return [
        name_of(c) for c in model["comparisons"]
        if not _is_given(c) and any(f'"{column}_l"' in level["sql_condition"] for level in c["comparison_levels"] for column in block)
    ]  # fmt: skip


def _usual(comparison: Mapping[str, Any]) -> Floats:
    """Return the m of a comparison before anything is learned: each level less usual than the one before, most so of a number."""
    base = (0.1 if name_of(comparison) in NUMBERS else 0.4) ** np.arange(len(levels(comparison)))
    return np.asarray(base / base.sum())


def _maximise(
    seen: Outcomes, model: Mapping[str, Any], fixed: Sequence[str]
) -> tuple[dict[str, Floats], float]:
    """Return m of every comparison that is not fixed, and the share of true pairs, by EM within one block."""
    work = copy.deepcopy(dict(model))
    free = [c for c in work["comparisons"] if name_of(c) not in fixed and not _is_given(c)]
    for comparison in free:
        for level, value in zip(levels(comparison), _usual(comparison), strict=True):
            level["m_probability"] = float(value)
    share, before = 0.1, -1.0
    for _ in range(ITERATIONS):
        p = probability(weigh(seen, work, fixed) + np.log2(share / (1 - share)))
        share = float(np.clip(p.mean(), 1e-6, 1 - 1e-6))
        for comparison in free:
            outcome = seen["g_" + name_of(comparison)]
            own, there = levels(comparison), outcome >= 0
            counts = np.bincount(outcome[there], weights=p[there], minlength=len(own)) + USUAL * _usual(
                comparison
            )
            for level, value in zip(own, counts / counts.sum(), strict=True):
                level["m_probability"] = float(value)
        if abs(share - before) < 1e-6:
            break
        before = share
    return {name_of(c): np.array([level["m_probability"] for level in levels(c)]) for c in free}, share


def _agreeing(con: duckdb.DuckDBPyConnection, block: Sequence[str]) -> float:
    """Return the share of pairs in which both records have every column of ``block``, as if gaps fell at random within a source.

    It is zero where a source has none of a column: pairs of the others say nothing of all.
    """
    filled = " and ".join(f"{quoted(c)} is not null" for c in block)
    by_source = (
        f"select count(*) filter (where {filled}) as held, count(*) as n from records group by source_dataset"  # noqa: S608
    )
    ((share,),) = con.execute(
        f"select case when min(held) > 0 then sum(held) / sum(n) else 0 end from ({by_source})"  # noqa: S608
    ).fetchall()
    return float(share) ** 2


def _agreement(model: Mapping[str, Any], column: str) -> float:
    """Return the share of true pairs that agree on a column, by the m of the levels that ask for that; 1 where none does.

    Records agree on a list where they share an entry, so that those with the same value of their own do too.
    """
    own = others.OWN.get(column, column)
    asked = {f'"{own}_l" = "{own}_r"', *([shares(column)] if own != column else [])}
    found = [
        level["m_probability"]
        for comparison in model["comparisons"]
        if name_of(comparison) == own
        for level in levels(comparison)
        if level["sql_condition"] in asked
    ]
    return float(sum(found)) if found else 1.0


def _prior(
    model: Mapping[str, Any],
    found: Sequence[tuple[tuple[str, ...], float, float]],
    records: int,
    fixes: Mapping[tuple[str, ...], Sequence[str]],
) -> float:
    """Return the probability that two random records match: true pairs in each block, over the share of them that it holds."""
    totals = []
    for block, true_pairs, filled in found:
        share = filled
        for comparison in model["comparisons"]:
            if name_of(comparison) in fixes.get(block, ()):
                share *= levels(comparison)[0]["m_probability"]
        for column in block:
            share *= _agreement(model, column)
        if share > 0:
            totals.append(true_pairs / share)
    expected = float(np.median(totals)) if totals else records * 0.5
    return float(np.clip(expected / max(records * (records - 1) / 2, 1), 1e-12, 0.5))
