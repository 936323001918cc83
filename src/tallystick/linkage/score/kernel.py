"""The compiled part: walks over blocks of candidate pairs and keeps those that reach the threshold.

A pair is thrown away as soon as it is certain that it cannot reach the threshold. First every comparison is taken as far as
codes alone decide it: it has its weight, or waits at its first level k that compares text. ``bests[k]`` is the largest weight
that any level from k on can give (term-frequency adjustment at its largest included). The sum of the weights had and the
bests of those that wait bounds the final weight from above: below the threshold by more than the rounding of a sum of
doubles (``SLACK``), the pair is out before any text is compared. Then the comparisons that wait are decided one by one, and
the bound falls with each level that fails.

What a comparison whose cheap levels read one column gives is looked up by the state of that column, worked out beforehand;
what the block's key settles (its columns are equal) is added once for a left record, not for each pair.

A text comparison is itself first tried by bounds. With 64-bit masks of the bytes that occur (byte mod 64), at least
``popcount(mask_a & ~mask_b)`` bytes of a have no partner in b, so the matches m of a Jaro similarity are at most
``min(len_a - popcount(a & ~b), len_b - popcount(b & ~a))``, it is at most (m/len_a + m/len_b + 1)/3, and Winkler's boost adds
at most 0.1 for each byte of the common prefix. Each edit removes at most one unpartnered byte of either side, so both edit
distances are at least the larger of the two counts and of the difference of lengths.

What is left is worked out exactly, edits as far as any level asks (Ukkonen 1985), once for a pair of distinct values while a small table
remembers it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from tallystick.linkage.score.program import EQUAL, NULL, NUMBER, SHARED, TEXT, TRUTH
from tallystick.linkage.score.strings import damerau_levenshtein, jaccard, jaro, jaro_winkler, levenshtein

SLACK = 1e-7
MEMO = 1 << 17
STATES = 5
"""A pair's values in one column: 0 different, 1 equal, 2 left missing, 3 right missing, 4 both missing."""


class Conditions(NamedTuple):
    """Literals: rows of (atom, negated, go on where true, go on where not). Atoms: rows as in `program.Atom`, their limits apart; by slot
    the most edits that any atom tells from more."""

    literals: Any
    atoms: Any
    limits: Any
    most: Any


class Pool(NamedTuple):
    """The distinct values behind the codes, as in `columns.Pools`: a column's base and a code give the place of a value."""

    data: Any
    starts: Any
    masks: Any
    text_base: Any
    numbers: Any
    number_base: Any
    list_starts: Any
    list_entries: Any
    list_base: Any


class Codes(NamedTuple):
    """The codes of the left and of the right records, in the order of the walk: a row for each record, -1 where it has no value."""

    left: Any
    right: Any


class Frequencies(NamedTuple):
    """Logarithms (base 2) of how frequent each value is, and where each column's begin."""

    log2: Any
    base: Any


class Rules(NamedTuple):
    """Pairs of columns that must be equal, where each rule's begin and end, and each rule's further condition (first, count)."""

    keys: Any
    ranges: Any
    rests: Any


class Levels(NamedTuple):
    """Of each comparison: where its levels begin and end, and whether any is adjusted by frequency. Of each level: rows of (first literal,
    literals, tf column), rows of (weight, tf weight, log2 u, log2 of the least tf), the best weight from it on, whether it compares text."""

    ranges: Any
    is_adjusted: Any
    conditions: Any
    weights: Any
    bests: Any
    is_costly: Any


class Plan(NamedTuple):
    """For each comparison the one column that its cheap levels read (or -1); by state of that column (see ``STATES``) the level found and
    the level to stop at, -1 for none."""

    column: Any
    found: Any
    stop: Any


class Walk(NamedTuple):
    """The records in the order of the blocks; ``same``: 0 for two lists, 1 where the right record must come after the left one, 2 where it
    must be of a later source; each record's source; the order in which comparisons are tried, of which the first ``sure`` are settled by
    the block's key; the best of all comparisons after a turn."""

    left: Any
    right: Any
    same: Any
    source: Any
    turn: Any
    sure: Any
    rest_best: Any


class Memory(NamedTuple):
    """A thread's own: remembered values of text functions and their keys, and room for working one out."""

    keys: Any
    values: Any
    scratch: Any


class Verdict(NamedTuple):
    """A thread's own, of each comparison of the pair at hand: the level found, its weight and adjustment, the level that waits (or -1)."""

    level: Any
    weight: Any
    adjustment: Any
    waits: Any


@njit(cache=True, nogil=True)
def masks_of(data, starts):
    """Return for each value the set of its bytes, modulo 64, as bits."""
    masks = np.zeros(len(starts) - 1, dtype=np.uint64)
    for value in range(len(masks)):
        bits = np.uint64(0)
        for i in range(starts[value], starts[value + 1]):
            bits |= np.uint64(1) << np.uint64(data[i] & 63)
        masks[value] = bits
    return masks


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _ones(bits):
    """Return how many bits are set (Warren, Hacker's Delight, section 5-1)."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _holds(value, operator, limit):
    if operator == 0:
        return value >= limit
    if operator == 1:
        return value > limit
    if operator == 2:
        return value <= limit
    if operator == 3:
        return value < limit
    return value == limit


@njit(cache=True, nogil=True, _nrt=False)
def _exact(function, data, starts, a, b, scratch, most):
    if function == 0:
        return jaro(data, starts, a, b, scratch)
    if function == 1:
        return jaro_winkler(data, starts, a, b, scratch)
    if function == 2:
        return levenshtein(data, starts, a, b, scratch, most)
    if function == 3:
        return damerau_levenshtein(data, starts, a, b, scratch, most)
    return jaccard(data, starts, a, b, scratch)


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _cannot_hold(function, operator, limit, data, starts, masks, a, b):
    """Return whether the bounds alone show that the text comparison fails."""
    length_a, length_b = starts[a + 1] - starts[a], starts[b + 1] - starts[b]
    alone_a, alone_b = _ones(masks[a] & ~masks[b]), _ones(masks[b] & ~masks[a])
    if function <= 1 and operator <= 1:
        if length_a == 0 or length_b == 0:
            return limit > 0.0
        most = min(length_a - alone_a, length_b - alone_b)
        if most <= 0:
            return limit > 0.0
        bound = (most / length_a + most / length_b + 1.0) / 3.0
        if function == 1 and bound > 0.7:
            longest = min(4, min(length_a, length_b))
            prefix = 0
            while prefix < longest and data[starts[a] + prefix] == data[starts[b] + prefix]:
                prefix += 1
            bound += prefix * 0.1 * (1.0 - bound)
        return bound < limit - 1e-9
    if (function == 2 or function == 3) and (operator == 2 or operator == 3):
        least = max(max(alone_a, alone_b), abs(length_a - length_b))
        return least > limit
    return False


@njit(cache=True, nogil=True, _nrt=False)
def _shared(entries, a0, a1, b0, b1):
    """Return how many different entries two lists have in common."""
    found = 0
    for i in range(a0, a1):
        is_first = True
        for k in range(a0, i):
            if entries[k] == entries[i]:
                is_first = False
                break
        if is_first:
            for j in range(b0, b1):
                if entries[j] == entries[i]:
                    found += 1
                    break
    return found


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _truth(atom, conditions, pool, codes, left, right, memory):
    """Return 1 where the atom is true of the pair, 0 where it is false, -1 where it is null."""
    atoms = conditions.atoms
    kind, l_column, r_column = atoms[atom, 0], atoms[atom, 1], atoms[atom, 2]
    function, operator, slot = atoms[atom, 3], atoms[atom, 4], atoms[atom, 5]
    if kind == NULL:
        code = codes.left[left, l_column] if l_column >= 0 else codes.right[right, r_column]
        return 1 if code < 0 else 0
    if kind == TRUTH:
        return np.int64(codes.left[left, l_column] if l_column >= 0 else codes.right[right, r_column])
    code_l, code_r = codes.left[left, l_column], codes.right[right, r_column]
    if code_l < 0 or code_r < 0:
        return -1
    if kind == EQUAL:
        return 1 if code_l == code_r else 0
    limit = conditions.limits[atom]
    if kind == NUMBER:
        bases = pool.number_base
        value = pool.numbers[bases[l_column] + code_l] - pool.numbers[bases[r_column] + code_r]
        return 1 if _holds(abs(value) if function == 1 else value, operator, limit) else 0
    if kind == TEXT:
        a, b = pool.text_base[l_column] + code_l, pool.text_base[r_column] + code_r
        if a != b and _cannot_hold(function, operator, limit, pool.data, pool.starts, pool.masks, a, b):
            return 0
        return (
            1
            if _holds(_remembered(function, slot, conditions.most, pool, a, b, memory), operator, limit)
            else 0
        )
    a0, a1 = (
        pool.list_starts[pool.list_base[l_column] + code_l],
        pool.list_starts[pool.list_base[l_column] + code_l + 1],
    )
    b0, b1 = (
        pool.list_starts[pool.list_base[r_column] + code_r],
        pool.list_starts[pool.list_base[r_column] + code_r + 1],
    )
    if kind == SHARED:
        return 1 if _holds(float(_shared(pool.list_entries, a0, a1, b0, b1)), operator, limit) else 0
    if a0 == a1 or b0 == b1:
        return -1
    wants_most = function < 5
    best = -1.0 if wants_most else 1e18
    base_l, base_r = pool.text_base[l_column], pool.text_base[r_column]
    for i in range(a0, a1):
        for j in range(b0, b1):
            a, b = base_l + pool.list_entries[i], base_r + pool.list_entries[j]
            value = _remembered(function % 5, slot, conditions.most, pool, a, b, memory)
            best = max(best, value) if wants_most else min(best, value)
    return 1 if _holds(best, operator, limit) else 0


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _remembered(function, slot, most, pool, a, b, memory):
    """Return the exact value of a text function, from the table where this very pair of values is in it."""
    key = (np.uint64(a) << np.uint64(32)) ^ np.uint64(b)
    place = ((key * np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(slot * 7919)) >> np.uint64(47)
    at = np.int64(place)
    if memory.keys[at, 0] == key and memory.keys[at, 1] == np.uint64(slot + 1):
        return memory.values[at]
    value = _exact(function, pool.data, pool.starts, a, b, memory.scratch, most[slot])
    memory.keys[at, 0] = key
    memory.keys[at, 1] = np.uint64(slot + 1)
    memory.values[at] = value
    return value


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _condition(first, count, conditions, pool, codes, left, right, memory):
    """Return whether a condition is true: follow its literals from the first."""
    if count == 0:
        return True
    literals = conditions.literals
    at = first
    while at >= 0:
        truth = _truth(literals[at, 0], conditions, pool, codes, left, right, memory)
        is_true = truth == 0 if literals[at, 1] else truth == 1
        at = literals[at, 2] if is_true else literals[at, 3]
    return at == -1


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _was_found(rule, rules, conditions, pool, codes, left, right, memory):
    """Return whether an earlier blocking rule gives this pair already."""
    for earlier in range(rule):
        is_equal = True
        for k in range(rules.ranges[earlier, 0], rules.ranges[earlier, 1]):
            code = codes.left[left, rules.keys[k, 0]]
            if code < 0 or code != codes.right[right, rules.keys[k, 1]]:
                is_equal = False
                break
        first, count = rules.rests[earlier, 0], rules.rests[earlier, 1]
        if is_equal and _condition(first, count, conditions, pool, codes, left, right, memory):
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _adjustment(level, levels, codes, left, right, frequencies):
    """Return a level's term-frequency adjustment for this pair, by the more frequent of the two values; 0 without one."""
    column = levels.conditions[level, 2]
    if column < 0:
        return 0.0
    base = frequencies.base[column]
    code_l, code_r = codes.left[left, column], codes.right[right, column]
    if code_l < 0 and code_r < 0:
        return 0.0
    tf = levels.weights[level, 3]
    if code_l >= 0:
        tf = max(tf, frequencies.log2[base + code_l])
    if code_r >= 0 and code_r != code_l:
        tf = max(tf, frequencies.log2[base + code_r])
    return levels.weights[level, 1] * (levels.weights[level, 2] - tf)


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _taken(comparison, level, levels, codes, left, right, frequencies, verdict):
    """Note a comparison's level, and return what it adds to the weight."""
    verdict.level[comparison] = level
    verdict.weight[comparison] = levels.weights[level, 0]
    verdict.adjustment[comparison] = _adjustment(level, levels, codes, left, right, frequencies)
    return verdict.weight[comparison] + verdict.adjustment[comparison]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _by_codes(comparison, levels, plan, conditions, pool, codes, left, right, memory):
    """Return the level of a comparison that codes alone find, and the first that compares text where they find none; -1 for none."""
    column = plan.column[comparison]
    if column >= 0:
        code_l, code_r = codes.left[left, column], codes.right[right, column]
        state = 0
        if code_l < 0:
            state = 4 if code_r < 0 else 2
        elif code_r < 0:
            state = 3
        elif code_l == code_r:
            state = 1
        return plan.found[comparison, state], plan.stop[comparison, state]
    for level in range(levels.ranges[comparison, 0], levels.ranges[comparison, 1]):
        if levels.is_costly[level]:
            return np.int64(-1), np.int64(level)
        first, count = levels.conditions[level, 0], levels.conditions[level, 1]
        if _condition(first, count, conditions, pool, codes, left, right, memory):
            return np.int64(level), np.int64(-1)
    return np.int64(-1), np.int64(-1)


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _first_after(ordered, start, end, record):
    """Return the first place from ``start`` whose record comes after this one."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] > record:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True, _nrt=False)
def scan(
    rule, units, walk, codes, pool, frequencies, rules, conditions, levels, plan, prior, threshold, memory, verdict, out, state
):  # fmt: skip
    """Write the pairs that reach the threshold to ``out`` and return True; False where it is full, to go on from ``state``.

    ``units``: rows of (first, end) of positions on the left and (first, end) on the right, one block or part of one. ``out``: left record,
    right record, weight, level of each comparison (none where it has no columns). ``state``: unit, position and other to begin at;
    then how many were written, and how many pairs were candidates so far.
    Nothing is allocated here (``_nrt=False``): counting references to arrays would cost more than the work.
    """
    out_l, out_r, out_w, out_p = out
    turn, waits = walk.turn, verdict.waits
    kept = 0
    candidates = 0
    resume_unit, resume_position, resume_other = state[0], state[1], state[2]
    for unit in range(resume_unit, len(units)):
        for left in range(units[unit, 0] if unit > resume_unit else resume_position, units[unit, 1]):
            record = walk.left[left]
            start, end = units[unit, 2], units[unit, 3]
            if walk.same == 1:
                start = _first_after(walk.right, start, end, record)
            if unit == resume_unit and left == resume_position and resume_other > start:
                start = resume_other
            settled = prior
            if start < end:
                for k in range(walk.sure):
                    comparison = turn[k]
                    waits[comparison] = -1
                    level = plan.found[comparison, 1]
                    settled += _taken(comparison, level, levels, codes, left, start, frequencies, verdict)
            for right in range(start, end):
                if walk.same == 2 and walk.source[walk.right[right]] <= walk.source[record]:
                    continue
                if not _condition(
                    rules.rests[rule, 0], rules.rests[rule, 1], conditions, pool, codes, left, right, memory
                ):
                    continue
                if rule > 0 and _was_found(rule, rules, conditions, pool, codes, left, right, memory):
                    continue
                candidates += 1
                bound = settled
                is_out = False
                for k in range(walk.sure, len(turn)):
                    comparison = turn[k]
                    found, stop = _by_codes(
                        comparison, levels, plan, conditions, pool, codes, left, right, memory
                    )
                    waits[comparison] = stop
                    if found >= 0:
                        bound += _taken(comparison, found, levels, codes, left, right, frequencies, verdict)
                    elif stop >= 0:
                        bound += levels.bests[stop]
                    else:  # no level is true: Splink's weight is null, and a null reaches no threshold
                        is_out = True
                        break
                    if bound + walk.rest_best[k] < threshold - SLACK:
                        is_out = True
                        break
                if is_out:
                    continue
                for k in range(len(turn)):
                    comparison = turn[k]
                    stop = waits[comparison]
                    if stop < 0:
                        continue
                    found = -1
                    for level in range(stop, levels.ranges[comparison, 1]):
                        if bound - levels.bests[stop] + levels.bests[level] < threshold - SLACK:
                            break
                        first, count = levels.conditions[level, 0], levels.conditions[level, 1]
                        if _condition(first, count, conditions, pool, codes, left, right, memory):
                            found = level
                            break
                    if found < 0:
                        is_out = True
                        break
                    bound -= levels.bests[stop]
                    bound += _taken(comparison, found, levels, codes, left, right, frequencies, verdict)
                    if bound < threshold - SLACK:
                        is_out = True
                        break
                if is_out:
                    continue
                total = prior
                for comparison in range(len(turn)):
                    total += verdict.weight[comparison]
                    if levels.is_adjusted[comparison]:
                        total += verdict.adjustment[comparison]
                if total < threshold:
                    continue
                if kept == len(out_l):
                    state[0], state[1], state[2] = unit, left, right
                    state[3], state[4] = kept, state[4] + candidates - 1
                    return False
                out_l[kept] = record
                out_r[kept] = walk.right[right]
                out_w[kept] = total
                for comparison in range(out_p.shape[1]):
                    out_p[kept, comparison] = verdict.level[comparison] - levels.ranges[comparison, 0]
                kept += 1
    state[3], state[4] = kept, state[4] + candidates
    return True
