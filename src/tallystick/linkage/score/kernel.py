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

What is left is worked out exactly, once for a pair of distinct values while a small table remembers it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tallystick.linkage.score.strings import damerau_levenshtein, jaccard, jaro, jaro_winkler, levenshtein

SLACK = 1e-7
MEMO = 1 << 17
STATES = 5
"""A pair's values in one column: 0 different, 1 equal, 2 left missing, 3 right missing, 4 both missing."""


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
def _exact(function, data, starts, a, b, scratch):
    if function == 0:
        return jaro(data, starts, a, b, scratch)
    if function == 1:
        return jaro_winkler(data, starts, a, b, scratch)
    if function == 2:
        return levenshtein(data, starts, a, b, scratch)
    if function == 3:
        return damerau_levenshtein(data, starts, a, b, scratch)
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
def _truth(
    atom,
    atoms,
    limits,
    left_codes,
    right_codes,
    left,
    right,
    data,
    starts,
    masks,
    text_base,
    numbers,
    number_base,
    list_starts,
    list_entries,
    list_base,
    keys,
    values,
    scratch,
):
    """Return 1 where the atom is true of the pair, 0 where it is false, -1 where it is null."""
    kind, l_column, r_column = atoms[atom, 0], atoms[atom, 1], atoms[atom, 2]
    function, operator, slot = atoms[atom, 3], atoms[atom, 4], atoms[atom, 5]
    if kind == 1:
        code = left_codes[left, l_column] if l_column >= 0 else right_codes[right, r_column]
        return 1 if code < 0 else 0
    if kind == 2:
        return (
            np.int64(left_codes[left, l_column]) if l_column >= 0 else np.int64(right_codes[right, r_column])
        )
    code_l, code_r = left_codes[left, l_column], right_codes[right, r_column]
    if code_l < 0 or code_r < 0:
        return -1
    if kind == 0:
        return 1 if code_l == code_r else 0
    limit = limits[atom]
    if kind == 3:
        value = numbers[number_base[l_column] + code_l] - numbers[number_base[r_column] + code_r]
        return 1 if _holds(abs(value) if function == 1 else value, operator, limit) else 0
    if kind == 4:
        a, b = text_base[l_column] + code_l, text_base[r_column] + code_r
        if a != b and _cannot_hold(function, operator, limit, data, starts, masks, a, b):
            return 0
        return (
            1
            if _holds(_remembered(function, slot, data, starts, a, b, keys, values, scratch), operator, limit)
            else 0
        )
    a0, a1 = list_starts[list_base[l_column] + code_l], list_starts[list_base[l_column] + code_l + 1]
    b0, b1 = list_starts[list_base[r_column] + code_r], list_starts[list_base[r_column] + code_r + 1]
    if kind == 5:
        return 1 if _holds(float(_shared(list_entries, a0, a1, b0, b1)), operator, limit) else 0
    if a0 == a1 or b0 == b1:
        return -1
    wants_most = function < 5
    best = -1.0 if wants_most else 1e18
    base_l, base_r = text_base[l_column], text_base[r_column]
    for i in range(a0, a1):
        for j in range(b0, b1):
            a, b = base_l + list_entries[i], base_r + list_entries[j]
            value = _remembered(function % 5, slot, data, starts, a, b, keys, values, scratch)
            best = max(best, value) if wants_most else min(best, value)
    return 1 if _holds(best, operator, limit) else 0


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _remembered(function, slot, data, starts, a, b, keys, values, scratch):
    """Return the exact value of a text function, from the table where this very pair of values is in it."""
    key = (np.uint64(a) << np.uint64(32)) ^ np.uint64(b)
    place = ((key * np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(slot * 7919)) >> np.uint64(47)
    at = np.int64(place)
    if keys[at, 0] == key and keys[at, 1] == np.uint64(slot + 1):
        return values[at]
    value = _exact(function, data, starts, a, b, scratch)
    keys[at, 0] = key
    keys[at, 1] = np.uint64(slot + 1)
    values[at] = value
    return value


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _condition(
    first,
    count,
    literals,
    atoms,
    limits,
    left_codes,
    right_codes,
    left,
    right,
    data,
    starts,
    masks,
    text_base,
    numbers,
    number_base,
    list_starts,
    list_entries,
    list_base,
    keys,
    values,
    scratch,
):
    """Return whether a condition is true: follow its literals from the first."""
    if count == 0:
        return True
    at = first
    while at >= 0:
        truth = _truth(
            literals[at, 0],
            atoms,
            limits,
            left_codes,
            right_codes,
            left,
            right,
            data,
            starts,
            masks,
            text_base,
            numbers,
            number_base,
            list_starts,
            list_entries,
            list_base,
            keys,
            values,
            scratch,
        )
        is_true = truth == 0 if literals[at, 1] else truth == 1
        at = literals[at, 2] if is_true else literals[at, 3]
    return at == -1


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _was_found(
    rule,
    rule_keys,
    key_ranges,
    rests,
    literals,
    atoms,
    limits,
    left_codes,
    right_codes,
    left,
    right,
    data,
    starts,
    masks,
    text_base,
    numbers,
    number_base,
    list_starts,
    list_entries,
    list_base,
    keys,
    values,
    scratch,
):
    """Return whether an earlier blocking rule gives this pair already."""
    for earlier in range(rule):
        is_equal = True
        for k in range(key_ranges[earlier, 0], key_ranges[earlier, 1]):
            code = left_codes[left, rule_keys[k, 0]]
            if code < 0 or code != right_codes[right, rule_keys[k, 1]]:
                is_equal = False
                break
        if is_equal and _condition(
            rests[earlier, 0],
            rests[earlier, 1],
            literals,
            atoms,
            limits,
            left_codes,
            right_codes,
            left,
            right,
            data,
            starts,
            masks,
            text_base,
            numbers,
            number_base,
            list_starts,
            list_entries,
            list_base,
            keys,
            values,
            scratch,
        ):
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def _adjustment(column, level, weights, left_codes, right_codes, left, right, frequency, frequency_base):
    """Return a level's term-frequency adjustment for this pair, by the more frequent of the two values; 0 without one.

    Frequencies and their least are logarithms (base 2) already.
    """
    if column < 0:
        return 0.0
    base = frequency_base[column]
    code_l, code_r = left_codes[left, column], right_codes[right, column]
    if code_l < 0 and code_r < 0:
        return 0.0
    tf = weights[level, 3]
    if code_l >= 0:
        tf = max(tf, frequency[base + code_l])
    if code_r >= 0 and code_r != code_l:
        tf = max(tf, frequency[base + code_r])
    return weights[level, 1] * (weights[level, 2] - tf)


@njit(cache=True, nogil=True, _nrt=False)
def scan(
    rule, units, order_l, order_r, same, source, left_codes, right_codes, pools, frequencies, rule_keys, key_ranges, rests,
    literals, atoms, limits, comparisons, levels, weights, bests, has_costly, plan, turn, sure, rest_best, has_tf, prior,
    threshold, room, out, state,
):  # fmt: skip
    """Write the pairs that reach the threshold to ``out`` and return True; False where it is full, to go on from ``state``.

    ``units``: rows of (first, end) of positions in ``order_l`` and (first, end) in ``order_r``, one block or part of one.
    ``same``: 0 for two lists, 1 where the right record must come after the left one, 2 where it must be of a later source.
    ``left_codes`` and ``right_codes``: the records' codes in those orders. ``levels``: rows of (first literal, literals, tf
    column); ``weights``: rows of (weight, tf weight, log2 u, log2 of the least tf); ``bests``: the best weight from a level on;
    ``plan``: for each comparison the one column that its cheap levels read (or -1), and by state of that column (see
    ``STATES``) the level found and the level to stop at, -1 for none; ``turn``: the order in which comparisons are tried, of
    which the first ``sure`` are settled by the block's key; ``rest_best``: the best of all comparisons after a turn. ``out``: left record, right
    record, weight, level of each comparison (none where it has no columns). ``state``: unit, position and other to begin at;
    then how many were written, and how many pairs were candidates so far.
    Nothing is allocated here (``_nrt=False``): counting references to arrays would cost more than the work.
    """
    data, starts, masks, text_base, numbers, number_base, list_starts, list_entries, list_base = pools
    frequency, frequency_base = frequencies
    weight, adjustment, chosen, waits, scratch, keys, values = room
    one_column, found_by_state, stop_by_state = plan
    out_l, out_r, out_w, out_p = out
    count_comparisons = len(turn)
    kept = 0
    candidates = 0
    resume_unit, resume_position, resume_other = state[0], state[1], state[2]
    for unit in range(resume_unit, len(units)):
        for position in range(units[unit, 0] if unit > resume_unit else resume_position, units[unit, 1]):
            left = position
            record = order_l[position]
            start, end = units[unit, 2], units[unit, 3]
            if same == 1:
                low, high = start, end
                while low < high:
                    middle = (low + high) // 2
                    if order_r[middle] > record:
                        high = middle
                    else:
                        low = middle + 1
                start = low
            if unit == resume_unit and position == resume_position and resume_other > start:
                start = resume_other
            settled = prior
            if start < end:
                for k in range(sure):
                    comparison = turn[k]
                    found = found_by_state[comparison, 1]
                    waits[comparison] = -1
                    chosen[comparison] = found
                    weight[comparison] = weights[found, 0]
                    adjustment[comparison] = _adjustment(
                        levels[found, 2],
                        found,
                        weights,
                        left_codes,
                        right_codes,
                        left,
                        start,
                        frequency,
                        frequency_base,
                    )
                    settled += weight[comparison] + adjustment[comparison]
            for other in range(start, end):
                right = other
                if same == 2 and source[order_r[other]] <= source[record]:
                    continue
                if not _condition(
                    rests[rule, 0],
                    rests[rule, 1],
                    literals,
                    atoms,
                    limits,
                    left_codes,
                    right_codes,
                    left,
                    right,
                    data,
                    starts,
                    masks,
                    text_base,
                    numbers,
                    number_base,
                    list_starts,
                    list_entries,
                    list_base,
                    keys,
                    values,
                    scratch,
                ):
                    continue
                if rule > 0 and _was_found(
                    rule,
                    rule_keys,
                    key_ranges,
                    rests,
                    literals,
                    atoms,
                    limits,
                    left_codes,
                    right_codes,
                    left,
                    right,
                    data,
                    starts,
                    masks,
                    text_base,
                    numbers,
                    number_base,
                    list_starts,
                    list_entries,
                    list_base,
                    keys,
                    values,
                    scratch,
                ):
                    continue
                candidates += 1
                bound = settled
                is_out = False
                for k in range(sure, count_comparisons):
                    comparison = turn[k]
                    found = -1
                    stop = -1
                    column = one_column[comparison]
                    if column >= 0:
                        code_l, code_r = left_codes[left, column], right_codes[right, column]
                        pair_state = 0
                        if code_l < 0:
                            pair_state = 4 if code_r < 0 else 2
                        elif code_r < 0:
                            pair_state = 3
                        elif code_l == code_r:
                            pair_state = 1
                        found = found_by_state[comparison, pair_state]
                        stop = stop_by_state[comparison, pair_state]
                    else:
                        for level in range(comparisons[comparison, 0], comparisons[comparison, 1]):
                            if has_costly[level]:
                                stop = level
                                break
                            if _condition(
                                levels[level, 0],
                                levels[level, 1],
                                literals,
                                atoms,
                                limits,
                                left_codes,
                                right_codes,
                                left,
                                right,
                                data,
                                starts,
                                masks,
                                text_base,
                                numbers,
                                number_base,
                                list_starts,
                                list_entries,
                                list_base,
                                keys,
                                values,
                                scratch,
                            ):
                                found = level
                                break
                    waits[comparison] = stop
                    if found >= 0:
                        chosen[comparison] = found
                        weight[comparison] = weights[found, 0]
                        adjustment[comparison] = _adjustment(
                            levels[found, 2],
                            found,
                            weights,
                            left_codes,
                            right_codes,
                            left,
                            right,
                            frequency,
                            frequency_base,
                        )
                        bound += weight[comparison] + adjustment[comparison]
                    elif stop >= 0:
                        bound += bests[stop]
                    else:
                        is_out = (
                            True  # no level is true: Splink's weight is null, and a null reaches no threshold
                        )
                        break
                    if bound + rest_best[k] < threshold - SLACK:
                        is_out = True
                        break
                if is_out:
                    continue
                for k in range(count_comparisons):
                    comparison = turn[k]
                    stop = waits[comparison]
                    if stop < 0:
                        continue
                    found = -1
                    for level in range(stop, comparisons[comparison, 1]):
                        if bound - bests[stop] + bests[level] < threshold - SLACK:
                            break
                        if _condition(
                            levels[level, 0],
                            levels[level, 1],
                            literals,
                            atoms,
                            limits,
                            left_codes,
                            right_codes,
                            left,
                            right,
                            data,
                            starts,
                            masks,
                            text_base,
                            numbers,
                            number_base,
                            list_starts,
                            list_entries,
                            list_base,
                            keys,
                            values,
                            scratch,
                        ):
                            found = level
                            break
                    if found < 0:
                        is_out = True
                        break
                    chosen[comparison] = found
                    weight[comparison] = weights[found, 0]
                    adjustment[comparison] = _adjustment(
                        levels[found, 2],
                        found,
                        weights,
                        left_codes,
                        right_codes,
                        left,
                        right,
                        frequency,
                        frequency_base,
                    )
                    bound += weight[comparison] + adjustment[comparison] - bests[stop]
                    if bound < threshold - SLACK:
                        is_out = True
                        break
                if is_out:
                    continue
                total = prior
                for comparison in range(count_comparisons):
                    total += weight[comparison]
                    if has_tf[comparison]:
                        total += adjustment[comparison]
                if total < threshold:
                    continue
                if kept == len(out_l):
                    state[0], state[1], state[2] = unit, position, other
                    state[3], state[4] = kept, state[4] + candidates - 1
                    return False
                out_l[kept] = record
                out_r[kept] = order_r[other]
                out_w[kept] = total
                for comparison in range(out_p.shape[1]):
                    out_p[kept, comparison] = chosen[comparison] - comparisons[comparison, 0]
                kept += 1
    state[3], state[4] = kept, state[4] + candidates
    return True
